//! Extensions that leave while pages are wanted through Tor. An extension asks for a witness about
//! once a minute as long as they are, and never otherwise.

use crate::system::{
    clock::Clock,
    process::{Held, Process},
};
use meter_wire::{ErrorCode, Problem};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// How long after the last witness pages count as wanted, in milliseconds.
const WANTED_MS: u64 = 150_000;

/// Departures that may wait. With more, one notification says the same.
const DEPARTURES_MAX: usize = 16;

/// Reports departures, and counts the extensions of each browser that are here.
#[derive(Clone)]
pub(crate) struct Departures {
    sender: mpsc::Sender<Departed>,
    present: Arc<Mutex<Vec<Option<Process>>>>,
}

/// An extension that has left.
pub(crate) struct Departed {
    browser: Option<Browser>,
    /// How many others of that browser were here when it left.
    others: usize,
}

/// The process that started a bridge.
pub(crate) struct Browser {
    process: Process,
    held: Held,
}

impl Browser {
    /// The parent of a bridge; `None` if the system does not tell.
    pub(crate) fn of(bridge: Process) -> Option<Self> {
        let process = bridge.parent_of()?;
        let held = process.hold().ok()?;
        // The number was read before it was held.
        (bridge.parent_of() == Some(process)).then_some(Self { process, held })
    }
}

impl Departures {
    /// Makes it, and the receiver of the departures.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Departed>) {
        let (sender, receiver) = mpsc::channel(DEPARTURES_MAX);
        let present = Arc::default();
        (Self { sender, present }, receiver)
    }

    /// For a client that may turn out to be an extension of this browser.
    pub(crate) fn presence(&self, browser: Option<Browser>) -> Presence {
        Presence {
            departures: self.clone(),
            browser,
            is_extension: false,
            clock: Clock::new(),
            wanted_at: None,
        }
    }

    /// Whether pages of that browser may still be going out without its extension: it has not come
    /// back, and the browser runs.
    pub(crate) fn is_missed(&self, departed: &Departed) -> bool {
        let here = self.count(departed.browser.as_ref());
        let runs = departed
            .browser
            .as_ref()
            .is_none_or(|browser| browser.held.is_running());
        here <= departed.others && runs
    }

    fn count(&self, browser: Option<&Browser>) -> usize {
        let process = browser.map(|browser| browser.process);
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.iter().filter(|one| **one == process).count()
    }
}

/// One client: whether it is an extension, and whether pages are wanted through Tor there.
pub(crate) struct Presence {
    departures: Departures,
    browser: Option<Browser>,
    is_extension: bool,
    clock: Clock,
    /// When it last asked for a witness, by its own clock.
    wanted_at: Option<u64>,
}

impl Presence {
    /// It has introduced itself as an extension.
    pub(super) fn note_extension(&mut self) {
        if !std::mem::replace(&mut self.is_extension, true) {
            self.present(|present, process| present.push(process));
        }
    }

    /// # Errors
    /// It has introduced itself as something else.
    pub(super) fn must_be_extension(&self) -> Result<(), Problem> {
        let refusal = || Problem::with_detail(ErrorCode::BadRequest, "only an extension asks this");
        self.is_extension.then_some(()).ok_or_else(refusal)
    }

    /// It asks for a witness.
    pub(super) fn wants_pages(&mut self) {
        self.wanted_at = Some(self.clock.monotonic().get());
    }

    fn present(&self, change: impl FnOnce(&mut Vec<Option<Process>>, Option<Process>)) {
        let process = self.browser.as_ref().map(|browser| browser.process);
        let mut present = self
            .departures
            .present
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut present, process);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if !self.is_extension {
            return;
        }
        self.present(|present, process| {
            if let Some(place) = present.iter().position(|one| *one == process) {
                present.swap_remove(place);
            }
        });
        let now = self.clock.monotonic().get();
        let is_wanted = self
            .wanted_at
            .is_some_and(|at| now.saturating_sub(at) <= WANTED_MS);
        if is_wanted {
            let others = self.departures.count(self.browser.as_ref());
            let browser = self.browser.take();
            let sent = self
                .departures
                .sender
                .try_send(Departed { browser, others });
            crate::ignore_because("others that left are reported already", sent);
        }
    }
}
