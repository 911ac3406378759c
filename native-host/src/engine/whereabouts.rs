//! Whether this computer is still where it was when Tor made its connections. Read from the system; nothing
//! is sent.
//!
//! A connection that is left over from another network stays open on paper. Tor needs one and a half
//! minutes to try another one, measured, and a system a quarter of an hour to end it.

use crate::clock::Clock;
use meter_tor::TorState;
use meter_wire::ErrorCode;
use nix::ifaddrs::getifaddrs;
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

/// Whether Tor's connections are of another place than this.
#[derive(Default)]
pub(super) struct Moves {
    /// Where this computer was when Tor began to connect, or last had an answer; `None` while no Tor runs.
    connected_at: Option<Whereabouts>,
}

impl Moves {
    /// Takes one look. Cheap while nothing changes: where the computer is, is read once for each start.
    pub(super) fn look(&mut self, state: &TorState) {
        match state {
            // That Tor calls itself usable again, or no longer, is no answer: it goes by what it has on paper.
            TorState::Bootstrapping(_) | TorState::Ready => {
                self.connected_at.get_or_insert_with(Whereabouts::now);
            }
            TorState::Off
            | TorState::Starting
            | TorState::Restarting { .. }
            | TorState::Stopping
            | TorState::Failed(_) => self.connected_at = None,
        }
    }

    /// Something came from the network to this place.
    pub(super) fn answered(&mut self) {
        self.connected_at = Some(Whereabouts::now());
    }

    /// How long an answer out of the Tor network is worth waiting for.
    pub(super) fn patience(&self) -> Duration {
        let then = self.connected_at.as_ref();
        if then.is_some_and(|then| then.is_left_by(&Whereabouts::now())) {
            ANSWER_MAX_AFTER_A_MOVE
        } else {
            ANSWER_MAX
        }
    }

    /// Whether this trouble of a Tor that runs may be that its connections were left elsewhere. Says so once
    /// for each move: if that was not it, more of what is done about it does not help. `has_way_out` as for
    /// the watchdog's look.
    pub(super) fn explain(
        &mut self,
        trouble: ErrorCode,
        has_way_out: impl FnOnce() -> Option<bool>,
    ) -> bool {
        let Some(then) = self.connected_at.as_ref().filter(|_| is_silence(trouble)) else {
            return false;
        };
        let now = Whereabouts::now();
        // Not while there is no way out: then there is nowhere to connect to.
        let explains = then.is_left_by(&now) && has_way_out() != Some(false);
        if explains {
            self.connected_at = Some(now);
        }
        explains
    }
}

/// Whether somebody waits for what does not come. What was refused, or differs by its clock, did answer.
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

/// A place and a time to look back at.
struct Whereabouts {
    /// Of all network devices.
    addresses: BTreeSet<IpAddr>,
    slept_ms: u64,
}

impl Whereabouts {
    /// As it is at this moment.
    fn now() -> Self {
        let devices = getifaddrs().into_iter().flatten();
        Self {
            addresses: devices.filter_map(|device| ip(&device)).collect(),
            slept_ms: Clock::slept_ms(),
        }
    }

    /// Whether what was connected before may be cut off by `now`: an address is gone, and every
    /// connection from it with it; or the machine slept, which routers on the way do not wait for.
    fn is_left_by(&self, now: &Self) -> bool {
        let slept = now.slept_ms.saturating_sub(self.slept_ms);
        slept > SLEEP_MS_MIN || !self.addresses.is_subset(&now.addresses)
    }
}

fn ip(device: &nix::ifaddrs::InterfaceAddress) -> Option<IpAddr> {
    let address = device.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    let v6 = || address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
    v4.or_else(v6)
}

/// A new circuit, and a look for a name, on a slow day.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// To start Tor anew is then most likely what is needed, and if not, costs less than the rest of the wait.
const ANSWER_MAX_AFTER_A_MOVE: Duration = Duration::from_secs(8);
/// Shorter sleeps cut nothing off.
const SLEEP_MS_MIN: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str], slept_ms: u64) -> Whereabouts {
        Whereabouts {
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
            slept_ms,
        }
    }

    #[test]
    fn a_place_is_left_with_one_of_its_addresses() {
        let home = at(&["127.0.0.1", "192.168.1.5", "fe80::1"], 0);
        assert!(!home.is_left_by(&at(&["fe80::1", "192.168.1.5", "127.0.0.1"], 0)));
        // A cable beside the wireless network takes nothing away.
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

    /// 192.0.2.0/24 is for documentation (RFC 5737): no computer is there.
    fn moved() -> Moves {
        let connected_at = Some(at(&["192.0.2.1"], 0));
        Moves { connected_at }
    }

    #[test]
    fn a_move_explains_silence_once() {
        let mut moves = moved();
        assert_eq!(moves.patience(), ANSWER_MAX_AFTER_A_MOVE);
        assert!(!moves.explain(ErrorCode::TorClockWrong, || None));
        assert!(!moves.explain(ErrorCode::TorSilent, || Some(false)));
        assert!(moves.explain(ErrorCode::TorSilent, || Some(true)));
        assert_eq!(moves.patience(), ANSWER_MAX);
        assert!(!moves.explain(ErrorCode::TorSilent, || Some(true)));
        assert!(moved().explain(ErrorCode::TorStalled, || None));
    }

    #[test]
    fn a_move_is_one_from_where_tor_began_or_had_an_answer() {
        let mut moves = moved();
        moves.look(&TorState::Ready);
        assert!(moves.explain(ErrorCode::TorSilent, || None));
        let mut moves = moved();
        moves.answered();
        assert!(!moves.explain(ErrorCode::TorSilent, || None));
        let mut moves = moved();
        moves.look(&TorState::Stopping);
        assert!(!moves.explain(ErrorCode::TorSilent, || None));
        moves.look(&TorState::Ready);
        assert!(!moves.explain(ErrorCode::TorSilent, || None));
    }

    #[test]
    fn the_system_tells_loopback_at_least() {
        let now = Whereabouts::now();
        assert!(now.addresses.contains(&IpAddr::from([127, 0, 0, 1])));
    }
}
