//! Only this module publishes status and upstream, so that they always agree: there is an upstream
//! exactly while the state is `Ready`.

use std::sync::Arc;

use meter_core::{Backend, TorAddr};
use meter_owner::Listener;
use tokio::sync::{mpsc, watch};

use crate::{TorProblem, TorState, TorStatus, TorWarning, circuit::Question, version::is_too_old};

/// Most circuit queries in the queue. Further callers wait for room.
const QUESTIONS_MAX: usize = 4;

/// Publishes status and upstream. The actor owns it.
#[derive(Debug)]
pub(crate) struct Publisher {
    status: watch::Sender<TorStatus>,
    upstream: watch::Sender<Option<TorAddr>>,
    /// The address of the Tor in use, whether it is usable or not.
    address: watch::Sender<Option<TorAddr>>,
    /// The listener at that address, if another program could take it over. It stays when no Tor is
    /// in use: who has read the address before compares with the Tor that it belonged to.
    listener: watch::Sender<Option<Arc<Listener>>>,
    /// Number of identities that were requested.
    identity: watch::Sender<u64>,
    /// Sender for circuit queries; `None` where the Tor in use does not report circuits.
    questions: watch::Sender<Option<mpsc::Sender<Question>>>,
}

impl Publisher {
    pub(crate) fn new() -> Self {
        Self {
            status: watch::Sender::new(TorStatus::OFF),
            upstream: watch::Sender::new(None),
            address: watch::Sender::new(None),
            listener: watch::Sender::new(None),
            identity: watch::Sender::new(0),
            questions: watch::Sender::new(None),
        }
    }

    pub(crate) fn status(&self) -> watch::Receiver<TorStatus> {
        self.status.subscribe()
    }

    pub(crate) fn upstream(&self) -> watch::Receiver<Option<TorAddr>> {
        self.upstream.subscribe()
    }

    pub(crate) fn listener(&self) -> watch::Receiver<Option<Arc<Listener>>> {
        self.listener.subscribe()
    }

    /// Changes whenever a new identity is requested.
    pub(crate) fn identity(&self) -> watch::Receiver<u64> {
        self.identity.subscribe()
    }

    /// Sender by which a handle requests a new identity.
    pub(crate) fn identity_asker(&self) -> watch::Sender<u64> {
        self.identity.clone()
    }

    /// Receiver of the current sender for circuit queries.
    pub(crate) fn question_sender(&self) -> watch::Receiver<Option<mpsc::Sender<Question>>> {
        self.questions.subscribe()
    }

    /// Opens the queue of circuit queries; called once the Tor in use reports its circuits.
    pub(crate) fn questions(&self) -> mpsc::Receiver<Question> {
        let (sender, questions) = mpsc::channel(QUESTIONS_MAX);
        self.questions.send_replace(Some(sender));
        questions
    }

    /// Records how a Tor of another program is known again; called before [`Self::found`].
    pub(crate) fn known_by(&self, listener: Option<Arc<Listener>>) {
        self.listener.send_replace(listener);
    }

    /// Records the Tor in use; whether it is usable comes with [`Self::progress`].
    pub(crate) fn found(&self, backend: Backend, version: Option<&str>, address: TorAddr) {
        if backend != Backend::Existing {
            self.known_by(None);
        }
        self.address.send_replace(Some(address));
        self.change(|status| {
            status.backend = Some(backend);
            status.version = version.map(str::to_owned);
        });
        if version.is_some_and(is_too_old) {
            self.warn(TorWarning::VersionTooOld);
        }
    }

    /// Publishes the state of the Tor in use.
    pub(crate) fn progress(&self, state: TorState) {
        if state == TorState::Ready {
            // The upstream is set before the state, so a reader of `Ready` finds an upstream.
            let address = self.address.borrow().clone();
            self.upstream.send_if_modified(|upstream| {
                let is_new = *upstream != address;
                *upstream = address;
                is_new
            });
        } else {
            self.unusable();
        }
        self.change(|status| status.state = state);
    }

    /// Adds a warning; a newer one of its kind replaces it.
    pub(crate) fn warn(&self, warning: TorWarning) {
        self.change(|status| {
            let kind = std::mem::discriminant(&warning);
            status
                .warnings
                .retain(|known| std::mem::discriminant(known) != kind);
            status.warnings.push(warning);
        });
    }

    /// Sets why Tor makes no progress; `None` clears the reason.
    pub(crate) fn trouble(&self, trouble: Option<TorProblem>) {
        self.change(|status| status.trouble = trouble);
    }

    /// Publishes that no Tor is in use, with the state to show instead.
    pub(crate) fn without_tor(&self, state: TorState) {
        self.unusable();
        self.address.send_replace(None);
        self.questions.send_replace(None);
        self.change(|status| {
            *status = TorStatus {
                state,
                ..TorStatus::OFF
            }
        });
    }

    /// Publishes that the Tor in use is being stopped.
    pub(crate) fn stopping(&self) {
        self.unusable();
        self.change(|status| status.state = TorState::Stopping);
    }

    pub(crate) fn failed(&self, problem: TorProblem) {
        self.without_tor(TorState::Failed(problem));
    }

    fn unusable(&self) {
        self.upstream
            .send_if_modified(|upstream| upstream.take().is_some());
    }

    /// Publishes only what differs: repeated equal warnings wake no receiver.
    fn change(&self, edit: impl FnOnce(&mut TorStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            edit(status);
            *status != before
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_upstream_exactly_while_ready() {
        let publisher = Publisher::new();
        let upstream = publisher.upstream();
        let address = TorAddr::Unix("/run/x/socks".into());
        publisher.progress(TorState::Starting);
        publisher.found(Backend::Managed, Some("0.4.9.11"), address.clone());
        assert_eq!(*upstream.borrow(), None);
        publisher.progress(TorState::Ready);
        assert_eq!(*upstream.borrow(), Some(address));
        publisher.stopping();
        assert_eq!(*upstream.borrow(), None);
    }

    #[test]
    fn equal_states_and_warnings_wake_nobody() {
        let publisher = Publisher::new();
        let mut status = publisher.status();
        publisher.warn(TorWarning::ClockSkew { seconds: 5 });
        assert!(status.has_changed().unwrap());
        status.mark_unchanged();
        publisher.warn(TorWarning::ClockSkew { seconds: 5 });
        publisher.progress(TorState::Off);
        assert!(!status.has_changed().unwrap());
        publisher.warn(TorWarning::ClockSkew { seconds: 6 });
        assert_eq!(
            status.borrow().warnings,
            [TorWarning::ClockSkew { seconds: 6 }]
        );
    }

    #[test]
    fn an_old_version_is_a_warning_and_goes_with_its_tor() {
        let publisher = Publisher::new();
        let address = TorAddr::Unix("/run/x/socks".into());
        publisher.found(Backend::Existing, Some("0.4.5.16"), address);
        assert_eq!(
            publisher.status().borrow().warnings,
            [TorWarning::VersionTooOld]
        );
        publisher.without_tor(TorState::Off);
        assert_eq!(*publisher.status().borrow(), TorStatus::OFF);
    }
}
