//! Private windows: green never promises more than is true.

use crate::said::Words as _;
use crate::scene::{FIRST, PORT, Scene};
use meter_wire::TorState;
use onionmeter::proxy_value::{BrowserFamily, ProxyRefusal, Reading};
use onionmeter::update::{Effect, Event, Intent, OldTabs, PrivateWindows, Windows};
use onionmeter::view::{Light, Name, Own, Tone};

fn with(family: BrowserFamily, private: PrivateWindows) -> Scene {
    let mut scene = Scene::new(1);
    (scene.family, scene.private) = (family, private);
    scene.started()
}

/// Whether header, badge and note all say that private windows are not covered.
#[track_caller]
fn says_so(scene: &Scene) -> bool {
    let view = scene.view();
    assert_eq!(view.header.state, Light::Protected);
    let note = view.note.map_or_else(String::new, |note| note.text.en());
    let is_green = !view.header.in_part;
    assert_eq!(is_green, view.badge.tone == Tone::Good);
    let word = match is_green {
        true => "Protected",
        false => "Protected in part",
    };
    assert_eq!(view.header.word.en(), word);
    let said = [view.header.sentence.en(), view.badge.title.en(), note]
        .map(|text: String| text.to_lowercase().contains("private windows"));
    let [header, badge, line] = said;
    assert!(header == badge && badge == line, "{said:?}");
    assert!(is_green != header, "never green where they are not covered");
    header
}

#[test]
fn chromium_is_never_green_while_private_windows_go_past_tor() {
    let allowed = |reading| PrivateWindows::Allowed(reading);
    for (private, uncovered) in [
        (PrivateWindows::NotAllowed, true),
        (allowed(Reading::OtherExtension), true),
        (allowed(Reading::NotControllable), true),
        (allowed(Reading::Free), true),
        (allowed(Reading::Ours { port: PORT }), false),
    ] {
        let scene = with(BrowserFamily::Chromium, private);
        assert_eq!(says_so(&scene), uncovered, "{private:?}");
    }
}

/// The answer about them may be the last of all.
#[test]
fn no_badge_is_green_before_the_browser_has_told_about_private_windows() {
    let is_green = |scene: &Scene| scene.badges.iter().any(|badge| badge.tone == Tone::Good);
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let scene = with(family, PrivateWindows::Unknown);
        assert_eq!(scene.view().header.state, Light::Connecting);
        assert!(!is_green(&scene), "{family:?}");
    }
    let mut scene = with(BrowserFamily::Chromium, PrivateWindows::NotAllowed);
    for told in [PrivateWindows::NotAllowed, PrivateWindows::Unknown] {
        scene.badges.clear();
        scene.private = PrivateWindows::Unknown;
        scene.wake();
        assert_eq!(scene.view().badge.tone, Tone::Private, "as it was");
        scene.happen(Event::PrivateWindows(told));
        assert!(!is_green(&scene));
    }
    assert_eq!(scene.view().badge.tone, Tone::Private, "still nobody knows");
    let ours = Reading::Ours { port: PORT };
    scene.happen(Event::PrivateWindows(PrivateWindows::Allowed(ours)));
    assert!(!says_so(&scene), "now it is known");
}

#[test]
fn firefox_takes_its_settings_for_all_windows_or_for_none() {
    assert!(!says_so(&with(
        BrowserFamily::Gecko,
        PrivateWindows::NotAllowed
    )));
}

#[test]
fn the_word_comes_and_goes_with_the_switch() {
    let mut scene = with(BrowserFamily::Chromium, PrivateWindows::NotAllowed);
    assert!(says_so(&scene));
    let note = scene.view().note.expect("shown");
    scene.happen(Event::Intent(note.button.intent));
    assert!(scene.effects.contains(&Effect::OpenDetails));
    assert!(says_so(&scene), "seeing the switch changes nothing");
    scene.private = PrivateWindows::Allowed(Reading::Ours { port: PORT });
    scene.happen(Event::Subscribed(FIRST));
    assert!(!says_so(&scene));
    scene.private = PrivateWindows::NotAllowed;
    scene.wake();
    assert!(says_so(&scene));
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(scene.view().note, None, "nothing is covered then");
}

/// Private windows only, in force.
fn private_only(family: BrowserFamily) -> Scene {
    let mut scene = with(family, PrivateWindows::Allowed(Reading::Free));
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    assert_eq!(scene.state().windows, Windows::PrivateOnly);
    assert!(scene.state().is_protected());
    scene
}

/// The windows of each order that was given since the effect with this number.
fn orders(scene: &Scene, since: usize) -> Vec<(Windows, bool)> {
    let order = |effect: &Effect| match effect {
        Effect::ApplyProxy { windows, .. } => Some((*windows, true)),
        Effect::ClearProxy { windows, .. } => Some((*windows, false)),
        _ => None,
    };
    scene.effects.iter().skip(since).filter_map(order).collect()
}

#[test]
fn private_windows_alone_are_chosen_only_where_they_are_allowed() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = with(family, PrivateWindows::NotAllowed);
        let before = scene.effects.len();
        scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
        assert_eq!(scene.state().windows, Windows::All, "nothing would be left");
        assert_eq!(orders(&scene, before), []);
        assert!(scene.state().is_protected(), "as before");
    }
}

