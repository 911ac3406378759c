//! `audit`: recomputes everything.

use super::{
    answer::{Answer, CommandError},
    exit,
    open::Common,
};
use crate::{
    audit,
    number::{count, counted},
    opening,
};
use serde_json::{Value, json};

pub(super) const HELP: &str = "\
It verifies every report and every receipt with their keys, follows every chain link by link, adds
up every award, and replays the awards of every account against its policies. In SQLite it also
looks for damage to the file and its indexes. It changes nothing, and may run while the ledger is
served.

Exit status: 0 everything is as it was written, 1 something is not: each line names the table, the
row and the reason, 2 the database cannot be opened, or is so damaged that it cannot be read to its
end, 69 it does not answer.";

pub(super) fn run(common: &Common) -> Result<Answer, CommandError> {
    let home = common.home()?;
    let store = opening::open_store(&home.folder, &home.wanted)?;
    let audit = audit::run(&store, &|| true)?;
    let mut text = String::new();
    for finding in audit.findings.kept() {
        text += &format!("{finding}\n");
    }
    let kept = u64::try_from(audit.findings.kept().len()).unwrap_or(u64::MAX);
    let more = audit.findings.count().saturating_sub(kept);
    if more > 0 {
        text += &format!("… and {} more\n", count(more));
    }
    text += &format!(
        "{}, {}, {}, {}, {}, {} ({} without body): {}\n",
        counted(audit.keys, "key", "keys"),
        counted(audit.policies, "policy", "policies"),
        counted(audit.accounts, "account", "accounts"),
        counted(audit.devices, "device", "devices"),
        counted(audit.chains, "chain", "chains"),
        counted(audit.reports, "report", "reports"),
        count(audit.pruned),
        match audit.findings.count() {
            0 => "everything is as it was written".to_owned(),
            1 => "1 row is not as it was written".to_owned(),
            more => format!("{} rows are not as they were written", count(more)),
        }
    );
    let findings: Vec<_> = audit.findings.kept().iter().map(shown).collect();
    let is_sound = audit.findings.count() == 0;
    Ok(
        Answer::new(if is_sound { "sound" } else { "findings" }, text)
            .with("findings", findings)
            .with("findings_count", audit.findings.count().to_string())
            .with("accounts", audit.accounts.to_string())
            .with("devices", audit.devices.to_string())
            .with("chains", audit.chains.to_string())
            .with("reports", audit.reports.to_string())
            .with("pruned", audit.pruned.to_string())
            .exit(if is_sound { 0 } else { exit::FINDINGS }),
    )
}

fn shown(finding: &audit::Finding) -> Value {
    json!({
        "table": finding.table,
        "row": finding.row,
        "reason": finding.reason,
    })
}
