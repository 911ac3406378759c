//! Key, book and batcher of one chain: turns counted bytes into stored reports.

mod key_file;
mod left_over;
mod opening;
pub(super) mod recovery;
mod replacement;
mod statements;

use super::{
    disk::Disk,
    doubt::{self, Doubt},
    unusable::Unusable,
    write_failures::{Write, WriteFailures},
};
use crate::{home::Home, last_signed, problems};
use key_file::{KeyFile, Look};
use meter_core::{
    ByteCount, ChainHead, DeviceSigner, MonotonicMs, Moved, OpenSession, SessionBatcher,
    SessionReport, SessionTotals, Tariff, Thresholds, Tick, UnixMs, Verified,
};
use meter_ledger::{Book, BookError, Place};
use meter_relay::CounterSnapshot;
use meter_wire::{
    ErrorCode, HexBytes, Problem, REPORTS_PAGE_MAX, ReportsPage, SessionStatus, U64Text, WireReport,
};
use tracing::{debug, error, info, warn};

pub(super) struct Bookkeeper {
    home: Home,
    book: Book,
    signer: DeviceSigner,
    head: ChainHead,
    batcher: SessionBatcher,
    /// The counters at the last tick.
    counted: CounterSnapshot,
    balance: u64,
    last_signed: last_signed::LastSigned,
    /// The reason why nothing is signed although a session is due.
    doubt: Option<Doubt>,
    /// Where the book's file is. While it is not where it was opened, nothing is signed. Not a
    /// [`Doubt`]: this ends when the file comes back, and a doubt about its content does not.
    place: Place,
    key_file: KeyFile,
    /// Nothing is signed until the ledger has told its place in the chain.
    is_held: bool,
    /// Another file in its place that is not our book.
    unusable: Option<Unusable>,
    write_failures: WriteFailures,
    disk: Disk,
    /// The session that the book held at the start, until its report is signed.
    taken_up: Option<OpenSession>,
    /// Number of ticks since the book was opened. During the first ones browsers can tell which
    /// reports they have.
    listened: u8,
    now: MonotonicMs,
}

/// How many ticks a due session waits for a browser that may know later reports than the book. A
/// browser that connects does so within a second. So no number is signed twice.
const LISTEN_TICKS: u8 = 5;

impl Bookkeeper {
    /// Counts one second. After a session was signed and is safely in the book, the number of
    /// reports has grown.
    pub(in crate::accounting) fn tick(
        &mut self,
        monotonic: MonotonicMs,
        wall: UnixMs,
        counted: CounterSnapshot,
        relay_runs: bool,
    ) {
        self.now = monotonic;
        self.listened = self.listened.saturating_add(1).min(LISTEN_TICKS);
        self.look_for_the_book();
        self.look_for_the_key();
        self.record_head();
        let moved = self.moved_since(counted);
        if !relay_runs && moved == Moved::default() {
            self.batcher.pause();
            return;
        }
        let due = self.batcher.tick(Tick {
            monotonic,
            wall,
            moved,
        });
        let due = due.filter(|_| self.may_sign());
        if !due.is_some_and(|due| self.close(&due)) {
            self.checkpoint(moved);
        }
    }

    /// Whether a tick that finds only this counted would read and write no file.
    pub(in crate::accounting) fn rests(&self, counted: &CounterSnapshot) -> bool {
        let bytes = |of: &CounterSnapshot| (of.bytes_up, of.bytes_down);
        !self.is_away()
            && self.batcher.open().is_none()
            && bytes(counted) == bytes(&self.counted)
            && !self.record_is_behind()
            && self.key_file.rests()
    }

    /// Closes the book.
    pub(in crate::accounting) fn end(self) {
        match self.book.close() {
            Ok(()) => debug!("the book is closed"),
            Err(error) => warn!(%error, "the book was not closed; its next opening reads its log"),
        }
    }

    const fn may_sign(&self) -> bool {
        !self.is_in_doubt() && !self.is_held && self.listened >= LISTEN_TICKS
    }

