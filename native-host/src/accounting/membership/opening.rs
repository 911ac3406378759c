//! Opens and closes the file of receipts.

use super::Memberships;
use crate::{home::Home, problems};
use meter_ledger::Receipts;

impl Memberships {
    /// Opens the file of receipts if there is one. A failure does not keep sessions from being
    /// signed: it is a problem of its own.
    pub(in crate::accounting) fn open(home: &Home) -> Self {
        let path = home.receipts();
        let (receipts, problem) = match Receipts::open(&path) {
            Ok(receipts) => (receipts, None),
            Err(error) => (None, Some(problems::receipts(&error, &path))),
        };
        Self {
            path,
            receipts,
            problem,
            reported: None,
        }
    }

    /// Opens the file once more if it could not be opened.
    pub(in crate::accounting) fn open_again(&mut self) {
        if self.problem.is_some() {
            let opened = Receipts::open(&self.path);
            match opened.map_err(|error| self.because(&error)) {
                Ok(receipts) => (self.receipts, self.problem) = (receipts, None),
                Err(problem) => self.problem = Some(problem),
            }
        }
    }

    /// Closes the file.
    pub(in crate::accounting) fn end(self) {
        if let Some(Err(error)) = self.receipts.map(Receipts::close) {
            let text = "the file of receipts was not closed; its next opening reads its log";
            tracing::warn!(%error, text);
        }
    }
}
