//! The kinds of file that this crate keeps, and what distinguishes them.

use std::fmt;

/// What a file of this crate holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileKind {
    /// The reports of one chain, with their postings.
    Book,
    /// What ledgers have answered.
    Receipts,
}

impl FileKind {
    /// Identifies the kind in the header of an SQLite file: `OMBK` or `OMRS`.
    pub(crate) const fn application_id(self) -> u32 {
        match self {
            Self::Book => u32::from_be_bytes(*b"OMBK"),
            Self::Receipts => u32::from_be_bytes(*b"OMRS"),
        }
    }

    /// The newest format that this version knows; so far the only one of each kind.
    pub(crate) const fn format(self) -> u32 {
        match self {
            Self::Book | Self::Receipts => 1,
        }
    }

    /// The tables, as SQL.
    pub(crate) const fn tables(self) -> &'static str {
        match self {
            Self::Book => include_str!("book/schema.sql"),
            Self::Receipts => include_str!("receipts/schema.sql"),
        }
    }

    /// What the file is called, after "the" or "an Onionmeter".
    const fn noun(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Receipts => "file of receipts",
        }
    }

    /// What one entry is called.
    pub(crate) const fn entry(self) -> &'static str {
        match self {
            Self::Book => "report",
            Self::Receipts => "receipt",
        }
    }

    /// The remedy for something else than a file in the place of the log.
    pub(crate) const fn log_remedy(self) -> &'static str {
        match self {
            Self::Book => {
                "it is the place of the log with the book's last entries: put the log back if you \
                 have it, otherwise move this away"
            }
            Self::Receipts => {
                "it is the place of the log with the last receipts: put the log back if you have \
                 it, otherwise move this away"
            }
        }
    }

    /// The remedy for something in the place of a file that SQLite makes anew.
    pub(crate) const fn spare_remedy(self) -> &'static str {
        match self {
            Self::Book => "move it away; the book needs nothing of it",
            Self::Receipts => "move it away; the file of receipts needs nothing of it",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}
