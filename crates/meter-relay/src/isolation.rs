//! Gives every site its own circuits: chooses the credentials for Tor so that no two sites share
//! one.
//!
//! Tor never puts streams with different SOCKS credentials on one circuit (`IsolateSOCKSAuth`, on
//! by default). So each site gets its own credentials, derived from a secret that lasts as long as
//! the current identity. The derivation is a keyed hash. So a program that sees credentials, for
//! example on Tor's control port, learns neither the site nor which sites two identities have in
//! common.
//!
//! A client's own credentials only go into the hash. So a client can divide its circuits further,
//! but cannot share the circuits of another site and cannot send commands to Tor through the relay.

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

/// Random bytes that define one identity. They are wiped from memory when dropped.
pub type IdentitySecret = Zeroizing<[u8; 32]>;

/// A person's current identity towards Tor. A relay and the part that may change it share it.
///
/// A clone is another handle to the same identity.
#[derive(Clone)]
pub struct Isolation {
    /// A std lock is enough: it is read for one hash, never held across an await, and rarely
    /// written.
    identity: Arc<RwLock<Identity>>,
    tags: SiteTags,
}

struct Identity {
    secret: IdentitySecret,
    renewals: Renewals,
}

/// The credentials for one site: opaque, and different for every site and identity. Has no `Debug`:
/// credentials are never logged.
pub struct SiteCredentials {
    /// The SOCKS user name.
    pub user: String,
    /// The SOCKS password.
    pub password: String,
}

impl Isolation {
    /// Begins with an identity made of these bytes, which must be random.
    #[must_use]
    pub fn new(secret: IdentitySecret) -> Self {
        Self {
            identity: Arc::new(RwLock::new(Identity::new(secret))),
            tags: SiteTags::default(),
        }
    }

    /// Changes the identity: later connections share no circuit with earlier ones. Open connections
    /// stay on their circuits.
    pub fn renew(&self, secret: IdentitySecret) {
        *self.write() = Identity::new(secret);
    }

    /// Gives one site new circuits: later connections to it share no circuit with earlier ones.
    /// Other sites keep their circuits. Open connections stay on theirs;
    /// [`Connections::cut`](crate::Connections::cut) ends them.
    pub fn renew_site(&self, site: &Site) {
        self.write().renewals.add(self.tag(site));
    }

    /// The credentials for connections to this site from clients that send none of their own.
    #[must_use]
    pub fn credentials(&self, site: &Site) -> SiteCredentials {
        SiteCredentials {
            user: String::from_utf8_lossy(TOR_USER_ISOLATION).into_owned(),
            password: hex::encode(self.key(site, None).0),
        }
    }

    /// A number for the site that is valid within this process.
    pub(crate) fn tag(&self, site: &Site) -> SiteTag {
        self.tags.of(site)
    }

    /// The key of the circuits for this site and client.
    pub(crate) fn key(&self, site: &Site, client: Option<ClientCredentials>) -> CircuitKey {
        let (mut hash, renewed) = {
            let identity = self.read();
            let hash = Hmac::<Sha256>::new_from_slice(identity.secret.as_slice());
            let renewed = identity.renewals.of(self.tag(site));
            (hash.expect("any length is a key"), renewed)
        };
        hash.update(PURPOSE);
        // Each part is marked off by its length or by being the last one. One byte says whether
        // there are credentials: an empty pair differs from none (S-08).
        update_counted(&mut hash, site.as_str().as_bytes());
        if let Some(client) = client {
            hash.update(&[1]);
            update_counted(&mut hash, &client.user);
            update_counted(&mut hash, &client.password);
        } else {
            hash.update(&[0]);
        }
        // Added last, and only if the site was renewed.
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

/// Identifies a set of circuits towards Tor. Has no `Debug`: credentials are never logged.
#[derive(Eq, PartialEq)]
pub(crate) struct CircuitKey([u8; KEY_BYTES]);

impl CircuitKey {
    /// The RFC 1929 §2 message that carries this key.
    ///
    /// Its form is that of Tor's socks-extensions ("Extended authentication", format 0: isolation
    /// only), which Tor knows since 0.4.9.1. An older Tor takes it for an ordinary user name and
    /// password, with the same effect. So the relay need not know Tor's version.
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

/// Separates this use of the secret from any later one.
const PURPOSE: &[u8] = b"onionmeter circuit 1";
/// 128 bits: a collision of two sites of one identity is practically impossible.
const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests;
