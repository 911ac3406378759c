//! Scenes of a computer and its Tor, look by look: observations, and the expected actions.

mod properties;

use super::*;
use crate::system::network::Network;
use meter_core::{Backend, MonotonicMs};
use meter_relay::CounterSnapshot;
use meter_tor::{Bootstrap, TorProblem, TorState, TorStatus, TorWarning};
use std::{cell::Cell, collections::BTreeSet, net::IpAddr};

/// A computer with networks as a scene sets them. 192.0.2.0/24 is for documentation (RFC 5737).
struct Networks {
    address: Cell<u8>,
    has_way_out: Cell<Option<bool>>,
}

impl Network for Networks {
    fn addresses(&self) -> BTreeSet<IpAddr> {
        BTreeSet::from([IpAddr::from([192, 0, 2, self.address.get()])])
    }

    fn has_way_out(&self) -> Option<bool> {
        self.has_way_out.get()
    }
}

struct Scene {
    core: Core,
    networks: Networks,
    counted: CounterSnapshot,
    tor: TorStatus,
    second: u64,
    slept_ms: u64,
    greeted: Option<bool>,
}

impl Scene {
    fn new(state: TorState) -> Self {
        Self {
            core: Core::default(),
            networks: Networks {
                address: Cell::new(1),
                has_way_out: Cell::new(Some(true)),
            },
            counted: CounterSnapshot::default(),
            tor: TorStatus {
                backend: Some(Backend::Managed),
                version: None,
                state,
                warnings: Vec::new(),
                trouble: None,
            },
            second: 0,
            slept_ms: 0,
            greeted: None,
        }
    }

    /// Passes one more second. Returns its actions, without log lines and greetings.
    fn second(&mut self, answered: Option<bool>) -> Vec<Action> {
        let mut actions = self.look(answered);
        actions.retain(|action| !matches!(action, Action::Log { .. } | Action::Greet));
        actions
    }

    fn look(&mut self, answered: Option<bool>) -> Vec<Action> {
        self.second += 1;
        self.core.look(&Seen {
            now: MonotonicMs::new(self.second * 1_000).expect("fits"),
            counted: &self.counted,
            tor: &self.tor,
            slept_ms: self.slept_ms,
            network: &self.networks,
            answered,
            greeted: self.greeted.take(),
        })
    }

    /// Seconds until an action, and the action.
    fn until_action(&mut self) -> (u64, Vec<Action>) {
        let begun = self.second;
        loop {
            let actions = self.second(None);
            if !actions.is_empty() {
                return (self.second - begun, actions);
            }
            assert!(self.second - begun < 600, "nothing is ever done");
        }
    }

    fn somebody_waits(&mut self) {
        self.counted.bytes_up += 500;
    }

    fn code(&self) -> Option<ErrorCode> {
        self.core.trouble().map(|trouble| trouble.problem.code)
    }
}

const PROBE: Duration = Duration::from_secs(20);
const QUICK_PROBE: Duration = Duration::from_secs(8);

#[test]
fn nothing_is_done_while_all_is_quiet() {
    let mut scene = Scene::new(TorState::Ready);
    for _ in 0..3_600 {
        assert_eq!(scene.second(None), []);
    }
}

#[test]
fn a_tor_that_does_not_even_greet_is_told_within_seconds() {
    let mut scene = Scene::new(TorState::Ready);
    scene.look(None);
    scene.somebody_waits();
    let asked = scene.second;
    while !scene.look(None).contains(&Action::Greet) {
        assert!(scene.second < asked + 4, "greeted soon");
    }
    scene.greeted = Some(true);
    assert!(
        !scene.look(None).contains(&Action::Greet),
        "it greets: nothing is wrong yet"
    );
    assert_eq!(scene.code(), None);
    while !scene.look(None).contains(&Action::Greet) {
        assert!(scene.second < asked + 10, "and is greeted again");
    }
    scene.greeted = Some(false);
    scene.look(None);
    assert_eq!(scene.code(), Some(ErrorCode::TorSilent));
    for _ in 0..30 {
        assert!(
            !scene.look(None).contains(&Action::Greet),
            "that is known now"
        );
    }
}

#[test]
fn nobody_is_greeted_while_nothing_is_asked() {
    let mut scene = Scene::new(TorState::Ready);
    for _ in 0..3_600 {
        assert!(!scene.look(None).contains(&Action::Greet));
    }
}

#[test]
fn one_question_at_a_time_is_asked_of_the_network() {
    let mut scene = Scene::new(TorState::Ready);
    scene.second(None);
    scene.somebody_waits();
    let (_, actions) = scene.until_action();
    assert_eq!(actions, [Action::Probe(PROBE)]);
    for _ in 0..30 {
        assert_eq!(scene.second(None), [], "the first goes on");
    }
    assert_eq!(scene.second(Some(false)), []);
    assert_eq!(scene.code(), Some(ErrorCode::TorSilent));
    let (_, actions) = scene.until_action();
    assert_eq!(actions, [Action::Probe(PROBE)], "asked again");
    assert_eq!(scene.second(Some(true)), []);
    assert_eq!(scene.code(), None);
}

