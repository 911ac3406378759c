//! The one owner of key, book and session: turns counted bytes into signed reports in the book.

mod after_restore;
mod bookkeeper;
mod disk;
mod doubt;
mod earlier;
mod membership;
mod new_chain;
mod outgoing;
mod preparing;
mod repair;
mod restoring;
mod sending;
mod thread;
mod unusable;
mod write_failures;

use crate::{config::Config, home::Home, restored::Mark};
pub(crate) use bookkeeper::recovery::KeyOfChain;
use bookkeeper::{Bookkeeper, recovery::Carried};
pub(crate) use doubt::{is_forked, other_chain};
pub(crate) use earlier::EarlierChains;
use membership::Memberships;
pub(crate) use membership::{Joining, Ledger};
use meter_core::{
    ChainHead, Challenge, CodeHash, DurationMs, Enrolment, LedgerKey, LedgerRequest, MonotonicMs,
    SIGNATURE_BYTES, Thresholds, UnixMs, Verified,
};
use meter_relay::CounterSnapshot;
use meter_tor::LedgerAddress;
use meter_wire::{
    BadgeNumber, EarlierPage, EarlierSum, HexBytes, LedgerStatus, Problem, ReceiptsPage,
    ReportsPage, Restored, Sending, SessionStatus, U64Text,
};
use outgoing::Outgoing;
pub(crate) use outgoing::{Errand, Found, What};
use preparing::Preparing;
use restoring::Restoring;
pub(crate) use thread::AccountingThread;
use tracing::{debug, error, info};

pub(crate) struct Accounting {
    home: Home,
    thresholds: Thresholds,
    /// The bookkeeper, or the reason why key or book cannot be opened.
    bookkeeper: Result<Bookkeeper, Problem>,
    /// What the books claim that are kept beside the one in use.
    earlier: EarlierChains,
    memberships: Memberships,
    /// The outbox, while an enrolment is in force.
    outgoing: Option<Outgoing>,
    preparing: Preparing,
    /// A backup that was restored, until it is known whether there are later reports.
    restoring: Option<Restoring>,
    /// The longest random delay before reports are sent.
    delay_max: DurationMs,
    /// The number that clients show first.
    badge: BadgeNumber,
    /// The last tick.
    now: MonotonicMs,
    /// What the last bookkeeper counted. Kept when another book could not be opened, until one
    /// opens.
    carried: Option<Carried>,
    /// When the book was last tried to be opened because the disk might have room again.
    tried_at: MonotonicMs,
}

/// The part of a status that is about accounting, and what else the engine must know of it.
#[derive(Clone)]
pub(crate) struct AccountsStatus {
    /// Whether counted bytes would be stored. Otherwise the relay stays closed.
    pub(crate) works: bool,
    /// The last signed report, key and chain.
    pub(crate) head: Option<ChainHead>,
    pub(crate) thresholds: Thresholds,
    pub(crate) session: Option<SessionStatus>,
    pub(crate) balance: U64Text,
    pub(crate) reports: U64Text,
    pub(crate) chain: Option<HexBytes<16>>,
    pub(crate) earlier: EarlierSum,
    pub(crate) ledger: Option<LedgerStatus>,
    pub(crate) restored: Option<Restored>,
    pub(crate) problem: Option<Problem>,
}

impl Accounting {
    /// Opens key and book, or makes both. A failure does not end the daemon: it is reported, and
    /// [`Self::try_again`] tries again.
    pub(crate) fn open(home: &Home, config: &Config) -> Self {
        let thresholds = config.thresholds;
        let bookkeeper = Bookkeeper::open(home, thresholds);
        if let Err(problem) = &bookkeeper {
            error!(code = ?problem.code, detail = problem.detail, "cannot work");
        }
        let mut accounting = Self {
            home: home.clone(),
            thresholds,
            bookkeeper,
            earlier: EarlierChains::default(),
            memberships: Memberships::open(home),
            outgoing: None,
            preparing: Preparing::default(),
            restoring: Mark::load(&home.restored()).map(Restoring::new),
            delay_max: config.ledger_delay_max,
            badge: config.ledger_badge,
            now: MonotonicMs::ZERO,
            carried: None,
            tried_at: MonotonicMs::ZERO,
        };
        accounting.look_for_earlier_chains();
        accounting
    }

