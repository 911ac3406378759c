//! "Protected" is shown only after a test request of ours has arrived at the relay.

use crate::said::Words as _;
use crate::scene::{FIRST, PORT, Scene};
use meter_wire::{
    ErrorCode, FromDaemon, Outcome, Problem, RelayStatus, Reply, Request, TorState, write_message,
};
use onionmeter::proxy_value::{BrowserFamily, Reading};
use onionmeter::update::{Effect, Event, Intent, Timer, Verdict};
use onionmeter::view::{Light, Name, Tone};

/// The numbers of the witnesses that the browser was told to request.
fn knocks(scene: &Scene) -> Vec<u32> {
    let knock = |effect: &Effect| match effect {
        Effect::Knock { number, .. } => Some(*number),
        _ => None,
    };
    scene.effects.iter().filter_map(knock).collect()
}

/// The last timer that was set for the next witness.
fn next(scene: &Scene) -> (u32, u32) {
    let timers = scene.effects.iter().rev();
    let mut timers = timers.filter_map(|effect| match effect {
        Effect::After(Timer::Witness(number), ms) => Some((*number, *ms)),
        _ => None,
    });
    timers.next().expect("a timer")
}

/// Lets the time until the next witness pass.
fn wait(scene: &mut Scene) {
    let (number, _) = next(scene);
    scene.happen(Event::Timer(Timer::Witness(number)));
}

/// Lets the time limit of the last round pass.
fn time_is_over(scene: &mut Scene) {
    let timers = scene.effects.iter().rev();
    let mut timers = timers.filter_map(|effect| match effect {
        Effect::After(timer @ Timer::WitnessOver(_), _) => Some(*timer),
        _ => None,
    });
    let timer = timers.next().expect("a timer");
    scene.happen(Event::Timer(timer));
}

#[track_caller]
fn shows(scene: &Scene, light: Light, code: Option<ErrorCode>) {
    let view = scene.view();
    assert_eq!(view.header.state, light, "{:?}", view.header.sentence);
    let name = view.problem.map(|problem| problem.name);
    assert_eq!(name, code.map(Name::Code));
    let green = view.badge.tone == Tone::Good;
    assert_eq!(green, light == Light::Protected && code.is_none());
}

#[test]
fn a_setting_that_reads_back_as_ours_is_not_yet_protection() {
    let mut scene = Scene::new(1);
    scene.arrives = false;
    let mut scene = scene.started();
    assert_eq!(scene.state().browser_port(), Some(PORT));
    shows(&scene, Light::Connecting, None);
    assert!(scene.view().header.sentence.en().contains("Checking"));
    wait(&mut scene);
    shows(&scene, Light::Unprotected, Some(ErrorCode::WitnessLost));
    assert_eq!(scene.view().badge.tone, Tone::Alarm);
    scene.arrives = true;
    wait(&mut scene);
    shows(&scene, Light::Protected, None);
}

#[test]
fn one_request_that_goes_missing_takes_the_green_only_if_the_next_does_too() {
    let mut scene = Scene::new(1).started();
    scene.arrives = false;
    scene.happen(Event::Alarm);
    shows(&scene, Light::Protected, None);
    assert!(
        next(&scene).1 <= 1_000,
        "the second decides within a second"
    );
    scene.arrives = true;
    wait(&mut scene);
    shows(&scene, Light::Protected, None);
    scene.arrives = false;
    scene.happen(Event::Alarm);
    wait(&mut scene);
    shows(&scene, Light::Unprotected, Some(ErrorCode::WitnessLost));
    assert!(
        next(&scene).1 <= 10_000,
        "and is tried again within seconds"
    );
}

/// After a sleep browsers fire all alarms that came due meanwhile, at once.
#[test]
fn alarms_that_ring_together_after_a_sleep_do_not_make_one_miss_decide() {
    let mut scene = Scene::new(1).started();
    scene.arrives = false;
    for _ in 0..3 {
        scene.happen(Event::Alarm);
        shows(&scene, Light::Protected, None);
    }
    scene.arrives = true;
    wait(&mut scene);
    shows(&scene, Light::Protected, None);

    // A round in progress has not passed its time limit either.
    scene.silent = true;
    for _ in 0..6 {
        scene.happen(Event::Alarm);
    }
    let timers = |scene: &Scene| {
        let timers = scene.effects.iter();
        let is_next = |effect: &&Effect| matches!(effect, Effect::After(Timer::Witness(_), _));
        timers.filter(is_next).count()
    };
    assert_eq!(timers(&scene), 1, "only the first miss of all");
}

