//! User name and password of SOCKS5 (RFC 1929), as clients send them and as Tor understands them.

use zeroize::Zeroizing;

/// RFC 1929 §2.
pub(crate) const CREDENTIALS_VERSION: u8 = 1;
/// User names that begin so speak to Tor (Tor's socks-extensions, "Extended authentication").
pub(crate) const TOR_USER_PREFIX: &[u8] = b"<torS0X>";
/// Tor's user name for "the password isolates, and there is nothing else to it".
pub(crate) const TOR_USER_ISOLATION: &[u8] = b"<torS0X>0";

/// A client's user name and password: a request for circuits of its own, and no more than that.
pub(crate) struct ClientCredentials {
    pub(crate) user: Zeroizing<Vec<u8>>,
    pub(crate) password: Zeroizing<Vec<u8>>,
}
