//! `rotate-key`: another key signs from now on.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::Common,
};
use crate::{opening, rotation};
use meter_core::Vkey;

pub(super) const HELP: &str = "\
The old key signs a statement that names the new one, so devices follow by themselves. Receipts of
the old key stay valid and are repeated byte for byte. Do it when the key may have been seen;
whoever has the old key can still make receipts that look older.

No instance may serve meanwhile. Several instances on one database: end all of them, run this in one
data folder, copy its receipt-key into the others, start them again.

Exit status: 0 done, 2 the ledger is served, or its key is not here.";

pub(super) fn run(common: &Common) -> Result<Answer, CommandError> {
    let home = common.home()?;
    let _lock = home.folder.lock()?;
    let store = opening::open_store(&home.folder, &home.wanted)?;
    let rotated = rotation::change_key(&home.folder, &store)?;
    let signer = rotation::signer(&home.folder, &store)?;
    let shown = home.shown()?;
    let vkey = Vkey::new(shown.host(), signer.key());
    let vkey = vkey.map_err(|error| CommandError::new(exit::CONFIG, error.to_string()))?;
    let text = format!(
        "Key {} signs from now on:\n\n  {vkey}\n\nIt is in {}; keep a copy. The old one is \
         in {}.\n",
        rotated.number,
        home.folder.key().display(),
        rotated.old.display(),
    );
    Ok(Answer::new("rotated", text)
        .with("number", rotated.number)
        .with("vkey", vkey.to_string())
        .with("old", rotated.old.display().to_string()))
}
