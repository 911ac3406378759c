//! The earlier chains of this home: what the books claim that are kept beside the one in use.
//!
//! Their last reports are read when a book is opened or put aside, never at a tick.

use crate::{files, home::Home, problems};
use meter_core::{ChainId, Receipt, SessionReport, Verified};
use meter_ledger::{Book, BookError};
use meter_wire::{
    EARLIER_PAGE_MAX, EarlierChain, EarlierPage, EarlierSum, ErrorCode, Problem, U64Text,
    WireAnswer, WireReport,
};
use std::path::{Path, PathBuf};
use tracing::warn;

/// The earlier chains, in the order of the time at which their last reports ended.
#[derive(Default)]
pub(crate) struct EarlierChains(Vec<KeptChain>);

struct KeptChain {
    book: PathBuf,
    /// Its running total is what the chain claims.
    last: Verified<SessionReport>,
}

impl EarlierChains {
    /// Reads the books that are kept in `home`. A chain that is in several of them counts once, as
    /// far as the longest one goes. A book that cannot be read is left out.
    pub(crate) fn read(home: &Home, in_use: Option<ChainId>) -> Self {
        let mut chains: Vec<KeptChain> = Vec::new();
        for book in files::kept_books(&home.book()) {
            let last = match last_report(&book) {
                Ok(Some(last)) if Some(last.value().chain) != in_use => last,
                Ok(_) => continue,
                Err(problem) => {
                    let detail = problem.detail;
                    warn!(detail, "the book of an earlier chain cannot be read");
                    continue;
                }
            };
            let chain = last.value().chain;
            let known = chains
                .iter_mut()
                .find(|known| known.last.value().chain == chain);
            let kept = KeptChain { book, last };
            match known {
                None => chains.push(kept),
                Some(known) if reach(&kept) > reach(known) => *known = kept,
                Some(_) => {}
            }
        }
        chains.sort_by_key(|kept| (kept.last.value().ended_at, kept.last.value().chain.0));
        Self(chains)
    }

    /// How many reports they have together.
    pub(crate) fn reports(&self) -> u64 {
        let lengths = self.0.iter().map(|kept| kept.last.value().sequence);
        lengths.fold(0, u64::saturating_add)
    }

    /// The book of the one that ended last.
    pub(crate) fn newest_book(&self) -> Option<&Path> {
        self.0.last().map(|kept| kept.book.as_path())
    }

    /// What they claim together.
    pub(crate) fn sum(&self) -> EarlierSum {
        EarlierSum {
            chains: u32::try_from(self.0.len()).unwrap_or(u32::MAX),
            amount: self.claimed(|_| true),
        }
    }

    /// What the chains claim that `is_wanted` names.
    pub(super) fn claimed(&self, is_wanted: impl Fn(ChainId) -> bool) -> U64Text {
        let wanted = self.0.iter().map(|kept| kept.last.value());
        let wanted = wanted.filter(|report| is_wanted(report.chain));
        let amounts = wanted.map(|report| report.totals.amount.get());
        U64Text(amounts.fold(0, u64::saturating_add))
    }

    /// A page of their last reports, with how far the ledger in force has answered each. `receipt`
    /// reads the last receipt of a chain.
    ///
    /// # Errors
    /// When a report does not have a report's length, which verified ones never lack.
    pub(super) fn page(
        &self,
        receipt: impl Fn(ChainId) -> Option<Verified<Receipt>>,
        after: u32,
        limit: u16,
    ) -> Result<EarlierPage, Problem> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let limit = usize::from(limit.min(EARLIER_PAGE_MAX));
        let chosen = self.0.iter().skip(after).take(limit);
        let chains = chosen.map(|kept| kept.to_wire(receipt(kept.last.value().chain)));
        Ok(EarlierPage {
            chains: chains.collect::<Result<_, _>>()?,
            total: self.sum().chains,
        })
    }
}

impl KeptChain {
    fn to_wire(&self, receipt: Option<Verified<Receipt>>) -> Result<EarlierChain, Problem> {
        Ok(EarlierChain {
            last: wire(&self.last)?,
            answered: receipt.and_then(|receipt| self.answered(&receipt)),
        })
    }

    /// The report that `receipt` answers, from the chain's book. `None` if the book, an older copy,
    /// does not have it.
    fn answered(&self, receipt: &Verified<Receipt>) -> Option<WireAnswer> {
        let before = receipt.value().sequence.checked_sub(1)?;
        let report = match receipt.value().link == self.last.value().link() {
            true => wire(&self.last).ok()?,
            false => {
                let book = Book::open_to_read(&self.book).ok()?;
                let report = book.reports(before, 1).ok()?.into_iter().next()?;
                WireReport::try_from(&report).ok()?
            }
        };
        let receipt = receipt.signed().try_into().ok()?;
        Some(WireAnswer { report, receipt })
    }
}

/// Of two copies of one chain, the one with more reports counts; of two histories, the larger sum.
fn reach(kept: &KeptChain) -> (u64, u64) {
    let report = kept.last.value();
    (report.sequence, report.totals.amount.get())
}

/// The last report of the book at `path`; `None` if it has none.
fn last_report(path: &Path) -> Result<Option<Verified<SessionReport>>, Problem> {
    let of_book = |error: BookError| problems::book(&error, path);
    let book = Book::open_to_read(path).map_err(of_book)?;
    let Some((_, key)) = book.chain().map_err(of_book)? else {
        return Ok(None);
    };
    let Some(last) = book.latest(1).map_err(of_book)?.pop() else {
        return Ok(None);
    };
    let last = last
        .verify(key)
        .map_err(|error| Problem::with_detail(ErrorCode::BookDamaged, error.to_string()))?;
    Ok(Some(last))
}

fn wire(report: &Verified<SessionReport>) -> Result<WireReport, Problem> {
    let wire = WireReport::try_from(report.signed());
    wire.map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))
}
