//! Fetches the host's reports, one page at a time.

use super::ask::{ask, ask_status};
use super::effect::Effect;
use super::state::{Asked, Host, State};
use super::verified_reports::Taken;
use meter_wire::{
    ErrorCode, REPORTS_PAGE_MAX, ReportsPage, ReportsQuery, Request, RestoreReports, Status,
    U64Text, WireReport,
};

/// Asks for the next page, unless one is on its way or reports must not be taken.
pub(super) fn fetch(state: &mut State, effects: &mut Vec<Effect>) {
    let Host::Linked(link) = &state.host else {
        return;
    };
    let mut asked = link.asked.iter();
    let waiting = asked.any(|(_, asked)| matches!(asked, Asked::Reports(_)));
    if waiting || link.host_chain.is_none() || state.reports.refused {
        return;
    }
    let query = ReportsQuery {
        after: U64Text(state.reports.sequence()),
        limit: REPORTS_PAGE_MAX,
    };
    let promised = figures(state.status()).map_or(0, |(reports, _)| reports);
    ask(
        state,
        Asked::Reports(promised),
        Request::Reports(query),
        effects,
    );
}

/// Tries again on a person's request, after a report that was not valid.
pub(super) fn fetch_again(state: &mut State, effects: &mut Vec<Effect>) {
    state.reports.refused = false;
    state.reports.differs = false;
    hand_in(state, effects);
    fetch(state, effects);
    ask_status(state, effects);
}

/// Shows the host the last report that was verified here, so that a host with an older copy of its
/// book does not use a number twice.
pub(super) fn hand_in(state: &mut State, effects: &mut Vec<Effect>) {
    let reports = state.reports.last();
    restore(state, reports, effects);
}

/// Hands back the reports that the host's book lacks, one page at a time, as far as they are stored
/// here.
pub(super) fn heal(state: &mut State, effects: &mut Vec<Effect>) {
    let is_behind = |status: &&Status| {
        let problem = status.problem.as_ref();
        problem.is_some_and(|problem| problem.code == ErrorCode::BookBehind)
    };
    let Some(reports) = state
        .status()
        .filter(is_behind)
        .map(|status| status.reports.0)
    else {
        return;
    };
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    let waiting = link.asked.iter().any(|(_, asked)| *asked == Asked::Restore);
    // If it did not help once, it does not help again.
    if waiting || link.handed_after == Some(reports) {
        return;
    }
    link.handed_after = Some(reports);
    let missing = state.reports.after(reports);
    if !missing.is_empty() {
        restore(state, missing, effects);
    }
}

fn restore(state: &mut State, reports: Vec<WireReport>, effects: &mut Vec<Effect>) {
    let can = matches!(&state.host, Host::Linked(link) if link.takes_back);
    if can && has_host_chain(state) {
        let request = Request::RestoreReports(RestoreReports { reports });
        ask(state, Asked::Restore, request, effects);
    }
}

/// Takes a page of reports that was requested when the host had `promised` this many reports.
pub(super) fn on_page(
    state: &mut State,
    promised: u64,
    page: &ReportsPage,
    effects: &mut Vec<Effect>,
) {
    if page.reports.len() > usize::from(REPORTS_PAGE_MAX) {
        state.reports.refused = true;
        return;
    }
    let before = state.reports.sequence();
    for report in &page.reports {
        match state.reports.take(report) {
            Taken::Counted | Taken::Known => {}
            // A real page has no gaps, so this one is false.
            Taken::Gap => state.reports.refused = true,
            Taken::Refused => {}
        }
        if state.reports.refused {
            return;
        }
    }
    if state.reports.sequence() < page.total.0.max(promised) {
        match state.reports.sequence() > before {
            true => fetch(state, effects),
            // The host says, or said when it was asked, that it has more reports, but does not send
            // them.
            false => state.reports.refused = true,
        }
    }
    compare(state, effects);
    super::answers::follow(state, effects);
}

/// Without a hello there is no key for verifying. Messages before it are not believed.
fn has_host_chain(state: &State) -> bool {
    matches!(&state.host, Host::Linked(link) if link.host_chain.is_some())
}

/// Compares the host's figures with those verified here.
///
/// A status may have been written just before a page of reports that arrived first. So a smaller
/// number of reports than verified here counts as a contradiction only in the answer to a later
/// request.
pub(super) fn compare(state: &mut State, effects: &mut Vec<Effect>) {
    let Some((reports, balance)) = figures(state.status()) else {
        return;
    };
    if !has_host_chain(state) || state.reports.refused {
        return;
    }
    let verified = state.reports.sequence();
    if reports > verified {
        fetch(state, effects);
    } else if reports == verified {
        state.reports.differs = balance != state.reports.balance().get();
    } else if !state.reports.differs {
        ask_status(state, effects);
    }
}

/// Takes the answer to a request that was sent when `known` reports had been verified.
pub(super) fn on_asked_status(state: &mut State, known: u64) {
    if let Some((reports, _)) = figures(state.status()) {
        state.reports.differs |= has_host_chain(state) && reports < known;
    }
}

fn figures(status: Option<&Status>) -> Option<(u64, u64)> {
    status.map(|status| (status.reports.0, status.balance.0))
}
