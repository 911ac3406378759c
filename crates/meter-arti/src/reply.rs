//! The SOCKS reply for a failure. Uses Tor's own codes (socks-extensions.txt, proposal 304), so
//! that relay and browser get the same codes from every backend.

use arti_client::{ErrorKind, HasKind};
use tor_socksproto::{SocksAddr, SocksStatus};

/// The reply for an error of a connection to `target`.
pub(crate) fn status_of(error: &impl HasKind, target: &SocksAddr) -> SocksStatus {
    let is_onion = match target {
        SocksAddr::Hostname(name) => is_onion(name.as_ref()),
        _ => false,
    };
    status(error.kind(), is_onion)
}

fn is_onion(name: &str) -> bool {
    let last = name.trim_end_matches('.').rsplit('.').next();
    last.is_some_and(|last| last.eq_ignore_ascii_case("onion"))
}

fn status(kind: ErrorKind, is_onion: bool) -> SocksStatus {
    use ErrorKind as Kind;
    match kind {
        Kind::OnionServiceNotFound => SocksStatus::HS_DESC_NOT_FOUND,
        Kind::OnionServiceProtocolViolation => SocksStatus::HS_DESC_INVALID,
        Kind::OnionServiceNotRunning => SocksStatus::HS_INTRO_FAILED,
        Kind::OnionServiceConnectionFailed => SocksStatus::HS_REND_FAILED,
        Kind::OnionServiceMissingClientAuth => SocksStatus::HS_MISSING_CLIENT_AUTH,
        Kind::OnionServiceWrongClientAuth => SocksStatus::HS_WRONG_CLIENT_AUTH,
        Kind::OnionServiceAddressInvalid => SocksStatus::HS_BAD_ADDRESS,
        Kind::InvalidStreamTarget if is_onion => SocksStatus::HS_BAD_ADDRESS,
        Kind::TorNetworkTimeout if is_onion => SocksStatus::HS_INTRO_TIMEOUT,
        Kind::RemoteHostNotFound | Kind::RemoteHostResolutionFailed => {
            SocksStatus::HOST_UNREACHABLE
        }
        Kind::RemoteConnectionRefused => SocksStatus::CONNECTION_REFUSED,
        Kind::RemoteNetworkFailed => SocksStatus::NETWORK_UNREACHABLE,
        Kind::ForbiddenStreamTarget | Kind::ExitPolicyRejected => SocksStatus::NOT_ALLOWED,
        Kind::TorNetworkTimeout
        | Kind::ExitTimeout
        | Kind::RemoteNetworkTimeout
        | Kind::TorAccessFailed
        | Kind::LocalNetworkError
        | Kind::BootstrapRequired
        | Kind::DirectoryExpired => SocksStatus::TTL_EXPIRED,
        // Arti's list of errors grows. An error without its own code is a general failure.
        _ => SocksStatus::GENERAL_FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_onion_error_has_tors_own_code() {
        for (kind, code) in [
            (ErrorKind::OnionServiceNotFound, 0xF0),
            (ErrorKind::OnionServiceProtocolViolation, 0xF1),
            (ErrorKind::OnionServiceNotRunning, 0xF2),
            (ErrorKind::OnionServiceConnectionFailed, 0xF3),
            (ErrorKind::OnionServiceMissingClientAuth, 0xF4),
            (ErrorKind::OnionServiceWrongClientAuth, 0xF5),
            (ErrorKind::OnionServiceAddressInvalid, 0xF6),
            (ErrorKind::InvalidStreamTarget, 0xF6),
            (ErrorKind::TorNetworkTimeout, 0xF7),
        ] {
            assert_eq!(u8::from(status(kind, true)), code, "{kind:?}");
        }
    }

    #[test]
    fn other_errors_have_the_codes_of_socks() {
        for (kind, code) in [
            (ErrorKind::RemoteHostNotFound, 4),
            (ErrorKind::ForbiddenStreamTarget, 2),
            (ErrorKind::RemoteConnectionRefused, 5),
            (ErrorKind::TorNetworkTimeout, 6),
            (ErrorKind::InvalidStreamTarget, 1),
            (ErrorKind::Other, 1),
        ] {
            assert_eq!(u8::from(status(kind, false)), code, "{kind:?}");
        }
    }

    #[test]
    fn an_onion_address_is_known_by_its_end() {
        assert!(is_onion("abc.onion") && is_onion("a.abc.ONION."));
        assert!(!is_onion("onion.example") && !is_onion("notonion"));
    }
}
