//! New identity: when it can be used, what is shown about it, and for how long.

use crate::said::Words;
use crate::scene::{FIRST, Scene};
use meter_wire::{
    ErrorCode, FromDaemon, Notice, Outcome, Problem, RelayStatus, Reply, Request, Success,
    TorState, write_message,
};
use onionmeter::proxy_value::Reading;
use onionmeter::update::{Effect, Event, Intent, SubscriberId};
use onionmeter::view::Name;

fn asked(scene: &Scene) -> usize {
    let asks = |effect: &&Effect| match effect {
        Effect::Send(_, envelope) => envelope.request == Request::NewIdentity,
        _ => false,
    };
    scene.effects.iter().filter(asks).count()
}

fn press(scene: &mut Scene) {
    scene.happen(Event::Intent(Intent::NewIdentity));
}

/// Lets a second pass for the daemon.
fn second(scene: &mut Scene) {
    scene.status.new_identity_in_s -= 1;
    scene.say_status();
}

#[test]
fn a_new_identity_is_made_once_and_waited_for_before_the_next() {
    let mut scene = Scene::new(1).started();
    let view = scene.view().identity;
    assert_eq!(view.intent, Some(Intent::NewIdentity));
    assert_eq!((view.again, view.done), (None, None));
    assert!(
        view.text.en().contains("Cookies and log-ins stay"),
        "{}",
        view.text.en()
    );

    press(&mut scene);
    assert_eq!(asked(&scene), 1);
    let view = scene.view().identity;
    let done = view.done.expect("it was done").en();
    for part in [
        "new circuits",
        "Open connections keep theirs",
        "Cookies and log-ins stay",
    ] {
        assert!(done.contains(part), "{done}");
    }
    assert_eq!(
        view.again.as_ref().map(Words::en).as_deref(),
        Some("again in 10 sec")
    );
    assert_eq!(view.intent, None, "nothing to press meanwhile");

    for left in (1..10).rev() {
        second(&mut scene);
        let again = format!("again in {left} sec");
        assert_eq!(
            scene.view().identity.again.map(|text| text.en()),
            Some(again)
        );
    }
    second(&mut scene);
    let view = scene.view().identity;
    assert_eq!((view.intent, view.again), (Some(Intent::NewIdentity), None));
    assert!(view.done.is_some(), "still there to be read");
}

/// A second popup.
const SECOND: SubscriberId = SubscriberId(1);

#[test]
fn what_was_done_is_said_until_the_popup_closes() {
    let mut scene = Scene::new(1).started();
    press(&mut scene);
    scene.happen(Event::Subscribed(SECOND));
    scene.happen(Event::Unsubscribed(SECOND));
    assert!(scene.view().identity.done.is_some(), "another one is open");
    scene.happen(Event::Unsubscribed(FIRST));
    scene.happen(Event::Subscribed(SECOND));
    let view = scene.view().identity;
    assert_eq!(view.done, None);
    assert!(view.again.is_some(), "the wait goes on");
}

#[test]
fn a_popup_that_is_told_gone_twice_takes_no_other_with_it() {
    let mut scene = Scene::new(1).started();
    press(&mut scene);
    scene.happen(Event::Subscribed(SECOND));
    for _ in 0..2 {
        scene.happen(Event::Unsubscribed(SECOND));
    }
    assert!(scene.view().identity.done.is_some(), "one is still open");
    scene.draws.clear();
    scene.status.new_identity_in_s = 7;
    scene.say_status();
    assert_eq!(scene.draws, [[FIRST]], "and is drawn");
}

#[test]
fn a_refusal_is_said_in_its_own_words_and_put_away() {
    let mut scene = Scene::new(1).started();
    let seconds = "possible again in 10 s";
    scene.refusal = Some(Problem::with_detail(ErrorCode::IdentityTooSoon, seconds));
    press(&mut scene);
    assert_eq!(scene.view().identity.done, None);
    let problem = scene.view().problem.expect("shown");
    assert_eq!(problem.detail, None, "the button counts the seconds down");
    assert_eq!(problem.name, Name::Code(ErrorCode::IdentityTooSoon));
    scene.happen(Event::Intent(Intent::Dismiss));
    assert_eq!(scene.view().problem, None);
}

#[test]
fn without_relay_tor_or_protection_there_is_a_reason_instead_of_a_button() {
    #[track_caller]
    fn check(reason: &str, act: impl FnOnce(&mut Scene)) {
        let mut scene = Scene::new(1).started();
        press(&mut scene);
        act(&mut scene);
        let view = scene.view().identity;
        assert_eq!(view.text.en(), reason);
        assert_eq!((view.intent, view.done, view.again), (None, None, None));
    }
    check("Tor is not running.", |scene| scene.tor(TorState::Off));
    check("Possible as soon as Tor is connected.", |scene| {
        scene.tor(TorState::Starting);
    });
    check("The relay is stopped.", |scene| {
        scene.status.relay = RelayStatus::Stopped;
        scene.say_status();
    });
    check("The Onionmeter program is not there.", |scene| {
        scene.close("Native host has exited.");
    });
    check("The Onionmeter program does not answer.", |scene| {
        scene.notice(Notice::Problem(Problem::new(ErrorCode::DaemonSilent)));
        scene.close("Native host has exited.");
    });
    check(
        "Onionmeter does not control this browser's proxy.",
        |scene| {
            scene.proxy_becomes(Reading::OtherExtension);
        },
    );
    check("Possible once protection is on.", |scene| {
        scene.happen(Event::Intent(Intent::TurnOff));
    });
}

#[test]
fn a_late_answer_of_a_lost_connection_is_not_taken_for_done() {
    let mut scene = Scene::new(1).started();
    scene.silent = true;
    press(&mut scene);
    let id: Option<u32> = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Send(_, envelope) => Some(envelope.id),
        _ => None,
    });
    assert!(id.is_some(), "it was sent");
    scene.silent = false;
    scene.happen(Event::Intent(Intent::Reconnect));
    let late = FromDaemon::Reply(Reply {
        id,
        outcome: Outcome::Ok(Success::Done),
    });
    scene.happen(Event::Frame {
        connection: scene.connection,
        json: String::from_utf8(write_message(&late)).expect("JSON"),
    });
    assert_eq!(scene.view().identity.done, None);
}
