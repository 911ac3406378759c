//! The number that badge, popup and dashboard show first: the setting `ledger.badge`.

use crate::text::{Key, Value, key};
use crate::update::State;
use meter_core::Amount;
use meter_wire::BadgeNumber;

/// The number.
pub(super) struct Shown {
    /// `None` while what is credited is not verified.
    pub(super) amount: Option<Amount>,
    /// What it counts.
    pub(super) unit: Key,
}

impl Shown {
    /// The number, or `?`.
    pub(super) fn credits(&self) -> Value {
        self.amount
            .map_or_else(|| Value::plain("?"), Value::credits)
    }
}

/// What is claimed, unless the settings ask for what is credited.
pub(super) fn shown(state: &State) -> Shown {
    let status = state.status_to_show();
    let ledger = status.and_then(|status| status.ledger.as_ref());
    match ledger.map(|ledger| ledger.badge) {
        None => Shown {
            amount: Some(state.reports.claimed()),
            unit: key("credits_unit"),
        },
        Some(BadgeNumber::Claimed) => Shown {
            amount: Some(state.reports.claimed()),
            unit: key("credits_unit_claimed"),
        },
        Some(BadgeNumber::Credited) => Shown {
            amount: state.receipts.credited(),
            unit: key("credits_unit_credited"),
        },
    }
}
