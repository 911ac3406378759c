//! The record of the last signed report of each chain, `key/last-signed`. It shows that the book
//! was replaced by an older copy before a number is signed twice.
//!
//! It is beside the key and not beside the book, so that replacing only one of them is noticed. It
//! proves nothing and is never passed on.

use crate::files;
use meter_core::{ChainId, DeviceKey, LinkHash, SessionReport, UnixMs};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The last signed report of one chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) chain: ChainId,
    pub(crate) key: DeviceKey,
    /// Its number; 0 for a chain without reports.
    pub(crate) sequence: u64,
    pub(crate) link: LinkHash,
    /// When its session ended: a session that began before is in a report already.
    pub(crate) ended_at: UnixMs,
    /// A person has begun another chain instead.
    pub(crate) left: bool,
}

/// The record as it is on the disk.
#[derive(Debug)]
pub(crate) struct LastSigned {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// The reason why the record cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// It cannot be read.
    #[error("{path} cannot be read; repair that, or, if book.sqlite3 is the newest that you have, \
        remove that file", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is not such a record.
    #[error("line {line} of {path} is damaged; if book.sqlite3 is the newest that you have, remove \
        that file", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

impl Entry {
    /// A chain without reports.
    pub(crate) fn genesis(chain: ChainId, key: DeviceKey) -> Self {
        Self {
            chain,
            key,
            sequence: 0,
            link: LinkHash::genesis(chain, key),
            ended_at: UnixMs::ZERO,
            left: false,
        }
    }

    /// The entry for a verified report.
    pub(crate) fn of(report: &SessionReport) -> Self {
        Self {
            chain: report.chain,
            key: report.key,
            sequence: report.sequence,
            link: report.link(),
            ended_at: report.ended_at,
            left: false,
        }
    }
}

impl LastSigned {
    /// Reads the record; a missing file is an empty record.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub(crate) fn load(path: &Path) -> Result<Self, RecordError> {
        let entries = match files::read_text(path) {
            Ok(text) => parse(&text).map_err(|line| RecordError::Damaged {
                path: path.to_owned(),
                line,
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let (path, line) = (path.to_owned(), 1);
                return Err(RecordError::Damaged { path, line });
            }
            Err(error) => return Err(RecordError::Io(path.to_owned(), error)),
        };
        let path = path.to_owned();
        Ok(Self { path, entries })
    }

    /// The entry of a chain.
    pub(crate) fn of(&self, chain: ChainId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.chain == chain)
    }

    /// The chain in use, if it has reports: when no book contains it, the book is lost.
    pub(crate) fn in_use(&self) -> Option<&Entry> {
        let in_use = |entry: &&Entry| !entry.left && entry.sequence > 0;
        self.entries.iter().rev().find(in_use)
    }

    /// Whether it knows of no report at all.
    pub(crate) fn is_unused(&self) -> bool {
        self.entries.iter().all(|entry| entry.sequence == 0)
    }

    /// The chain that was left when this one began, if any was.
    pub(crate) fn left_before(&self, chain: ChainId) -> Option<&Entry> {
        let others = |entry: &&Entry| entry.chain != chain;
        let before = self.entries.iter().rev().find(others);
        before.filter(|entry| entry.left)
    }

    /// The chain in use, if it is another one than the book's and has reports: the book in its
    /// place is one of before, or of another home.
    pub(crate) fn other_than(&self, book: ChainId) -> Option<&Entry> {
        self.in_use().filter(|entry| entry.chain != book)
    }

    /// Notes a report with a higher number than before, or a new chain.
    ///
    /// # Errors
    /// When it cannot be written; the next call writes it.
    pub(crate) fn raise(&mut self, entry: Entry) -> io::Result<()> {
        let is_news = |known: &Entry| known.sequence < entry.sequence || known.left;
        match self.of(entry.chain) {
            Some(known) if !is_news(known) => Ok(()),
            Some(_) | None => self.set(entry),
        }
    }

    /// Notes a report, whatever was noted before: of two contradicting reports, the one that the
    /// book does not contain must be remembered.
    ///
    /// # Errors
    /// The errors of [`Self::raise`].
    pub(crate) fn set(&mut self, entry: Entry) -> io::Result<()> {
        let mut entries = self.entries.clone();
        match entries.iter_mut().find(|known| known.chain == entry.chain) {
            Some(known) => *known = entry,
            None => entries.push(entry),
        }
        files::replace(&self.path, write(&entries).as_bytes(), 0o600)?;
        self.entries = entries;
        Ok(())
    }

    /// Writes what is known again, for a file that was removed.
    ///
    /// # Errors
    /// The errors of [`Self::raise`].
    pub(crate) fn write_again(&self) -> io::Result<()> {
        files::replace(&self.path, write(&self.entries).as_bytes(), 0o600)
    }

    /// Notes that a person begins another chain and leaves all earlier ones.
    ///
    /// # Errors
    /// The errors of [`Self::raise`].
    pub(crate) fn leave_all(&mut self) -> io::Result<()> {
        self.leave_all_but(None)
    }

    /// Notes that a person continues this chain and leaves all others.
    ///
    /// # Errors
    /// The errors of [`Self::raise`].
    pub(crate) fn leave_others(&mut self, chain: ChainId) -> io::Result<()> {
        self.leave_all_but(Some(chain))
    }

    /// Adds what another record knows: of this chain a later report, of others everything, as left.
    /// So a person who puts an older copy in place of a newer one is told, and no number is used
    /// twice.
    ///
    /// # Errors
    /// The errors of [`Self::raise`].
    pub(crate) fn learn(&mut self, other: &Self, chain: ChainId) -> io::Result<()> {
        for entry in &other.entries {
            let known = self.of(entry.chain).map(|known| known.sequence);
            if known.is_none_or(|known| known < entry.sequence) {
                let left = entry.chain != chain;
                self.set(Entry { left, ..*entry })?;
            }
        }
        Ok(())
    }

