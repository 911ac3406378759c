//! Gathers what an export holds from the books and the file of receipts. Nothing is written there.

use super::file::{Chain, Evidence, ExportFile, Ledger, Receipts as Answers, Start};
use crate::{
    counted::counted,
    files::is_there,
    home::Home,
    last_signed::{LastSigned, RecordError},
};
use meter_ledger::{Book, BookError, Member, Receipts, ReceiptsError};
use meter_wire::{HexBytes, U64Text, WireReport};
use std::path::{Path, PathBuf};

/// How many reports or receipts are read at once.
const PAGE: u32 = 500;

/// The reason why nothing is exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    /// There is no book, or no report in it and in those of earlier chains.
    #[error("there are no reports yet")]
    Nothing,
    /// Reports were signed, and their book is not there.
    #[error("{path} is missing, and it held {held}; put it back, or see what `onionmeter doctor` \
        says", path = .0.display(), held = counted(*.1, "report"))]
    Lost(PathBuf, u64),
    /// The record of the last signed report cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The book cannot be used.
    #[error("{path}: {source}; `onionmeter doctor` says what to do", path = .path.display())]
    Book {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BookError,
    },
    /// The file of receipts cannot be used.
    #[error("{path}: {source}; `onionmeter doctor` says what to do", path = .path.display())]
    Receipts {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReceiptsError,
    },
    /// A stored value has another length than its kind.
    #[error("{path} holds something of a wrong length", path = .0.display())]
    Length(PathBuf),
}

/// Gathers everything. Returns also the books of ended chains that cannot be read.
///
/// # Errors
/// When there are no reports yet, or book or receipts cannot be read.
pub(crate) fn collect(home: &Home) -> Result<(ExportFile, Vec<PathBuf>), CollectError> {
    if !is_there(&home.book()) {
        let record = LastSigned::load(&home.last_signed())?;
        return Err(match record.in_use() {
            Some(last) => CollectError::Lost(home.book(), last.sequence),
            None => CollectError::Nothing,
        });
    }
    // Before the book, which the daemon may be writing: each receipt then has its report.
    let ledgers = ledgers(&home.receipts())?;
    let mut unread = Vec::new();
    let mut chains: Vec<Chain> = Vec::new();
    for path in kept_books(home) {
        match of_book(&path) {
            Ok(Some(chain)) => keep_longer(&mut chains, chain),
            Ok(None) => {}
            Err(_) => unread.push(path),
        }
    }
    let in_use = of_book(&home.book())?.ok_or(CollectError::Nothing)?;
    chains.retain(|chain| chain.chain != in_use.chain);
    chains.push(in_use);
    if chains.iter().all(|chain| chain.reports.is_empty()) {
        // A kept book that cannot be read may have some.
        if let Some(path) = unread.first() {
            of_book(path)?;
        }
        return Err(CollectError::Nothing);
    }
    Ok((ExportFile::new(chains, ledgers), unread))
}

/// Two kept books may be of one chain, if one was restored from an older copy.
fn keep_longer(chains: &mut Vec<Chain>, chain: Chain) {
    let is_same = |one: &&mut Chain| (one.chain, one.key) == (chain.chain, chain.key);
    match chains.iter_mut().find(is_same) {
        Some(known) if known.reports.len() >= chain.reports.len() => {}
        Some(known) => *known = chain,
        None => chains.push(chain),
    }
}

/// The books of ended chains, in the order in which they ended.
fn kept_books(home: &Home) -> Vec<PathBuf> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let number = name.strip_prefix("book.old-")?.strip_suffix(".sqlite3")?;
        number.parse::<u32>().ok()
    };
    let made = home.made().into_iter();
    let mut kept: Vec<_> = made
        .filter_map(|path| Some((number(&path)?, path)))
        .collect();
    kept.sort();
    kept.into_iter().map(|(_, path)| path).collect()
}

fn of_book(path: &Path) -> Result<Option<Chain>, CollectError> {
    let failed = |source| CollectError::Book {
        path: path.to_path_buf(),
        source,
    };
    let book = Book::open_to_read(path).map_err(failed)?;
    let Some((chain, key)) = book.chain().map_err(failed)? else {
        return Ok(None);
    };
    let mut reports: Vec<WireReport> = Vec::new();
    loop {
        let after = u64::try_from(reports.len()).unwrap_or(u64::MAX);
        let page = book.reports(after, PAGE).map_err(failed)?;
        if page.is_empty() {
            break;
        }
        for report in &page {
            let report = report.try_into();
            reports.push(report.map_err(|_| CollectError::Length(path.to_path_buf()))?);
        }
    }
    Ok(Some(Chain {
        chain: HexBytes(chain.0),
        key: HexBytes(key.0),
        reports,
    }))
}

fn ledgers(path: &Path) -> Result<Vec<Ledger>, CollectError> {
    if !is_there(path) {
        return Ok(Vec::new());
    }
    let failed = |source| CollectError::Receipts {
        path: path.to_path_buf(),
        source,
    };
    let receipts = Receipts::open_to_read(path).map_err(failed)?;
    let members = receipts.memberships().map_err(failed)?;
    let mut ledgers: Vec<Ledger> = Vec::new();
    for member in &members {
        ledgers.push(ledger(&receipts, member, path)?);
    }
    Ok(ledgers)
}

fn ledger(receipts: &Receipts, member: &Member, path: &Path) -> Result<Ledger, CollectError> {
    let failed = |source| CollectError::Receipts {
        path: path.to_path_buf(),
        source,
    };
    let wrong = |_| CollectError::Length(path.to_path_buf());
    let membership = &member.membership;
    let keys = receipts.keys_of(member).map_err(failed)?;
    let policies = receipts.policies_of(member).map_err(failed)?;
    let mut chains = Vec::new();
    for chain in receipts.chains_of(member).map_err(failed)? {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = receipts.receipts_of(member, chain, after, PAGE);
            let page = page.map_err(failed)?;
            let Some(last) = page.last() else {
                break;
            };
            after = sequence_of(last.body());
            for receipt in &page {
                all.push(receipt.try_into().map_err(wrong)?);
            }
        }
        chains.push(Answers {
            chain: HexBytes(chain.0),
            receipts: all,
        });
    }
    let kept = receipts.contradictions().map_err(failed)?;
    let of_member = kept.iter().filter(|kept| kept.member == member.number);
    let changes = keys.changes().iter().map(|one| one.signed().try_into());
    let policies = policies.iter().map(|one| one.signed().try_into());
    Ok(Ledger {
        key: HexBytes(membership.ledger.0),
        device: HexBytes(membership.head.key.0),
        in_force: member.left_at.is_none(),
        start: Start {
            chain: HexBytes(membership.head.chain.0),
            sequence: U64Text(membership.head.sequence),
            awarded: U64Text(membership.awarded.get()),
        },
        changes: changes.collect::<Result<_, _>>().map_err(wrong)?,
        policies: policies.collect::<Result<_, _>>().map_err(wrong)?,
        chains,
        contradictions: of_member
            .map(|kept| Evidence {
                kind: kept.kind.name().to_owned(),
                bytes: hex::encode(&kept.evidence),
            })
            .collect(),
    })
}

/// The number of a stored receipt, which the file of receipts has compared with its own.
fn sequence_of(body: &[u8]) -> u64 {
    let bytes = body.get(88..).and_then(|rest| rest.first_chunk());
    bytes.map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes))
}
