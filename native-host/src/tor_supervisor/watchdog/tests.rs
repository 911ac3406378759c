//! Scenes of a relay and a Tor, second by second.

use super::*;
use meter_core::Backend;
use meter_tor::TorProblem;

fn tor(state: TorState) -> TorStatus {
    TorStatus {
        backend: Some(Backend::Managed),
        version: None,
        state,
        warnings: Vec::new(),
        trouble: None,
    }
}

#[derive(Default)]
struct Scene {
    dog: Watchdog,
    counted: CounterSnapshot,
    second: u64,
    slept_ms: u64,
}

impl Scene {
    fn now(&self) -> MonotonicMs {
        MonotonicMs::new(self.second * 1_000).expect("fits")
    }

    /// Passes seconds, with one look in each. Returns whether a test was wanted in any of them.
    fn pass(&mut self, seconds: u64) -> bool {
        self.pass_with(seconds, &tor(TorState::Ready))
    }

    fn pass_with(&mut self, seconds: u64, tor: &TorStatus) -> bool {
        let mut wanted = false;
        for _ in 0..seconds {
            self.second += 1;
            let observation = Observation {
                now: self.now(),
                counted: &self.counted,
                tor,
                slept_ms: self.slept_ms,
            };
            self.dog.look(&observation, || Some(true));
            wanted |= self.dog.wants_probe(self.now());
        }
        wanted
    }

    fn probed(&mut self, answered: bool) {
        self.dog.probed(self.now(), answered);
    }

    fn trouble(&self) -> Option<(ErrorCode, u32)> {
        let trouble = self.dog.trouble()?;
        Some((trouble.problem.code, trouble.for_s))
    }
}

#[test]
fn while_all_is_quiet_or_well_nothing_is_asked() {
    let mut scene = Scene::default();
    assert!(!scene.pass(3_600));
    for _ in 0..3_600 {
        scene.counted.connections += 1;
        scene.counted.bytes_up += 500;
        scene.counted.bytes_down += 1;
        assert!(!scene.pass(1));
    }
    assert_eq!(scene.trouble(), None);
}

#[test]
fn a_local_end_that_is_gone_is_told_although_tor_is_ready() {
    let mut scene = Scene::default();
    let gone = TorProblem::ShadowsocksDown(meter_tor::UplinkError::Ended);
    let cut_off = TorStatus {
        trouble: Some(gone),
        ..tor(TorState::Ready)
    };
    scene.pass_with(1, &cut_off);
    assert_eq!(scene.trouble(), Some((ErrorCode::ShadowsocksDown, 0)));
    scene.pass(1);
    assert_eq!(scene.trouble(), None);
}

#[test]
fn ten_seconds_without_an_answer_are_a_doubt_and_no_verdict() {
    let mut scene = Scene::default();
    scene.counted.waiting = 1;
    assert!(!scene.pass(10));
    assert!(scene.pass(1));
    assert_eq!(scene.trouble(), None);
    scene.probed(true);
    scene.counted.bytes_up += 1;
    assert!(!scene.pass(59), "a site that answers nobody");
    assert!(scene.pass(1));
}

#[test]
fn a_probe_without_an_answer_is_silence_until_anything_is_heard() {
    let mut scene = Scene::default();
    scene.counted.waiting = 1;
    assert!(scene.pass(11));
    scene.pass(20);
    scene.probed(false);
    assert!(!scene.pass(9), "not all the time");
    assert!(scene.pass(1));
    assert_eq!(scene.trouble(), Some((ErrorCode::TorSilent, 40)));
    // That Tor gives up is no answer.
    scene.counted.unreached = [6, 1].into_iter().collect();
    scene.pass(1);
    assert!(scene.trouble().is_some());
    scene.counted.unreached = [6, 1, 4].into_iter().collect();
    scene.pass(1);
    assert_eq!(scene.trouble(), None);
}

#[test]
fn a_tor_that_breaks_connections_off_is_tested_at_once_and_said() {
    let mut scene = Scene::default();
    scene.counted.broken = 1;
    assert!(scene.pass(1), "there is no need to wait for the network");
    assert!(scene.dog.takes_break() && !scene.dog.takes_break());
    scene.probed(false);
    scene.pass(1);
    let problem = scene.dog.trouble().expect("it is silent").problem;
    let detail = problem.detail.expect("a broken port is said");
    assert!(detail.contains("SOCKS port"), "{detail}");
    assert_eq!(problem.code, ErrorCode::TorSilent);
    scene.counted.reached += 1;
    scene.pass(1);
    assert_eq!(scene.trouble(), None);
}

