//! What a process remembers while its database takes nothing: what was used once, and the browsers
//! that were signed in. It is gone when the process ends. See
//! docs/decisions/0033-signing-in-without-a-write.md.

use meter_core::{AccountId, DeviceKey, UnixMs};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most entries of a kind. When they are taken, nobody signs in until some have ended.
const MOST: usize = 65_536;

/// A browser that is signed in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WebSession {
    /// The account; none for the operator.
    pub account: Option<AccountId>,
    /// When it ends.
    pub expires: UnixMs,
}

/// A hash of a secret.
type Name = [u8; 32];

/// The memory of one process.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What must not be used again before this time.
    used: Mutex<BTreeMap<Name, UnixMs>>,
    sessions: Mutex<BTreeMap<Name, Remembered>>,
    /// Stored sessions that have ended, and when they would have.
    ended: Mutex<BTreeMap<Name, UnixMs>>,
}

/// A browser that is signed in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Remembered {
    pub(super) session: WebSession,
    pub(super) device: Option<DeviceKey>,
    pub(super) began: UnixMs,
}

/// The right to use something once. It is given back unless it is kept.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    memory: &'a Memory,
    name: Name,
    is_kept: bool,
}

impl Claim<'_> {
    /// It was used, and the database does not know.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            lock(&self.memory.used).remove(&self.name);
        }
    }
}

impl Memory {
    /// Claims the use of something until `expires`. `None` if it was used, or if somebody else uses
    /// it just now, or if there is no room.
    pub(super) fn claim(&self, name: Name, expires: UnixMs, now: UnixMs) -> Option<Claim<'_>> {
        let mut used = lock(&self.used);
        forget(&mut used, now, |expires| *expires);
        if used.contains_key(&name) || used.len() >= MOST {
            return None;
        }
        used.insert(name, expires);
        Some(Claim {
            memory: self,
            name,
            is_kept: false,
        })
    }

    pub(super) fn was_used(&self, name: &Name) -> bool {
        lock(&self.used).contains_key(name)
    }

    /// Remembers a browser. `false` if there is no room.
    pub(super) fn sign_in(&self, name: Name, new: Remembered) -> bool {
        let mut sessions = lock(&self.sessions);
        forget(&mut sessions, new.began, |old| old.session.expires);
        let has_room = sessions.len() < MOST;
        if has_room {
            sessions.insert(name, new);
        }
        has_room
    }

    /// A browser whose time is not over.
    pub(super) fn session(&self, name: &Name, now: UnixMs) -> Option<Remembered> {
        let found = lock(&self.sessions).get(name).copied();
        found.filter(|found| found.session.expires > now)
    }

    /// Every browser of an account whose time is not over.
    pub(super) fn sessions_of(&self, account: AccountId, now: UnixMs) -> Vec<(Name, Remembered)> {
        let sessions = lock(&self.sessions);
        let of_account = sessions.iter().filter(|(_, found)| {
            found.session.account == Some(account) && found.session.expires > now
        });
        of_account.map(|(name, found)| (*name, *found)).collect()
    }

    /// Signs a browser out.
    pub(super) fn sign_out(&self, name: &Name) {
        lock(&self.sessions).remove(name);
    }

    /// Signs out a browser whose row the database could not delete.
    pub(super) fn end_stored(&self, name: Name, expires: UnixMs, now: UnixMs) {
        let mut ended = lock(&self.ended);
        forget(&mut ended, now, |expires| *expires);
        // Without room it comes back at the end of the outage, for its twelve hours at most.
        if ended.len() < MOST {
            ended.insert(name, expires);
        }
    }

    pub(super) fn is_ended(&self, name: &Name) -> bool {
        lock(&self.ended).contains_key(name)
    }
}

/// Forgets what is over, once there is no room.
fn forget<T>(map: &mut BTreeMap<Name, T>, now: UnixMs, end: impl Fn(&T) -> UnixMs) {
    if map.len() >= MOST {
        map.retain(|_, value| end(value) > now);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u32) -> UnixMs {
        UnixMs::from_u32(ms)
    }

    #[test]
    fn what_is_claimed_is_used_once_and_free_again_if_it_was_not_kept() {
        let memory = Memory::default();
        let claim = memory.claim([1; 32], at(60), at(0)).expect("free");
        assert!(memory.claim([1; 32], at(60), at(0)).is_none());
        drop(claim);
        memory
            .claim([1; 32], at(60), at(0))
            .expect("free again")
            .keep();
        assert!(memory.claim([1; 32], at(60), at(0)).is_none());
        assert!(memory.was_used(&[1; 32]) && !memory.was_used(&[2; 32]));
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_only_what_is_over() {
        let memory = Memory::default();
        let name = |number: usize| {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            name
        };
        for number in 0..MOST {
            let claim = memory.claim(name(number), at(60), at(0));
            claim.expect("room").keep();
        }
        assert!(memory.claim(name(MOST), at(60), at(59)).is_none());
        memory
            .claim(name(MOST), at(160), at(60))
            .expect("room")
            .keep();
        assert_eq!(lock(&memory.used).len(), 1);
    }
}
