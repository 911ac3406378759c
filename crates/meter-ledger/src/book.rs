//! The book: its operations and their transactions.

use crate::{
    Audit, BookError, BookFault, Bug, FileKind, Place, audit, file,
    opened::Opened,
    posting::{self, Account},
    rows,
};
use meter_core::{
    Amount, ChainError, ChainHead, ChainId, DeviceKey, OpenSession, SessionReport, Signed, Verified,
};
use rusqlite::{OptionalExtension as _, Transaction};
use std::{fmt, path::Path};

/// The double-entry book of one chain of session reports.
///
/// Every call is one transaction, and durable when it returns `Ok`. Calls block: on the disk, and
/// on another process that holds the file, up to 2 s to open it and a quarter of a second to write.
/// Only one process at a time may write; the caller must make sure of that. A second one is refused
/// or waits, but damages nothing.
pub struct Book {
    opened: Opened,
    /// Whether a commit waits for the disk, as far as is known.
    lasting: bool,
}

/// The result of posting a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Posted {
    /// The report and its amount were added.
    New,
    /// The book already had the report. Nothing changed.
    Already,
}

/// What a report does to the session in progress.
#[derive(Clone, Copy)]
enum Session {
    Ends,
    GoesOn,
}

impl Book {
    /// Opens the book at `path`, or makes an empty one that only its owner can read. The folder
    /// must exist. Checks the schema, the last report and the balance, but not every report: see
    /// [`Self::audit`].
    ///
    /// # Errors
    /// When the file cannot be opened, is not a book, has a later format (in both cases it is not
    /// changed), or is damaged.
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let book = Self::checked(Opened::open(FileKind::Book, path)?)?;
        book.opened.wait_briefly()?;
        Ok(book)
    }

    /// Checks that a new book can be made at `path` once the file there has moved: writes as much
    /// beside it as a new book with its log needs, and removes it.
    ///
    /// # Errors
    /// When the disk is full or read-only, or when the folder cannot be written.
    pub fn check_room(path: &Path) -> Result<(), BookError> {
        Ok(file::check_room(FileKind::Book, path)?)
    }

    /// Opens the book at `path` for reading, also in a folder or on a disk that cannot be written.
    /// Makes no book if the file does not exist.
    ///
    /// # Errors
    /// The errors of [`Self::open`], and [`FileError::LogUnread`](crate::FileError::LogUnread) when
    /// the book's log cannot be read in its place and no other folder has room for a copy.
    pub fn open_to_read(path: &Path) -> Result<Self, BookError> {
        Self::checked(Opened::open_to_read(FileKind::Book, path)?)
    }

    /// Opens the file at `path` for reading, without a log that is beside it: that of a file that
    /// is or was open there.
    ///
    /// # Errors
    /// The errors of [`Self::open_to_read`].
    pub fn open_alone(path: &Path) -> Result<Self, BookError> {
        Self::checked(Opened::open_alone(FileKind::Book, path)?)
    }

    fn checked(opened: Opened) -> Result<Self, BookError> {
        // Read one state of the book: a report that another process posts between two of these
        // queries would look like damage.
        let moment = opened.read()?;
        audit::check_head(&moment)?;
        moment.finish()?;
        rows::open_session(&opened.connection)?;
        Ok(Self {
            opened,
            lasting: true,
        })
    }

    /// Whether the open file is still the one at its path.
    #[must_use]
    pub fn place(&self) -> Place {
        self.opened.place()
    }

    /// Closes the book: what its log holds moves into the file, and the log is removed.
    ///
    /// # Errors
    /// When SQLite cannot close it. The log then stays and is read at the next opening; nothing is
    /// lost.
    pub fn close(self) -> Result<(), BookError> {
        Ok(self.opened.close()?)
    }

    /// Writes a copy of one state to a new file at `path`, which then has everything and no log.
    /// Its path must be UTF-8. Another process may write meanwhile.
    ///
    /// # Errors
    /// When the file exists or cannot be written, the disk fails, or the original is busy or
    /// damaged.
    pub fn copy_to(&self, path: &Path) -> Result<(), BookError> {
        Ok(self.opened.copy_to(path)?)
    }

    /// The chain of the book; `None` until one was begun.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn chain(&self) -> Result<Option<(ChainId, DeviceKey)>, BookError> {
        rows::chain(&self.opened.connection)
    }

    /// Sets the chain of the book. It can be set only once; the same values again change nothing.
    ///
    /// # Errors
    /// [`BookError::OtherChain`] when the book holds another chain. Also when the disk fails, or
    /// when the book is busy or damaged.
    pub fn begin_chain(&mut self, chain: ChainId, key: DeviceKey) -> Result<(), BookError> {
        self.last()?;
        let transaction = self.opened.write()?;
        match rows::chain(&transaction)? {
            Some(held) if held == (chain, key) => return Ok(()),
            Some(_) => return Err(BookError::OtherChain),
            None => {}
        }
        transaction.execute("INSERT INTO chain VALUES (1, ?1, ?2)", (chain.0, key.0))?;
        Ok(transaction.commit()?)
    }

    /// The head of the chain; the beginning of the given chain while the book is empty.
    ///
    /// # Errors
    /// [`BookError::OtherChain`] when the book holds another chain. Also when the disk fails, or
    /// when the book is busy or damaged.
    pub fn head(&self, chain: ChainId, key: DeviceKey) -> Result<ChainHead, BookError> {
        let snapshot = self.opened.read()?;
        match rows::head(&snapshot)? {
            None => Ok(ChainHead::genesis(chain, key)),
            Some(head) if (head.chain, head.key) == (chain, key) => Ok(head),
            Some(_) => Err(BookError::OtherChain),
        }
    }

    /// Adds the next report and its postings, and removes the session in progress that the report
    /// was made from. All of this happens, or nothing.
    ///
    /// After an error, [`Self::head`] returns the state of the book. The same report may be posted
    /// again.
    ///
    /// # Errors
    /// When the report belongs to another chain, is not the next one, or differs from the stored
    /// one with the same number; when the disk is full or fails; when the book is busy or damaged.
    /// A bug if no chain was begun.
    pub fn post(&mut self, report: &Verified<SessionReport>) -> Result<Posted, BookError> {
        let posted = self.append(report, Session::Ends);
        posted.map_err(|error| self.explained(error))
    }

    /// Adds the next report and its postings after the book has lost them. The session in progress
    /// stays open.
    ///
    /// # Errors
    /// The errors of [`Self::post`].
    pub fn restore(&mut self, report: &Verified<SessionReport>) -> Result<Posted, BookError> {
        let posted = self.append(report, Session::GoesOn);
        posted.map_err(|error| self.explained(error))
    }

    fn append(
        &mut self,
        report: &Verified<SessionReport>,
        session: Session,
    ) -> Result<Posted, BookError> {
        self.last()?;
        let value = report.value();
        let transaction = self.opened.write()?;
        let head = rows::head(&transaction)?
            .ok_or_else(|| Bug::new("a report was posted before its chain was begun"))?;
        match head.follow(report) {
            Ok(_) => {}
            Err(ChainError::OtherChain) => return Err(BookError::OtherChain),
            Err(ChainError::Sequence { found, .. }) if found <= head.sequence => {
                return already(&transaction, report);
            }
            Err(error) => return Err(BookError::NotNext(error)),
        }
        let sequence = i64::try_from(value.sequence)
            .map_err(|_| Bug::new("a sequence number beyond the limit"))?;
        transaction
            .prepare_cached("INSERT INTO reports (sequence, signed) VALUES (?1, ?2)")?
            .execute((sequence, rows::stored(report.signed())?))?;
        posting::insert(&transaction, sequence, &posting::of(value)?)?;
        match session {
            Session::Ends => rows::remove_open_session(&transaction)?,
            Session::GoesOn => {}
        }
        transaction.commit()?;
        Ok(Posted::New)
    }

    /// If SQLite refuses our statement, that is our bug only if the tables are unchanged.
    fn explained(&self, error: BookError) -> BookError {
        match error {
            BookError::Bug(bug) => match self.opened.changed_schema() {
                Some(fault) => BookFault::File(fault).into(),
                None => bug.into(),
            },
            other => other,
        }
    }

    /// Stores the session in progress and replaces the stored one; `None` removes it.
    ///
    /// # Errors
    /// When the disk is full or fails, or the book is busy. The session stored before is then still
    /// there. A bug if the session was last seen before it started.
    pub fn checkpoint(&mut self, open: Option<&OpenSession>) -> Result<(), BookError> {
        self.last()?;
        match open {
            Some(open) => rows::replace_open_session(&self.opened.connection, open),
            None => rows::remove_open_session(&self.opened.connection),
        }
    }

    /// Like [`Self::checkpoint`] with a session, but does not wait for the disk. The stored session
    /// survives the end of this process, even `kill -9`, but not a power cut before the next write
    /// that waits.
    ///
    /// # Errors
    /// The errors of [`Self::checkpoint`].
    pub fn checkpoint_in_memory(&mut self, open: &OpenSession) -> Result<(), BookError> {
        // The commit then only writes to the log, and the kernel keeps that.
        self.lasting = false;
        file::set_lasting(&self.opened.connection, false)?;
        let kept = rows::replace_open_session(&self.opened.connection, open);
        // If this fails, the next write that must be durable tries it again first.
        self.lasting = file::set_lasting(&self.opened.connection, true).is_ok();
        kept
    }

    /// Makes the next commit wait for the disk.
    fn last(&mut self) -> Result<(), BookError> {
        if !self.lasting {
            file::set_lasting(&self.opened.connection, true)?;
            self.lasting = true;
        }
        Ok(())
    }

    /// The session in progress, as it was last stored.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn open_session(&self) -> Result<Option<OpenSession>, BookError> {
        rows::open_session(&self.opened.connection)
    }

    /// The credits: the sum of all postings to them, computed at each call.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn balance(&self) -> Result<Amount, BookError> {
        let sum = rows::sum(&self.opened.connection, Account::Credits)?;
        let amount = sum
            .and_then(|sum| u64::try_from(sum).ok())
            .and_then(Amount::new);
        match amount {
            Some(amount) => Ok(amount),
            None => {
                let signed =
                    rows::head(&self.opened.connection)?.map_or(0, |h| h.totals.amount.get());
                Err(BookFault::Balance { signed }.into())
            }
        }
    }

    /// Up to `limit` reports with numbers above `after`, in ascending order. They are claims, like
    /// everything that is read from a disk: verify them before use.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn reports(&self, after: u64, limit: u32) -> Result<Vec<Signed<SessionReport>>, BookError> {
        let Ok(after) = i64::try_from(after) else {
            return Ok(Vec::new());
        };
        self.select(
            "SELECT sequence, signed FROM reports WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            (after, limit),
        )
    }

    /// The last reports, up to `limit`, newest first. They are claims, as in [`Self::reports`].
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn latest(&self, limit: u32) -> Result<Vec<Signed<SessionReport>>, BookError> {
        self.select(
            "SELECT sequence, signed FROM reports ORDER BY sequence DESC LIMIT ?1",
            (limit,),
        )
    }

    /// Recomputes the whole book from the bytes of its reports: SQLite's own check of the file, the
    /// schema, each signature, the chain from its beginning, each posting from the tariff, and the
    /// sums. Its time grows with the book, its memory does not.
    ///
    /// # Errors
    /// [`BookError::Damaged`] with the first damage that is found.
    pub fn audit(&self) -> Result<Audit, BookError> {
        audit::whole(&*self.opened.read()?)
    }

    fn select(
        &self,
        sql: &str,
        limits: impl rusqlite::Params,
    ) -> Result<Vec<Signed<SessionReport>>, BookError> {
        let mut select = self.opened.connection.prepare_cached(sql)?;
        let reports = select.query_map(limits, |row| Ok(rows::report(row)?.signed))?;
        Ok(reports.collect::<Result<_, _>>()?)
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").finish_non_exhaustive()
    }
}

/// Handles a report with a used number: it is either the stored report or a different one.
fn already(
    transaction: &Transaction<'_>,
    report: &Verified<SessionReport>,
) -> Result<Posted, BookError> {
    let sequence = report.value().sequence;
    let kept = transaction
        .prepare_cached("SELECT sequence, signed FROM reports WHERE sequence = ?1")?
        .query_row([i64::try_from(sequence).ok()], rows::report)
        .optional()?;
    // The body is the report: a second valid signature over it adds nothing.
    match kept {
        Some(kept) if kept.signed.body() == report.signed().body() => Ok(Posted::Already),
        Some(_) => Err(BookError::Fork { sequence }),
        None => Err(BookFault::Missing { sequence }.into()),
    }
}

#[cfg(test)]
mod tests;
