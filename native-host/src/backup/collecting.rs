//! Makes a backup: copies of everything, also while the daemon runs.

use super::{
    BackupError,
    archive::{self, Entry},
    draft::Draft,
    manifest::{BOOK, FORMAT, KEY, LAST_SIGNED, MANIFEST, Manifest, OLD_BOOK, RECEIPTS, rows},
    sealed,
};
use crate::{
    files::{self, is_there},
    home::Home,
    key,
    last_signed::LastSigned,
};
use meter_core::{DeviceSigner, UnixMs};
use meter_ledger::{Book, Receipts};
use meter_wire::{HexBytes, U64Text};
use std::{io::Read as _, path::Path};
use zeroize::Zeroizing;

/// Copies everything and encrypts it. Returns what to write, and what it holds.
///
/// # Errors
/// When there is nothing to back up, or something of it cannot be read or does not hold up.
pub(crate) fn collect(
    home: &Home,
    passphrase: &str,
    now: UnixMs,
) -> Result<(Vec<u8>, Manifest), BackupError> {
    check_there(home)?;
    let draft = Draft::make(home)?;
    let seed = key::seed(&home.key())?;
    let signer = DeviceSigner::from_seed(&seed);
    let mut entries = vec![Entry {
        name: KEY.to_owned(),
        content: Zeroizing::new(seed.to_vec()),
    }];
    // In this order, because the daemon may run: each is then as new as the one before it, or
    // newer, as it is in a home.
    let receipts = draft.receipts(home)?;
    entries.extend(plain(LAST_SIGNED, &home.last_signed())?);
    let book = draft.book(home, &signer)?;
    entries.push(book.entry);
    entries.extend(receipts);
    entries.extend(draft.old_books(home)?);
    // Encrypting takes longer, and needs no copies.
    drop(draft);
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        made_at_ms: U64Text(now.get()),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        key: HexBytes(signer.key().0),
        chain: book.chain,
        reports: book.reports,
        files: rows(&entries),
    };
    let json = serde_json::to_vec_pretty(&manifest).expect("members are texts");
    entries.insert(
        0,
        Entry {
            name: MANIFEST.to_owned(),
            content: Zeroizing::new(json),
        },
    );
    let archive = archive::write(&entries, now.get() / 1_000);
    Ok((sealed::seal(&archive, passphrase)?, manifest))
}

struct BookCopy {
    entry: Entry,
    chain: HexBytes<16>,
    reports: U64Text,
}

impl Draft<'_> {
    /// The book, checked as a whole.
    fn book(&self, home: &Home, signer: &DeviceSigner) -> Result<BookCopy, BackupError> {
        let (path, copy) = (home.book(), self.place(BOOK));
        let of_book = || BackupError::of_book(&path);
        let book = Book::open_to_read(&path).map_err(of_book())?;
        let chain = book.chain().map_err(of_book())?;
        let (chain, owner) =
            chain.ok_or_else(|| BackupError::Nothing(home.root().to_path_buf()))?;
        if owner != signer.key() {
            let text = key::other(&home.key(), signer.key(), owner);
            return Err(BackupError::OtherKey(text));
        }
        book.copy_to(&copy).map_err(of_book())?;
        drop(book);
        let book = Book::open_to_read(&copy).map_err(of_book())?;
        let audit = book.audit().map_err(of_book())?;
        Ok(BookCopy {
            entry: entry(BOOK, &copy)?,
            chain: HexBytes(chain.0),
            reports: U64Text(audit.reports),
        })
    }

    fn receipts(&self, home: &Home) -> Result<Option<Entry>, BackupError> {
        let (path, copy) = (home.receipts(), self.place(RECEIPTS));
        if !is_there(&path) {
            return Ok(None);
        }
        let of_receipts = || BackupError::of_receipts(&path);
        let receipts = Receipts::open_to_read(&path).map_err(of_receipts())?;
        receipts.copy_to(&copy).map_err(of_receipts())?;
        entry(RECEIPTS, &copy).map(Some)
    }

    /// The books of ended chains. One that cannot be opened is kept as it is: it was put aside
    /// because it is damaged.
    fn old_books(&self, home: &Home) -> Result<Vec<Entry>, BackupError> {
        let mut entries = Vec::new();
        for path in home.made() {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| name.starts_with(OLD_BOOK)) else {
                continue;
            };
            if !name.ends_with(".sqlite3") {
                continue;
            }
            let copy = self.place(name);
            match Book::open_to_read(&path).and_then(|book| book.copy_to(&copy)) {
                Ok(()) => entries.push(entry(name, &copy)?),
                Err(_) => {
                    entries.push(entry(name, &path)?);
                    let log = format!("{name}-wal");
                    entries.extend(plain(&log, &path.with_file_name(&log))?);
                }
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }
}

/// Checks that there is a book, or that none was ever made.
///
/// # Errors
/// [`BackupError::Nothing`], or [`BackupError::Lost`] where reports were signed.
pub(crate) fn check_there(home: &Home) -> Result<(), BackupError> {
    if is_there(&home.book()) {
        return Ok(());
    }
    let record = LastSigned::load(&home.last_signed())?;
    Err(match record.in_use() {
        Some(last) => BackupError::Lost {
            path: home.book(),
            reports: last.sequence,
        },
        None => BackupError::Nothing(home.root().to_path_buf()),
    })
}

fn entry(name: &str, path: &Path) -> Result<Entry, BackupError> {
    let mut content = Zeroizing::new(Vec::new());
    let read = files::open(path).and_then(|mut file| file.read_to_end(&mut content));
    read.map_err(|source| BackupError::Unread {
        path: path.to_path_buf(),
        source,
    })?;
    Ok(Entry {
        name: name.to_owned(),
        content,
    })
}

/// A file that need not exist.
fn plain(name: &str, path: &Path) -> Result<Option<Entry>, BackupError> {
    match is_there(path) {
        true => entry(name, path).map(Some),
        false => Ok(None),
    }
}
