//! Checks whether this computer is still where it was when Tor made its connections. Pure.
//!
//! A connection from another network stays open formally. Tor needs one and a half minutes to try
//! another one (measured), and a system a quarter of an hour to end it.

use super::seen::Seen;
use meter_tor::TorState;
use meter_wire::ErrorCode;
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

/// Whether Tor's connections were made on another network than the current one.
#[derive(Default)]
pub(super) struct NetworkChanges {
    /// Where this computer was when Tor began to connect, or last had an answer; `None` while no
    /// Tor runs.
    connected_at: Option<Place>,
}

impl NetworkChanges {
    /// Takes one look. Cheap while nothing changes: the addresses are read once for each start.
    pub(super) fn look(&mut self, seen: &Seen<'_>) {
        match &seen.tor.state {
            // If Tor reports that it is usable again, or no longer, that is no answer: Tor does not
            // test it.
            TorState::Bootstrapping(_) | TorState::Ready => {
                self.connected_at.get_or_insert_with(|| Place::now(seen));
            }
            TorState::Off
            | TorState::Starting
            | TorState::Restarting { .. }
            | TorState::Stopping
            | TorState::Failed(_) => self.connected_at = None,
        }
    }

    /// Notes that something came from the network at this place.
    pub(super) fn answered(&mut self, seen: &Seen<'_>) {
        self.connected_at = Some(Place::now(seen));
    }

    /// How long to wait for an answer from the Tor network.
    pub(super) fn patience(&self, seen: &Seen<'_>) -> Duration {
        let then = self.connected_at.as_ref();
        if then.is_some_and(|then| then.is_left_by(&Place::now(seen))) {
            ANSWER_MAX_AFTER_A_CHANGE
        } else {
            ANSWER_MAX
        }
    }

    /// Whether this trouble of a running Tor may come from connections that were made elsewhere.
    /// True only once for each change: if this was not the cause, repeating the restart does not
    /// help.
    pub(super) fn explain(&mut self, trouble: ErrorCode, seen: &Seen<'_>) -> bool {
        let Some(then) = self.connected_at.as_ref().filter(|_| is_silence(trouble)) else {
            return false;
        };
        let now = Place::now(seen);
        // Not while there is no route: then there is nothing to connect to.
        let explains = then.is_left_by(&now) && seen.network.has_way_out() != Some(false);
        if explains {
            self.connected_at = Some(now);
        }
        explains
    }
}

/// Whether requests wait without an answer. A refusal, or a clock that differs, is an answer.
const fn is_silence(trouble: ErrorCode) -> bool {
    matches!(
        trouble,
        ErrorCode::TorSilent
            | ErrorCode::TorStalled
            | ErrorCode::TorBlocked
            | ErrorCode::ShadowsocksUnreachable
            | ErrorCode::ShadowsocksSilent
    )
}

/// Where this computer was, and when.
struct Place {
    /// The addresses of all network devices.
    addresses: BTreeSet<IpAddr>,
    slept_ms: u64,
}

impl Place {
    fn now(seen: &Seen<'_>) -> Self {
        Self {
            addresses: seen.network.addresses(),
            slept_ms: seen.slept_ms,
        }
    }

    /// Whether `now` may cut off earlier connections: an address is gone, and every connection from
    /// it with it; or the computer slept, and routers on the way do not wait that long.
    fn is_left_by(&self, now: &Self) -> bool {
        let slept = now.slept_ms.saturating_sub(self.slept_ms);
        slept > SLEEP_MS_MIN || !self.addresses.is_subset(&now.addresses)
    }
}

/// Enough for a new circuit and a name lookup on a slow network.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// A restart of Tor is then most likely needed; if not, it costs less than the rest of the wait.
const ANSWER_MAX_AFTER_A_CHANGE: Duration = Duration::from_secs(8);
/// Shorter sleeps cut no connection.
const SLEEP_MS_MIN: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str], slept_ms: u64) -> Place {
        Place {
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
            slept_ms,
        }
    }

    #[test]
    fn a_place_is_left_with_one_of_its_addresses() {
        let home = at(&["127.0.0.1", "192.168.1.5", "fe80::1"], 0);
        assert!(!home.is_left_by(&at(&["fe80::1", "192.168.1.5", "127.0.0.1"], 0)));
        // A cable in addition to the wireless network removes no address.
        let both = at(&["127.0.0.1", "192.168.1.5", "fe80::1", "10.0.0.2"], 0);
        assert!(!home.is_left_by(&both));
        assert!(both.is_left_by(&home));
        assert!(home.is_left_by(&at(&["127.0.0.1", "172.16.0.9", "fe80::1"], 0)));
        assert!(home.is_left_by(&at(&["127.0.0.1"], 0)));
    }

    #[test]
    fn a_place_is_left_by_sleeping() {
        let before = at(&["127.0.0.1"], 7_000);
        assert!(!before.is_left_by(&at(&["127.0.0.1"], 8_000)));
        assert!(before.is_left_by(&at(&["127.0.0.1"], 7_000 + SLEEP_MS_MIN + 1)));
    }
}
