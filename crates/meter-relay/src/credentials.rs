//! User name and password of SOCKS5 (RFC 1929): the forms that clients send and that Tor
//! understands.

use zeroize::Zeroizing;

/// RFC 1929 §2.
pub(crate) const CREDENTIALS_VERSION: u8 = 1;
/// User names with this prefix are commands to Tor (Tor's socks-extensions, "Extended
/// authentication").
pub(crate) const TOR_USER_PREFIX: &[u8] = b"<torS0X>";
/// Tor's user name for the meaning "the password isolates circuits and has no other effect".
pub(crate) const TOR_USER_ISOLATION: &[u8] = b"<torS0X>0";

/// User name and password of a client. Their only effect is to ask for separate circuits.
pub(crate) struct ClientCredentials {
    pub(crate) user: Zeroizing<Vec<u8>>,
    pub(crate) password: Zeroizing<Vec<u8>>,
}
