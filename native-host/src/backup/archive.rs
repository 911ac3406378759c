//! The inside of a backup: a tar archive of plain files (POSIX.1-2017, pax, "ustar Interchange
//! Format"), so that any `tar` opens it.

use std::ops::Range;
use zeroize::Zeroizing;

const BLOCK: usize = 512;

/// A file in the archive. It is wiped from memory when it is dropped: one of them is the key.
pub(super) struct Entry {
    /// At most 100 bytes of ASCII, with `/` between folders.
    pub(super) name: String,
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// The reason why bytes are no such archive.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ArchiveError {
    /// It ends in the middle.
    #[error("the archive in it ends in the middle")]
    Short,
    /// A header is not one of an archive.
    #[error("block {0} of the archive in it is no header of a plain file")]
    Header(usize),
    /// After the end there is something else.
    #[error("the archive in it has bytes after its end")]
    Rest,
}

/// The fields of a header, by their place.
const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const OWNER: Range<usize> = 108..116;
const GROUP: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const TIME: Range<usize> = 136..148;
const SUM: Range<usize> = 148..156;
const KIND: Range<usize> = 156..157;
const MAGIC: Range<usize> = 257..265;

/// Writes the archive. `made_at_s` is the time of all files, in seconds since 1970.
pub(super) fn write(entries: &[Entry], made_at_s: u64) -> Zeroizing<Vec<u8>> {
    let mut archive = Zeroizing::new(Vec::new());
    let length = |entry: &Entry| BLOCK + entry.content.len().next_multiple_of(BLOCK);
    // Without moving to a larger place, which would leave a copy of the key behind.
    archive.reserve_exact(entries.iter().map(length).sum::<usize>() + 2 * BLOCK);
    for entry in entries {
        archive.extend(header(entry, made_at_s));
        archive.extend_from_slice(&entry.content);
        let end = archive.len().next_multiple_of(BLOCK);
        archive.resize(end, 0);
    }
    let end = archive.len() + 2 * BLOCK;
    archive.resize(end, 0);
    archive
}

fn header(entry: &Entry, made_at_s: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    put(&mut header, NAME, entry.name.as_bytes());
    put(&mut header, MODE, b"0000600");
    put(&mut header, OWNER, b"0000000");
    put(&mut header, GROUP, b"0000000");
    let size = format!("{:011o}", entry.content.len());
    put(&mut header, SIZE, size.as_bytes());
    put(&mut header, TIME, format!("{made_at_s:011o}").as_bytes());
    put(&mut header, KIND, b"0");
    put(&mut header, MAGIC, b"ustar\x0000");
    let sum = format!("{:06o}\0 ", sum(&header));
    put(&mut header, SUM, sum.as_bytes());
    header
}

fn put(header: &mut [u8; BLOCK], field: Range<usize>, value: &[u8]) {
    for (to, from) in header[field].iter_mut().zip(value) {
        *to = *from;
    }
}

/// The sum of all bytes, with blanks in the field of the sum.
fn sum(header: &[u8; BLOCK]) -> u64 {
    let of_byte = |(at, byte): (usize, &u8)| match SUM.contains(&at) {
        true => u64::from(b' '),
        false => u64::from(*byte),
    };
    header.iter().enumerate().map(of_byte).sum()
}

/// Reads an archive of plain files. Owners, modes and times in it do not matter.
///
/// # Errors
/// When it is cut off, holds anything but plain files, or does not end at its end.
pub(super) fn read(archive: &[u8]) -> Result<Vec<Entry>, ArchiveError> {
    let mut entries = Vec::new();
    let mut blocks = archive.chunks(BLOCK).enumerate();
    loop {
        let (number, block) = blocks.next().ok_or(ArchiveError::Short)?;
        let header: &[u8; BLOCK] = block.try_into().map_err(|_| ArchiveError::Short)?;
        if header.iter().all(|byte| *byte == 0) {
            let is_rest = blocks.any(|(_, block)| block.iter().any(|byte| *byte != 0));
            return if is_rest {
                Err(ArchiveError::Rest)
            } else {
                Ok(entries)
            };
        }
        let (name, size) = named(header).ok_or(ArchiveError::Header(number + 1))?;
        let begin = (number + 1) * BLOCK;
        let end = begin.checked_add(size).ok_or(ArchiveError::Short)?;
        let content = archive.get(begin..end).ok_or(ArchiveError::Short)?;
        entries.push(Entry {
            name,
            content: Zeroizing::new(content.to_vec()),
        });
        for _ in 0..size.div_ceil(BLOCK) {
            blocks.next();
        }
    }
}

/// Name and length of the file after a header; `None` if it is no header of a plain file.
fn named(header: &[u8; BLOCK]) -> Option<(String, usize)> {
    let is_ours = header[KIND] == *b"0" && header[MAGIC].starts_with(b"ustar");
    let stored = octal(&header[SUM])?;
    if !is_ours || stored != sum(header) {
        return None;
    }
    let name = header[NAME].split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| name.is_ascii())?;
    Some((
        name.to_owned(),
        usize::try_from(octal(&header[SIZE])?).ok()?,
    ))
}

fn octal(field: &[u8]) -> Option<u64> {
    let is_end = |byte: &u8| matches!(byte, 0 | b' ');
    let digits = field.split(is_end).find(|digits| !digits.is_empty())?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, content: &[u8]) -> Entry {
        Entry {
            name: name.to_owned(),
            content: Zeroizing::new(content.to_vec()),
        }
    }

    fn some() -> Vec<Entry> {
        vec![
            entry("a", b""),
            entry("key/b", &[7; 511]),
            entry("c", &[8; 512]),
            entry("d", &[9; 513]),
        ]
    }

    #[test]
    fn what_is_written_is_read_and_every_tar_reads_it_too() {
        let archive = write(&some(), 1_700_000_000);
        let read = read(&archive).expect("an archive");
        let pairs = |entries: &[Entry]| -> Vec<_> {
            let pair = |entry: &Entry| (entry.name.clone(), entry.content.to_vec());
            entries.iter().map(pair).collect()
        };
        assert_eq!(pairs(&read), pairs(&some()));

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("archive.tar");
        std::fs::write(&path, &*archive).expect("written");
        let mut tar = std::process::Command::new("tar");
        let tar = tar.arg("-xf").arg(&path).arg("-C").arg(folder.path());
        assert!(tar.status().expect("tar").success());
        for Entry { name, content } in some() {
            let found = std::fs::read(folder.path().join(&name)).expect("there");
            assert_eq!(found, *content, "{name}");
        }
    }

    #[test]
    fn an_archive_that_is_cut_off_changed_or_longer_is_refused() {
        let archive = write(&some(), 0);
        let content_ends = archive.len() - 2 * BLOCK;
        for length in (0..content_ends).step_by(100) {
            assert!(read(&archive[..length]).is_err(), "{length}");
        }
        for at in [0, 60, 130, 150, 156, 258] {
            let mut changed = archive.to_vec();
            changed[at] ^= 1;
            let refused = read(&changed).err();
            assert_eq!(refused, Some(ArchiveError::Header(1)), "{at}");
        }
        let mut longer = archive.to_vec();
        longer.push(1);
        assert_eq!(read(&longer).err(), Some(ArchiveError::Rest));
    }
}
