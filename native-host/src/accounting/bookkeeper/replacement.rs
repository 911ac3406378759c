//! Looks at another file that is in the place of the book. If it cannot be used, it is not tried
//! every second.

use super::Bookkeeper;
use crate::{
    accounting::{doubt, unusable::Unusable},
    key, problems,
};
use meter_core::MonotonicMs;
use meter_ledger::{Book, BookError, Place};
use meter_wire::{ErrorCode, Problem};

impl Bookkeeper {
    /// Looks at the file in the book's place if it is another one: `Ok` if it can be opened there.
    /// `None` if there is no such file, or if it could not be used a moment ago and has not
    /// changed.
    pub(in crate::accounting) fn look_at_replacement(
        &mut self,
        now: MonotonicMs,
    ) -> Option<Result<(), Problem>> {
        if !self.is_replaced() {
            return None;
        }
        let found = Unusable::now(&self.home.book(), now);
        if let Some(before) = &self.unusable
            && !before.is_worth_trying(&found)
        {
            return None;
        }
        let fits = self.replacement_fits();
        if fits.is_err() {
            self.unusable = Some(found);
        }
        Some(fits)
    }

    /// Whether the book's file is not where it was opened.
    pub(super) const fn is_away(&self) -> bool {
        !matches!(self.place, Place::Here)
    }

    /// Whether nothing is in the place of the book, so that a new one can be made there.
    pub(in crate::accounting) fn is_gone(&self) -> bool {
        self.place == Place::Gone && self.book.place() == Place::Gone
    }

    /// The problem while the book is not where it was opened.
    pub(super) fn moved(&self) -> Problem {
        let path = self.home.book();
        let path = path.display();
        let detail = match self.place {
            Place::Replaced => format!(
                "another file is in its place, {path}; move that away, and put the book there"
            ),
            Place::Here | Place::Gone => format!(
                "nothing is in its place, {path}; without a copy of it, `onionmeter restore FILE` \
                    makes the book anew from a file of reports"
            ),
        };
        Problem::with_detail(ErrorCode::BookMoved, detail)
    }

    /// Whether another file is in the place of the book.
    pub(in crate::accounting) fn is_replaced(&self) -> bool {
        self.is_away() && self.book.place() == Place::Replaced
    }

    /// Checks the other file without its log, and writes nothing: as long as the book is open, the
    /// log at its path is its own.
    ///
    /// # Errors
    /// The reason why it would not be taken up.
    pub(in crate::accounting) fn replacement_fits(&self) -> Result<(), Problem> {
        let path = self.home.book();
        let of_book = |error: BookError| problems::book(&error, &path);
        let book = Book::open_alone(&path).map_err(of_book)?;
        let Some((chain, owner)) = book.chain().map_err(of_book)? else {
            return Ok(());
        };
        if owner != self.signer.key() {
            let detail = key::other(&self.home.key(), self.signer.key(), owner);
            return Err(Problem::with_detail(ErrorCode::KeyRefused, detail));
        }
        let head = book.head(chain, owner).map_err(of_book)?;
        match doubt::other_chain(&head, &self.last_signed) {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }
}
