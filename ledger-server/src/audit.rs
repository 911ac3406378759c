//! Recomputes everything from the stored bytes, and names each row that is not as it should be.
//!
//! It may run while reports are taken: every part of it reads one snapshot, and a row that was
//! written is never changed, except that the body of a report may be forgotten.
//!
//! What no audit of a database can see is a row that is gone together with every sum that contained
//! it: that is what the receipts are for, which the devices hold.

mod accounts;
mod chains;
mod finding;
mod heads;
mod last;
mod papers;
mod reports;
mod rest;

pub use finding::{Audit, Finding, Findings};
pub use heads::check_heads;
pub use last::LastAudit;

use crate::store::{Store, StoreError};

/// Looks at everything. `go_on` is asked often; if it says no, the audit ends early.
///
/// # Errors
/// When the database does not answer. What is wrong with a row is no error but a finding.
pub fn run(store: &Store, go_on: &dyn Fn() -> bool) -> Result<Audit, StoreError> {
    let mut audit = Audit::default();
    let papers = papers::read(store, &mut audit)?;
    papers::check_devices(store, &papers, &mut audit, go_on)?;
    chains::check(store, &papers, &mut audit, go_on)?;
    accounts::check(store, &papers, &mut audit, go_on)?;
    rest::check(store, &mut audit)?;
    for line in store.damage(go_on)? {
        audit.findings.add("database", "SQLite", line);
    }
    audit.is_stopped = !go_on();
    Ok(audit)
}