#[test]
fn an_answer_on_the_way_makes_a_late_probe_worthless() {
    let mut scene = Scene::default();
    scene.counted.waiting = 1;
    assert!(scene.pass(11));
    (scene.counted.waiting, scene.counted.bytes_down) = (0, 1);
    scene.pass(1);
    scene.probed(false);
    assert!(!scene.pass(100));
    assert_eq!(scene.trouble(), None);
}

#[test]
fn a_question_asked_right_after_an_answer_is_not_overlooked() {
    let mut scene = Scene::default();
    (scene.counted.connections, scene.counted.bytes_down) = (2, 1);
    scene.counted.waiting = 1;
    assert!(!scene.pass(10));
    assert!(scene.pass(1));
}

#[test]
fn waking_up_asks_at_once_and_once() {
    // Some machines have slept before the daemon started, others never.
    for slept_ms in [0, 3_600_000] {
        let mut scene = Scene {
            slept_ms,
            ..Scene::default()
        };
        assert!(!scene.pass(5));
        scene.slept_ms += 8 * 3_600_000;
        assert!(scene.pass(1));
        scene.probed(true);
        assert!(!scene.pass(600));
    }
}

#[test]
fn connections_that_are_made_and_then_stay_quiet_are_no_question() {
    let mut scene = Scene::default();
    (scene.counted.connections, scene.counted.waiting) = (6, 6);
    scene.pass(1);
    (scene.counted.reached, scene.counted.waiting) = (6, 0);
    assert!(!scene.pass(600));
}

#[test]
fn connections_that_were_made_are_no_question_and_those_that_tor_gave_up_are() {
    let mut scene = Scene::default();
    scene.counted.connections = 1_000;
    assert!(!scene.pass(600));
    scene.counted.unreached = [1].into_iter().collect();
    assert!(!scene.pass(10));
    assert!(scene.pass(1));
}

#[test]
fn strangers_that_the_relay_refused_are_no_question() {
    let mut scene = Scene::default();
    (scene.counted.connections, scene.counted.refused) = (5, 5);
    scene.counted.unreached = [2].into_iter().collect();
    assert!(!scene.pass(600));
}

#[test]
fn an_old_tor_is_told_while_it_works() {
    let mut scene = Scene::default();
    let mut old = tor(TorState::Ready);
    old.warnings = vec![TorWarning::VersionTooOld];
    scene.pass_with(1, &old);
    assert_eq!(scene.trouble(), Some((ErrorCode::TorTooOld, 0)));
}

#[test]
fn what_was_found_out_is_told_at_once_and_in_place_of_a_guess() {
    let mut scene = Scene::default();
    for lasted in [6, 65] {
        let mut stuck = stuck_for(lasted);
        stuck.trouble = Some(TorProblem::ShadowsocksUnreachable);
        scene.pass_with(1, &stuck);
        let for_s = if lasted == 6 { 0 } else { 60 };
        let found = (ErrorCode::ShadowsocksUnreachable, for_s);
        assert_eq!(scene.trouble(), Some(found));
    }
}

fn stuck_for(seconds: u64) -> TorStatus {
    let lasted = std::time::Duration::from_secs(seconds);
    tor(TorState::Bootstrapping(Bootstrap {
        percent: 10,
        tag: "of_tomorrow".to_owned(),
        summary: String::new(),
        warning: None,
        connect_error: None,
        since: tokio::time::Instant::now()
            .checked_sub(lasted)
            .expect("the machine runs longer"),
    }))
}

#[test]
fn a_phase_without_progress_is_told_and_goes_with_its_tor() {
    let mut scene = Scene::default();
    assert!(!scene.pass_with(1, &stuck_for(0)));
    assert_eq!(scene.trouble(), None);
    assert!(!scene.pass_with(1, &stuck_for(65)));
    assert_eq!(scene.trouble(), Some((ErrorCode::TorBlocked, 60)));
    scene.pass_with(1, &tor(TorState::Off));
    assert_eq!(scene.trouble(), None);
}
