//! What the library is told: one server, TCP alone, one local port with credentials, nothing
//! besides.

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

/// How long a connection to the server may take; Tor gives up after two minutes.
const CONNECT_MAX: Duration = Duration::from_secs(20);
/// 128 bits each, as hexadecimal digits: nobody guesses them, and a torrc takes them without
/// quotes.
const CREDENTIAL_BYTES: usize = 16;

/// What the local port asks for, so that other users of this computer cannot use it: user name and
/// password of RFC 1929.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) user: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

/// By hand: nothing of it is shown.
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

/// The library's configuration for a local end on `port`; 0 is any free one.
///
/// One server alone: with several, the library compares them by asking well-known sites through
/// each. With none it would connect directly.
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
