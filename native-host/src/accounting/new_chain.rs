//! Begins a new chain: after a doubt, because a person wants it, or with a new key.

use super::{
    Accounting,
    bookkeeper::recovery::{self, KeyOfChain},
};
use crate::problems;
use meter_core::{ChainEnd, UnixMs};
use meter_wire::Problem;

impl Accounting {
    /// Begins a new chain, only with a person's consent: the old book is kept, and its chain ends.
    ///
    /// # Errors
    /// The reason why it did not begin. The old book then stays in use.
    pub(crate) fn begin_anew(&mut self) -> Result<(), Problem> {
        self.begin(KeyOfChain::Same)
    }

    fn begin(&mut self, key: KeyOfChain) -> Result<(), Problem> {
        let none = Err(problems::shutting_down());
        let before = std::mem::replace(&mut self.bookkeeper, none);
        let (bookkeeper, outcome) =
            recovery::begin_anew(before, key, &self.home, self.thresholds, &mut self.carried);
        self.bookkeeper = bookkeeper;
        self.outgoing = None;
        self.preparing.wake();
        self.look_for_earlier_chains();
        if outcome.is_ok() {
            self.note_new_chain();
        }
        outcome
    }

    /// The same because a person wants it: the ledger then gets no more of the old chain.
    ///
    /// # Errors
    /// The reason why it did not begin.
    pub(crate) fn begin_chosen(&mut self, now: UnixMs) -> Result<(), Problem> {
        // The ledger must not be told of an end that does not come.
        recovery::check_room(&self.home)?;
        if let Some(head) = self.head().copied()
            && self.memberships.is_in_force()
        {
            self.memberships.end_chain(&head, ChainEnd::Chosen, now)?;
        }
        self.begin_anew()?;
        // Now it does not matter whether there are later reports.
        self.forget_restore();
        Ok(())
    }

    /// The same with a new key, for a person whose device was removed from its account, or whose
    /// key others may know.
    ///
    /// # Errors
    /// `ledger_enrolled`: the ledger in force does not know a new key. Also the reason why it did
    /// not begin.
    pub(crate) fn begin_with_new_key(&mut self) -> Result<(), Problem> {
        self.memberships.is_free()?;
        self.begin(KeyOfChain::New)?;
        self.forget_restore();
        Ok(())
    }
}
