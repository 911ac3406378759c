//! Key, book and batcher of one chain: what turns counted bytes into kept reports.

use crate::{home::Home, key, problems};
use meter_core::{
    ByteCount, ChainHead, ChainId, MonotonicMs, Moved, ReportSigner, SessionBatcher, SessionTotals,
    Tariff, Thresholds, Tick, UnixMs,
};
use meter_ledger::{Book, BookError};
use meter_relay::CounterSnapshot;
use meter_wire::{
    ErrorCode, Problem, REPORTS_PAGE_MAX, ReportsPage, SessionStatus, U64Text, WireReport,
};
use tracing::{error, info, warn};

pub(crate) struct House {
    book: Book,
    signer: ReportSigner,
    head: ChainHead,
    batcher: SessionBatcher,
    /// Counters as of the tick before.
    counted: CounterSnapshot,
    balance: u64,
    /// Why the book takes nothing at the moment; the session stays open meanwhile.
    problem: Option<Problem>,
}

impl House {
    /// Opens key and book, or makes both when neither exists.
    ///
    /// # Errors
    /// As a problem for the user. A key is made only where there is no report that another signed.
    pub(crate) fn open(home: &Home, thresholds: Thresholds) -> Result<Self, Problem> {
        home.prepare().map_err(|error| problems::home(&error))?;
        let mut book = Book::open(&home.book()).map_err(|error| problems::book(&error))?;
        let (signer, chain) = match book.chain().map_err(|error| problems::book(&error))? {
            None => begin(home, &mut book)?,
            Some((chain, owner)) => {
                let signer = key::load(&home.key()).map_err(|error| problems::key(&error))?;
                if signer.key() != owner {
                    let detail =
                        "the key file is not the key that signed the book; restore that one";
                    return Err(Problem::with_detail(ErrorCode::KeyRefused, detail));
                }
                (signer, chain)
            }
        };
        let head = book
            .head(chain, signer.key())
            .map_err(|error| problems::book(&error))?;
        let open = book
            .open_session()
            .map_err(|error| problems::book(&error))?;
        if let Some(open) = &open {
            info!(
                ms = open.duration.get(),
                bytes = open.bytes().get(),
                "session goes on"
            );
        }
        let batcher = SessionBatcher::new(thresholds, open);
        let balance = book
            .balance()
            .map_err(|error| problems::book(&error))?
            .get();
        let counted = CounterSnapshot::default();
        Ok(Self {
            book,
            signer,
            head,
            batcher,
            counted,
            balance,
            problem: None,
        })
    }

    /// Counts one second; `Some` when a session was signed and is safely in the book.
    pub(crate) fn tick(
        &mut self,
        monotonic: MonotonicMs,
        wall: UnixMs,
        counted: CounterSnapshot,
        relay_runs: bool,
    ) -> Option<WireReport> {
        let moved = self.moved_since(counted);
        if !relay_runs && moved == Moved::default() {
            self.batcher.pause();
            return None;
        }
        let due = self.batcher.tick(Tick {
            monotonic,
            wall,
            moved,
        });
        let closed = due.and_then(|due| self.close(&due));
        if closed.is_none() {
            self.checkpoint(moved);
        }
        closed
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

    /// Signs and keeps a session. When the book does not take it, the session stays open and is
    /// offered again, grown, at the next tick: under one number only one report ever leaves.
    fn close(&mut self, due: &SessionTotals) -> Option<WireReport> {
        let report = self.head.next_report(due, &Tariff::V1).ok()?;
        let verified = match self.signer.sign(&report) {
            Ok(verified) => verified,
            Err(bug) => {
                error!(%bug, "own report does not verify");
                self.problem = Some(Problem::new(ErrorCode::Internal));
                return None;
            }
        };
        if let Err(error) = self.book.post(&verified) {
            // A commit may have failed only in its answer; the book knows.
            let kept = self.book.head(self.head.chain, self.head.key).ok();
            if kept.is_none_or(|head| head.link != report.link()) {
                self.refused(&error);
                return None;
            }
        }
        self.head = self.head.follow(&verified).unwrap_or(self.head);
        self.batcher.close();
        self.problem = None;
        if let Ok(balance) = self.book.balance() {
            self.balance = balance.get();
        }
        info!(sequence = report.sequence, "session signed");
        WireReport::try_from(verified.signed()).ok()
    }

    /// Every second the kernel is told, so that no end of this process costs more. The disk is waited
    /// for when something moved: a session in which only time passes wakes no disk up.
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
            Ok(()) if self.problem.take().is_some() => info!("the book takes entries again"),
            Ok(()) => {}
            Err(error) => self.refused(&error),
        }
    }

    /// Logged once per outage, not once per second.
    fn refused(&mut self, error: &BookError) {
        let problem = problems::book(error);
        if self.problem.as_ref() != Some(&problem) {
            warn!(%error, "the book does not take entries; the session stays open");
            self.problem = Some(problem);
        }
    }

    pub(crate) fn reports(&self, after: u64, limit: u16) -> Result<ReportsPage, Problem> {
        let limit = u32::from(limit.min(REPORTS_PAGE_MAX));
        let reports = self
            .book
            .reports(after, limit)
            .map_err(|error| problems::book(&error))?;
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

    pub(crate) fn session(&self) -> Option<SessionStatus> {
        let open = self.batcher.open()?;
        Some(SessionStatus {
            started_at: U64Text(open.started_at.get()),
            duration_ms: U64Text(open.duration.get()),
            bytes_up: U64Text(open.bytes_up.get()),
            bytes_down: U64Text(open.bytes_down.get()),
            progress_permille: open.progress_permille(self.batcher.thresholds()),
        })
    }

    pub(crate) fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.batcher.set_thresholds(thresholds);
    }

    pub(crate) const fn head(&self) -> &ChainHead {
        &self.head
    }

    pub(crate) const fn balance(&self) -> U64Text {
        U64Text(self.balance)
    }

    pub(crate) const fn report_count(&self) -> U64Text {
        U64Text(self.head.sequence)
    }

    pub(crate) const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }
}

/// The first start: a key, unless one was brought along, and a chain of its own.
fn begin(home: &Home, book: &mut Book) -> Result<(ReportSigner, ChainId), Problem> {
    let signer = key::create(&home.key()).map_err(|error| problems::key(&error))?;
    let mut chain = [0; 16];
    getrandom::fill(&mut chain)
        .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
    let chain = ChainId(chain);
    book.begin_chain(chain, signer.key())
        .map_err(|error| problems::book(&error))?;
    info!("a new chain begins");
    Ok((signer, chain))
}
