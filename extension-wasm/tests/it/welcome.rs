//! The welcome page: opened once, its steps are what is true now, and its self-test ticks nothing
//! that was not seen.

use crate::said::Words as _;
use crate::scene::{NOT_FOUND, PORT, Scene};
use meter_wire::{SessionStatus, TorState, U64Text};
use onionmeter::drawn::PageView;
use onionmeter::proxy_value::{BrowserFamily, ProxyRefusal, Reading};
use onionmeter::update::{
    Effect, Event, Intent, OldTabs, PrivateWindows, Shows, SubscriberId, Timer, candidates_of,
};
use onionmeter::view::{Mark, Step, WelcomeView};

const PAGE: SubscriberId = SubscriberId(7);

fn open(scene: &mut Scene) {
    let shows = Shows::Welcome;
    scene.happen(Event::Opened { page: PAGE, shows });
}

fn opened(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::new(1);
    change(&mut scene);
    let mut scene = scene.started();
    open(&mut scene);
    scene
}

fn view(scene: &Scene) -> WelcomeView {
    let pages = scene.pages.iter().rev();
    let found = pages.filter_map(|(view, _)| match view {
        PageView::Welcome(view) => Some(view.as_ref().clone()),
        PageView::Dashboard(_) | PageView::Options(_) => None,
    });
    found.take(1).next().expect("the page is open")
}

#[track_caller]
fn line(scene: &Scene, name: &str) -> Step {
    let view = view(scene);
    let lines = view.steps.into_iter().chain(view.tests);
    let mut lines = lines.chain([view.counted]);
    lines.find(|step| step.name == name).expect(name)
}

fn marks(scene: &Scene) -> Vec<(&'static str, Mark)> {
    let view = view(scene);
    let lines = view.steps.iter().chain(&view.tests).chain([&view.counted]);
    lines.map(|step| (step.name, step.mark)).collect()
}

fn shows(scene: &Scene) -> usize {
    let is_welcome = |effect: &&Effect| **effect == Effect::OpenPage(Shows::Welcome);
    scene.effects.iter().filter(is_welcome).count()
}

#[test]
fn the_page_opens_once_whatever_the_browser_says_again() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 1);
    open(&mut scene);
    scene.happen(Event::Unsubscribed(PAGE));
    for _ in 0..10 {
        scene.happen(Event::Timer(Timer::Welcome));
    }
    scene.happen(Event::Loaded);
    scene.wake();
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 1, "it was stored");
    scene.happen(Event::Intent(Intent::OpenWelcome));
    assert_eq!(shows(&scene), 2, "a person asked");
}

#[test]
fn a_page_whose_end_is_told_before_that_of_the_extension_comes_back() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Loaded);
    open(&mut scene);
    scene.happen(Event::Unsubscribed(PAGE));
    scene.wake();
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 2);
}

#[test]
fn a_page_that_the_browser_closed_together_with_the_extension_comes_back() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Loaded);
    // A person allows private windows, before the page has said anything or after.
    scene.wake();
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 2);
    open(&mut scene);
    scene.wake();
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 3);
    scene.wake();
    scene.happen(Event::BrowserStarted);
    scene.happen(Event::Loaded);
    assert_eq!(shows(&scene), 3, "a page of an earlier browser is not open");
}

#[test]
fn a_program_that_is_missing_is_named_with_its_command_and_found_without_a_click() {
    let mut scene = opened(|scene| scene.closed_because = Some(NOT_FOUND));
    let step = line(&scene, "program");
    assert_eq!(
        (step.mark, step.command),
        (Mark::Todo, Some("onionmeter install"))
    );
    assert_eq!(line(&scene, "tor").mark, Mark::Waits);
    scene.closed_because = None;
    scene.happen(Event::Timer(Timer::Welcome));
    assert_eq!(line(&scene, "program").mark, Mark::Done);
    assert_eq!(line(&scene, "tor").mark, Mark::Done);
}

#[test]
fn nothing_is_looked_for_after_the_page_has_closed() {
    let mut scene = opened(|_| {});
    scene.happen(Event::Unsubscribed(PAGE));
    let before = scene.effects.len();
    for _ in 0..20 {
        scene.happen(Event::Timer(Timer::Welcome));
    }
    let after = scene.effects.get(before..).expect("there");
    let is_timer = |effect: &Effect| matches!(effect, Effect::After(Timer::Welcome, _));
    assert!(after.iter().all(is_timer), "{after:?}");
    assert_eq!(after.len(), 9, "some looks for the page alone, then none");
    open(&mut scene);
    let timers = |scene: &Scene| {
        scene
            .effects
            .iter()
            .filter(|effect| is_timer(effect))
            .count()
    };
    let one = timers(&scene);
    let (page, shows) = (SubscriberId(8), Shows::Welcome);
    scene.happen(Event::Opened { page, shows });
    assert_eq!(timers(&scene), one, "two pages share one timer");
}