    /// Lets due sessions wait, or lets them be signed again.
    pub(in crate::accounting) const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    fn moved_since(&mut self, counted: CounterSnapshot) -> Moved {
        let difference = |now: u64, before: u64| {
            ByteCount::new(now.saturating_sub(before)).unwrap_or(ByteCount::ZERO)
        };
        let moved = Moved {
            up: difference(counted.bytes_up, self.counted.bytes_up),
            down: difference(counted.bytes_down, self.counted.bytes_down),
        };
        self.counted = counted;
        moved
    }

    /// Looks whether the book is still in its place: writes to a file without a name are lost with
    /// this process.
    fn look_for_the_book(&mut self) {
        let was_away = self.is_away();
        self.place = self.book.place();
        if self.is_away() && !was_away {
            warn!("the book's file was moved away");
        }
    }

    /// Looks whether the key is still in its file. Not without the book: then the whole home was
    /// moved away, and the key with it.
    fn look_for_the_key(&mut self) {
        if self.is_away() {
            return;
        }
        let path = self.home.key();
        if self.key_file.look(&path, &self.signer) == Look::WrittenBack {
            warn!("the file of the signing key was gone; it was written again");
            // The record is beside the key, and was probably removed with it.
            let noted = self.last_signed.write_again();
            self.recorded(noted);
        }
    }

    /// Signs and stores a session. If the book does not accept it, the session stays open, grows
    /// and is offered again at the next tick; so only one report per number ever leaves. Returns
    /// whether the book accepted it.
    fn close(&mut self, due: &SessionTotals) -> bool {
        let verified = match self.sign(due) {
            Ok(verified) => verified,
            Err(problem) => {
                error!(detail = problem.detail, "a session cannot be signed");
                self.write_failures.failed(Write::Report, problem, self.now);
                return false;
            }
        };
        if let Err(refusal) = self.book.post(&verified)
            && !self.is_kept_after_all(&verified, &refusal)
        {
            return false;
        }
        let report = verified.value();
        self.stand_at(report);
        self.batcher.close();
        self.taken_up = None;
        self.write_failures.succeeded(Write::Report, self.now);
        self.read_balance();
        self.record(report);
        info!(sequence = report.sequence, "session signed");
        true
    }

    fn sign(&self, due: &SessionTotals) -> Result<Verified<SessionReport>, Problem> {
        let internal = |why: String| Problem::with_detail(ErrorCode::Internal, why);
        let report = self.head.next_report(due, &Tariff::V1);
        let report = report.map_err(|error| internal(error.to_string()))?;
        let signed = self.signer.sign(&report);
        signed.map_err(|error| internal(format!("own report does not verify: {error}")))
    }

    /// Asks the book after an error: a commit may have succeeded although its answer failed. If the
    /// book's head is not the one that we left, another program changed it.
    fn is_kept_after_all(&mut self, report: &Verified<SessionReport>, refusal: &BookError) -> bool {
        self.refused(Write::Report, refusal);
        match self.book.head(self.head.chain, self.head.key) {
            Ok(head) if head.link == report.value().link() => true,
            Ok(head) => {
                let known = self.head.sequence;
                if head.sequence < known {
                    self.doubt = Some(Doubt::Behind {
                        book: head.sequence,
                        known,
                        ended_at: UnixMs::ZERO,
                    });
                    // From here on the book's real state is reported, compared and repaired.
                    self.head = head;
                    self.read_balance();
                } else if head.link != self.head.link {
                    let sequence = head.sequence;
                    self.doubt = Some(Doubt::Forked { sequence });
                }
                false
            }
            // Still as the refusal says, or worse.
            Err(error) => {
                self.refused(Write::Report, &error);
                false
            }
        }
    }

    /// Sets the head after this report.
    fn stand_at(&mut self, report: &SessionReport) {
        self.head = ChainHead {
            sequence: report.sequence,
            link: report.link(),
            totals: report.totals,
            ..self.head
        };
    }

    fn read_balance(&mut self) {
        match self.book.balance() {
            Ok(balance) => self.balance = balance.get(),
            Err(error) => self.refused(Write::Report, &error),
        }
    }

    fn record(&mut self, report: &SessionReport) {
        let noted = self.last_signed.raise(last_signed::Entry::of(report));
        self.recorded(noted);
    }

    fn recorded(&mut self, noted: std::io::Result<()>) {
        match noted {
            Ok(()) => self.write_failures.succeeded(Write::Record, self.now),
            Err(error) => {
                let problem = problems::record(&error, &self.home.last_signed());
                self.write_failures.failed(Write::Record, problem, self.now);
            }
        }
    }

