//! Ways out of a doubt: reports that a client hands back, a book that comes back, a new chain.

use super::Bookkeeper;
use crate::accounting::{
    doubt::{self, Doubt},
    write_failures::Write,
};
use crate::{
    files,
    home::Home,
    key,
    last_signed::{Entry, LastSigned},
    problems,
    system::files as system,
};
use meter_core::{
    ChainError, MonotonicMs, OpenSession, SessionBatcher, SessionReport, Signed, Thresholds,
    UnixMs, Verified,
};
use meter_ledger::{Book, BookError, Posted, place_new};
use meter_relay::CounterSnapshot;
use meter_wire::{ErrorCode, Problem, WireReport};
use std::{
    io,
    path::{Path, PathBuf},
};
use tracing::{info, warn};

impl Bookkeeper {
    /// Takes signed reports from a client, in ascending order. Reports that the book lacks are
    /// added; the others show whether it is still the same book.
    ///
    /// # Errors
    /// The problem that still prevents signing; `bad_request` for a report of another key or chain.
    pub(in crate::accounting) fn take_back<'a>(
        &mut self,
        reports: impl IntoIterator<Item = &'a WireReport>,
    ) -> Result<(), Problem> {
        if self.is_away() {
            return Err(self.moved());
        }
        for report in reports {
            let report = Signed::<SessionReport>::from(report)
                .verify(self.signer.key())
                .map_err(|error| {
                    let detail = format!("a report that this key did not sign: {error}");
                    Problem::with_detail(ErrorCode::BadRequest, detail)
                })?;
            self.take_one_back(&report)?;
        }
        self.look_again();
        match self.doubt {
            Some(doubt) => Err(doubt.problem()),
            None => Ok(()),
        }
    }

    fn take_one_back(&mut self, report: &Verified<SessionReport>) -> Result<(), Problem> {
        let value = report.value();
        match self.book.restore(report) {
            Ok(Posted::Already) => return Ok(()),
            Ok(Posted::New) => {
                info!(sequence = value.sequence, "a report was taken back");
                self.stand_at(value);
                self.read_balance();
            }
            Err(BookError::NotNext(ChainError::Sequence { .. })) => {}
            Err(BookError::NotNext(_) | BookError::Fork { .. }) => {
                let noted = self.last_signed.set(Entry::of(value));
                self.recorded(noted);
                let sequence = value.sequence;
                self.doubt = Some(Doubt::Forked { sequence });
                return Ok(());
            }
            Err(BookError::OtherChain) => {
                let detail = "a report of another chain";
                return Err(Problem::with_detail(ErrorCode::BadRequest, detail));
            }
            Err(error) => return Err(self.problem_of(&error)),
        }
        self.record(value);
        self.forget_what_was_signed(value.ended_at);
        Ok(())
    }

    /// The session that the book held at the start is the beginning of one that was signed later:
    /// removes that part.
    fn forget_what_was_signed(&mut self, ended_at: UnixMs) {
        let signed = |open: &mut OpenSession| open.started_at < ended_at;
        let Some(open) = self.taken_up.take_if(signed) else {
            return;
        };
        self.batcher.forget(&open);
        let kept = self.book.checkpoint(self.batcher.open());
        if let Err(error) = kept {
            self.refused(Write::Session, &error);
        }
    }

    /// Checks whether a doubt has ended or begun.
    fn look_again(&mut self) {
        let Some(known) = self.last_signed.of(self.head.chain) else {
            return;
        };
        let compared = doubt::compare(&self.book, &self.head, known);
        match (compared, self.doubt) {
            // The disk may not have accepted the record of the fork.
            (Ok(None), Some(Doubt::Forked { .. })) => {}
            (Ok(None), Some(Doubt::Behind { known, .. })) if self.head.sequence < known => {}
            (Ok(found), before) => {
                if before.is_some() && found.is_none() {
                    info!("the book is whole again");
                }
                self.doubt = found;
            }
            (Err(error), _) => warn!(%error, "the book cannot be compared"),
        }
    }

    /// Whether nothing is signed at the moment.
    pub(in crate::accounting) const fn is_in_doubt(&self) -> bool {
        self.doubt.is_some() || self.is_away()
    }

    /// Whether reports are known that the book lacks, or that differ from its own.
    pub(in crate::accounting) const fn is_behind(&self) -> bool {
        self.doubt.is_some() && !self.is_away()
    }

    /// Opens key and book again, for a person who may have repaired them.
    ///
    /// # Errors
    /// The errors of [`Bookkeeper::open`]. Everything then stays as it was.
    pub(in crate::accounting) fn open_again(&mut self) -> Result<(), Problem> {
        let mut fresh = Self::open(&self.home, *self.batcher.thresholds())?;
        fresh.carry(self.take_along());
        *self = fresh;
        Ok(())
    }

    pub(super) fn take_along(&mut self) -> Carried {
        Carried {
            batcher: self.batcher.clone(),
            counted: self.counted,
            taken_up: self.taken_up.take(),
            now: self.now,
        }
    }

    /// Continues with what was counted and is in no report yet: of two sessions in progress, this
    /// process's session is the right one.
    fn carry(&mut self, carried: Carried) {
        self.batcher = carried.batcher;
        self.counted = carried.counted;
        self.taken_up = carried.taken_up;
        self.now = carried.now;
        if let Some(Doubt::Behind { ended_at, .. }) = self.doubt {
            self.forget_what_was_signed(ended_at);
        }
    }
}

