//! Failed connections: information that the browser's own error page does not have.

use super::problem::says_something;
use crate::update::State;
use meter_wire::{TorReply, UNREACHED_WINDOW_MS, Unreached};
use serde::Serialize;

/// Most kinds that are shown; more would push more important parts out of sight.
const KINDS_MAX: usize = 3;

/// Recent connections that failed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct UnreachedView {
    /// How many failed, and in which time.
    pub summary: String,
    /// The latest kind first.
    pub kinds: Vec<UnreachedKind>,
}

/// One kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct UnreachedKind {
    /// For tests and reports.
    pub name: TorReply,
    /// What happened.
    pub sentence: String,
    /// How often, if more than once: `5 times`.
    pub times: Option<String>,
    /// What to do about it; only for the latest kind.
    pub action: Option<String>,
}

pub(super) fn unreached(state: &State) -> Option<UnreachedView> {
    let kinds = &state.status()?.unreached;
    let mut rows: Vec<_> = kinds.iter().take(KINDS_MAX).map(row).collect();
    rows.first_mut()?.action = kinds.first().map(|latest| latest.action.clone());
    let all = kinds
        .iter()
        .fold(0_u64, |sum, kind| sum.saturating_add(kind.count.0));
    let connections = match all {
        1 => "1 connection".to_owned(),
        all => format!("{all} connections"),
    };
    let minutes = UNREACHED_WINDOW_MS / 60_000;
    Some(UnreachedView {
        summary: format!("{connections} in {minutes} minutes"),
        kinds: rows,
    })
}

fn row(kind: &Unreached) -> UnreachedKind {
    UnreachedKind {
        name: kind.reply,
        sentence: match says_something(&kind.message) {
            true => kind.message.clone(),
            false => kind.reply.sentence().to_owned(),
        },
        times: match kind.count.0 {
            0 | 1 => None,
            2 => Some("twice".to_owned()),
            count => Some(format!("{count} times")),
        },
        action: None,
    }
}
