//! `backup` and `restore`.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::Common,
};
use crate::{
    number::{count, counted},
    opening, restore, store,
};
use std::path::PathBuf;

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger backup /srv/copies/ledger-2026-11-28.sqlite3

It is a complete database in one file, checked after it was written, and never replaces a file. The
receipt key is not in it: keep receipt-key apart, because both together can sign in your name. The
rollback guard (ledger.guard) is not in it on purpose.

A ledger on PostgreSQL is copied with pg_dump or pg_basebackup.

Exit status: 0 done, 73 there is such a file or it cannot be written.";

pub(super) const RESTORE_HELP: &str = "\
Examples:
  onionmeter-ledger restore /srv/copies/ledger-2026-11-28.sqlite3

End the server first. The copy is checked; the database that was there is kept beside it. If the
copy is older than what this ledger has signed, the server then starts read-only and says so, until
`serve --accept-rollback`. After that devices bring the missing receipts back when they submit.

Exit status: 0 done, 2 the ledger is served, 65 the file is not a sound copy, 66 it is not there.";

#[derive(clap::Args)]
pub(super) struct Backup {
    /// The new file
    file: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// A file that `backup` wrote
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let home = common.home()?;
        let store = opening::open_store(&home.folder, &home.wanted)?;
        let copied = store::backup(&store, &self.file)?;
        let text = format!(
            "{} holds {} ({}). The receipt key is not in it: keep {} apart.\n",
            self.file.display(),
            counted(copied.reports, "report", "reports"),
            counted(copied.bytes, "byte", "bytes"),
            home.folder.key().display(),
        );
        Ok(Answer::new("copied", text)
            .with("file", self.file.display().to_string())
            .with("reports", copied.reports.to_string())
            .with("bytes", copied.bytes.to_string()))
    }
}

impl Restore {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        if !self.file.is_file() {
            let message = format!("there is no file {}", self.file.display());
            return Err(CommandError::new(exit::NO_INPUT, message));
        }
        let home = common.prepare()?;
        let _lock = home.folder.lock()?;
        let Some(database) = home.wanted.place.file() else {
            return Err(store::BackupError::NoFile.into());
        };
        let restored = restore::restore(&home.folder, database, &self.file)?;
        let mut text = match restored.reports {
            1 => "1 report is restored.\n".to_owned(),
            reports => format!("{} reports are restored.\n", count(reports)),
        };
        if let Some(old) = &restored.old {
            text += &format!("The database before is kept: {}\n", old.display());
        }
        text += match restored.is_older {
            true => {
                "It may be older than what this ledger has signed, so the server starts read-only \
                 and says why, until: onionmeter-ledger serve --accept-rollback\n"
            }
            false => "It holds everything that this ledger has signed.\n",
        };
        if !restored.has_key {
            text += &format!(
                "Now put the receipt key to {} (mode 600).\n",
                home.folder.key().display()
            );
        }
        Ok(Answer::new("restored", text)
            .with("reports", restored.reports.to_string())
            .with("old", restored.old.map(|old| old.display().to_string()))
            .with("read_only", restored.is_older))
    }
}
