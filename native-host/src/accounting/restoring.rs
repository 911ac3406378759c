//! What is known about a home that was restored from a backup.

use crate::restored::{Found, Mark};

/// What is known about a restored home.
pub(super) struct Restoring {
    pub(super) mark: Mark,
    /// Number of ticks for which the book has lacked reports.
    pub(super) in_doubt: u8,
}

impl Restoring {
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, in_doubt: 0 }
    }

    pub(super) fn is_asking(&self) -> bool {
        self.mark.found == Found::Nothing
    }
}