#[test]
fn pages_that_may_go_past_tor_are_said_before_what_tor_does() {
    let mut scene = Scene::new(1).started();
    scene.arrives = false;
    scene.happen(Event::Alarm);
    wait(&mut scene);
    scene.tor(TorState::Failed(Problem::new(ErrorCode::TorCrashLoop)));
    shows(&scene, Light::Unprotected, Some(ErrorCode::WitnessLost));
}

#[test]
fn every_reason_to_look_again_sends_another_witness() {
    let mut scene = Scene::new(1).started();
    let reasons = [
        Event::Alarm,
        Event::Subscribed(FIRST),
        Event::ProxyChanged,
        Event::Intent(Intent::CheckProxy),
    ];
    for (index, reason) in reasons.into_iter().enumerate() {
        let before = knocks(&scene).len();
        scene.happen(reason);
        assert_eq!(knocks(&scene).len(), before + 1, "reason {index}");
    }
    let mut numbers = knocks(&scene);
    numbers.dedup();
    assert_eq!(numbers, knocks(&scene), "each has a number of its own");
}

#[test]
fn what_no_longer_holds_is_found_out_anew() {
    let mut scene = Scene::new(1).started();
    for change in [RelayStatus::Stopped, RelayStatus::Listening { port: 4_000 }] {
        scene.status.relay = RelayStatus::Listening { port: PORT };
        scene.say_status();
        scene.happen(Event::Alarm);
        shows(&scene, Light::Protected, None);
        scene.arrives = false;
        scene.status.relay = change;
        scene.say_status();
        scene.status.relay = RelayStatus::Listening { port: PORT };
        scene.say_status();
        shows(&scene, Light::Connecting, None);
        scene.arrives = true;
        wait(&mut scene);
    }
    shows(&scene, Light::Protected, None);
    scene.arrives = false;
    scene.close("Native host has exited.");
    scene.closed_because = None;
    scene.happen(Event::Intent(Intent::Reconnect));
    shows(&scene, Light::Connecting, None);
    scene.arrives = true;
    scene.wake();
    shows(&scene, Light::Protected, None);
    scene.arrives = false;
    scene.wake();
    shows(&scene, Light::Connecting, None);
}

#[test]
fn no_witness_is_sent_where_none_could_arrive() {
    let mut scene = Scene::new(1);
    scene.answer = Ok(Reading::OtherExtension);
    let mut scene = scene.started();
    scene.happen(Event::Alarm);
    assert_eq!(knocks(&scene), [] as [u32; 0]);
    scene.proxy_becomes(Reading::Ours { port: PORT });
    assert_eq!(knocks(&scene).len(), 1);
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.happen(Event::Alarm);
    assert_eq!(knocks(&scene).len(), 1);
}

#[test]
fn a_browser_that_makes_no_further_connections_says_so() {
    let mut scene = Scene::new(1).started();
    (scene.arrives, scene.in_time) = (false, false);
    scene.status.connections = 131;
    scene.happen(Event::Alarm);
    wait(&mut scene);
    shows(&scene, Light::Blocked, Some(ErrorCode::ConnectionsFull));
    let problem = scene.view().problem.expect("shown");
    let detail = problem.detail.expect("how many").en();
    assert!(detail.starts_with("131 "), "{detail}");
    assert!(
        problem
            .hint
            .expect("what to do")
            .en()
            .contains("Close tabs")
    );
    (scene.arrives, scene.in_time) = (true, true);
    wait(&mut scene);
    shows(&scene, Light::Protected, None);
    // Few connections, or a request that failed at once, do not mean that.
    for (in_time, connections) in [(false, 3), (true, 131)] {
        (scene.arrives, scene.in_time) = (false, in_time);
        scene.status.connections = connections;
        scene.happen(Event::Alarm);
        wait(&mut scene);
        shows(&scene, Light::Unprotected, Some(ErrorCode::WitnessLost));
        scene.arrives = true;
        wait(&mut scene);
    }
}

