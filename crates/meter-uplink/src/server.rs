//! A Shadowsocks server as a person is given one: an `ss://` URL (SIP002) or a SIP008 file. Pure.
//!
//! Reading is all it does. What cannot be used is refused with the reason, and no reason holds a
//! password, an address or a name.

use std::net::SocketAddr;

use serde_json::Value;
use shadowsocks_service::shadowsocks::{
    ServerAddr, ServerConfig,
    config::{ServerConfigError, UrlParseError},
    crypto::CipherKind,
};
use zeroize::Zeroize as _;

/// A server that can be used: an address, a method and a password of the right length.
#[derive(Clone)]
pub struct Server {
    config: ServerConfig,
    address: SocketAddr,
    /// How many the file listed.
    listed: usize,
}

/// Why a URL or file names no server that can be used. One variant per thing to correct.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadServer {
    /// Nothing is there.
    #[error("there is nothing in it")]
    Empty,
    /// Several lines, or control characters.
    #[error("there is more than one line in it, or a character that no URL has")]
    NotOneLine,
    /// Neither a URL nor JSON.
    #[error("it begins neither with ss:// nor with a brace")]
    Unknown,
    /// Not a URL, or parts are missing.
    #[error("the part of the URL that names {0} cannot be read")]
    Url(UrlPart),
    /// Not JSON, or not as SIP008 wants it.
    #[error("it is no SIP008 file: {0}")]
    Sip008(&'static str),
    /// A host name: looking it up would be a request past Tor.
    #[error(
        "its server is a name; put in the server's IP address, because no name is looked up here"
    )]
    Name,
    /// Not an address to which anything can be sent.
    #[error("its server's address or port cannot be one")]
    Address,
    /// No cipher, or one that is known to be broken.
    #[error(
        "its method is not one of aes-128-gcm, aes-256-gcm, chacha20-ietf-poly1305 and the three of 2022"
    )]
    Method,
    /// An empty password.
    #[error("it has no password")]
    NoPassword,
    /// The key is not base64.
    #[error("its password is no base64, which its method wants")]
    KeyEncoding,
    /// The key has another length than the method wants.
    #[error("its password has {bytes} bytes after base64, its method wants {wanted}")]
    KeyLength {
        /// As given.
        bytes: usize,
        /// As needed.
        wanted: usize,
    },
    /// A plugin is a program that a URL would make us run.
    #[error("it wants a plugin, and no plugin is run here")]
    Plugin,
}

/// A part of an `ss://` URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UrlPart {
    /// Before the `@`.
    User,
    /// Behind it.
    Server,
    /// After the `?`.
    Query,
}

impl std::fmt::Display for UrlPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "method and password",
            Self::Server => "address and port",
            Self::Query => "the options",
        })
    }
}

/// By hand: the derived one would print the password.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = self.config.method().to_string();
        f.debug_struct("Server")
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Reads a URL or a SIP008 document, white space around it aside. Of several servers in a document
    /// the first is taken: choosing among them would mean sending requests through all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadServer> {
        let text = text.trim();
        if text.is_empty() {
            Err(BadServer::Empty)
        } else if text.starts_with('{') {
            Self::from_sip008(text)
        } else if text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            Err(BadServer::NotOneLine)
        } else if text.starts_with("ss://") {
            let config = ServerConfig::from_url(text).map_err(|error| bad_url(&error))?;
            Self::checked(config, 1)
        } else {
            Err(BadServer::Unknown)
        }
    }

    /// How many servers there were to choose from; this is the first.
    #[must_use]
    pub const fn listed(&self) -> usize {
        self.listed
    }

    /// The name of its method.
    #[must_use]
    pub fn method(&self) -> String {
        self.config.method().to_string()
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn config(&self) -> ServerConfig {
        self.config.clone()
    }

    fn from_sip008(text: &str) -> Result<Self, BadServer> {
        let mut document: Value =
            serde_json::from_str(text).map_err(|_| BadServer::Sip008("it is not JSON"))?;
        let outcome = Self::first_of(&document);
        wipe(&mut document);
        outcome
    }

    fn first_of(document: &Value) -> Result<Self, BadServer> {
        if document.get("version").and_then(Value::as_u64) != Some(1) {
            return Err(BadServer::Sip008("its version is not 1"));
        }
        let servers = document.get("servers").and_then(Value::as_array);
        let servers = servers.ok_or(BadServer::Sip008("it has no list of servers"))?;
        let first = servers
            .first()
            .ok_or(BadServer::Sip008("its list of servers is empty"))?;
        let text = |key: &str| first.get(key).and_then(Value::as_str);
        if text("plugin").is_some_and(|plugin| !plugin.is_empty()) {
            return Err(BadServer::Plugin);
        }
        let host = text("server").ok_or(BadServer::Sip008("its first server has no server"))?;
        let port = first.get("server_port").and_then(Value::as_u64);
        let port = port
            .and_then(|port| u16::try_from(port).ok())
            .ok_or(BadServer::Address)?;
        let ip = host
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| BadServer::Name)?;
        let method: CipherKind = text("method")
            .unwrap_or_default()
            .parse()
            .map_err(|_| BadServer::Method)?;
        let password = text("password").unwrap_or_default();
        let config = ServerConfig::new(SocketAddr::new(ip, port), password, method);
        Self::checked(config.map_err(|error| bad_key(&error))?, servers.len())
    }

    fn checked(config: ServerConfig, listed: usize) -> Result<Self, BadServer> {
        if config.plugin().is_some() {
            return Err(BadServer::Plugin);
        }
        // "none" is a method to the library: it would send everything in the clear.
        if config.method() == CipherKind::NONE {
            return Err(BadServer::Method);
        }
        if config.password().is_empty() {
            return Err(BadServer::NoPassword);
        }
        match *config.addr() {
            ServerAddr::DomainName(..) => Err(BadServer::Name),
            ServerAddr::SocketAddr(address) => {
                let ip = address.ip();
                if address.port() == 0 || ip.is_unspecified() || ip.is_multicast() {
                    return Err(BadServer::Address);
                }
                Ok(Self {
                    config,
                    address,
                    listed,
                })
            }
        }
    }
}

fn bad_url(error: &UrlParseError) -> BadServer {
    match error {
        UrlParseError::ParseError(_)
        | UrlParseError::InvalidScheme
        | UrlParseError::MissingHost
        | UrlParseError::InvalidServerAddr => BadServer::Url(UrlPart::Server),
        UrlParseError::InvalidUserInfo | UrlParseError::InvalidAuthInfo => {
            BadServer::Url(UrlPart::User)
        }
        UrlParseError::InvalidQueryString => BadServer::Url(UrlPart::Query),
        UrlParseError::InvalidMethod => BadServer::Method,
        UrlParseError::ServerConfigError(error) => bad_key(error),
    }
}

/// Without the library's own texts: they show the byte at which decoding stopped.
const fn bad_key(error: &ServerConfigError) -> BadServer {
    match error {
        ServerConfigError::InvalidKeyEncoding(..)
        | ServerConfigError::InvalidUserKeyEncoding(..) => BadServer::KeyEncoding,
        ServerConfigError::InvalidKeyLength(_, wanted, bytes)
        | ServerConfigError::InvalidUserKeyLength(_, wanted, bytes) => BadServer::KeyLength {
            bytes: *bytes,
            wanted: *wanted,
        },
    }
}

/// Overwrites every string of a document.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
