//! What a person chose about badge and notifications, and what the badge needs for it.

use super::event::Intent;
use meter_wire::SessionStatus;
use serde::{Deserialize, Serialize};

/// What a person chose. Stored.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Preferences {
    /// What the badge shows while all is well.
    pub badge: BadgeShows,
    /// Whether the badge keeps its text when a session has brought something.
    pub badge_stays: bool,
    /// Whether a notification says that sessions were credited.
    pub tells_credited: bool,
    /// Whether a notification says that Tor is in trouble.
    pub tells_trouble: bool,
}

/// What the badge shows while all is well. Anything else it always shows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadgeShows {
    /// Credits: the number of the setting `ledger.badge`.
    #[default]
    Credits,
    /// How fast bytes move now, both directions together.
    Speed,
    /// Nothing but its colour.
    Nothing,
}

/// Takes a choice.
pub(super) const fn choose(chosen: &mut Preferences, intent: Intent) {
    match intent {
        Intent::BadgeCredits => chosen.badge = BadgeShows::Credits,
        Intent::BadgeSpeed => chosen.badge = BadgeShows::Speed,
        Intent::BadgeNothing => chosen.badge = BadgeShows::Nothing,
        Intent::BadgeFlashes => chosen.badge_stays = false,
        Intent::BadgeStays => chosen.badge_stays = true,
        Intent::TellCredited => chosen.tells_credited = true,
        Intent::TellNoCredited => chosen.tells_credited = false,
        Intent::TellTrouble => chosen.tells_trouble = true,
        Intent::TellNoTrouble => chosen.tells_trouble = false,
        _ => {}
    }
}

/// How fast bytes move, from the totals of one session in two statuses. While a session is open, a
/// status comes about once a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speed {
    last: Option<SessionStatus>,
    bytes_per_second: u64,
}

impl Speed {
    /// Bytes in a second, both directions together.
    #[must_use]
    pub const fn bytes_per_second(&self) -> u64 {
        self.bytes_per_second
    }

    pub(super) fn follow(&mut self, session: Option<&SessionStatus>) {
        let before = std::mem::replace(&mut self.last, session.cloned());
        let Some((before, now)) = before.zip(session) else {
            self.bytes_per_second = 0;
            return;
        };
        let sum = |session: &SessionStatus| session.bytes_up.0.saturating_add(session.bytes_down.0);
        let is_same = before.started_at == now.started_at;
        let passed = now.duration_ms.0.checked_sub(before.duration_ms.0);
        let moved = sum(now).checked_sub(sum(&before));
        self.bytes_per_second = match (is_same, passed, moved) {
            // Two statuses of one moment: the speed before still counts.
            (true, Some(0), Some(0)) => self.bytes_per_second,
            (true, Some(passed), Some(moved)) => {
                moved.saturating_mul(1_000).checked_div(passed).unwrap_or(0)
            }
            _ => 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::U64Text;

    fn session(started: u64, ms: u64, down: u64) -> SessionStatus {
        SessionStatus {
            started_at: U64Text(started),
            duration_ms: U64Text(ms),
            bytes_up: U64Text(0),
            bytes_down: U64Text(down),
            progress_permille: 0,
        }
    }

    #[test]
    fn a_speed_is_what_moved_in_one_session_between_two_statuses() {
        let mut speed = Speed::default();
        let mut after = |session: Option<&SessionStatus>| {
            speed.follow(session);
            speed.bytes_per_second()
        };
        assert_eq!(after(Some(&session(1, 0, 500))), 0, "the first");
        assert_eq!(after(Some(&session(1, 2_000, 3_000_500))), 1_500_000);
        assert_eq!(
            after(Some(&session(1, 2_000, 3_000_500))),
            1_500_000,
            "one moment"
        );
        assert_eq!(
            after(Some(&session(1, 3_000, 3_000_500))),
            0,
            "nothing moved"
        );
        assert_eq!(
            after(Some(&session(2, 1_000, 900_000))),
            0,
            "another session"
        );
        assert_eq!(after(Some(&session(2, 2_000, 1))), 0, "fewer than before");
        assert_eq!(after(None), 0);
    }
}
