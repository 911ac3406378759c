//! Who else sets the proxy or the privacy settings: another extension, a policy, a person.

use super::{applies, shows};
use crate::said::Words as _;
use crate::scene::{PORT, Scene};
use meter_wire::ErrorCode;
use onionmeter::{
    proxy_value::{BrowserFamily, ProxyRefusal, Reading},
    update::{Effect, Event, Intent, ProxyTurn},
    view::{Light, Name, Own, Tone},
};

#[test]
fn a_setting_that_vanishes_without_the_host_is_written_again() {
    let mut scene = Scene::new(1).started();
    scene.close("Native host has exited.");
    scene.proxy_becomes(Reading::Free);
    assert_eq!(applies(&scene), [PORT, PORT]);
    shows(&scene, Light::Blocked, Some(ErrorCode::HostStopped));
}

#[test]
fn another_extension_in_control_is_never_protected() {
    let mut scene = Scene::new(1).started();
    scene.proxy_becomes(Reading::OtherExtension);
    shows(
        &scene,
        Light::Unprotected,
        Some(ErrorCode::ProxyControlledByOther),
    );
    let tries = applies(&scene).len();
    for _ in 0..5 {
        scene.happen(Event::ProxyChanged);
    }
    assert_eq!(
        applies(&scene).len(),
        tries,
        "the browser is not asked for ever"
    );
    scene.proxy_becomes(Reading::Ours { port: PORT });
    shows(&scene, Light::Protected, None);
}

#[test]
fn a_policy_in_control_is_never_protected() {
    let mut scene = Scene::new(1);
    scene.answer = Ok(Reading::NotControllable);
    let scene = scene.started();
    shows(
        &scene,
        Light::Unprotected,
        Some(ErrorCode::ProxyNotControllable),
    );
}

#[test]
fn firefox_without_private_windows_says_what_to_allow() {
    let mut scene = Scene::new(1);
    scene.answer = Err(ProxyRefusal::PrivateWindows);
    let mut scene = scene.started();
    let code = Some(ErrorCode::PrivateWindowsNotAllowed);
    shows(&scene, Light::Unprotected, code);
    assert_eq!(scene.state().route_port(), None);
    scene.happen(Event::Alarm);
    shows(&scene, Light::Unprotected, code);
    scene.answer = Ok(Reading::Free);
    scene.happen(Event::Intent(Intent::CheckProxy));
    shows(&scene, Light::Protected, None);
}

/// Firefox lets an extension read the settings that it does not let it write.
#[test]
fn a_later_read_keeps_what_firefox_said_against_the_settings() {
    let mut scene = Scene::new(1);
    scene.answer = Err(ProxyRefusal::PrivateWindows);
    let mut scene = scene.started();
    scene.proxy_becomes(Reading::Free);
    let code = Some(ErrorCode::PrivateWindowsNotAllowed);
    shows(&scene, Light::Unprotected, code);
}

#[test]
fn what_firefox_says_against_an_order_counts_although_a_read_was_asked_for_since() {
    let mut scene = Scene::new(1);
    scene.family = BrowserFamily::Gecko;
    scene.answer = Ok(Reading::OursOther);
    let mut scene = scene.started();
    let order = scene.effects.iter().find_map(|effect| match effect {
        Effect::ApplyProxy { turn, .. } => Some(*turn),
        _ => None,
    });
    scene.proxy_becomes(Reading::Free);
    scene.happen(Event::ProxyAnswered {
        turn: order.expect("it was tried"),
        answer: Err(ProxyRefusal::PrivateWindows),
    });
    let code = Some(ErrorCode::PrivateWindowsNotAllowed);
    shows(&scene, Light::Unprotected, code);
}

#[test]
fn a_setting_that_reads_back_otherwise_is_refused() {
    let mut scene = Scene::new(1);
    scene.answer = Ok(Reading::OursOther);
    let scene = scene.started();
    assert_eq!(applies(&scene).len(), 1);
    shows(&scene, Light::Unprotected, Some(ErrorCode::ProxyRefused));
}

#[test]
fn an_answer_to_an_earlier_order_does_not_count() {
    let mut scene = Scene::new(1).started();
    scene.proxy_becomes(Reading::OtherExtension);
    scene.happen(Event::ProxyAnswered {
        turn: ProxyTurn(1),
        answer: Ok(Reading::Ours { port: PORT }),
    });
    assert!(!scene.state().is_protected());
}

#[test]
fn a_browser_that_refuses_to_close_web_rtc_is_not_green_and_is_asked_again() {
    let mut scene = Scene::new(1);
    scene.hardens = false;
    let mut scene = scene.started();
    let view = scene.view();
    let name = view.problem.map(|problem| problem.name);
    assert_eq!(name, Some(Name::Own(Own::PrivacyRefused)));
    assert_eq!(view.badge.tone, Tone::Warning);
    scene.happen(Event::Alarm);
    assert!(scene.view().problem.is_some());
    scene.hardens = true;
    let button = view.action.expect("a button");
    scene.happen(Event::Intent(button.intent));
    let view = scene.view();
    assert_eq!((view.problem, view.badge.tone), (None, Tone::Good));

    // Earlier refusals do not matter while protection is off.
    scene.hardens = false;
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.happen(Event::Hardened { complete: false });
    assert_eq!(scene.view().problem, None);
}

#[test]
fn a_way_past_the_proxy_that_another_extension_opens_again_takes_the_green() {
    for event in [Event::Alarm, Event::ProxyChanged] {
        let mut scene = Scene::new(1).started();
        scene.hardens = false;
        scene.happen(event);
        let view = scene.view();
        let name = view.problem.map(|problem| problem.name);
        assert_eq!(name, Some(Name::Own(Own::PrivacyRefused)));
        assert_eq!(view.badge.tone, Tone::Warning);
        scene.hardens = true;
        scene.happen(Event::Alarm);
        assert_eq!(scene.view().badge.tone, Tone::Good);
    }
}

#[test]
fn off_in_a_firefox_that_kept_our_proxy_as_its_own_does_not_say_that_sites_see_the_address() {
    let mut scene = Scene::new(1);
    scene.answer = Ok(Reading::Kept);
    let mut scene = scene.started();
    shows(&scene, Light::Protected, None);
    scene.happen(Event::Intent(Intent::TurnOff));
    assert!(scene.view().header.sentence.en().contains("see your"));
    scene.proxy_becomes(Reading::Kept);
    let header = scene.view().header;
    assert_eq!(header.state, Light::Off);
    assert!(!header.sentence.en().contains("see your"), "{header:?}");
    assert!(header.sentence.en().contains("Network Settings"));
}