    fn leave_all_but(&mut self, chain: Option<ChainId>) -> io::Result<()> {
        let leave = |entry: &Entry| Entry {
            left: chain != Some(entry.chain),
            ..*entry
        };
        let entries: Vec<_> = self.entries.iter().map(leave).collect();
        files::replace(&self.path, write(&entries).as_bytes(), 0o600)?;
        self.entries = entries;
        Ok(())
    }
}

/// First line of the file.
const FORMAT: &str = "onionmeter-last-signed/1";

fn write(entries: &[Entry]) -> String {
    let mut text = format!("{FORMAT}\n");
    for entry in entries {
        let state = if entry.left { "left" } else { "in-use" };
        text += &format!(
            "{} {} {} {} {} {state}\n",
            hex::encode(entry.chain.0),
            hex::encode(entry.key.0),
            entry.sequence,
            hex::encode(entry.link.0),
            entry.ended_at.get(),
        );
    }
    text
}

/// The entries, or the number of the first invalid line.
fn parse(text: &str) -> Result<Vec<Entry>, usize> {
    let mut lines = text.lines().zip(1..);
    if lines.next().is_none_or(|(first, _)| first != FORMAT) || !text.ends_with('\n') {
        return Err(1);
    }
    lines
        .map(|(line, number)| entry(line).ok_or(number))
        .collect()
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.split(' ');
    let entry = Entry {
        chain: ChainId(bytes(words.next()?)?),
        key: DeviceKey(bytes(words.next()?)?),
        sequence: words.next()?.parse().ok()?,
        link: LinkHash(bytes(words.next()?)?),
        ended_at: UnixMs::new(words.next()?.parse().ok()?)?,
        left: match words.next()? {
            "left" => true,
            "in-use" => false,
            _ => return None,
        },
    };
    words.next().is_none().then_some(entry)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn at(sequence: u64, link: u8) -> Entry {
        Entry {
            sequence,
            link: LinkHash([link; 32]),
            ended_at: UnixMs::from_u32(7),
            ..Entry::genesis(ChainId([1; 16]), DeviceKey([2; 32]))
        }
    }

    fn record() -> (tempfile::TempDir, LastSigned) {
        let folder = tempfile::tempdir().expect("a folder");
        let record = LastSigned::load(&folder.path().join("last-signed")).expect("none yet");
        (folder, record)
    }

    #[track_caller]
    fn same_on_disk(record: &LastSigned) {
        let read = LastSigned::load(&record.path).expect("written by us");
        assert_eq!(read.entries, record.entries);
    }

    #[test]
    fn a_number_only_rises_and_a_contradiction_stays() {
        let (_folder, mut record) = record();
        for (entry, kept) in [(at(3, 3), 3), (at(2, 2), 3), (at(5, 5), 5)] {
            record.raise(entry).expect("written");
            assert_eq!(
                record.of(entry.chain).map(|entry| entry.sequence),
                Some(kept)
            );
            same_on_disk(&record);
        }
        record.set(at(4, 9)).expect("written");
        assert_eq!(record.of(at(0, 0).chain), Some(&at(4, 9)));
        same_on_disk(&record);
    }

    #[test]
    fn a_chain_that_was_left_is_remembered_and_no_longer_in_use() {
        let (_folder, mut record) = record();
        record.raise(at(3, 3)).expect("written");
        assert_eq!(record.in_use(), Some(&at(3, 3)));
        record.leave_all().expect("written");
        assert_eq!(record.in_use(), None);
        assert_eq!(
            record.of(at(0, 0).chain).map(|entry| entry.sequence),
            Some(3)
        );
        same_on_disk(&record);
    }

    #[test]
    fn a_book_of_another_chain_is_noticed_until_a_person_has_chosen_it() {
        let (_folder, mut record) = record();
        let other = ChainId([9; 16]);
        let ours = at(3, 3).chain;
        assert_eq!(record.other_than(other), None, "nothing was signed yet");
        record.raise(at(3, 3)).expect("written");
        assert_eq!(record.other_than(other), Some(&at(3, 3)));
        assert_eq!(record.other_than(ours), None);
        record.leave_others(other).expect("written");
        assert_eq!(record.other_than(other), None);
        let kept = record.of(ours).map(|entry| entry.sequence);
        assert_eq!(kept, Some(3), "its numbers are still used up");
        record.leave_others(ours).expect("written");
        assert_eq!(record.other_than(other), Some(&at(3, 3)), "and back again");
        same_on_disk(&record);
    }

    #[test]
    fn whatever_is_no_record_is_damage_with_its_line() {
        let (_folder, mut record) = record();
        record.raise(at(3, 3)).expect("written");
        let good = fs::read_to_string(&record.path).expect("there");
        let cases = [
            (String::new(), 1),
            ("\u{0}\u{0}\u{0}".to_owned(), 1),
            (good.replace("/1\n", "/2\n"), 1),
            (good.replace(" 3 ", " -3 "), 2),
            (good.replace("in-use", "in use"), 2),
            (good.trim_end().to_owned(), 1),
            (good.replace("0202", "02"), 2),
            (format!("{good}more\n"), 3),
        ];
        for (text, expected) in cases {
            fs::write(&record.path, &text).expect("ours");
            match LastSigned::load(&record.path) {
                Err(RecordError::Damaged { line, .. }) => assert_eq!(line, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        fs::write(&record.path, [0xff, 0xfe]).expect("ours");
        let error = LastSigned::load(&record.path).expect_err("no text");
        assert!(error.to_string().contains("last-signed"), "{error}");
    }
}
