//! Comes back to work after the book was lost, replaced or repaired.

use super::{
    Accounting,
    bookkeeper::{Bookkeeper, recovery},
};
use crate::problems;
use meter_core::MonotonicMs;
use meter_wire::{ErrorCode, Problem, WireReport};
use tracing::{error, info};

/// Pause between two tries to open a book for which a disk has no room: people make room and wait.
const OPEN_AGAIN_MS: u64 = 3_000;

impl Accounting {
    /// Opens the file that took the place of the book.
    pub(super) fn exchange(&mut self) {
        self.preparing.wake();
        let none = Err(problems::shutting_down());
        let before = std::mem::replace(&mut self.bookkeeper, none);
        self.bookkeeper = before
            .and_then(|before| recovery::exchange(before, self.thresholds, &mut self.carried));
        if let Err(problem) = &self.bookkeeper {
            error!(code = ?problem.code, detail = problem.detail, "cannot work");
        }
        self.look_for_earlier_chains();
    }

    /// Takes signed reports from a client that has stored them, in ascending order.
    ///
    /// # Errors
    /// The errors of [`Bookkeeper::take_back`], or the reason why there is no book.
    pub(crate) fn take_back<'a>(
        &mut self,
        reports: impl IntoIterator<Item = &'a WireReport>,
    ) -> Result<(), Problem> {
        if self.bookkeeper.as_ref().is_ok_and(Bookkeeper::is_gone) {
            info!("the book is gone; another is made from reports");
            self.exchange();
        }
        let bookkeeper = self
            .bookkeeper
            .as_mut()
            .map_err(|problem| problem.clone())?;
        let taken = bookkeeper.take_back(reports);
        let head = *bookkeeper.head();
        if self.outgoing.is_some() {
            // What is claimed has grown now, and so must what waits.
            self.memberships.look_again(&head, &self.earlier);
        }
        taken
    }

    /// Opens key and book again if they could not be opened, or if nothing is signed: a person may
    /// have repaired them.
    ///
    /// # Errors
    /// The remaining obstacle, if there is a book in which nothing is signed. If there is no book
    /// at all, [`Self::status`] reports it.
    pub(crate) fn try_again(&mut self) -> Result<(), Problem> {
        self.preparing.wake();
        match &mut self.bookkeeper {
            Err(_) => {
                self.open_again();
                Ok(())
            }
            Ok(bookkeeper) if bookkeeper.is_replaced() => {
                bookkeeper.replacement_fits()?;
                self.exchange();
                Ok(())
            }
            Ok(bookkeeper) if bookkeeper.is_in_doubt() => bookkeeper.open_again(),
            Ok(_) => Ok(()),
        }
    }

    /// Whether the book could not be opened because of the disk, and it is time to try again.
    pub(super) fn is_worth_opening(&self, now: MonotonicMs) -> bool {
        let is_of_the_disk = |problem: &Problem| {
            matches!(problem.code, ErrorCode::DiskFull | ErrorCode::DiskReadOnly)
        };
        self.bookkeeper.as_ref().is_err_and(is_of_the_disk)
            && now.since(self.tried_at) >= OPEN_AGAIN_MS
    }

    /// Opens key and book, which could not be opened before.
    pub(super) fn open_again(&mut self) {
        self.tried_at = self.now;
        self.bookkeeper = recovery::open_bookkeeper(&self.home, self.thresholds, &mut self.carried);
        if self.bookkeeper.is_ok() {
            info!("key and book can be opened now");
        }
        self.look_for_earlier_chains();
    }
}
