//! Circuits of their own for every site: what is said to Tor so that no two sites share one.
//!
//! Tor never puts streams with different SOCKS credentials on one circuit (`IsolateSOCKSAuth`, its
//! default). So each site gets credentials of its own, derived from a secret that lives as long as
//! the person's present identity. The derivation is a keyed hash: nobody who sees credentials, on
//! Tor's control port for instance, learns the site from them, or what two identities share.
//!
//! What a client says of itself goes into the hash and nowhere else: it can divide its circuits
//! further, and can neither share another site's nor speak to Tor through us.

mod renewals;
mod site;
mod tag;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::credentials::{CREDENTIALS_VERSION, ClientCredentials, TOR_USER_ISOLATION};
use renewals::Renewals;
use tag::SiteTags;

pub use site::Site;
pub(crate) use tag::SiteTag;

/// Random bytes that make one identity; wiped from memory when dropped.
pub type IdentitySecret = Zeroizing<[u8; 32]>;

/// A person's present identity towards Tor, shared by a relay and whoever may change it.
///
/// Cloning gives another handle on the same identity.
#[derive(Clone)]
pub struct Isolation {
    /// A std lock: read for one hash, never across an await, written once in a long while.
    identity: Arc<RwLock<Identity>>,
    tags: SiteTags,
}

struct Identity {
    secret: IdentitySecret,
    renewals: Renewals,
}

/// What Tor is told for one site: opaque, and different for every site and identity. Has no
/// `Debug`: credentials are never logged.
pub struct SiteCredentials {
    /// The SOCKS user name.
    pub user: String,
    /// The SOCKS password.
    pub password: String,
}

impl Isolation {
    /// Begins with an identity made of these bytes, which have to be random.
    #[must_use]
    pub fn new(secret: IdentitySecret) -> Self {
        Self {
            identity: Arc::new(RwLock::new(Identity::new(secret))),
            tags: SiteTags::default(),
        }
    }

    /// Takes on a new identity: from now on no connection shares a circuit with an earlier one.
    /// Open connections stay where they are.
    pub fn renew(&self, secret: IdentitySecret) {
        *self.write() = Identity::new(secret);
    }

    /// Gives one site new circuits: from now on no connection to it shares one with an earlier one.
    /// Other sites keep theirs, and open connections stay where they are
    /// ([`Connections::cut`](crate::Connections::cut) ends them).
    pub fn renew_site(&self, site: &Site) {
        self.write().renewals.add(self.tag(site));
    }

    /// What Tor is told for connections to this site by clients without credentials of their own.
    #[must_use]
    pub fn credentials(&self, site: &Site) -> SiteCredentials {
        SiteCredentials {
            user: String::from_utf8_lossy(TOR_USER_ISOLATION).into_owned(),
            password: hex::encode(self.key(site, None).0),
        }
    }

    /// The site's name within this process.
    pub(crate) fn tag(&self, site: &Site) -> SiteTag {
        self.tags.of(site)
    }

    /// The key to the circuits that a site may use.
    pub(crate) fn key(&self, site: &Site, client: Option<ClientCredentials>) -> CircuitKey {
        let (mut hash, renewed) = {
            let identity = self.read();
            let hash = Hmac::<Sha256>::new_from_slice(identity.secret.as_slice());
            let renewed = identity.renewals.of(self.tag(site));
            (hash.expect("any length is a key"), renewed)
        };
        hash.update(PURPOSE);
        // Every part is told from the next by its length or by standing last, and the presence of
        // credentials by a byte: an empty pair is not the same as none (S-08).
        update_counted(&mut hash, site.as_str().as_bytes());
        if let Some(client) = client {
            hash.update(&[1]);
            update_counted(&mut hash, &client.user);
            update_counted(&mut hash, &client.password);
        } else {
            hash.update(&[0]);
        }
        // Behind everything else, and only where there is one.
        if let Some(renewed) = renewed {
            hash.update(&renewed.to_be_bytes());
        }
        let mut key = [0; KEY_BYTES];
        let bytes = hash.finalize().into_bytes();
        key.copy_from_slice(bytes.get(..KEY_BYTES).expect("SHA-256 is longer"));
        CircuitKey(key)
    }

    fn read(&self) -> RwLockReadGuard<'_, Identity> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Identity> {
        self.identity
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity {
    fn new(secret: IdentitySecret) -> Self {
        Self {
            secret,
            renewals: Renewals::default(),
        }
    }
}

/// Hides the secret.
impl fmt::Debug for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Isolation")
    }
}

/// Names a set of circuits towards Tor. Has no `Debug`: credentials are never logged.
#[derive(Eq, PartialEq)]
pub(crate) struct CircuitKey([u8; KEY_BYTES]);

impl CircuitKey {
    /// The message of RFC 1929 §2 that says it.
    ///
    /// It has the form of Tor's socks-extensions ("Extended authentication", format 0: isolation
    /// and nothing else), which Tor knows since 0.4.9.1. To an older Tor it is a user name and a
    /// password like any other, with the same effect, so nobody has to know Tor's version.
    pub(crate) fn message(&self) -> Vec<u8> {
        const USER_BYTES: u8 = 9;
        const PASSWORD_BYTES: u8 = 32;
        const {
            assert!(TOR_USER_ISOLATION.len() == 9 && 2 * KEY_BYTES == 32);
        }
        let mut message = vec![CREDENTIALS_VERSION, USER_BYTES];
        message.extend_from_slice(TOR_USER_ISOLATION);
        message.push(PASSWORD_BYTES);
        message.extend_from_slice(hex::encode(self.0).as_bytes());
        message
    }
}

fn update_counted(hash: &mut Hmac<Sha256>, part: &[u8]) {
    let length = u64::try_from(part.len()).expect("no machine has longer addresses");
    hash.update(&length.to_be_bytes());
    hash.update(part);
}

/// Keeps this use of the secret apart from any other that may come.
const PURPOSE: &[u8] = b"onionmeter circuit 1";
/// 128 bits: two sites of one identity meet by chance in no lifetime.
const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests;