    /// Whether the last write of the record failed.
    fn record_is_behind(&self) -> bool {
        let known = self.last_signed.of(self.head.chain);
        self.doubt.is_none() && known.is_none_or(|known| known.sequence < self.head.sequence)
    }

    /// Writes the record again if it is behind the book.
    fn record_head(&mut self) {
        if !self.record_is_behind() {
            return;
        }
        match doubt::last_entry(&self.book, &self.head) {
            Ok(entry) => {
                // Somebody may have removed its folder.
                crate::ignore_because(
                    "the write says why it cannot be made",
                    crate::files::private_folder(&self.home.key_folder()),
                );
                let noted = self.last_signed.raise(entry);
                self.recorded(noted);
            }
            Err(error) => self.refused(Write::Record, &error),
        }
    }

    /// Stores the session in progress. The kernel gets it every second, so any end of this process
    /// costs at most that. The disk is awaited only if bytes moved: a session in which only time
    /// passes does not wake a disk.
    fn checkpoint(&mut self, moved: Moved) {
        let Some(open) = self.batcher.open() else {
            return;
        };
        let kept = if moved == Moved::default() {
            self.book.checkpoint_in_memory(open)
        } else {
            self.book.checkpoint(Some(open))
        };
        match kept {
            Ok(()) => self.write_failures.succeeded(Write::Session, self.now),
            Err(error) => self.refused(Write::Session, &error),
        }
    }

    /// Notes that the book did not accept a write, or could not be read for one.
    fn refused(&mut self, write: Write, error: &BookError) {
        let (path, now) = (self.home.book(), self.now);
        let disk = &mut self.disk;
        let problem = problems::book_on(error, || disk.fault(error, &path, now));
        self.write_failures.failed(write, problem, now);
    }

    /// The problem for a caller that asked; a tick uses [`Self::refused`].
    fn problem_of(&self, error: &BookError) -> Problem {
        problems::book(error, &self.home.book())
    }

    pub(in crate::accounting) fn reports(
        &self,
        after: u64,
        limit: u16,
    ) -> Result<ReportsPage, Problem> {
        let limit = u32::from(limit.min(REPORTS_PAGE_MAX));
        let reports = self
            .book
            .reports(after, limit)
            .map_err(|error| self.problem_of(&error))?;
        let reports = reports
            .iter()
            .map(WireReport::try_from)
            .collect::<Result<_, _>>();
        let reports = reports
            .map_err(|error| Problem::with_detail(ErrorCode::BookDamaged, error.to_string()))?;
        Ok(ReportsPage {
            reports,
            total: self.report_count(),
        })
    }

    pub(in crate::accounting) fn session(&self) -> Option<SessionStatus> {
        let open = self.batcher.open()?;
        Some(SessionStatus {
            started_at: U64Text(open.started_at.get()),
            duration_ms: U64Text(open.duration.get()),
            bytes_up: U64Text(open.bytes_up.get()),
            bytes_down: U64Text(open.bytes_down.get()),
            progress_permille: open.progress_permille(self.batcher.thresholds()),
        })
    }

    pub(in crate::accounting) fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.batcher.set_thresholds(thresholds);
    }

    pub(in crate::accounting) const fn head(&self) -> &ChainHead {
        &self.head
    }

    pub(in crate::accounting) const fn chain(&self) -> HexBytes<16> {
        HexBytes(self.head.chain.0)
    }

    pub(in crate::accounting) const fn balance(&self) -> U64Text {
        U64Text(self.balance)
    }

    pub(in crate::accounting) const fn report_count(&self) -> U64Text {
        U64Text(self.head.sequence)
    }

    /// The problem that keeps sessions from being signed or stored.
    pub(in crate::accounting) fn problem(&self) -> Option<Problem> {
        if self.is_away() {
            return Some(self.moved());
        }
        let doubt = self.doubt.map(Doubt::problem);
        let of_writes = || self.write_failures.current().cloned();
        doubt
            .or_else(of_writes)
            .or_else(|| self.key_file.problem().cloned())
    }
}

#[cfg(test)]
mod tests;
