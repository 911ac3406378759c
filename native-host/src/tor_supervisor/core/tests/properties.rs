//! Whatever is seen, and in whatever order.

use super::*;
use proptest::prelude::*;

/// What one second may bring.
#[derive(Clone, Debug)]
struct Second {
    state: TorState,
    /// Whether our own program is the Tor.
    embedded: bool,
    /// A relay has told the time.
    answered_clock: bool,
    somebody_waits: bool,
    something_arrives: bool,
    address: u8,
    has_way_out: Option<bool>,
    slept_ms: u64,
    /// What the question under way finds, if it ends now.
    probe: Option<bool>,
}

fn state() -> impl Strategy<Value = TorState> {
    let bootstrapping = (0..=100_u8, 0..120_u64).prop_map(|(percent, lasted)| {
        let since = tokio::time::Instant::now().checked_sub(Duration::from_secs(lasted));
        TorState::Bootstrapping(Bootstrap {
            percent,
            tag: "conn".to_owned(),
            summary: "Connecting to a relay".to_owned(),
            warning: None,
            connect_error: None,
            since: since.expect("a clock that has run"),
        })
    });
    let restarting = TorState::Restarting {
        attempt: 1,
        in_ms: 1_000,
        reason: TorProblem::Missing,
    };
    prop_oneof![
        6 => Just(TorState::Ready),
        6 => bootstrapping,
        1 => Just(TorState::Off),
        1 => Just(TorState::Starting),
        1 => Just(restarting),
        1 => Just(TorState::Stopping),
        1 => Just(TorState::Failed(TorProblem::Missing)),
    ]
}

fn second() -> impl Strategy<Value = Second> {
    let tor = (state(), any::<bool>(), any::<bool>());
    let traffic = (any::<bool>(), proptest::bool::weighted(0.1));
    let network = (
        prop_oneof![9 => Just(1_u8), 1 => 1..4_u8],
        prop_oneof![4 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)],
        prop_oneof![9 => Just(0_u64), 1 => 0..20_000_u64],
    );
    let probe = prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(Some)];
    (tor, traffic, network, probe).prop_map(|(tor, traffic, network, probe)| Second {
        state: tor.0,
        embedded: tor.1,
        answered_clock: tor.2,
        somebody_waits: traffic.0,
        something_arrives: traffic.1,
        address: network.0,
        has_way_out: network.1,
        slept_ms: network.2,
        probe,
    })
}

impl Scene {
    /// What is done about it.
    fn brings(&mut self, second: &Second, is_probing: bool) -> Vec<Action> {
        self.tor.state = second.state.clone();
        self.tor.backend = Some(match second.embedded {
            true => Backend::Embedded,
            false => Backend::Managed,
        });
        let skew = TorWarning::ClockSkew { seconds: 0 };
        self.tor.warnings = second.answered_clock.then_some(skew).into_iter().collect();
        if second.somebody_waits {
            self.somebody_waits();
        }
        if second.something_arrives {
            self.counted.bytes_down += 500;
        }
        self.networks.address.set(second.address);
        self.networks.has_way_out.set(second.has_way_out);
        self.slept_ms += second.slept_ms;
        self.look(second.probe.filter(|_| is_probing))
    }
}

/// A run of seconds in which Tor mostly stays as it is, or silence never lasts.
fn seconds() -> impl Strategy<Value = Vec<Second>> {
    let stretch = (second(), 1..40_usize).prop_map(|(second, times)| vec![second; times]);
    proptest::collection::vec(stretch, 1..12).prop_map(|stretches| stretches.concat())
}

proptest! {
    #[test]
    fn one_question_runs_at_a_time_and_only_a_tor_that_runs_is_restarted_and_once(
        seconds in seconds()
    ) {
        let mut scene = Scene::new(TorState::Off);
        let (mut is_probing, mut is_greeting, mut logged) = (false, false, None);
        for second in seconds {
            scene.greeted = second.probe.filter(|_| is_greeting);
            is_greeting &= scene.greeted.is_none();
            let actions = scene.brings(&second, is_probing);
            is_probing &= second.probe.is_none();
            let (mut probes, mut restarts, mut greetings) = (0, 0, 0);
            for action in actions {
                match action {
                    Action::Probe(_) => probes += 1,
                    Action::Greet => greetings += 1,
                    Action::Watch => {}
                    Action::Restart(_) => restarts += 1,
                    Action::Log { state, trouble } => {
                        prop_assert_ne!(logged, Some((state, trouble)), "logged twice");
                        logged = Some((state, trouble));
                    }
                }
            }
            prop_assert!(probes == 0 || !is_probing && probes == 1, "one at a time");
            is_probing |= probes > 0;
            prop_assert!(greetings == 0 || !is_greeting && greetings == 1, "one at a time");
            is_greeting |= greetings > 0;
            prop_assert!(restarts <= 1, "one restart is enough");
            let runs = matches!(second.state, TorState::Ready | TorState::Bootstrapping(_));
            prop_assert!(restarts == 0 || runs, "restarted while {}", second.state.name());
            if !runs {
                prop_assert_eq!(scene.code(), None, "trouble of a Tor that does not run");
            }
        }
    }
}
