//! Fetches the last reports of the earlier chains of the host's home.

use super::ask::ask;
use super::earlier::verified;
use super::effect::Effect;
use super::state::{Asked, Host, State};
use meter_wire::{EARLIER_PAGE_MAX, EarlierPage, EarlierQuery, Request};

/// Asks for them when the host names another number or sum of them than when it was asked last.
pub(super) fn fetch(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(status) = state.status() else {
        return;
    };
    let account = status.ledger.as_ref().map(|ledger| ledger.account);
    let reported = (status.earlier, account);
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    if reported.0.chains == 0 || link.earlier_asked == Some(reported) {
        return;
    }
    link.earlier_asked = Some(reported);
    ask_after(state, 0, effects);
}

fn ask_after(state: &mut State, after: u32, effects: &mut Vec<Effect>) {
    let limit = EARLIER_PAGE_MAX;
    let request = Request::EarlierChains(EarlierQuery { after, limit });
    ask(state, Asked::Earlier(after), request, effects);
}

/// Takes a page that was asked for after `after` chains.
pub(super) fn on_page(
    state: &mut State,
    after: u32,
    page: &EarlierPage,
    effects: &mut Vec<Effect>,
) {
    let mut reports = Vec::new();
    let mut unverified = 0_u32;
    for chain in page.chains.iter().take(EARLIER_PAGE_MAX.into()) {
        match verified(&chain.last) {
            Some(report) => reports.push(report),
            None => unverified = unverified.saturating_add(1),
        }
    }
    for answer in page
        .chains
        .iter()
        .filter_map(|chain| chain.answered.as_ref())
    {
        state.receipts.take_earlier(answer);
    }
    let before = if after == 0 {
        0
    } else {
        state.reports.unverified_chains()
    };
    state
        .reports
        .take_earlier(reports, before.saturating_add(unverified));
    let seen = u32::try_from(page.chains.len()).unwrap_or(u32::MAX);
    let next = after.saturating_add(seen);
    if seen > 0 && next < page.total {
        ask_after(state, next, effects);
    }
}