    /// Reads the earlier chains again, after another book came into use.
    fn look_for_earlier_chains(&mut self) {
        let in_use = self.head().map(|head| head.chain);
        self.earlier = EarlierChains::read(&self.home, in_use);
        if let Some(head) = self.head().copied() {
            self.memberships.look_again(&head, &self.earlier);
        }
    }

    /// Shows this number first from now on.
    pub(crate) const fn show_first(&mut self, badge: BadgeNumber) {
        self.badge = badge;
    }

    /// Whether a second in which only this was counted passes without a file being read or written;
    /// the book's place is looked at all the same.
    pub(crate) fn rests(
        &self,
        now: MonotonicMs,
        counted: &CounterSnapshot,
        is_usable: impl Fn(&LedgerAddress) -> bool,
    ) -> bool {
        let Ok(bookkeeper) = &self.bookkeeper else {
            return !self.is_worth_opening(now);
        };
        let head = bookkeeper.head();
        let sends_nothing = match &self.outgoing {
            Some(outgoing) => outgoing.rests(head, is_usable(&outgoing.address)),
            None => !self.preparing.is_due(now, head.chain),
        };
        sends_nothing && self.restore_rests(head) && bookkeeper.rests(counted)
    }

    /// Counts one second. After a session was signed and is safely in the book, the number of
    /// reports has grown. It sometimes waits for the disk.
    pub(crate) fn tick(
        &mut self,
        monotonic: MonotonicMs,
        wall: UnixMs,
        counted: CounterSnapshot,
        relay_runs: bool,
    ) {
        self.now = monotonic;
        if self.is_worth_opening(monotonic) {
            self.open_again();
        }
        let Ok(bookkeeper) = &mut self.bookkeeper else {
            return;
        };
        match bookkeeper.look_at_replacement(monotonic) {
            None => {}
            Some(Ok(())) => {
                info!("another book was put in place");
                self.exchange();
            }
            // The status already reports that the book is not in its place.
            Some(Err(problem)) => debug!(detail = problem.detail, "the new book cannot be used"),
        }
        let is_held = self.waits_for_ledger();
        if let Ok(bookkeeper) = &mut self.bookkeeper {
            bookkeeper.hold(is_held);
            bookkeeper.tick(monotonic, wall, counted, relay_runs);
        }
        self.look_at_restored(wall);
    }

    /// Up to `limit` reports after number `after`, in ascending order.
    ///
    /// # Errors
    /// When the book cannot be read, or the reason why no book is open.
    pub(crate) fn reports(&self, after: u64, limit: u16) -> Result<ReportsPage, Problem> {
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        bookkeeper.reports(after, limit)
    }

