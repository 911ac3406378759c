//! Places for clients: limits their number, and gives none to a client that has not said hello.

use crate::ipc;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Most browsers and commands at once.
const CLIENTS_MAX: usize = 64;
/// Places for commands only, so that `status` and `doctor` work when all other places are taken.
const COMMANDS_MAX: usize = 8;
/// Most connections that have not said hello. With one more, the oldest of them is closed.
const SILENT_MAX: usize = 64;

/// Longest version that is stored.
const VERSION_CHARS_MAX: usize = 32;

/// The limits of one daemon, and who was admitted.
#[derive(Clone)]
pub(crate) struct Admission {
    clients: Arc<Semaphore>,
    commands: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Connections that have not said hello, and what the others said.
#[derive(Default)]
struct Waiting {
    last: u64,
    /// Connections without a hello, in the order in which they came.
    queue: VecDeque<(u64, CancellationToken)>,
    /// Versions of the extensions that have a place.
    extensions: BTreeMap<u64, String>,
}

impl Admission {
    pub(crate) fn new() -> Self {
        Self {
            clients: Arc::new(Semaphore::new(CLIENTS_MAX)),
            commands: Arc::new(Semaphore::new(COMMANDS_MAX)),
            waiting: Arc::default(),
        }
    }

    /// Accepts a connection.
    pub(crate) fn enter(&self) -> ClientEntry {
        let mut waiting = lock(&self.waiting);
        if waiting.queue.len() >= SILENT_MAX
            && let Some((_, oldest)) = waiting.queue.pop_front()
        {
            oldest.cancel();
        }
        waiting.last = waiting.last.wrapping_add(1);
        let (number, evicted) = (waiting.last, CancellationToken::new());
        waiting.queue.push_back((number, evicted.clone()));
        ClientEntry {
            admission: self.clone(),
            number,
            evicted,
            place: None,
        }
    }
}

/// The lock is held briefly, without waiting for anything.
fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, as long as it lasts.
pub(crate) struct ClientEntry {
    admission: Admission,
    number: u64,
    evicted: CancellationToken,
    place: Option<OwnedSemaphorePermit>,
}

impl ClientEntry {
    /// Gives it a place by the name in its hello; `false` when none is left.
    pub(super) fn take_place(&mut self, name: &str) -> bool {
        if self.place.is_none() {
            let of = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
            self.place = of(&self.admission.clients);
            if self.place.is_none() && name == ipc::COMMANDS {
                self.place = of(&self.admission.commands);
            }
        }
        if self.place.is_some() {
            self.leave_queue();
        }
        self.place.is_some()
    }

    /// Cancelled when it must make room for another connection; never after it has a place.
    pub(super) fn evicted(&self) -> CancellationToken {
        self.evicted.clone()
    }

    /// Notes the version of this extension.
    pub(super) fn note_extension(&self, version: &str) {
        // The client chooses this text, and it is shown on terminals.
        let version = version.chars().filter(char::is_ascii_graphic);
        let version = version.take(VERSION_CHARS_MAX).collect();
        lock(&self.admission.waiting)
            .extensions
            .insert(self.number, version);
    }

    /// Versions of the extensions that have a place, without duplicates.
    pub(super) fn extensions(&self) -> Vec<String> {
        let waiting = lock(&self.admission.waiting);
        let versions: BTreeSet<_> = waiting.extensions.values().cloned().collect();
        versions.into_iter().collect()
    }

    fn leave_queue(&self) {
        let mut waiting = lock(&self.admission.waiting);
        waiting.queue.retain(|(number, _)| *number != self.number);
    }
}

impl Drop for ClientEntry {
    fn drop(&mut self) {
        self.leave_queue();
        lock(&self.admission.waiting)
            .extensions
            .remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_who_says_nothing_leaves_for_a_newcomer() {
        let admission = Admission::new();
        let silent: Vec<_> = (0..SILENT_MAX).map(|_| admission.enter()).collect();
        assert!(silent.iter().all(|entry| !entry.evicted.is_cancelled()));
        let mut newcomer = admission.enter();
        assert!(silent[0].evicted.is_cancelled());
        assert!(
            silent[1..]
                .iter()
                .all(|entry| !entry.evicted.is_cancelled())
        );
        assert!(
            newcomer.take_place("extension"),
            "the silent have no places"
        );
        drop(silent);
        let again: Vec<_> = (0..SILENT_MAX).map(|_| admission.enter()).collect();
        assert!(again.iter().all(|entry| !entry.evicted.is_cancelled()));
        assert!(!newcomer.evicted.is_cancelled(), "one with a place stays");
    }

    #[test]
    fn when_browsers_have_all_places_a_command_still_finds_one() {
        let admission = Admission::new();
        let mut browsers: Vec<_> = (0..=CLIENTS_MAX).map(|_| admission.enter()).collect();
        let (last, all) = browsers.split_last_mut().expect("some");
        assert!(
            all.iter_mut()
                .all(|browser| browser.take_place("extension"))
        );
        assert!(!last.take_place("extension"));
        let mut commands: Vec<_> = (0..COMMANDS_MAX).map(|_| admission.enter()).collect();
        assert!(commands.iter_mut().all(|command| command.take_place("cli")));
        assert!(!admission.enter().take_place("cli"));
        assert!(
            commands[0].take_place("cli"),
            "a second hello takes no second place"
        );
        browsers.truncate(1);
        assert!(admission.enter().take_place("extension"));
    }
}