/// A busy browser ends the worker seconds after the pages.
#[test]
fn a_page_that_closed_long_before_the_worker_ended_comes_back() {
    for (looks, shown) in [(0, 2), (5, 2), (9, 2), (10, 1)] {
        let mut scene = Scene::new(1).started();
        scene.happen(Event::Loaded);
        open(&mut scene);
        scene.happen(Event::Unsubscribed(PAGE));
        for _ in 0..looks {
            scene.happen(Event::Timer(Timer::Welcome));
        }
        scene.wake();
        scene.happen(Event::Loaded);
        assert_eq!(shows(&scene), shown, "{looks}");
    }
}

#[test]
fn tor_shows_its_bootstrap_and_one_button_when_it_is_off() {
    let mut scene = opened(|_| {});
    scene.tor(TorState::Bootstrapping {
        percent: 45,
        tag: "requesting_descriptors".to_owned(),
        summary: "Asking for relay descriptors".to_owned(),
        warning: None,
    });
    let step = line(&scene, "tor");
    assert_eq!((step.mark, step.percent), (Mark::Busy, Some(45)));
    assert_eq!(step.act, None);
    scene.tor(TorState::Off);
    let step = line(&scene, "tor");
    assert_eq!(step.mark, Mark::Todo);
    assert_eq!(step.act.expect("a button").intent, Intent::TorStart);
    assert_eq!(line(&scene, "through").mark, Mark::Waits, "not tested now");
}

#[test]
fn private_windows_are_needed_in_firefox_and_offered_in_chromium() {
    let denied = |family, answer| {
        opened(|scene| {
            scene.family = family;
            scene.private = PrivateWindows::NotAllowed;
            scene.answer = answer;
        })
    };
    let chromium = denied(BrowserFamily::Chromium, Ok(Reading::Free));
    let step = line(&chromium, "private");
    assert_eq!(step.mark, Mark::Optional);
    assert_eq!(step.act.expect("a way").intent, Intent::OpenDetails);
    let firefox = denied(BrowserFamily::Gecko, Err(ProxyRefusal::PrivateWindows));
    let step = line(&firefox, "private");
    assert_eq!(
        (step.mark, step.act),
        (Mark::Todo, None),
        "it cannot open the page"
    );
    assert_eq!(line(&firefox, "rival").mark, Mark::Waits, "said once");
    assert_eq!(line(&firefox, "kill_switch").mark, Mark::Waits);
}

#[test]
fn another_extension_in_the_way_is_a_fault_with_a_way_to_it() {
    let mut scene = opened(|_| {});
    scene.proxy_becomes(Reading::OtherExtension);
    let step = line(&scene, "rival");
    assert_eq!(step.mark, Mark::Fault);
    assert_eq!(step.act.expect("a way").intent, Intent::OpenExtensions);
    assert_eq!(line(&scene, "program").mark, Mark::Done, "not its fault");
    assert_eq!(line(&scene, "kill_switch").mark, Mark::Waits);
}

#[test]
fn tabs_from_before_and_protection_that_is_off_are_steps_only_then() {
    let (marked, unmarked) = (vec![3, 4], Vec::new());
    let mut scene = opened(|scene| scene.old_tabs = OldTabs { marked, unmarked });
    let act = line(&scene, "tabs").act.expect("a button");
    scene.happen(Event::Intent(act.intent));
    assert!(marks(&scene).iter().all(|(name, _)| *name != "tabs"));
    scene.happen(Event::Intent(Intent::TurnOff));
    let act = line(&scene, "switch").act.expect("a button");
    scene.happen(Event::Intent(act.intent));
    assert!(marks(&scene).iter().all(|(name, _)| *name != "switch"));
}

#[test]
fn the_toolbar_is_a_step_where_the_browser_tells() {
    let mut scene = opened(|_| {});
    assert!(scene.effects.contains(&Effect::ReadToolbar));
    assert!(marks(&scene).iter().all(|(name, _)| *name != "pinned"));
    for (there, mark) in [(false, Mark::Optional), (true, Mark::Done)] {
        scene.happen(Event::Toolbar(Some(there)));
        assert_eq!(line(&scene, "pinned").mark, mark);
    }
}