    /// Sets when sessions close from now on.
    pub(crate) fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
        if let Ok(bookkeeper) = &mut self.bookkeeper {
            bookkeeper.set_thresholds(thresholds);
        }
    }

    /// Signs that this device wants to be enrolled with a ledger, with its chain where it stands.
    ///
    /// # Errors
    /// `ledger_enrolled`, or the reason why nothing can be signed or stored.
    pub(crate) fn sign_enrolment(
        &self,
        ledger: LedgerKey,
        challenge: Challenge,
        code: Option<CodeHash>,
    ) -> Result<Verified<Enrolment>, Problem> {
        self.memberships.is_free()?;
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        bookkeeper.sign_enrolment(ledger, challenge, code)
    }

    /// Signs a request to the ledger in force.
    ///
    /// # Errors
    /// The reason why nothing can be signed.
    pub(crate) fn sign_request(
        &self,
        request: &LedgerRequest,
    ) -> Result<[u8; SIGNATURE_BYTES], Problem> {
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        bookkeeper.sign_request(request)
    }

    /// The head of the chain at report `sequence`; `None` if the book has no such report.
    ///
    /// # Errors
    /// When the book cannot be read, or the reason why no book is open.
    pub(crate) fn head_at(&self, sequence: u64) -> Result<Option<ChainHead>, Problem> {
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        bookkeeper.head_at(sequence)
    }

    /// The ledger with which this device is enrolled.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(crate) fn ledger(&self) -> Result<Ledger, Problem> {
        self.memberships.ledger()
    }

    /// The newest policy of the ledger in force that is stored: body and signature in hexadecimal.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(crate) fn policy(&self) -> Result<String, Problem> {
        self.memberships.policy()
    }

    /// Stores an enrolment that the ledger has confirmed.
    ///
    /// # Errors
    /// `ledger_enrolled`, or why the file of receipts cannot be written.
    pub(crate) fn join(&mut self, joining: Joining, now: UnixMs) -> Result<(), Problem> {
        self.outgoing = None;
        self.memberships.join(joining, now)?;
        self.preparing.wake();
        self.prepare_outgoing();
        Ok(())
    }

    /// Leaves the ledger. Receipts and reports stay.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be written.
    pub(crate) fn leave(&mut self, now: UnixMs) -> Result<(), Problem> {
        self.memberships.leave(now)?;
        self.outgoing = None;
        Ok(())
    }

    /// Up to `limit` receipts of the chain in use after number `after`.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(crate) fn receipts(&self, after: u64, limit: u16) -> Result<ReceiptsPage, Problem> {
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        let reports = |after, limit| bookkeeper.signed_reports(after, limit);
        let chain = bookkeeper.head().chain;
        self.memberships.page(chain, after, limit, reports)
    }

    /// Up to `limit` earlier chains of this home, without the first `after` of them.
    ///
    /// # Errors
    /// `internal`, if a report cannot be written.
    pub(crate) fn earlier_chains(&self, after: u32, limit: u16) -> Result<EarlierPage, Problem> {
        let receipt = |chain| self.memberships.last(chain);
        self.earlier.page(receipt, after, limit)
    }

    /// Closes book and receipts; nothing is counted after it.
    pub(crate) fn end(self) {
        if let Ok(bookkeeper) = self.bookkeeper {
            bookkeeper.end();
        }
        self.memberships.end();
    }

    /// The last signed report, key and chain.
    pub(crate) fn head(&self) -> Option<&ChainHead> {
        self.bookkeeper.as_ref().ok().map(Bookkeeper::head)
    }

    pub(crate) fn status(&self) -> AccountsStatus {
        let working = self.bookkeeper.as_ref().ok();
        AccountsStatus {
            works: working.is_some(),
            head: self.head().copied(),
            thresholds: self.thresholds,
            session: working.and_then(Bookkeeper::session),
            balance: working.map_or_else(Default::default, Bookkeeper::balance),
            reports: working.map_or_else(Default::default, Bookkeeper::report_count),
            chain: working.map(Bookkeeper::chain),
            earlier: self.earlier.sum(),
            ledger: self.ledger_status(),
            restored: self.restored(),
            problem: self.problem(),
        }
    }

    /// What is wrong with the book, or else with the receipts.
    fn problem(&self) -> Option<Problem> {
        let of_book = match &self.bookkeeper {
            Ok(bookkeeper) => bookkeeper.problem(),
            Err(problem) => Some(problem.clone()),
        };
        of_book.or_else(|| self.memberships.problem().cloned())
    }

    /// Also told between two outboxes: a client must not take that for the end of the enrolment.
    fn ledger_status(&self) -> Option<LedgerStatus> {
        self.bookkeeper.as_ref().ok()?;
        let sending = match &self.outgoing {
            Some(outgoing) => outgoing::sending(&outgoing.outbox.state(self.now)),
            None => self.preparing.cause().map_or(Sending::Sending, |cause| {
                Sending::Stopped(Problem::new(cause))
            }),
        };
        self.memberships.status(sending, self.badge)
    }
}

#[cfg(test)]
mod tests;
