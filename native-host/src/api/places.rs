//! Places for clients: how many there are, and that nobody holds one who has not said hello.

use crate::ipc;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Browsers and commands at once.
const CLIENTS_MAX: usize = 64;
/// Places for commands alone, so that `status` and `doctor` work when all others are taken.
const COMMANDS_MAX: usize = 8;
/// Connections that have not said hello. One more, and the oldest of them is closed.
const SILENT_MAX: usize = 64;

/// Longest version that is kept.
const VERSION_CHARS_MAX: usize = 32;

/// The places of one daemon.
#[derive(Clone)]
pub(crate) struct Places {
    clients: Arc<Semaphore>,
    commands: Arc<Semaphore>,
    silent: Arc<Mutex<Silent>>,
}

#[derive(Default)]
struct Silent {
    last: u64,
    /// In the order in which they came.
    waiting: VecDeque<(u64, CancellationToken)>,
    /// Versions of the extensions that have a place.
    extensions: BTreeMap<u64, String>,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            clients: Arc::new(Semaphore::new(CLIENTS_MAX)),
            commands: Arc::new(Semaphore::new(COMMANDS_MAX)),
            silent: Arc::default(),
        }
    }

    /// Lets a connection in.
    pub(crate) fn enter(&self) -> Guest {
        let mut silent = lock(&self.silent);
        if silent.waiting.len() >= SILENT_MAX
            && let Some((_, oldest)) = silent.waiting.pop_front()
        {
            oldest.cancel();
        }
        silent.last = silent.last.wrapping_add(1);
        let (number, out) = (silent.last, CancellationToken::new());
        silent.waiting.push_back((number, out.clone()));
        Guest {
            places: self.clone(),
            number,
            out,
            seat: None,
        }
    }
}

/// A short section without any wait in it.
fn lock(silent: &Mutex<Silent>) -> MutexGuard<'_, Silent> {
    silent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, for as long as it lasts.
pub(crate) struct Guest {
    places: Places,
    number: u64,
    out: CancellationToken,
    seat: Option<OwnedSemaphorePermit>,
}

impl Guest {
    /// Gives it a place, by the name that it has said; `false` when none is left.
    pub(super) fn sit(&mut self, name: &str) -> bool {
        if self.seat.is_none() {
            let of = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
            self.seat = of(&self.places.clients);
            if self.seat.is_none() && name == ipc::COMMANDS {
                self.seat = of(&self.places.commands);
            }
        }
        if self.seat.is_some() {
            self.speak();
        }
        self.seat.is_some()
    }

    /// Cancelled when it has to leave for another; never, once it has a place.
    pub(super) fn turned_out(&self) -> CancellationToken {
        self.out.clone()
    }

    /// Notes which version of the extension this is.
    pub(super) fn is_extension(&self, version: &str) {
        // Whoever connects chooses this text, and it reaches terminals.
        let version = version.chars().filter(char::is_ascii_graphic);
        let version = version.take(VERSION_CHARS_MAX).collect();
        lock(&self.places.silent)
            .extensions
            .insert(self.number, version);
    }

    /// Versions of the extensions that have a place, each once.
    pub(super) fn extensions(&self) -> Vec<String> {
        let silent = lock(&self.places.silent);
        let versions: BTreeSet<_> = silent.extensions.values().cloned().collect();
        versions.into_iter().collect()
    }

    fn speak(&self) {
        let mut silent = lock(&self.places.silent);
        silent.waiting.retain(|(number, _)| *number != self.number);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.speak();
        lock(&self.places.silent).extensions.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_who_says_nothing_leaves_for_a_newcomer() {
        let places = Places::new();
        let silent: Vec<_> = (0..SILENT_MAX).map(|_| places.enter()).collect();
        assert!(silent.iter().all(|guest| !guest.out.is_cancelled()));
        let mut newcomer = places.enter();
        assert!(silent[0].out.is_cancelled());
        assert!(silent[1..].iter().all(|guest| !guest.out.is_cancelled()));
        assert!(newcomer.sit("extension"), "the silent have no places");
        drop(silent);
        let again: Vec<_> = (0..SILENT_MAX).map(|_| places.enter()).collect();
        assert!(again.iter().all(|guest| !guest.out.is_cancelled()));
        assert!(!newcomer.out.is_cancelled(), "who sits stays");
    }

    #[test]
    fn when_browsers_have_all_places_a_command_still_finds_one() {
        let places = Places::new();
        let mut browsers: Vec<_> = (0..=CLIENTS_MAX).map(|_| places.enter()).collect();
        let (last, all) = browsers.split_last_mut().expect("some");
        assert!(all.iter_mut().all(|browser| browser.sit("extension")));
        assert!(!last.sit("extension"));
        let mut commands: Vec<_> = (0..COMMANDS_MAX).map(|_| places.enter()).collect();
        assert!(commands.iter_mut().all(|command| command.sit("cli")));
        assert!(!places.enter().sit("cli"));
        assert!(
            commands[0].sit("cli"),
            "a second hello takes no second place"
        );
        browsers.truncate(1);
        assert!(places.enter().sit("extension"));
    }
}
