//! Pages that were open before protection began keep their connections past Tor: the badge is not
//! green until they are closed.

use crate::said::Words as _;
use crate::scene::{PORT, Scene};
use meter_wire::TorState;
use onionmeter::proxy_value::{BrowserFamily, Reading};
use onionmeter::update::{
    Effect, Event, Intent, OldTabs, PagesTurn, PrivateWindows, ProxyTurn, State, Timer, update,
};
use onionmeter::view::{Light, Name, Own, Tone};

fn with_old(marked: &[i32], unmarked: &[i32]) -> Scene {
    let mut scene = Scene::new(1);
    scene.old_tabs = OldTabs {
        marked: marked.to_vec(),
        unmarked: unmarked.to_vec(),
    };
    scene
}

fn looks(scene: &Scene) -> (usize, usize) {
    let count = |is: fn(&Effect) -> bool| scene.effects.iter().filter(|one| is(one)).count();
    (
        count(|effect| matches!(effect, Effect::MarkPages { .. })),
        count(|effect| matches!(effect, Effect::FindPages { .. })),
    )
}

/// Lets the time before the next look pass.
fn look_again(scene: &mut Scene) {
    let timer = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::After(timer @ Timer::Pages(_), _) => Some(*timer),
        _ => None,
    });
    scene.happen(Event::Timer(timer.expect("it looks again")));
}

#[test]
fn a_page_from_before_keeps_the_badge_from_green_until_it_is_gone() {
    let mut scene = with_old(&[7, 9], &[12]).started();
    let view = scene.view();
    assert_eq!(view.header.state, Light::Unprotected);
    assert_eq!(view.badge.tone, Tone::Alarm);
    let problem = view.problem.expect("said");
    assert_eq!(problem.name, Name::Own(Own::OldPages));
    assert_eq!(
        problem.detail.map(|detail| detail.en()).as_deref(),
        Some("3 tabs")
    );
    let button = view.action.expect("a way out");
    assert_eq!(
        (&*button.label.en(), button.intent),
        ("Reload them", Intent::ReloadPages)
    );
    // The person closes two tabs and reloads the third.
    scene.old_tabs = OldTabs::default();
    look_again(&mut scene);
    assert_eq!(scene.view().header.state, Light::Protected);
    assert_eq!(scene.view().problem, None);
}

#[test]
fn one_click_loads_all_of_them_anew() {
    let mut scene = with_old(&[7, 9], &[12]).started();
    scene.happen(Event::Intent(Intent::ReloadPages));
    let reload = scene.effects.iter().find_map(|effect| match effect {
        Effect::ReloadPages { tabs, .. } => Some(tabs.clone()),
        _ => None,
    });
    assert_eq!(reload, Some(vec![7, 9, 12]));
    assert_eq!(scene.view().header.state, Light::Protected);
}

#[test]
fn a_click_without_old_pages_reloads_nothing() {
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Intent(Intent::ReloadPages));
    let reloads = |effect: &Effect| matches!(effect, Effect::ReloadPages { .. });
    assert!(!scene.effects.iter().any(reloads));
}

#[test]
fn while_tor_is_on_its_way_nothing_is_to_be_reloaded_and_nothing_is_promised() {
    let mut scene = with_old(&[7], &[]).started();
    scene.tor(TorState::Starting);
    let view = scene.view();
    assert_eq!((view.header.state, view.problem), (Light::Connecting, None));
    assert!(
        view.header.sentence.en().contains("New pages wait"),
        "{}",
        view.header.sentence.en()
    );
    scene.tor(TorState::Off);
    let view = scene.view();
    assert_eq!(view.header.state, Light::Unprotected);
    assert!(
        !view.header.sentence.en().contains("nothing leaks"),
        "{}",
        view.header.sentence.en()
    );
}

#[test]
fn the_pages_are_marked_once_and_a_new_worker_remembers() {
    let mut scene = with_old(&[7], &[]).started();
    assert_eq!(looks(&scene).0, 1);
    scene.wake();
    assert_eq!(
        looks(&scene).0,
        1,
        "marking again would catch new pages, too"
    );
    assert_eq!(scene.view().header.state, Light::Unprotected);
    scene.old_tabs = OldTabs::default();
    scene.happen(Event::Alarm);
    assert_eq!(scene.view().header.state, Light::Protected);
    let before = looks(&scene);
    scene.happen(Event::Alarm);
    assert_eq!(looks(&scene), before, "nothing is left to look for");
}

#[test]
fn what_is_open_when_protection_is_turned_on_again_is_from_before() {
    let mut scene = Scene::new(1).started();
    assert_eq!(scene.view().header.state, Light::Protected);
    scene.happen(Event::Intent(Intent::TurnOff));
    scene.old_tabs.marked = vec![3];
    scene.happen(Event::Intent(Intent::TurnOn));
    assert_eq!(looks(&scene).0, 2);
    assert_eq!(scene.view().header.state, Light::Unprotected);
}

