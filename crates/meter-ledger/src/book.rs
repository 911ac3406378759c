//! The book: what may be asked of it, and in which transactions it answers.

use crate::{
    Audit, BookError, Bug, Damage, Place, audit, file, place,
    posting::{self, Account},
    rows, schema,
};
use meter_core::{
    Amount, ChainError, ChainHead, ChainId, DeviceKey, OpenSession, SessionReport, Signed, Verified,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

/// The double-entry book of one chain of session reports.
///
/// Every call is one transaction, durable when it returns `Ok`. Calls block: on the disk, and on
/// another process that holds the file, up to 2 s to open it and a quarter of a second to write.
/// One process at a time may write; that is the caller's to guarantee, and a second one is refused
/// or waits, but corrupts nothing.
pub struct Book {
    connection: Connection,
    path: PathBuf,
    /// Which file it was when it was opened.
    file: Option<place::FileId>,
    /// Whether a commit waits for the disk, as far as is known.
    lasting: bool,
    /// Where the book is read, when it cannot be read in its own folder; goes with it.
    _copy: Option<tempfile::TempDir>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Posted {
    /// It was added, and its amount with it.
    New,
    /// The book had it already; nothing changed.
    Already,
}

/// What a report means for the session in progress.
#[derive(Clone, Copy)]
enum Session {
    Ends,
    GoesOn,
}

/// How long a write waits for another program that holds the file. Short, because the owner of a
/// book has more to do than to wait for it, and tries again.
const WRITE_PATIENCE: Duration = Duration::from_millis(250);

impl Book {
    /// Opens the book at `path`, or makes an empty one, readable by its owner only, in a folder
    /// that exists. Checks the schema, the last report and the balance, not every report: see
    /// [`Self::audit`].
    ///
    /// # Errors
    /// When the file cannot be opened, is not a book or of a later format (it is then untouched),
    /// or is damaged.
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let connection = file::open(path)?;
        let book = Self::checked(connection, path, None)?;
        book.connection.busy_timeout(WRITE_PATIENCE)?;
        Ok(book)
    }

    /// Opens the book at `path` to read it: also in a folder or on a disk where nothing can be
    /// written. It makes no book where there is none.
    ///
    /// # Errors
    /// As [`Self::open`]; and [`BookError::LogUnread`] when the book's log cannot be read where it
    /// is, and no other folder has room for a copy.
    pub fn open_to_read(path: &Path) -> Result<Self, BookError> {
        let (connection, copy) = reading::open(path)?;
        Self::checked(connection, path, copy)
    }

    fn checked(
        connection: Connection,
        path: &Path,
        copy: Option<tempfile::TempDir>,
    ) -> Result<Self, BookError> {
        schema::check(&connection)?;
        // One state of the book: a report that another process posts between two of these questions
        // would look like damage.
        let moment = connection.unchecked_transaction()?;
        audit::check_head(&moment)?;
        moment.finish()?;
        rows::open_session(&connection)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            file: place::file_id(path),
            lasting: true,
            _copy: copy,
        })
    }

    /// Whether the file that is open here is still the one at its path.
    #[must_use]
    pub fn place(&self) -> Place {
        place::compare(self.file, &self.path)
    }

    /// The chain that the book holds, once one was begun.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn chain(&self) -> Result<Option<(ChainId, DeviceKey)>, BookError> {
        rows::chain(&self.connection)
    }

    /// Settles which chain the book holds, for good. The same values again change nothing.
    ///
    /// # Errors
    /// [`BookError::OtherChain`] when the book holds another one; when the disk fails, the book
    /// is busy or damaged.
    pub fn begin_chain(&mut self, chain: ChainId, key: DeviceKey) -> Result<(), BookError> {
        self.last()?;
        let transaction = self.write()?;
        match rows::chain(&transaction)? {
            Some(held) if held == (chain, key) => return Ok(()),
            Some(_) => return Err(BookError::OtherChain),
            None => {}
        }
        transaction.execute("INSERT INTO chain VALUES (1, ?1, ?2)", (chain.0, key.0))?;
        Ok(transaction.commit()?)
    }

    /// Where the chain stands: the beginning of the given chain while the book is empty.
    ///
    /// # Errors
    /// [`BookError::OtherChain`] when the book holds another one; when the disk fails, the book
    /// is busy or damaged.
    pub fn head(&self, chain: ChainId, key: DeviceKey) -> Result<ChainHead, BookError> {
        let snapshot = self.read()?;
        match rows::head(&snapshot)? {
            None => Ok(ChainHead::genesis(chain, key)),
            Some(head) if (head.chain, head.key) == (chain, key) => Ok(head),
            Some(_) => Err(BookError::OtherChain),
        }
    }

    /// Adds the next report and its postings, and removes the session in progress, which it was
    /// made of: all of it or nothing.
    ///
    /// After an error, [`Self::head`] tells where the book stands; the same report may be offered
    /// again.
    ///
    /// # Errors
    /// When the report belongs to another chain, is not the next one, or differs from the one kept
    /// under its number; when the disk is full or fails; when the book is busy or damaged. A bug
    /// when no chain was begun.
    pub fn post(&mut self, report: &Verified<SessionReport>) -> Result<Posted, BookError> {
        let posted = self.append(report, Session::Ends);
        posted.map_err(|error| self.explained(error))
    }

    /// Adds the next report and its postings, which the book held once and has lost. The session in
    /// progress goes on.
    ///
    /// # Errors
    /// As [`Self::post`].
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
        let transaction = self.write()?;
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

    /// A statement of ours that SQLite refuses is our mistake only if the tables are still ours.
    fn explained(&self, error: BookError) -> BookError {
        match error {
            BookError::Bug(bug) => match schema::check(&self.connection) {
                Err(BookError::Damaged(damage)) => damage.into(),
                Ok(()) | Err(_) => bug.into(),
            },
            other => other,
        }
    }

    /// Keeps the session in progress instead of the one kept before, or keeps none.
    ///
    /// # Errors
    /// When the disk is full or fails, or the book is busy; what was kept before is then still
    /// there. A bug when the session was seen before it started.
    pub fn checkpoint(&mut self, open: Option<&OpenSession>) -> Result<(), BookError> {
        self.last()?;
        match open {
            Some(open) => rows::replace_open_session(&self.connection, open),
            None => rows::remove_open_session(&self.connection),
        }
    }

    /// As [`Self::checkpoint`] of a session, without waiting for the disk: it survives the end of
    /// this process, however that comes, but not a power cut before the next lasting change.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub fn checkpoint_in_memory(&mut self, open: &OpenSession) -> Result<(), BookError> {
        // A commit then only writes to the log, which the kernel keeps for us.
        self.lasting = false;
        file::set_lasting(&self.connection, false)?;
        let kept = rows::replace_open_session(&self.connection, open);
        // When this fails, the next write that has to last tries it again before it writes.
        self.lasting = file::set_lasting(&self.connection, true).is_ok();
        kept
    }

    /// Makes the next commit wait for the disk.
    fn last(&mut self) -> Result<(), BookError> {
        if !self.lasting {
            file::set_lasting(&self.connection, true)?;
            self.lasting = true;
        }
        Ok(())
    }

    /// The session in progress, as it was last kept.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn open_session(&self) -> Result<Option<OpenSession>, BookError> {
        rows::open_session(&self.connection)
    }

    /// The credits: the sum of all postings to them, added up anew at each call.
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn balance(&self) -> Result<Amount, BookError> {
        let sum = rows::sum(&self.connection, Account::Credits)?;
        let amount = sum
            .and_then(|sum| u64::try_from(sum).ok())
            .and_then(Amount::new);
        match amount {
            Some(amount) => Ok(amount),
            None => {
                let signed = rows::head(&self.connection)?.map_or(0, |h| h.totals.amount.get());
                Err(Damage::Balance { signed }.into())
            }
        }
    }

    /// Up to `limit` reports with numbers above `after`, in ascending order. They are claims, as
    /// everything read from a disk: verify them before use.
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

    /// The last reports, up to `limit`, newest first; claims like those of [`Self::reports`].
    ///
    /// # Errors
    /// When the disk fails, the book is busy or damaged.
    pub fn latest(&self, limit: u32) -> Result<Vec<Signed<SessionReport>>, BookError> {
        self.select(
            "SELECT sequence, signed FROM reports ORDER BY sequence DESC LIMIT ?1",
            (limit,),
        )
    }

    /// Recomputes the whole book from the bytes of its reports: SQLite's own check of the file,
    /// the schema, each signature, the chain from its beginning, each posting from the tariff, and
    /// the sums. Takes time in proportion to the book, memory not.
    ///
    /// # Errors
    /// [`BookError::Damaged`] with the first thing that is wrong.
    pub fn audit(&self) -> Result<Audit, BookError> {
        audit::whole(&*self.read()?)
    }

    fn select(
        &self,
        sql: &str,
        limits: impl rusqlite::Params,
    ) -> Result<Vec<Signed<SessionReport>>, BookError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let reports = select.query_map(limits, |row| Ok(rows::report(row)?.signed))?;
        Ok(reports.collect::<Result<_, _>>()?)
    }

    /// Takes the write lock at once, so that what is read inside is what is written upon.
    fn write(&mut self) -> Result<Transaction<'_>, BookError> {
        let behavior = TransactionBehavior::Immediate;
        Ok(self.connection.transaction_with_behavior(behavior)?)
    }

    /// One state of the book for several reads.
    fn read(&self) -> Result<Transaction<'_>, BookError> {
        Ok(self.connection.unchecked_transaction()?)
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").finish_non_exhaustive()
    }
}

/// A report whose number is taken is either the one kept there or a second story.
fn already(
    transaction: &Transaction<'_>,
    report: &Verified<SessionReport>,
) -> Result<Posted, BookError> {
    let sequence = report.value().sequence;
    let kept = transaction
        .prepare_cached("SELECT sequence, signed FROM reports WHERE sequence = ?1")?
        .query_row([i64::try_from(sequence).ok()], rows::report)
        .optional()?;
    // The body is the report: a second valid signature over it tells nothing new.
    match kept {
        Some(kept) if kept.signed.body() == report.signed().body() => Ok(Posted::Already),
        Some(_) => Err(BookError::Fork { sequence }),
        None => Err(Damage::Missing { sequence }.into()),
    }
}

mod reading;

#[cfg(test)]
mod tests;
