//! Fetches the host's receipts, one page at a time.

use super::ask::ask_once;
use super::effect::Effect;
use super::receipts::Receipts;
use super::state::{Asked, Host, State};
use meter_wire::{LedgerStatus, RECEIPTS_PAGE_MAX, ReceiptsPage, ReceiptsQuery, Request, U64Text};

/// Follows the enrolment that the host tells, and asks for the receipts that are missing here.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(status) = state.status() else {
        return;
    };
    let Some(ledger) = &status.ledger else {
        // Who left a ledger is shown nothing of it any more. A host that cannot open its book does
        // not know whether it is enrolled.
        if status.chain.is_some() && status.problem.is_none() {
            state.receipts = Receipts::default();
        }
        return;
    };
    let (account, goal) = (ledger.account, answered(status.reports, ledger));
    let (Host::Linked(link), verified) = (&state.host, state.reports.sequence()) else {
        return;
    };
    let Some(host_chain) = link.host_chain else {
        return;
    };
    state.receipts.join(account);
    state.receipts.settle(&host_chain);
    // The reports come first: receipts are compared with them.
    let is_due = state.receipts.sequence() < goal || !state.receipts.has_keys();
    if is_due && goal <= verified && state.receipts.refused.is_none() {
        ask_page(state, effects);
    }
}

/// Number of the last report that the host says is answered.
const fn answered(reports: U64Text, ledger: &LedgerStatus) -> u64 {
    reports.0.saturating_sub(ledger.waiting_reports.0)
}

/// Tries again on a person's request, after a receipt that was not valid.
pub(super) fn fetch_again(state: &mut State, effects: &mut Vec<Effect>) {
    state.receipts.refused = None;
    follow(state, effects);
}

fn ask_page(state: &mut State, effects: &mut Vec<Effect>) {
    let query = ReceiptsQuery {
        after: U64Text(state.receipts.sequence()),
        limit: RECEIPTS_PAGE_MAX,
    };
    ask_once(state, Asked::Receipts, Request::Receipts(query), effects);
}

/// Takes a page.
pub(super) fn on_page(state: &mut State, page: &ReceiptsPage, effects: &mut Vec<Effect>) {
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    let Some(host_chain) = link.host_chain else {
        return;
    };
    let had_keys = state.receipts.has_keys();
    let has_more = state.receipts.take(page, &host_chain, &state.reports);
    if !had_keys {
        // Receipts of earlier chains can be verified only now.
        link.earlier_asked = None;
    }
    match has_more {
        true => ask_page(state, effects),
        false => super::chains::fetch(state, effects),
    }
}

impl State {
    /// Whether everything that the host has of receipts was fetched, and their sum is not what the
    /// host says that they credit.
    #[must_use]
    pub fn credited_differs(&self) -> bool {
        let Some(status) = self.status() else {
            return false;
        };
        let (Some(ledger), Host::Linked(link)) = (&status.ledger, &self.host) else {
            return false;
        };
        let goal = answered(status.reports, ledger);
        let is_whole = self.receipts.sequence() == goal && self.receipts.has_keys();
        let is_waiting =
            |asked: &(u32, Asked)| matches!(asked.1, Asked::Earlier(_) | Asked::Receipts);
        let credited = self.receipts.credited();
        is_whole
            && !link.asked.iter().any(is_waiting)
            && credited.is_some_and(|credited| credited.get() != ledger.credited.0)
    }
}