#[test]
fn what_loaded_while_another_extension_had_the_proxy_is_from_before() {
    let mut scene = Scene::new(1).started();
    scene.proxy_becomes(Reading::OtherExtension);
    scene.old_tabs.marked = vec![3];
    scene.proxy_becomes(Reading::Ours { port: PORT });
    assert_eq!(scene.view().header.state, Light::Unprotected);
}

#[test]
fn a_browser_that_starts_with_the_setting_has_no_page_from_before() {
    let mut scene = with_old(&[7], &[]);
    scene.answer = Ok(Reading::Ours { port: PORT });
    let mut scene = scene.started();
    assert_eq!(scene.view().header.state, Light::Unprotected);
    scene.happen(Event::BrowserStarted);
    assert_eq!(scene.view().header.state, Light::Protected);
    scene.wake();
    assert_eq!(scene.view().header.state, Light::Protected);
    // A browser that was killed before it stored the setting opens its pages without it.
    let mut scene = with_old(&[7], &[]).started();
    scene.happen(Event::BrowserStarted);
    assert_eq!(scene.view().header.state, Light::Unprotected);
}

#[test]
fn a_browser_that_starts_with_the_setting_is_not_searched() {
    let (state, _) = update(State::default(), Event::Started(Box::default()));
    let (state, effects) = update(state, Event::BrowserStarted);
    assert_eq!(effects, []);
    let (turn, answer) = (ProxyTurn(1), Ok(Reading::Ours { port: PORT }));
    let (_, effects) = update(state, Event::ProxyAnswered { turn, answer });
    let marks = |effect: &Effect| matches!(effect, Effect::MarkPages { .. });
    assert!(!effects.is_empty() && !effects.iter().any(marks));
}

#[test]
fn a_tab_without_a_mark_is_of_before_until_it_has_asked_for_another_page_and_shows_it() {
    let mut scene = with_old(&[], &[12]).started();
    scene.happen(Event::TabLoading { tab: 12 });
    scene.happen(Event::PageSettled { tab: 12 });
    let light = |scene: &Scene| scene.view().header.state;
    assert_eq!(light(&scene), Light::Unprotected, "it was asked for before");
    scene.happen(Event::PageBegun { tab: 12 });
    assert_eq!(light(&scene), Light::Unprotected, "the page is still there");
    scene.wake();
    scene.happen(Event::PageSettled { tab: 12 });
    assert_eq!(light(&scene), Light::Protected);
}

#[test]
fn a_page_whose_requests_firefox_hides_is_over_when_its_tab_loads_and_settles_again() {
    for (family, then) in [
        (BrowserFamily::Gecko, Light::Protected),
        // The page from before may have changed its address.
        (BrowserFamily::Chromium, Light::Unprotected),
    ] {
        let mut scene = with_old(&[], &[12]);
        scene.family = family;
        scene.private = PrivateWindows::Allowed(Reading::Ours { port: PORT });
        let mut scene = scene.started();
        for _ in 0..2 {
            assert_eq!(scene.view().header.state, Light::Unprotected);
            scene.happen(Event::TabLoading { tab: 12 });
            scene.happen(Event::PageSettled { tab: 12 });
        }
        assert_eq!(scene.view().header.state, then, "{family:?}");
    }
}

#[test]
fn a_look_that_began_before_a_tab_left_its_page_does_not_bring_it_back() {
    let (mut state, _) = update(State::default(), Event::Started(Box::default()));
    let mut happen = |event| {
        let (next, effects) = update(std::mem::take(&mut state), event);
        state = next;
        (state.pages.count(), effects)
    };
    let (turn, answer) = (ProxyTurn(1), Ok(Reading::Ours { port: PORT }));
    happen(Event::ProxyAnswered { turn, answer });
    let found = OldTabs {
        marked: Vec::new(),
        unmarked: vec![12],
    };
    let turn = PagesTurn(1);
    let (count, _) = happen(Event::PagesFound {
        turn,
        found: found.clone(),
    });
    assert_eq!(count, 1);
    happen(Event::Alarm);
    happen(Event::PageBegun { tab: 12 });
    happen(Event::PageSettled { tab: 12 });
    let turn = PagesTurn(2);
    let (count, _) = happen(Event::PagesFound { turn, found });
    assert_eq!(count, 0);
}

#[test]
fn the_answer_to_an_earlier_look_changes_nothing() {
    let mut scene = with_old(&[7], &[]).started();
    for turn in [PagesTurn(0), PagesTurn(u32::MAX)] {
        let found = OldTabs::default();
        scene.happen(Event::PagesFound { turn, found });
        assert_eq!(scene.view().header.state, Light::Unprotected);
    }
}
