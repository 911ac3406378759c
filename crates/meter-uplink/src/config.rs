//! The library's configuration: one server, TCP only, one local port with credentials, and nothing
//! else.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use shadowsocks_service::{
    config::{
        Config, ConfigType, LocalConfig, LocalInstanceConfig, ProtocolType, ServerInstanceConfig,
    },
    shadowsocks::config::Mode,
};
use zeroize::Zeroizing;

use crate::{Server, UplinkError};

/// Longest wait for a connection to the server. Tor gives up after two minutes.
const CONNECT_MAX: Duration = Duration::from_secs(20);
/// 128 bits each, as hexadecimal digits: they cannot be guessed, and a torrc needs no quotes for
/// them.
const CREDENTIAL_BYTES: usize = 16;

/// User name and password (RFC 1929) that the local port asks for, so that other users of this
/// computer cannot use it.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) user: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

/// Written by hand, so that nothing of it is shown.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    pub(crate) fn random() -> Result<Self, UplinkError> {
        let word = || {
            let mut bytes = Zeroizing::new([0; CREDENTIAL_BYTES]);
            getrandom::fill(bytes.as_mut()).map_err(|_| UplinkError::NoRandomness)?;
            Ok(Zeroizing::new(hex::encode(bytes)))
        };
        Ok(Self {
            user: word()?,
            password: word()?,
        })
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// The library's configuration for a local end on `port`; 0 means any free port.
///
/// It has exactly one server. With several, the library compares them by requests to well-known
/// sites. With none, it would connect directly.
pub(crate) fn config(server: &Server, port: u16, credentials: &Credentials) -> Config {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut local = LocalConfig::new_with_addr(listen.into(), ProtocolType::Socks);
    local.mode = Mode::TcpOnly;
    let (user, password) = (credentials.user(), credentials.password());
    local.socks5_auth.passwd.add_user(user, password);
    let mut upstream = server.config();
    upstream.set_mode(Mode::TcpOnly);
    upstream.set_timeout(CONNECT_MAX);

    let mut config = Config::new(ConfigType::Local);
    config.no_delay = true;
    config
        .server
        .push(ServerInstanceConfig::with_server_config(upstream));
    config
        .local
        .push(LocalInstanceConfig::with_local_config(local));
    config
}
