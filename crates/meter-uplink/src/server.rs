//! Parses a Shadowsocks server in the forms that people get: an `ss://` URL (SIP002, or the older
//! form that is base64 as a whole), a SIP008 file, or the `config.json` of a server or client.
//! Pure.
//!
//! It only parses. A server that cannot be used is refused with the reason, and no reason contains
//! a password, an address or a name. An option that changes the sent bytes or the way to the server
//! is never ignored, and nor is one that is not known: a server that needs it would not understand
//! the connection.

mod cause;
mod comments;
mod document;
mod fault;
mod foreign;
mod option_name;
mod options;
mod parts;
mod unique;
mod url;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use self::parts::Parts;
pub use fault::{ServerFault, UrlPart};
pub use option_name::OptionName;
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
    /// Parses a URL or a document; ignores comments, white space and a byte order mark around it.
    /// If a document has several servers, the first is used: to choose among them, requests would
    /// have to go through all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ServerFault> {
        let text = comments::removed(text);
        let text = unwrapped(&text);
        if text.is_empty() {
            return Err(ServerFault::Empty);
        }
        let link = url::out_of_a_link(text);
        let text = link.as_str();
        if let Some(reason) = foreign::known(text) {
            return Err(reason);
        }
        if text.starts_with(['{', '[']) || text.starts_with("/*") {
            let (parts, listed) = document::first_of(text)?;
            return Self::checked(&parts, listed);
        }
        match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ss") => {
                Self::checked(&url::parts_of(rest)?, 1)
            }
            _ => Err(foreign::unknown(text)),
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
        let ip: IpAddr = parts
            .host
            .parse()
            .map_err(|_| not_an_address(&parts.host))?;
        if ip.is_unspecified() {
            return Err(ServerFault::Unspecified);
        }
        if parts.port == 0 {
            return Err(ServerFault::Port);
        }
        if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Err(ServerFault::Address);
        }
        let method = cipher(&parts.method)?;
        if parts.password.is_empty() {
            return Err(ServerFault::NoPassword);
        }
        let address = SocketAddr::new(ip, parts.port);
        let config = ServerConfig::new(address, parts.password.as_str(), method);
        Ok(Self {
            config: config.map_err(|error| bad_key(&error, &parts.password))?,
            address,
            listed,
        })
    }
}

/// A text without what editors, mail and chat programs put around it: white space, marks without
/// width, quotation marks, angle brackets, a comma.
fn unwrapped(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim_matches(comments::is_blank);
        for (open, close) in [
            ('"', '"'),
            ('\'', '\''),
            ('`', '`'),
            ('<', '>'),
            ('\u{201c}', '\u{201d}'),
            ('\u{201e}', '\u{201c}'),
        ] {
            let inner = rest.strip_prefix(open);
            let inner = inner.map(|inner| inner.trim_end_matches([',', ';']));
            rest = inner
                .and_then(|inner| inner.strip_suffix(close))
                .unwrap_or(rest);
        }
        if rest == before {
            return rest;
        }
    }
}

/// What stands in place of an address: a name, or something that only looks like an address.
fn not_an_address(host: &str) -> ServerFault {
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || host.contains(':') {
        ServerFault::Address
    } else {
        ServerFault::Name
    }
}

/// A method by its name, in any case; Outline writes one of them shorter, and its older programs
/// write all of them longer.
fn cipher(name: &str) -> Result<CipherKind, ServerFault> {
    let name = name.trim().to_ascii_lowercase();
    let name = match name.as_str() {
        "" => return Err(ServerFault::NoMethod),
        // "none" is a method to the library: it would send everything in the clear.
        "none" | "plain" | "dummy" => return Err(ServerFault::NoEncryption),
        "chacha20-poly1305" | "aead_chacha20_poly1305" => "chacha20-ietf-poly1305",
        "aead_aes_128_gcm" => "aes-128-gcm",
        "aead_aes_256_gcm" => "aes-256-gcm",
        name => name,
    };
    let method = name.parse().map_err(|_| ServerFault::Method)?;
    if method == CipherKind::NONE {
        return Err(ServerFault::NoEncryption);
    }
    Ok(method)
}

/// The library's own texts are not used: they show the byte at which decoding stopped.
fn bad_key(error: &ServerConfigError, password: &str) -> ServerFault {
    match error {
        // Of the methods of 2022, only those with AES take the keys of several users.
        ServerConfigError::InvalidKeyEncoding(CipherKind::AEAD2022_BLAKE3_CHACHA20_POLY1305, _)
            if has_several_keys(password) =>
        {
            ServerFault::SecondKey
        }
        ServerConfigError::InvalidKeyEncoding(..)
        | ServerConfigError::InvalidUserKeyEncoding(..) => ServerFault::KeyEncoding,
        ServerConfigError::InvalidKeyLength(_, wanted, bytes)
        | ServerConfigError::InvalidUserKeyLength(_, wanted, bytes) => ServerFault::KeyLength {
            bytes: *bytes,
            wanted: *wanted,
        },
    }
}

/// Whether a password is several keys in base64, with a colon between two.
fn has_several_keys(password: &str) -> bool {
    let is_coded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let is_key = |part: &str| !part.is_empty() && part.bytes().all(is_coded);
    password.contains(':') && password.split(':').all(is_key)
}

#[cfg(test)]
mod tests;
