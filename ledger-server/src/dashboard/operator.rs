//! The operator's view: numbers over all accounts, and whether commits succeed.

use super::{
    member::Operator,
    reply::{Problem, page_of},
    site::Site,
};
use crate::{
    pages::{OperatorPage, Tab, Who},
    store::StoreError,
};
use axum::{extract::State, response::Response};
use meter_core::Amount;
use std::sync::Arc;

pub(super) async fn operator(
    State(site): State<Arc<Site>>,
    _operator: Operator,
) -> Result<Response, Problem> {
    let asked = site.ask::<_, StoreError>(|ledger| {
        // The health first: it is a commit, so the counts are read after one.
        let commits = ledger.check_health().is_ok();
        let held = ledger.held().map(str::to_owned);
        Ok((commits, held, ledger.counts()?, *ledger.policy().value()))
    });
    let (commits, held, counts, policy) = asked.await?;
    let most = policy.most_per_day().total.get();
    let most_day = most.checked_mul(counts.accounts).and_then(Amount::new);
    Ok(page_of(&OperatorPage {
        frame: site.frame(counts.now, Who::Operator, Some(Tab::Operator)),
        commits,
        held,
        accounts: counts.accounts,
        devices: counts.devices,
        reports: counts.reports,
        awarded: counts.awarded,
        most_day,
        frozen: counts.frozen,
        vkey: site.facts.vkey.clone(),
    }))
}