/// The part that survives when another book is opened.
pub(in crate::accounting) struct Carried {
    batcher: SessionBatcher,
    counted: CounterSnapshot,
    taken_up: Option<OpenSession>,
    now: MonotonicMs,
}

/// Opens key and book. They continue with what was counted before. While they cannot be opened, it
/// stays in `carried`, and time does not count.
///
/// # Errors
/// The errors of [`Bookkeeper::open`].
pub(in crate::accounting) fn open_bookkeeper(
    home: &Home,
    thresholds: Thresholds,
    carried: &mut Option<Carried>,
) -> Result<Bookkeeper, Problem> {
    let opened = Bookkeeper::open(home, thresholds);
    let mut bookkeeper = opened.inspect_err(|_| {
        if let Some(carried) = carried.as_mut() {
            carried.batcher.pause();
        }
    })?;
    if let Some(carried) = carried.take() {
        bookkeeper.carry(carried);
        // The thresholds may have changed meanwhile.
        bookkeeper.set_thresholds(thresholds);
    }
    Ok(bookkeeper)
}

/// Closes the book and opens the file that is in its place now. In this order, because the log at
/// the book's path is still the old book's (see [`Book::open_alone`]).
///
/// # Errors
/// The errors of [`Bookkeeper::open`]. What was counted is then in `carried`.
pub(in crate::accounting) fn exchange(
    mut bookkeeper: Bookkeeper,
    thresholds: Thresholds,
    carried: &mut Option<Carried>,
) -> Result<Bookkeeper, Problem> {
    let home = bookkeeper.home.clone();
    *carried = Some(bookkeeper.take_along());
    bookkeeper.end();
    open_bookkeeper(&home, thresholds, carried)
}

/// Which key signs a chain that begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyOfChain {
    /// The key in use.
    Same,
    /// A new one. The old one is moved aside.
    New,
}

/// Begins a chain with a new book, and moves the old book aside. Returns the bookkeeper from then
/// on, and the result: if the disk has no room for a new book, the old one stays in use, and if the
/// old one cannot be moved, it is opened again. If no book can be opened, what was counted is in
/// `carried`.
pub(in crate::accounting) fn begin_anew(
    bookkeeper: Result<Bookkeeper, Problem>,
    key: KeyOfChain,
    home: &Home,
    thresholds: Thresholds,
    carried: &mut Option<Carried>,
) -> (Result<Bookkeeper, Problem>, Result<(), Problem>) {
    if let Err(problem) = check_room(home) {
        return (bookkeeper, Err(problem));
    }
    // An open file must not be moved.
    if let Ok(mut bookkeeper) = bookkeeper {
        if let Some(Doubt::Behind { ended_at, .. }) = bookkeeper.doubt {
            bookkeeper.forget_what_was_signed(ended_at);
        }
        *carried = Some(bookkeeper.take_along());
    }
    let left = leave_chain(home).and_then(|()| match key {
        KeyOfChain::Same => Ok(()),
        KeyOfChain::New => leave_key(home),
    });
    let opened = open_bookkeeper(home, thresholds, carried);
    let outcome = left.and_then(|()| match &opened {
        Ok(_) => Ok(()),
        Err(problem) => Err(problem.clone()),
    });
    (opened, outcome)
}

/// Checks that a new book can be made beside the old one.
///
/// # Errors
/// Why not. Nothing was changed.
pub(in crate::accounting) fn check_room(home: &Home) -> Result<(), Problem> {
    home.prepare().map_err(|error| problems::home(&error))?;
    Book::check_room(&home.book()).map_err(|error| problems::book(&error, &home.book()))
}

/// Moves the book aside and notes that its chain was left. Deletes nothing.
fn leave_chain(home: &Home) -> Result<(), Problem> {
    let mut record =
        LastSigned::load(&home.last_signed()).map_err(|error| problems::last_signed(&error))?;
    record
        .leave_all()
        .map_err(|error| problems::record(&error, &home.last_signed()))?;
    // A book that can be opened merges its log when it is closed, so that one file contains
    // everything.
    match Book::open_to_read(&home.book()) {
        Ok(book) => drop(book),
        Err(error) => info!(%error, "the book is put aside as it is"),
    }
    let aside = put_aside(&home.book()).map_err(|error| {
        let detail = format!("{} cannot be moved: {error}", home.book().display());
        Problem::with_detail(ErrorCode::BookUnwritable, detail)
    })?;
    if aside.is_some() {
        info!("the old book was put aside");
    }
    Ok(())
}

/// Moves the key aside, so that the next opening makes another. Only after its book: a book without
/// its key would look like a loss.
fn leave_key(home: &Home) -> Result<(), Problem> {
    let moved = system::sync_folder(home.root()).and_then(|()| key::put_aside(&home.key()));
    let aside = moved.map_err(|error| {
        let detail = format!("{} cannot be moved: {error}", home.key().display());
        Problem::with_detail(ErrorCode::KeyRefused, detail)
    })?;
    if aside {
        info!("the old key was put aside");
    }
    Ok(())
}

/// Moves a book and its other files to the first free `book.old-N.sqlite3` beside it.
fn put_aside(book: &Path) -> io::Result<Option<PathBuf>> {
    let aside = files::free_for_kept_book(book)?;
    let mut moved = None;
    // The log first: a book without its log would seem complete.
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let with_suffix = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        match place_new(&with_suffix(book), &with_suffix(&aside)) {
            Ok(()) => moved = Some(aside.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}
