//! `copy`: moves a ledger to another database.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::{Common, place},
};
use crate::{
    copy,
    folder::Folder,
    number::count,
    store::{Place, Store},
};
use std::path::Path;

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger copy --from ledger.sqlite3 --to postgres://ledger@localhost/ledger
  onionmeter-ledger copy --from postgres://ledger@localhost/ledger --to ledger.sqlite3

Files are meant below the data folder. End every server of the source first: what it took after the
beginning would be missing. The target must be empty; an interrupted copy leaves it empty. At the
end both are compared: all balances, and SHA-256 over all receipts in order.

Then name the new database in config.toml. The receipt key and the rollback guard stay where they
are and fit both.

Exit status: 0 copied and equal, 2 the target is not empty or the source is served, 66 there is no
ledger in the source.";

#[derive(clap::Args)]
pub(super) struct Copy {
    /// The database with the ledger
    #[arg(long, value_name = "URL")]
    from: String,
    /// The empty database
    #[arg(long, value_name = "URL")]
    to: String,
}

impl Copy {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let home = common.home()?;
        let _lock = home.folder.lock()?;
        let from = place(&self.from, &home.folder)?;
        let to = place(&self.to, &home.folder)?;
        let no_input =
            || CommandError::new(exit::NO_INPUT, format!("there is no file {}", self.from));
        if from.file().is_some_and(|file| !file.is_file()) {
            return Err(no_input());
        }
        let _other = other_lock(&from, &home.folder)?;
        let source = Store::open(&from)?;
        let target = Store::open(&to)?;
        let contents = copy::copy(&source, &target)?;
        let (receipts, balances) = (
            hex::encode(contents.receipts),
            hex::encode(contents.balances),
        );
        let text = format!(
            "{} copied, and both are equal.\n\n  receipts  {receipts}\n  balances  \
             {balances}\n\nName the new one in config.toml: database = \"{}\"\n",
            match contents.reports {
                1 => "1 report is".to_owned(),
                reports => format!("{} reports are", count(reports)),
            },
            self.to
        );
        Ok(Answer::new("copied", text)
            .with("reports", contents.reports.to_string())
            .with("receipts_sha256", receipts)
            .with("balances_sha256", balances))
    }
}

/// The file of another data folder may be served by its own process.
fn other_lock(
    from: &Place,
    ours: &Folder,
) -> Result<Option<crate::folder::FolderLock>, CommandError> {
    let folder = from.file().and_then(Path::parent);
    let Some(folder) = folder.filter(|folder| folder.join("ledger.lock").is_file()) else {
        return Ok(None);
    };
    let folder = Folder::open(folder)?;
    match folder == *ours {
        true => Ok(None),
        false => Ok(Some(folder.lock()?)),
    }
}
