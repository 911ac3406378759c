//! Which connections may share a circuit: those with the same credentials under the same identity.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use arti_client::isolation::IsolationHelper;
use tor_socksproto::SocksAuth;

/// Two connections share a circuit only if their keys are equal. Arti compares the keys itself, so
/// there is no table of keys that could grow or forget one too early.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct IsolationKey {
    identity: u64,
    credentials: SocksAuth,
}

impl IsolationHelper for IsolationKey {
    fn compatible_same_type(&self, other: &Self) -> bool {
        self == other
    }

    fn join_same_type(&self, other: &Self) -> Option<Self> {
        (self == other).then(|| self.clone())
    }

    fn enables_long_lived_circuits(&self) -> bool {
        self.credentials != SocksAuth::NoAuth
    }
}

/// Written by hand: Arti may log keys, and the credentials reveal the site.
impl fmt::Debug for IsolationKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IsolationKey(..)")
    }
}

/// Makes keys. After a new identity, all keys differ from all earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    number: AtomicU64,
    /// The seed is new in each process, so a group's number has no meaning elsewhere.
    hasher: RandomState,
}

impl Identity {
    pub(crate) fn key(&self, credentials: &SocksAuth) -> IsolationKey {
        IsolationKey {
            identity: self.number.load(Ordering::SeqCst),
            credentials: credentials.clone(),
        }
    }

    pub(crate) fn renew(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
    }

    /// A number for a key. Equal keys have equal numbers.
    pub(crate) fn group(&self, key: &IsolationKey) -> u64 {
        self.hasher.hash_one(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_user(user: &str, password: &str) -> SocksAuth {
        SocksAuth::Username(user.into(), password.into())
    }

    #[test]
    fn only_equal_credentials_share() {
        let identity = Identity::default();
        let alice = identity.key(&as_user("alice", "x"));
        let others = [
            as_user("alice", "y"),
            as_user("bob", "x"),
            // The boundary between user name and password matters.
            as_user("alicex", ""),
            SocksAuth::NoAuth,
        ];
        assert!(alice.compatible_same_type(&identity.key(&as_user("alice", "x"))));
        for other in others.iter().map(|other| identity.key(other)) {
            assert!(!alice.compatible_same_type(&other));
            assert!(alice.join_same_type(&other).is_none());
            assert_ne!(identity.group(&alice), identity.group(&other));
        }
    }

    #[test]
    fn a_new_identity_shares_with_nothing_before() {
        let identity = Identity::default();
        for credentials in [as_user("alice", "x"), SocksAuth::NoAuth] {
            let before = identity.key(&credentials);
            identity.renew();
            assert!(!before.compatible_same_type(&identity.key(&credentials)));
        }
    }

    #[test]
    fn a_key_shows_no_credentials() {
        let key = Identity::default().key(&as_user("alice", "secret"));
        assert_eq!(format!("{key:?}"), "IsolationKey(..)");
    }
}
