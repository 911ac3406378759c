//! Failed connections: information that the browser's own error page does not have.

use super::problem::says_something;
use crate::text::{Text, Value, key};
use crate::update::State;
use meter_wire::{TorReply, UNREACHED_WINDOW_MS, Unreached};
use serde::Serialize;

/// Most kinds that are shown; more would push more important parts out of sight.
const KINDS_MAX: usize = 3;

/// Recent connections that failed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct UnreachedView {
    /// How many failed, and in which time.
    pub summary: Text,
    /// The latest kind first.
    pub kinds: Vec<UnreachedKind>,
}

/// One kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct UnreachedKind {
    /// For tests and reports.
    pub name: TorReply,
    /// What happened.
    pub sentence: Text,
    /// How often, if more than once: `5 times`.
    pub times: Option<Text>,
    /// What to do about it; only for the latest kind.
    pub action: Option<Text>,
}

pub(super) fn unreached(state: &State) -> Option<UnreachedView> {
    let kinds = &state.status()?.unreached;
    let mut rows: Vec<_> = kinds.iter().take(KINDS_MAX).map(row).collect();
    rows.first_mut()?.action = kinds.first().map(action);
    let all = kinds
        .iter()
        .fold(0_u64, |sum, kind| sum.saturating_add(kind.count.0));
    let minutes = key("minutes").with("minutes", Value::count(UNREACHED_WINDOW_MS / 60_000));
    Some(UnreachedView {
        summary: key("unreached_summary")
            .with("connections", Value::count(all))
            .with("minutes", minutes),
        kinds: rows,
    })
}

fn row(kind: &Unreached) -> UnreachedKind {
    UnreachedKind {
        name: kind.reply,
        sentence: reply_text(kind, "reply", &kind.message),
        times: match kind.count.0 {
            0 | 1 => None,
            count => Some(key("times").with("times", Value::count(count))),
        },
        action: None,
    }
}

fn action(kind: &Unreached) -> Text {
    reply_text(kind, "reply_action", &kind.action)
}

/// Our words, or those of a newer host for a reply that this version does not know.
fn reply_text(kind: &Unreached, family: &'static str, words: &str) -> Text {
    match kind.reply {
        TorReply::Other if says_something(words) => Text::quoted(words),
        reply => Text::of_family(family, &reply),
    }
}
