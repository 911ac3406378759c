//! `prune`: forgets when people were online.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::Common,
};
use crate::number::count;
use meter_core::{DurationMs, UnixMs};

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger prune --keep-reports 30      what is older than 30 days is forgotten

A report says to the millisecond when somebody was online. Receipts, balances and the links of the
chains stay, so a report that is submitted again gets the same receipt, and `audit` still verifies
every receipt. `serve --keep-reports DAYS` does the same once a day.

Exit status: 0 done.";

#[derive(clap::Args)]
pub(super) struct Prune {
    /// Keep the bodies of reports that were taken in the last so many days; 0 forgets all of them
    #[arg(long, value_name = "DAYS", allow_hyphen_values = true)]
    keep_reports: u32,
}

impl Prune {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let ledger = common.ledger()?;
        let kept = u64::from(self.keep_reports) * DurationMs::DAY.get();
        // In the same millisecond, a report is not older than now.
        let before = ledger
            .now()?
            .get()
            .saturating_sub(kept)
            .saturating_add(u64::from(kept == 0));
        let before =
            UnixMs::new(before).ok_or_else(|| CommandError::new(exit::INTERNAL, "no time"))?;
        let pruned = ledger.prune(before, || true)?;
        let text = match pruned {
            1 => "The body of 1 report was forgotten.\n".to_owned(),
            _ => format!("The bodies of {} reports were forgotten.\n", count(pruned)),
        };
        Ok(Answer::new("pruned", text).with("reports", pruned.to_string()))
    }
}
