//! What a restored backup leaves behind: files to put in place, and a mark.
//!
//! The mark says that this home is as old as its backup: the computer that was backed up may have
//! signed more. While it is there, the daemon looks for later reports before it signs.

mod switch;

pub(crate) use switch::{after, check, commit, finish, finish_alone, in_use, is_decided};

use crate::files;
use meter_core::UnixMs;
use std::{fs, io, path::Path};

/// The mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mark {
    /// When the backup was made, by the clock of that computer.
    pub(crate) made_at: UnixMs,
    /// Number of reports in it.
    pub(crate) reports: u64,
    /// What is known by now.
    pub(crate) found: Found,
}

/// What is known about later reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// There are some, so another chain was begun.
    Later,
}

/// First line of the file.
const FORMAT: &str = "onionmeter-restored/1";

impl Mark {
    /// Reads the mark; `None` if it does not exist. One that cannot be read is taken for a new one:
    /// it only makes the daemon more careful.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        let unread = Self {
            made_at: UnixMs::ZERO,
            reports: 0,
            found: Found::Nothing,
        };
        match files::read_text(path) {
            Ok(text) => Some(parse(&text).unwrap_or(unread)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => Some(unread),
        }
    }

    /// Writes the mark.
    ///
    /// # Errors
    /// Any failure on the way. What was there stays then.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let found = match self.found {
            Found::Nothing => "asking",
            Found::Later => "later",
        };
        let (made_at, reports) = (self.made_at.get(), self.reports);
        let text = format!("{FORMAT}\n{made_at} {reports} {found}\n");
        files::replace(path, text.as_bytes(), 0o600)
    }

    /// Removes the mark.
    ///
    /// # Errors
    /// The error of the system, unless it does not exist.
    pub(crate) fn remove(path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn parse(text: &str) -> Option<Mark> {
    let line = text.strip_prefix(FORMAT)?.strip_prefix('\n')?;
    let words: Vec<_> = line.strip_suffix('\n')?.split(' ').collect();
    let [made_at, reports, found] = words[..] else {
        return None;
    };
    Some(Mark {
        made_at: UnixMs::new(made_at.parse().ok()?)?,
        reports: reports.parse().ok()?,
        found: match found {
            "asking" => Found::Nothing,
            "later" => Found::Later,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_a_damaged_one_is_careful() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("restored");
        assert_eq!(Mark::load(&path), None);
        for found in [Found::Nothing, Found::Later] {
            let made_at = UnixMs::new(1_700_000_000_000).expect("fits");
            let mark = Mark {
                made_at,
                reports: 7,
                found,
            };
            mark.write(&path).expect("written");
            assert_eq!(Mark::load(&path), Some(mark));
        }
        fs::write(&path, "onionmeter-restored/1\n12").expect("ours");
        let unread = Mark::load(&path).expect("a mark");
        assert_eq!(unread.found, Found::Nothing);
        Mark::remove(&path).expect("removed");
        Mark::remove(&path).expect("nothing left to remove");
        assert_eq!(Mark::load(&path), None);
    }
}
