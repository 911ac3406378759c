//! Parses a Shadowsocks server in the forms that people get: an `ss://` URL (SIP002, or the older
//! form that is base64 as a whole), a SIP008 file, or the `config.json` of a server or client.
//! Pure.
//!
//! It only parses. A server that cannot be used is refused with the reason, and no reason contains
//! a password, an address or a name. An option that changes the sent bytes is never ignored: a
//! server that needs it would not understand the connection.

mod document;
mod fault;
mod parts;
mod url;

use std::net::{IpAddr, SocketAddr};

use self::parts::Parts;
pub use fault::{ServerFault, UrlPart};
use shadowsocks_service::shadowsocks::{
    ServerConfig, config::ServerConfigError, crypto::CipherKind,
};

/// A usable server: an address, a method, and a password of the right length.
#[derive(Clone)]
pub struct Server {
    config: ServerConfig,
    address: SocketAddr,
    /// Number of servers in the file.
    listed: usize,
}

/// Written by hand: the derived form would print the password.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = self.config.method().to_string();
        f.debug_struct("Server")
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Parses a URL or a document; ignores white space and a byte order mark around it. If a
    /// document has several servers, the first is used: to choose among them, requests would have
    /// to go through all.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, ServerFault> {
        let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
        if text.is_empty() {
            return Err(ServerFault::Empty);
        }
        if text.starts_with(['{', '[']) {
            let (parts, listed) = document::first_of(text)?;
            return Self::checked(&parts, listed);
        }
        match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ss") => {
                Self::checked(&url::parts_of(rest)?, 1)
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("ssconf") => Err(ServerFault::Dynamic),
            _ => Err(ServerFault::Unknown),
        }
    }

    /// Number of servers in the document. This is the first of them.
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

    fn checked(parts: &Parts, listed: usize) -> Result<Self, ServerFault> {
        let ip: IpAddr = parts.host.parse().map_err(|_| ServerFault::Name)?;
        if ip.is_unspecified() {
            return Err(ServerFault::Unspecified);
        }
        if parts.port == 0 || ip.is_multicast() {
            return Err(ServerFault::Address);
        }
        let method = cipher(&parts.method)?;
        if parts.password.is_empty() {
            return Err(ServerFault::NoPassword);
        }
        let address = SocketAddr::new(ip, parts.port);
        let config = ServerConfig::new(address, parts.password.as_str(), method);
        Ok(Self {
            config: config.map_err(|error| bad_key(&error))?,
            address,
            listed,
        })
    }
}

/// Finds a method by its name, in upper or lower case. Outline shortens one of the names.
fn cipher(name: &str) -> Result<CipherKind, ServerFault> {
    let name = name.to_ascii_lowercase();
    let name = match name.as_str() {
        "chacha20-poly1305" => "chacha20-ietf-poly1305",
        name => name,
    };
    let method = name.parse().map_err(|_| ServerFault::Method)?;
    // The library knows "none" as a method, which would send everything unencrypted.
    if method == CipherKind::NONE {
        return Err(ServerFault::Method);
    }
    Ok(method)
}

/// The library's own texts are not used: they show the byte at which decoding stopped.
const fn bad_key(error: &ServerConfigError) -> ServerFault {
    match error {
        ServerConfigError::InvalidKeyEncoding(..)
        | ServerConfigError::InvalidUserKeyEncoding(..) => ServerFault::KeyEncoding,
        ServerConfigError::InvalidKeyLength(_, wanted, bytes)
        | ServerConfigError::InvalidUserKeyLength(_, wanted, bytes) => ServerFault::KeyLength {
            bytes: *bytes,
            wanted: *wanted,
        },
    }
}

#[cfg(test)]
mod tests;