#[test]
fn a_tick_of_the_self_test_needs_what_it_says_and_nothing_less() {
    assert!(!view(&opened(|_| {})).probe, "it would tell nothing");
    let mut scene = opened(|scene| scene.family = BrowserFamily::Gecko);
    assert!(view(&scene).probe, "only the page can try WebRTC");
    assert_eq!(line(&scene, "web_rtc").mark, Mark::Busy);
    scene.happen(Event::WebRtc { candidates: 2 });
    assert_eq!(line(&scene, "web_rtc").mark, Mark::Fault);
    scene.happen(Event::Timer(Timer::Welcome));
    assert!(view(&scene).probe, "the fault may be gone");
    scene.happen(Event::WebRtc { candidates: 0 });
    for name in ["through", "names", "web_rtc", "kill_switch"] {
        assert_eq!(line(&scene, name).mark, Mark::Done, "{name}");
    }
    assert!(!view(&scene).done, "nothing was counted yet");
    scene.arrives = false;
    scene.happen(Event::Alarm);
    scene.happen(Event::Timer(Timer::Witness(scene_witness(&scene))));
    for name in ["through", "names"] {
        assert_eq!(line(&scene, name).mark, Mark::Fault, "{name}");
    }
    let privacy = opened(|scene| scene.hardens = false);
    for name in ["names", "web_rtc"] {
        assert_eq!(line(&privacy, name).mark, Mark::Fault, "{name}");
    }
}

#[test]
fn a_fault_of_the_self_test_is_said_above_it_when_every_step_is_done() {
    let says = |scene: &Scene| view(scene).says.en();
    let scene = opened(|scene| scene.hardens = false);
    assert!(says(&scene).contains("the self-test found a fault"));
    assert_eq!(says(&opened(|_| {})), "Everything is set up.");
}

/// The number of the last witness.
fn scene_witness(scene: &Scene) -> u32 {
    let number = |effect: &Effect| match effect {
        Effect::After(Timer::Witness(number), _) => Some(*number),
        _ => None,
    };
    scene
        .effects
        .iter()
        .rev()
        .find_map(number)
        .expect("one waits")
}

#[test]
fn the_last_tick_is_the_first_byte_and_then_all_is_done() {
    let mut scene = opened(|scene| scene.private = PrivateWindows::Allowed(ours()));
    scene.happen(Event::WebRtc { candidates: 0 });
    let step = line(&scene, "counted");
    assert_eq!(step.mark, Mark::Todo);
    assert_eq!(step.act.expect("a page").intent, Intent::OpenCheck);
    scene.status.session = Some(SessionStatus {
        started_at: U64Text(0),
        bytes_up: U64Text(0),
        bytes_down: U64Text(1),
        duration_ms: U64Text(0),
        progress_permille: 0,
    });
    scene.say_status();
    assert_eq!(line(&scene, "counted").mark, Mark::Done);
    assert!(view(&scene).done);
    // Resumed in another worker: it stands where it stood, without a stored position.
    scene.wake();
    open(&mut scene);
    scene.happen(Event::WebRtc { candidates: 0 });
    assert!(view(&scene).done);
}

const fn ours() -> Reading {
    Reading::Ours { port: PORT }
}

#[test]
fn chromium_does_not_claim_what_it_cannot_test_in_private_windows() {
    let mut scene = opened(|scene| scene.private = PrivateWindows::Allowed(ours()));
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    scene.happen(Event::WebRtc { candidates: 0 });
    for name in ["through", "names"] {
        assert_eq!(line(&scene, name).mark, Mark::Optional, "{name}");
    }
    assert_eq!(line(&scene, "kill_switch").mark, Mark::Done);
    assert_eq!(line(&scene, "counted").act, None, "no tab past Tor");
}

#[test]
fn firefox_ticks_for_private_windows_alone_what_it_tested_for_them() {
    let mut scene = opened(|scene| {
        scene.family = BrowserFamily::Gecko;
        scene.private = PrivateWindows::Allowed(ours());
    });
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    let through = line(&scene, "through");
    assert_eq!(through.mark, Mark::Done);
    assert_eq!(through.title.en(), "Private windows go through Tor");
    let says = through.says.expect("its evidence").en();
    assert!(says.ends_with("Other windows go out directly."), "{says}");
    let names = line(&scene, "names").title.en();
    assert_eq!(names, "Names of private windows are resolved by Tor");
}

#[test]
fn what_a_page_gathered_has_one_form() {
    assert_eq!(candidates_of(r#"{"web_rtc":0}"#), Some(0));
    for bad in [
        "",
        "null",
        "[0]",
        r#"{"web_rtc":-1}"#,
        r#"{"web_rtc":"0"}"#,
        r#"{"web_rtc":0,"more":1}"#,
        r#"{"intent":"turn_off"}"#,
    ] {
        assert_eq!(candidates_of(bad), None, "{bad}");
    }
}