#[test]
fn the_choice_is_stored_before_the_browser_is_told() {
    let mut scene = with(
        BrowserFamily::Chromium,
        PrivateWindows::Allowed(Reading::Ours { port: PORT }),
    );
    let before = scene.effects.len();
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    let (at, stored) = scene.locals.last().expect("stored");
    assert_eq!(*at, before, "before any effect");
    assert!(stored.contains(r#""protected_windows":"private_only""#));
    scene.wake();
    assert_eq!(scene.state().windows, Windows::PrivateOnly);
    assert!(scene.state().is_protected(), "after the worker ended, too");
}

#[test]
fn a_change_of_the_choice_never_clears_what_protects() {
    let mut scene = private_only(BrowserFamily::Chromium);
    let before = scene.effects.len();
    // What the browser says after the choice: other windows have nothing of ours yet.
    scene.answer = Ok(Reading::OursOther);
    scene.happen(Event::Intent(Intent::ProtectAll));
    assert_eq!(orders(&scene, before), [(Windows::All, true)]);
    let light = scene.view().header.state;
    assert_ne!(light, Light::Protected, "the browser has not confirmed it");
    let before = scene.effects.len();
    scene.answer = Ok(Reading::Free);
    scene.happen(Event::Intent(Intent::CheckProxy));
    assert!(scene.state().is_protected());
    assert_eq!(orders(&scene, before), [(Windows::All, true)]);
}

#[test]
fn pages_of_other_windows_are_of_before_when_all_are_chosen() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = private_only(family);
        let (marked, unmarked) = (vec![5], Vec::new());
        scene.old_tabs = OldTabs { marked, unmarked };
        scene.answer = Ok(Reading::OursOther);
        scene.happen(Event::Intent(Intent::ProtectAll));
        let before = scene.effects.len();
        scene.answer = Ok(Reading::Free);
        scene.happen(Event::Intent(Intent::CheckProxy));
        let marks = |effect: &Effect| matches!(effect, Effect::MarkPages { .. });
        assert!(scene.effects.iter().skip(before).any(marks));
        assert_eq!(scene.state().pages.count(), 1);
        assert!(!scene.state().is_protected(), "it went out directly");
    }
}

#[test]
fn private_windows_that_were_protected_already_have_no_pages_of_before() {
    let allowed = PrivateWindows::Allowed(Reading::Ours { port: PORT });
    let mut scene = with(BrowserFamily::Chromium, allowed);
    let before = scene.effects.len();
    scene.answer = Ok(Reading::Wider { port: PORT });
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    assert_eq!(orders(&scene, before), [(Windows::PrivateOnly, true)]);
    let marks = |effect: &Effect| matches!(effect, Effect::MarkPages { .. });
    assert!(!scene.effects.iter().skip(before).any(marks));
}

#[test]
fn chromium_sends_no_request_of_its_own_past_tor_while_others_go_out_directly() {
    let knocks = |scene: &Scene, since| {
        let knock = |effect: &&Effect| matches!(effect, Effect::Knock { .. });
        scene.effects.iter().skip(since).filter(knock).count()
    };
    for (family, sent) in [(BrowserFamily::Chromium, 0), (BrowserFamily::Gecko, 1)] {
        let mut scene = private_only(family);
        let before = scene.effects.len();
        scene.happen(Event::Alarm);
        assert_eq!(knocks(&scene, before), sent, "{family:?}");
        assert!(scene.state().is_protected());
    }
}

#[test]
fn private_windows_alone_are_not_protected_once_they_are_not_allowed() {
    let mut scene = private_only(BrowserFamily::Chromium);
    scene.answer = Err(ProxyRefusal::PrivateWindows);
    scene.private = PrivateWindows::NotAllowed;
    scene.wake();
    assert!(!scene.state().is_protected());
    let view = scene.view();
    assert_eq!(view.header.state, Light::Unprotected);
    assert_eq!(view.badge.text.en(), "!");
    assert_eq!(view.header.sentence.en(), "No window goes through Tor.");
    let problem = view.problem.expect("said");
    assert_eq!(problem.name, Name::Own(Own::PrivateNotAllowed));
    assert_eq!(problem.button.intent, Intent::OpenDetails);
    assert_eq!(view.note, None, "it is said once");
}

#[test]
fn green_keeps_its_one_meaning() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let mut scene = private_only(family);
        let view = scene.view();
        assert_eq!(view.header.state, Light::Private);
        assert!(
            view.header
                .sentence
                .en()
                .contains("Other windows go out directly")
        );
        assert_eq!(view.badge.tone, Tone::Private);
        scene.status.tor.state = TorState::Starting;
        scene.say_status();
        let view = scene.view();
        assert_eq!(view.header.state, Light::Connecting);
        assert!(view.header.sentence.en().contains("others go out directly"));
    }
}

#[test]
fn off_clears_what_either_choice_has_set() {
    for refused in [false, true] {
        let mut scene = private_only(BrowserFamily::Chromium);
        let before = scene.effects.len();
        if refused {
            // The worker ended before it was done, and private windows cannot be read any more.
            scene.answer = Err(ProxyRefusal::PrivateWindows);
        }
        scene.happen(Event::Intent(Intent::TurnOff));
        assert_eq!(orders(&scene, before), [(Windows::PrivateOnly, false)]);
    }
}

#[test]
fn an_error_of_another_window_is_no_error_of_private_windows() {
    let mut scene = private_only(BrowserFamily::Chromium);
    scene.happen(Event::ProxyError { fatal: false });
    assert!(scene.state().is_protected());
}
