//! The amount that a session has just brought, for a moment on the badge.

use super::effect::Effect;
use super::event::Timer;
use super::state::State;
use meter_core::Amount;
use meter_wire::BadgeNumber;

/// How long it is shown: long enough to be read, too short to hide the sum.
const SHOWN_MS: u32 = 2_500;

/// Compares the badge's number with the one before.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let Some((kind, amount)) = complete(state) else {
        return;
    };
    if let Some(number) = state.flash.take(kind, amount) {
        effects.push(Effect::After(Timer::Flash(number), SHOWN_MS));
    }
}

/// The number, once all that the host has of it was verified here.
fn complete(state: &State) -> Option<(BadgeNumber, Amount)> {
    let status = state.status()?;
    if status.reports.0 != state.reports.sequence() || state.reports.refused {
        return None;
    }
    let Some(ledger) = &status.ledger else {
        return Some((BadgeNumber::Claimed, state.reports.claimed()));
    };
    match ledger.badge {
        BadgeNumber::Claimed => Some((BadgeNumber::Claimed, state.reports.claimed())),
        BadgeNumber::Credited => {
            let answered = status.reports.0.checked_sub(ledger.waiting_reports.0)?;
            let is_whole = state.receipts.sequence() == answered && state.receipts.has_keys();
            let credited = state.receipts.credited().filter(|_| is_whole)?;
            Some((BadgeNumber::Credited, credited))
        }
    }
}
