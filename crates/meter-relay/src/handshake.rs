//! The client's side of SOCKS5, up to its request (RFC 1928, RFC 1929).
//!
//! Each read takes exactly the bytes of one message, so early payload stays in the socket. The wire
//! types come from shadowsocks. Where its readers accept more than our rules allow, this module
//! checks the raw bytes first. The caller applies the deadline.

use std::io;

use shadowsocks::relay::socks5::{
    self, Address, Command, HandshakeRequest, HandshakeResponse, PasswdAuthResponse, Reply,
    SOCKS5_AUTH_METHOD_NONE, SOCKS5_AUTH_METHOD_PASSWORD, TcpRequestHeader,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use zeroize::Zeroizing;

use crate::credentials::{
    CREDENTIALS_VERSION, ClientCredentials, TOR_USER_ISOLATION, TOR_USER_PREFIX,
};

const SOCKS_VERSION: u8 = 5;
/// RFC 1929 §2.
const CREDENTIALS_ACCEPTED: u8 = 0;

/// Reasons why a handshake did not lead to a target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HandshakeEnd {
    /// The client left, or its socket broke.
    Gone,
    /// The first byte belongs to another protocol (SOCKS4, HTTP, TLS, …).
    OtherProtocol(u8),
    /// The client began with SOCKS5 but did not continue with it. It gets no answer.
    NotSocks,
    /// Client and relay have no authentication method in common.
    NoMethod,
    /// The user name is a command to Tor in a form that this relay does not know.
    Credentials,
    /// The request is refused.
    Request(Reply),
}

/// A client's CONNECT. Has no `Debug`: neither part is ever logged.
pub(crate) struct Request {
    /// The target.
    pub(crate) address: Address,
    /// The credentials that the client sent, if it was asked for them.
    pub(crate) credentials: Option<ClientCredentials>,
}

/// Reads greeting, credentials and request.
pub(crate) async fn receive<S>(client: &mut S) -> Result<Request, HandshakeEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let credentials = match negotiate_method(client).await? {
        Method::None => None,
        Method::Credentials => Some(read_credentials(client).await?),
    };
    let address = read_request(client).await?;
    Ok(Request {
        address,
        credentials,
    })
}

enum Method {
    None,
    Credentials,
}

async fn negotiate_method<S>(client: &mut S) -> Result<Method, HandshakeEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The first byte is enough to detect another protocol (HTTP, TLS, SOCKS4). Such a client need
    // not send a second one.
    let version = [client.read_u8().await?];
    if version != [SOCKS_VERSION] {
        return Err(HandshakeEnd::OtherProtocol(version[0]));
    }
    let greeting = HandshakeRequest::read_from(&mut version.as_slice().chain(&mut *client)).await?;
    // Credentials are preferred, as in Tor: a client that offers both (curl) means them for
    // isolation.
    let (method, chosen) = if greeting.methods.contains(&SOCKS5_AUTH_METHOD_PASSWORD) {
        (Method::Credentials, SOCKS5_AUTH_METHOD_PASSWORD)
    } else if greeting.methods.contains(&SOCKS5_AUTH_METHOD_NONE) {
        (Method::None, SOCKS5_AUTH_METHOD_NONE)
    } else {
        return Err(HandshakeEnd::NoMethod);
    };
    HandshakeResponse::new(chosen).write_to(client).await?;
    Ok(method)
}

/// Accepts any user name and password, including empty ones (S-08).
///
/// shadowsocks' reader refuses empty ones, so the bytes are read here.
async fn read_credentials<S>(client: &mut S) -> Result<ClientCredentials, HandshakeEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if client.read_u8().await? != CREDENTIALS_VERSION {
        return Err(HandshakeEnd::NotSocks);
    }
    let user = read_counted(client).await?;
    let password = read_counted(client).await?;
    if user.starts_with(TOR_USER_PREFIX) && *user != TOR_USER_ISOLATION {
        return Err(HandshakeEnd::Credentials);
    }
    PasswdAuthResponse::new(CREDENTIALS_ACCEPTED)
        .write_to(client)
        .await?;
    Ok(ClientCredentials { user, password })
}

/// Reads one length byte and that many bytes.
async fn read_counted<S: AsyncRead + Unpin>(client: &mut S) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; usize::from(client.read_u8().await?)]);
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn read_request<S: AsyncRead + Unpin>(client: &mut S) -> Result<Address, HandshakeEnd> {
    let version = client.read_u8().await?;
    if version != SOCKS_VERSION {
        return Err(HandshakeEnd::NotSocks);
    }
    let command = client.read_u8().await?;
    // shadowsocks would skip the reserved byte without a check (S-15).
    if client.read_u8().await? != 0 {
        return Err(HandshakeEnd::Request(Reply::GeneralFailure));
    }
    let head = [version, command, 0];
    let request = TcpRequestHeader::read_from(&mut head.as_slice().chain(client)).await?;
    match request.command {
        Command::TcpConnect => Ok(request.address),
        Command::TcpBind | Command::UdpAssociate => {
            Err(HandshakeEnd::Request(Reply::CommandNotSupported))
        }
    }
}

impl From<io::Error> for HandshakeEnd {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<socks5::Error> for HandshakeEnd {
    fn from(error: socks5::Error) -> Self {
        match error {
            socks5::Error::IoError(_) => Self::Gone,
            socks5::Error::UnsupportedSocksVersion(_)
            | socks5::Error::UnsupportedPasswdAuthVersion(_) => Self::NotSocks,
            socks5::Error::AddressTypeNotSupported(_)
            | socks5::Error::AddressDomainInvalidEncoding
            | socks5::Error::UnsupportedCommand(_)
            | socks5::Error::PasswdAuthInvalidRequest
            | socks5::Error::Reply(_) => Self::Request(error.as_reply()),
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