#[test]
fn a_silence_after_a_change_of_network_restarts_tor_once() {
    let mut scene = Scene::new(TorState::Ready);
    scene.second(None);
    scene.networks.address.set(2);
    scene.somebody_waits();
    let (_, actions) = scene.until_action();
    assert_eq!(actions, [Action::Probe(QUICK_PROBE)]);
    let restart = Action::Restart(Why::NetworkChanged);
    assert_eq!(scene.second(Some(false)), [restart]);
    // Tor continues to run, as a Tor of another program does, and the network still does not
    // answer.
    for _ in 0..300 {
        for action in scene.second(Some(false)) {
            assert_eq!(action, Action::Probe(PROBE), "no second restart");
        }
    }
}

#[test]
fn a_change_of_network_restarts_nothing_while_answers_come_or_no_way_leads_out() {
    let mut scene = Scene::new(TorState::Ready);
    scene.second(None);
    scene.networks.address.set(2);
    scene.somebody_waits();
    scene.until_action();
    assert_eq!(scene.second(Some(true)), [], "an answer");
    scene.networks.address.set(3);
    scene.networks.has_way_out.set(Some(false));
    scene.somebody_waits();
    scene.until_action();
    assert_eq!(scene.second(Some(false)), []);
    assert_eq!(scene.code(), Some(ErrorCode::TorOffline));
    // The route comes back, but the earlier connections are still broken.
    scene.networks.has_way_out.set(Some(true));
    let restart = Action::Restart(Why::NetworkChanged);
    assert_eq!(scene.second(None), [restart]);
}

#[test]
fn a_place_is_where_tor_of_now_began_or_had_an_answer() {
    let silent = |scene: &mut Scene| {
        scene.somebody_waits();
        scene.until_action();
        scene.second(Some(false))
    };
    let mut scene = Scene::new(TorState::Ready);
    scene.second(None);
    scene.tor.state = TorState::Stopping;
    scene.second(None);
    scene.networks.address.set(2);
    scene.tor.state = TorState::Ready;
    scene.second(None);
    assert_eq!(silent(&mut scene), [], "this one began there");
}

#[test]
fn a_sleep_is_a_reason_to_ask_at_once_and_to_restart_where_nobody_answers() {
    let mut scene = Scene::new(TorState::Ready);
    scene.second(None);
    scene.slept_ms += 3_600_000;
    assert_eq!(scene.second(None), [Action::Probe(QUICK_PROBE)]);
    let restart = Action::Restart(Why::NetworkChanged);
    assert_eq!(scene.second(Some(false)), [restart]);
}

/// A start that has been at its beginning for a minute.
fn hanging_start() -> TorState {
    TorState::Bootstrapping(Bootstrap {
        percent: 5,
        tag: "conn".to_owned(),
        summary: "Connecting to a relay".to_owned(),
        warning: None,
        connect_error: None,
        since: tokio::time::Instant::now()
            .checked_sub(Duration::from_secs(60))
            .expect("a clock that has run"),
    })
}

#[test]
fn a_start_that_hangs_on_another_network_is_begun_anew() {
    let mut scene = Scene::new(hanging_start());
    scene.second(None);
    assert_eq!(scene.code(), Some(ErrorCode::TorBlocked));
    scene.networks.address.set(2);
    let restart = Action::Restart(Why::NetworkChanged);
    assert_eq!(scene.second(None), [restart]);
    assert_eq!(scene.second(None), []);
}

#[test]
fn a_start_that_hangs_for_two_reasons_is_begun_anew_once() {
    let mut scene = Scene::new(hanging_start());
    scene.tor.backend = Some(Backend::Embedded);
    scene.second(None);
    // At the new place relays answer, and the start goes on as if they did not.
    scene.networks.address.set(2);
    scene.tor.warnings = vec![TorWarning::ClockSkew { seconds: 0 }];
    let restart = Action::Restart(Why::NetworkChanged);
    assert_eq!(scene.second(None), [restart]);
}

#[test]
fn the_log_is_told_each_change_once() {
    let mut scene = Scene::new(TorState::Off);
    let logged = |actions: Vec<Action>| match actions.as_slice() {
        [] => None,
        [Action::Log { state, .. }] => Some(*state),
        other => panic!("{other:?}"),
    };
    assert_eq!(logged(scene.look(None)), Some("off"));
    assert_eq!(logged(scene.look(None)), None);
    scene.tor.state = TorState::Failed(TorProblem::Missing);
    assert_eq!(logged(scene.look(None)), Some("failed"));
    assert_eq!(logged(scene.look(None)), None);
}
