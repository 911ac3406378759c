//! Opens key and book, or makes both if neither was ever made.

use super::{Bookkeeper, LISTEN_TICKS, key_file::KeyFile, left_over};
use crate::accounting::{
    disk::Disk,
    doubt::{self, Doubt},
    write_failures::WriteFailures,
};
use crate::{
    home::Home,
    key,
    last_signed::{Entry, LastSigned},
    problems,
};
use meter_core::{ChainId, DeviceSigner, MonotonicMs, OpenSession, SessionBatcher, Thresholds};
use meter_ledger::{Book, BookError, Place};
use meter_relay::CounterSnapshot;
use meter_wire::{ErrorCode, Problem};
use tracing::{info, warn};

impl Bookkeeper {
    /// Opens key and book, or makes both when neither exists.
    ///
    /// # Errors
    /// A problem for the user. A key is made only if there is no report that another key signed. A
    /// book of another chain than the one signed last is not taken up.
    pub(in crate::accounting) fn open(
        home: &Home,
        thresholds: Thresholds,
    ) -> Result<Self, Problem> {
        let path = home.book();
        let of_book = |error: BookError| problems::book(&error, &path);
        home.prepare().map_err(|error| problems::home(&error))?;
        let mut last_signed =
            LastSigned::load(&home.last_signed()).map_err(|error| problems::last_signed(&error))?;
        let mut book = Book::open(&path).map_err(of_book)?;
        let (signer, chain) = match book.chain().map_err(of_book)? {
            Some((chain, owner)) => (owned_key(home, owner)?, chain),
            None => match last_signed.in_use().copied() {
                Some(lost) => go_on(home, &mut book, &lost)?,
                None => begin(home, &mut book, &mut last_signed)?,
            },
        };
        let head = book.head(chain, signer.key()).map_err(of_book)?;
        if let Some(problem) = doubt::other_chain(&head, &last_signed) {
            return Err(problem);
        }
        let doubt = match last_signed.of(chain) {
            Some(known) => doubt::compare(&book, &head, known).map_err(of_book)?,
            None => None,
        };
        // A chain without reports cannot have later reports elsewhere.
        let is_new = head.sequence == 0 && doubt.is_none();
        let mut open = open_session(&mut book, doubt).map_err(of_book)?;
        if is_new && open.is_none() {
            open = left_over::take_over(home, chain, &last_signed, &mut book).map_err(of_book)?;
        }
        let balance = book.balance().map_err(of_book)?.get();
        if let Some(doubt) = doubt {
            warn!(
                ?doubt,
                "the book is not the one that was signed into last; nothing is signed"
            );
        }
        Ok(Self {
            home: home.clone(),
            book,
            signer,
            head,
            batcher: SessionBatcher::new(thresholds, open),
            counted: CounterSnapshot::default(),
            balance,
            last_signed,
            doubt,
            place: Place::Here,
            key_file: KeyFile::just_read(&home.key()),
            is_held: false,
            unusable: None,
            write_failures: WriteFailures::default(),
            disk: Disk::default(),
            taken_up: open,
            listened: if is_new { LISTEN_TICKS } else { 0 },
            now: MonotonicMs::ZERO,
        })
    }
}

/// The session in progress. In an older copy of the book it is the beginning of a session that was
/// signed later, and would be counted twice.
fn open_session(book: &mut Book, doubt: Option<Doubt>) -> Result<Option<OpenSession>, BookError> {
    let Some(open) = book.open_session()? else {
        return Ok(None);
    };
    let (ms, bytes) = (open.duration.get(), open.bytes().get());
    match doubt {
        Some(Doubt::Behind { ended_at, .. }) if open.started_at < ended_at => {
            info!(ms, bytes, "the session in the book was signed already");
            book.checkpoint(None)?;
            Ok(None)
        }
        Some(_) | None => {
            info!(ms, bytes, "session goes on");
            Ok(Some(open))
        }
    }
}

fn owned_key(home: &Home, owner: meter_core::DeviceKey) -> Result<DeviceSigner, Problem> {
    let signer = key::load(&home.key()).map_err(|error| problems::key(&error))?;
    if signer.key() == owner {
        return Ok(signer);
    }
    let detail = key::other(&home.key(), signer.key(), owner);
    Err(Problem::with_detail(ErrorCode::KeyRefused, detail))
}

/// Continues a chain whose book is gone: an empty book takes back the reports that clients have
/// stored.
fn go_on(home: &Home, book: &mut Book, lost: &Entry) -> Result<(DeviceSigner, ChainId), Problem> {
    let signer = owned_key(home, lost.key)?;
    book.begin_chain(lost.chain, signer.key())
        .map_err(|error| problems::book(&error, &home.book()))?;
    Ok((signer, lost.chain))
}

/// The first start: makes a key, unless one was brought along, and a new chain.
fn begin(
    home: &Home,
    book: &mut Book,
    last_signed: &mut LastSigned,
) -> Result<(DeviceSigner, ChainId), Problem> {
    let signer = key::create(&home.key()).map_err(|error| problems::key(&error))?;
    let mut chain = [0; 16];
    getrandom::fill(&mut chain)
        .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
    let chain = ChainId(chain);
    last_signed
        .raise(Entry::genesis(chain, signer.key()))
        .map_err(|error| problems::record(&error, &home.last_signed()))?;
    book.begin_chain(chain, signer.key())
        .map_err(|error| problems::book(&error, &home.book()))?;
    info!("a new chain begins");
    Ok((signer, chain))
}
