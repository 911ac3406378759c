//! What was just added to the badge's number.

use meter_core::Amount;
use meter_wire::BadgeNumber;

/// What the badge's number was, and what was added to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flash {
    /// The number when it was last complete. `None` before that, so that what is fetched at a start
    /// is no news.
    known: Option<(BadgeNumber, Amount)>,
    shown: Option<Amount>,
    number: u32,
}

impl Flash {
    /// What was just added.
    #[must_use]
    pub const fn shown(&self) -> Option<Amount> {
        self.shown
    }

    /// Takes the complete number. Returns a number for what was added, if anything was.
    pub(super) fn take(&mut self, kind: BadgeNumber, amount: Amount) -> Option<u32> {
        let (before_kind, before) = self.known.replace((kind, amount))?;
        let more = amount.get().checked_sub(before.get())?;
        if before_kind != kind || more == 0 {
            return None;
        }
        self.shown = Amount::new(more);
        self.number = self.number.wrapping_add(1);
        Some(self.number)
    }

    /// The time of this addition is over, unless another one came meanwhile.
    pub(super) const fn end(&mut self, number: u32) {
        if number == self.number {
            self.shown = None;
        }
    }
}
