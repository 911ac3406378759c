//! A home that was restored from a backup: looks for later reports before it signs, and begins a
//! new chain if there are some.

use super::{Accounting, restoring::Restoring};
use crate::restored::{Found, Mark};
use meter_core::{ChainEnd, ChainHead, UnixMs};
use meter_wire::{Restored, RestoredState, U64Text};
use tracing::{info, warn};

/// How long a browser may take to give back what the book lacks. It begins within a second of its
/// connection, and some hundred reports take one second.
const PATIENCE_TICKS: u8 = 10;

/// Up to this number of reports a person is told why the chain is a new one.
const EXPLAINED_REPORTS: u64 = 10;

impl Accounting {
    /// Whether the ledger has to tell its place in the chain before anything is signed.
    pub(super) fn waits_for_ledger(&self) -> bool {
        let is_asking = self.restoring.as_ref().is_some_and(Restoring::is_asking);
        is_asking
            && self.memberships.is_in_force()
            && self
                .outgoing
                .as_ref()
                .is_none_or(|outgoing| outgoing.outbox.is_asking_first())
    }

    /// Looks once a second what is known by now.
    pub(super) fn look_at_restored(&mut self, wall: UnixMs) {
        let (Some(restoring), Ok(bookkeeper)) = (&mut self.restoring, &self.bookkeeper) else {
            return;
        };
        let is_behind = bookkeeper.is_behind();
        restoring.in_doubt = match is_behind {
            true => restoring.in_doubt.saturating_add(1),
            false => 0,
        };
        let (mark, in_doubt) = (restoring.mark, restoring.in_doubt);
        let sequence = bookkeeper.head().sequence;
        match mark.found {
            Found::Nothing if in_doubt >= PATIENCE_TICKS => self.begin_after_restore(wall),
            Found::Nothing if is_behind => {}
            Found::Nothing if self.is_settled(mark, sequence) => self.forget_restore(),
            Found::Later if sequence >= EXPLAINED_REPORTS => self.forget_restore(),
            Found::Nothing | Found::Later => {}
        }
    }

    /// Whether [`Self::look_at_restored`] would find nothing to do.
    pub(super) fn restore_rests(&self, head: &ChainHead) -> bool {
        let is_explained = head.sequence >= EXPLAINED_REPORTS;
        let restoring = self.restoring.as_ref();
        restoring.is_none_or(|restoring| !restoring.is_asking() && !is_explained)
    }

    /// Whether the restored chain may go on: the ledger has no more of it, or a report was signed
    /// where there is no ledger to ask.
    fn is_settled(&self, mark: Mark, sequence: u64) -> bool {
        if self.memberships.is_in_force() {
            let outgoing = self.outgoing.as_ref();
            return outgoing.is_some_and(|outgoing| !outgoing.outbox.is_asking_first());
        }
        sequence > mark.reports
    }

    fn begin_after_restore(&mut self, wall: UnixMs) {
        info!("later reports than those of the backup exist");
        if let Some(restoring) = &mut self.restoring {
            restoring.in_doubt = 0;
        }
        if let Some(head) = self.head().copied()
            && self.memberships.is_in_force()
            && let Err(problem) = self.memberships.end_chain(&head, ChainEnd::Ahead, wall)
        {
            warn!(code = ?problem.code, "the chain cannot be ended");
            return;
        }
        if let Err(problem) = self.begin_anew() {
            warn!(code = ?problem.code, "no new chain can begin");
        }
    }

    /// Notes that another chain was begun.
    pub(super) fn note_new_chain(&mut self) {
        let Some(restoring) = &mut self.restoring else {
            return;
        };
        if restoring.is_asking() {
            restoring.mark.found = Found::Later;
            if let Err(error) = restoring.mark.write(&self.home.restored()) {
                warn!(%error, "the mark of the restored backup cannot be written");
            }
        }
    }

    /// Removes the mark.
    pub(super) fn forget_restore(&mut self) {
        if self.restoring.is_none() {
            return;
        }
        match Mark::remove(&self.home.restored()) {
            Ok(()) => self.restoring = None,
            Err(error) => warn!(%error, "the mark of the restored backup cannot be removed"),
        }
    }

    /// What clients are told.
    pub(super) fn restored(&self) -> Option<Restored> {
        let mark = self.restoring.as_ref()?.mark;
        Some(Restored {
            made_at_ms: U64Text(mark.made_at.get()),
            state: match mark.found {
                Found::Nothing => RestoredState::Asking,
                Found::Later => RestoredState::NewChain,
            },
        })
    }
}

#[cfg(test)]
mod tests;
