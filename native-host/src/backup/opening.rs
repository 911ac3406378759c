//! Opens a backup, checks everything in it, and lays its files out for [`restored::commit`].

use super::{
    BackupError,
    archive::{self, Entry},
    manifest::{
        BOOK, FORMAT, FORMATS, KEY, LAST_SIGNED, MANIFEST, Manifest, OfFormat, RECEIPTS, is_known,
        rows,
    },
    sealed,
};
use crate::{
    files,
    home::Home,
    key,
    last_signed::LastSigned,
    restored::{self, Found, Mark},
    system::files as system,
};
use meter_core::{ChainId, SessionReport, Signed, UnixMs};
use meter_ledger::{Book, Receipts};
use std::{io::Read, path::Path};

/// A backup that was decrypted, and whose files are those that it names.
pub(crate) struct Opened {
    pub(crate) manifest: Manifest,
    entries: Vec<Entry>,
}

/// Decrypts a backup and reads it.
///
/// # Errors
/// One sentence for each reason. Nothing is written.
pub(crate) fn open(sealed: impl Read, passphrase: &str) -> Result<Opened, BackupError> {
    let archive = sealed::open(sealed, passphrase)?;
    let other = |why: &str| BackupError::Other(why.to_owned());
    let entries = archive::read(&archive);
    let mut entries = entries.map_err(|error| BackupError::Other(error.to_string()))?;
    if entries.first().is_none_or(|first| first.name != MANIFEST) {
        return Err(other("the first file in it is not backup.json"));
    }
    let first = entries.remove(0);
    let not_read = |error: serde_json::Error| BackupError::Other(format!("backup.json: {error}"));
    let OfFormat { format } = serde_json::from_slice(&first.content).map_err(not_read)?;
    match format.as_str() {
        FORMAT => {}
        later if later.starts_with(FORMATS) => return Err(BackupError::Newer(format)),
        _ => return Err(other("backup.json names another format")),
    }
    let manifest: Manifest = serde_json::from_slice(&first.content).map_err(not_read)?;
    if manifest.files != rows(&entries) {
        return Err(other("its files are not those that backup.json names"));
    }
    let mut names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(BackupError::Other(format!("it holds a file {name:?}")));
    }
    names.sort_unstable();
    names.dedup();
    let has_both = [KEY, BOOK].iter().all(|name| names.contains(name));
    if names.len() < entries.len() || !has_both {
        return Err(other("a file is missing or there twice"));
    }
    Ok(Opened { manifest, entries })
}

impl Opened {
    /// Writes the files into the draft of a restore, and checks them as a start would. The record
    /// of the home that they replace is added to theirs. The home itself stays as it is.
    ///
    /// # Errors
    /// When a file cannot be written, or does not hold up.
    pub(crate) fn stage(&self, home: &Home) -> Result<(), BackupError> {
        let draft = home.restore_draft();
        home.remove_copies(&draft)
            .map_err(BackupError::at(&draft))?;
        let after = restored::after(&draft);
        for folder in [&draft, &after, &after.join("key")] {
            system::make_private_folder(folder).map_err(BackupError::at(folder))?;
        }
        for entry in &self.entries {
            let path = after.join(&entry.name);
            files::create(&path, &entry.content, 0o600).map_err(BackupError::at(&path))?;
        }
        self.check(&after)?;
        let chain = ChainId(self.manifest.chain.0);
        let path = after.join(LAST_SIGNED);
        let mut record = LastSigned::load(&path)?;
        let known = LastSigned::load(&home.last_signed());
        // A record that cannot be read says nothing, and is kept with the rest.
        if let Ok(known) = known {
            record
                .learn(&known, chain)
                .map_err(BackupError::at(&path))?;
        }
        let mark = Mark {
            made_at: UnixMs::new(self.manifest.made_at_ms.0).unwrap_or(UnixMs::ZERO),
            reports: self.manifest.reports.0,
            found: Found::Nothing,
        };
        let path = after.join("key/restored");
        mark.write(&path).map_err(BackupError::at(path))?;
        for folder in [&after, &draft] {
            system::sync_folder(folder).map_err(BackupError::at(folder))?;
        }
        Ok(())
    }

    /// Checks key, book and receipts, and takes the session out that was open then.
    fn check(&self, after: &Path) -> Result<(), BackupError> {
        let key = key::load(&after.join(KEY))?.key();
        let path = after.join(BOOK);
        let of_book = || BackupError::of_book(BOOK);
        let mut book = Book::open(&path).map_err(of_book())?;
        // It may be the beginning of a session that was signed later, and would count twice.
        book.checkpoint(None).map_err(of_book())?;
        let audit = book.audit().map_err(of_book())?;
        let owner = book.chain().map_err(of_book())?;
        let named = (ChainId(self.manifest.chain.0), key);
        if owner != Some(named)
            || key.0 != self.manifest.key.0
            || audit.reports != self.manifest.reports.0
        {
            let why = "key and book in it are not those that backup.json names";
            return Err(BackupError::Other(why.to_owned()));
        }
        let path = after.join(RECEIPTS);
        if path.is_file() {
            let of_receipts = || BackupError::of_receipts(RECEIPTS);
            let receipts = Receipts::open_to_read(&path).map_err(of_receipts())?;
            let report = |chain, sequence| report_of(&book, named.0, chain, sequence);
            receipts.audit(report).map_err(of_receipts())?;
        }
        book.close().map_err(of_book())
    }
}

/// The report of a place, if it is of the book's chain.
fn report_of(
    book: &Book,
    ours: ChainId,
    chain: ChainId,
    sequence: u64,
) -> Option<Signed<SessionReport>> {
    let after = sequence.checked_sub(1).filter(|_| chain == ours)?;
    book.reports(after, 1).ok()?.into_iter().next()
}
