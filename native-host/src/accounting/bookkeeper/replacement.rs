//! Opens another file that is in the place of the book. If it cannot be used, it is not tried every
//! second.

use super::Bookkeeper;
use crate::accounting::unusable::Unusable;
use meter_core::MonotonicMs;
use meter_ledger::Place;
use meter_wire::Problem;

impl Bookkeeper {
    /// Opens the file in the book's place if it is another one. `None` if there is no such file, or
    /// if it could not be used a moment ago and has not changed.
    pub(in crate::accounting) fn open_replacement(
        &mut self,
        now: MonotonicMs,
    ) -> Option<Result<(), Problem>> {
        if !self.is_away || self.book.place() != Place::Replaced {
            return None;
        }
        let found = Unusable::now(&self.home.book(), now);
        if let Some(before) = &self.unusable
            && !before.is_worth_trying(&found)
        {
            return None;
        }
        let opened = self.open_again();
        if opened.is_err() {
            self.unusable = Some(found);
        }
        Some(opened)
    }
}