#[test]
fn an_older_program_that_knows_no_witnesses_is_named_and_never_green() {
    let mut scene = Scene::new(1);
    scene
        .capabilities
        .retain(|name| !name.starts_with("witness"));
    let mut scene = scene.started();
    shows(&scene, Light::Connecting, Some(ErrorCode::WitnessUnknown));
    let problem = scene.view().problem.expect("shown");
    assert_eq!(problem.command, Some("onionmeter stop"));
    let asks = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => envelope.request == Request::Witness,
        _ => false,
    };
    assert!(!scene.effects.iter().any(asks));
    scene.capabilities.push("witness".to_owned());
    scene.happen(Event::Intent(Intent::Reconnect));
    shows(&scene, Light::Protected, None);
}

#[test]
fn a_host_that_refuses_to_say_takes_the_green() {
    let mut scene = Scene::new(1).started();
    scene.silent = true;
    scene.happen(Event::Alarm);
    let refuse = |scene: &mut Scene| {
        let id = scene.effects.iter().rev().find_map(|effect| match effect {
            Effect::Send(_, envelope) if envelope.request == Request::Witness => Some(envelope.id),
            _ => None,
        });
        let outcome = Outcome::Error(Problem::new(ErrorCode::Busy));
        let message = FromDaemon::Reply(Reply { id, outcome });
        let json = String::from_utf8(write_message(&message)).expect("JSON");
        let connection = scene.connection;
        scene.happen(Event::Frame { connection, json });
    };
    refuse(&mut scene);
    wait(&mut scene);
    refuse(&mut scene);
    shows(&scene, Light::Connecting, None);
    scene.silent = false;
    wait(&mut scene);
    shows(&scene, Light::Protected, None);
}

#[test]
fn a_witness_that_never_comes_to_an_end_takes_the_green() {
    let mut scene = Scene::new(1).started();
    scene.silent = true;
    scene.happen(Event::Alarm);
    time_is_over(&mut scene);
    shows(&scene, Light::Protected, None);
    wait(&mut scene);
    time_is_over(&mut scene);
    assert!(!scene.state().is_protected());
}

#[test]
fn what_an_earlier_witness_brings_is_not_believed() {
    let mut scene = Scene::new(1).started();
    let early = knocks(&scene)[0];
    scene.silent = true;
    scene.happen(Event::Alarm);
    let sent = scene.effects.len();
    for number in [early, 0, u32::MAX] {
        scene.happen(Event::Knocked {
            number,
            in_time: true,
        });
        scene.happen(Event::Timer(Timer::Witness(early)));
    }
    assert_eq!(scene.effects.len(), sent, "{:?}", &scene.effects[sent..]);
}

#[test]
fn another_extension_that_takes_some_requests_is_named_until_a_person_asks_again() {
    let mut scene = Scene::new(1);
    scene.family = BrowserFamily::Gecko;
    let mut scene = scene.started();
    scene.happen(Event::Astray);
    let code = Some(ErrorCode::ProxyOverridden);
    shows(&scene, Light::Unprotected, code);
    scene.happen(Event::Alarm);
    shows(&scene, Light::Unprotected, code);
    scene.wake();
    assert_eq!(scene.state().witness.verdict(), Verdict::Arrived);
    shows(&scene, Light::Unprotected, code);
    scene.happen(Event::Intent(Intent::CheckProxy));
    shows(&scene, Light::Protected, None);
}

#[test]
fn another_extension_that_takes_all_requests_is_forgotten_once_it_is_gone() {
    let mut scene = Scene::new(1).started();
    scene.arrives = false;
    scene.happen(Event::Astray);
    shows(&scene, Light::Unprotected, Some(ErrorCode::ProxyOverridden));
    wait(&mut scene);
    shows(&scene, Light::Unprotected, Some(ErrorCode::WitnessLost));
    scene.happen(Event::Astray);
    scene.arrives = true;
    wait(&mut scene);
    shows(&scene, Light::Protected, None);
}
