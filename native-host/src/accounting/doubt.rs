//! Checks whether the book is the one that contains the last signed report. While it is not,
//! nothing is signed: a second report with a used number would be a second history.

use crate::{
    counted::counted,
    last_signed::{Entry, LastSigned},
};
use meter_core::{ChainHead, ChainId, SessionReport, UnixMs};
use meter_ledger::{Book, BookError};
use meter_wire::{ErrorCode, Problem};

/// The reason why nothing is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doubt {
    /// Reports were signed that the book does not contain.
    Behind {
        /// Reports in the book.
        book: u64,
        /// Reports that were signed.
        known: u64,
        /// End of the last of them.
        ended_at: UnixMs,
    },
    /// Another report was signed with a number that the book uses.
    Forked {
        /// The number.
        sequence: u64,
    },
}

impl Doubt {
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::Behind { book, known, .. } => Problem::with_detail(
                ErrorCode::BookBehind,
                format!(
                    "book.sqlite3 holds {book} of {known} reports that were signed. `onionmeter \
                        restore FILE` takes the others from a newer book.sqlite3 or a file of \
                        reports; without one, `onionmeter new-chain` begins anew and keeps this \
                        book."
                ),
            ),
            Self::Forked { sequence } => Problem::with_detail(
                ErrorCode::BookForked,
                format!(
                    "two reports have number {sequence}: an older book was put back and used. \
                        `onionmeter new-chain` begins a new chain and keeps this book."
                ),
            ),
        }
    }
}

/// The problem if another chain than the book's is in use: the book comes from an older copy or
/// from another home. Such a book is not taken up. Otherwise the session in progress of one chain
/// would be written over the one of the other, and the credits would change without a reason.
pub(crate) fn other_chain(head: &ChainHead, record: &LastSigned) -> Option<Problem> {
    let known = record.other_than(head.chain)?;
    let short = |chain: ChainId| hex::encode(chain.0.first_chunk::<4>().unwrap_or(&[0; 4]));
    Some(Problem::with_detail(
        ErrorCode::BookOther,
        format!(
            "book.sqlite3 holds chain {} with {}; report {} of chain {} was signed last. \
                Run `onionmeter stop` and put the book of that chain back, or go on with this one: \
                `onionmeter new-chain --keep-book`.",
            short(head.chain),
            counted(head.sequence, "report"),
            known.sequence,
            short(known.chain),
        ),
    ))
}

/// Compares the book with the last report that is known to have been signed.
///
/// # Errors
/// When the book cannot be read.
pub(super) fn compare(
    book: &Book,
    head: &ChainHead,
    known: &Entry,
) -> Result<Option<Doubt>, BookError> {
    if known.sequence > head.sequence {
        return Ok(Some(Doubt::Behind {
            book: head.sequence,
            known: known.sequence,
            ended_at: known.ended_at,
        }));
    }
    let sequence = known.sequence;
    let forked = is_forked(book, head, known)?;
    Ok(forked.then_some(Doubt::Forked { sequence }))
}

/// Whether the book has a different report with the number of the last known one.
///
/// # Errors
/// When the book cannot be read.
pub(crate) fn is_forked(book: &Book, head: &ChainHead, known: &Entry) -> Result<bool, BookError> {
    let Some(before) = known.sequence.checked_sub(1) else {
        return Ok(false);
    };
    let kept = book.reports(before, 1)?.into_iter().next();
    let kept = kept.and_then(|signed| signed.verify(head.key).ok());
    Ok(kept.is_none_or(|kept| {
        let kept: &SessionReport = kept.value();
        kept.sequence != known.sequence || kept.link() != known.link
    }))
}

/// The record's entry for the book's last report.
///
/// # Errors
/// When the book cannot be read.
pub(super) fn last_entry(book: &Book, head: &ChainHead) -> Result<Entry, BookError> {
    let last = book.latest(1)?.into_iter().next();
    let last = last.and_then(|signed| signed.verify(head.key).ok());
    Ok(match last {
        Some(last) => Entry::of(last.value()),
        None => Entry::genesis(head.chain, head.key),
    })
}
