//! Windows and tabs that no proxy setting of the extension holds: no sentence says that they are
//! blocked or that they go through Tor.

use crate::said::Words as _;
use crate::scene::{NOT_FOUND, Scene};
use meter_wire::{Notice, TorState};
use onionmeter::drawn::PageView;
use onionmeter::proxy_value::{BrowserFamily, Reading};
use onionmeter::update::{Event, Intent, OldTabs, PrivateWindows, Shows, SubscriberId};
use onionmeter::view::Mark;

const STOPPED: &str = "The Onionmeter program stopped.";

/// Every sentence about the state: popup, badge and dashboard.
fn told(scene: &mut Scene) -> Vec<String> {
    let view = scene.view();
    let mut told = vec![view.header.sentence.en(), view.badge.title.en()];
    told.extend(view.problem.map(|problem| problem.sentence.en()));
    let (page, shows) = (SubscriberId(7), Shows::Dashboard);
    scene.happen(Event::Opened { page, shows });
    if let Some((PageView::Dashboard(view), _)) = scene.pages.last() {
        told.push(view.sentence.en());
        told.extend(view.problem.iter().map(|problem| problem.sentence.en()));
    }
    scene.happen(Event::Unsubscribed(page));
    told
}

/// None of them promises something of all windows.
#[track_caller]
fn promises_nothing(scene: &mut Scene) {
    const FALSE: [&str; 7] = [
        "not exposed",
        "Nothing goes out",
        "Pages are blocked",
        "Pages wait",
        "New pages",
        "No page goes",
        "Whatever loads",
    ];
    for sentence in told(scene) {
        let is_false = FALSE.iter().any(|words| sentence.contains(words));
        assert!(!is_false, "{sentence}");
    }
}

fn old_tab() -> OldTabs {
    let (marked, unmarked) = (vec![3], Vec::new());
    OldTabs { marked, unmarked }
}

/// Private windows that the extension's setting does not reach.
fn not_private(private: PrivateWindows, old_tabs: OldTabs) -> Scene {
    let mut scene = Scene::new(1);
    (scene.private, scene.old_tabs) = (private, old_tabs);
    scene.started()
}

/// Private windows alone are protected; the others go out directly.
fn private_only(family: BrowserFamily, old_tabs: OldTabs) -> Scene {
    let mut scene = Scene::new(1);
    (scene.family, scene.old_tabs) = (family, old_tabs);
    let mut scene = scene.started();
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    scene
}

/// Every state in which some pages are not held.
fn all() -> Vec<Scene> {
    let elsewhere = PrivateWindows::Allowed(Reading::OtherExtension);
    let mut scenes = Vec::new();
    for old in [OldTabs::default(), old_tab()] {
        for private in [PrivateWindows::NotAllowed, elsewhere] {
            scenes.push(not_private(private, old.clone()));
        }
        for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
            scenes.push(private_only(family, old.clone()));
        }
    }
    scenes
}

#[test]
fn no_sentence_promises_of_all_windows_what_is_true_of_some() {
    for mut scene in all() {
        promises_nothing(&mut scene);
        for state in [TorState::Starting, TorState::Off] {
            scene.tor(state);
            promises_nothing(&mut scene);
        }
        scene.close("Native host has exited.");
        promises_nothing(&mut scene);
        let problem = scene.view().problem.expect("said");
        assert_eq!(problem.sentence.en(), STOPPED);
    }
}

#[test]
fn a_program_that_stopped_blocks_everything_only_where_everything_is_held() {
    let stopped = |mut scene: Scene| {
        scene.close("Native host has exited.");
        scene.view().problem.expect("said").sentence.en()
    };
    let blocked = format!("{STOPPED} Your traffic is blocked, not exposed.");
    assert_eq!(stopped(Scene::new(1).started()), blocked);
    let mut scene = Scene::new(1);
    scene.old_tabs = old_tab();
    assert_eq!(stopped(scene.started()), STOPPED, "it may be connected");
    let mut scene = Scene::new(1).started();
    scene.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(stopped(scene), STOPPED);
}

#[test]
fn the_dashboard_promises_nothing_where_nothing_is_protected() {
    let mut missing = Scene::new(1);
    missing.closed_because = Some(NOT_FOUND);
    promises_nothing(&mut missing.started());
    let mut off = Scene::new(1).started();
    off.happen(Event::Intent(Intent::TurnOff));
    off.close("Native host has exited.");
    promises_nothing(&mut off);
}

#[test]
fn private_windows_that_the_floor_blocks_do_not_leak() {
    let mut scene = not_private(PrivateWindows::NotAllowed, OldTabs::default());
    scene.tor(TorState::Off);
    let says = |scene: &Scene| scene.view().header.sentence.en();
    assert!(says(&scene).ends_with("private windows may go past Tor."));
    scene.notice(Notice::Floor { present: true });
    assert!(says(&scene).ends_with("Pages are blocked, so nothing leaks."));
}

/// What welcome page and options say of private windows, and the mark of the step.
fn of_private_windows(scene: &mut Scene) -> (Mark, [String; 2]) {
    let page = SubscriberId(8);
    let mut show = |shows| {
        scene.happen(Event::Opened { page, shows });
        let view = scene.pages.last().expect("drawn").0.clone();
        scene.happen(Event::Unsubscribed(page));
        view
    };
    let PageView::Welcome(welcome) = show(Shows::Welcome) else {
        panic!("another page");
    };
    let PageView::Options(options) = show(Shows::Options) else {
        panic!("another page");
    };
    let mut steps = welcome.steps.iter();
    let step = steps.find(|step| step.name == "private").expect("a step");
    let says = step
        .says
        .as_ref()
        .map_or_else(String::new, |says| says.en());
    (step.mark, [says, options.windows.says.en()])
}

#[test]
fn private_windows_with_another_proxy_are_not_said_to_go_through_tor() {
    let elsewhere = PrivateWindows::Allowed(Reading::OtherExtension);
    let mut scene = not_private(elsewhere, OldTabs::default());
    let (mark, says) = of_private_windows(&mut scene);
    assert_eq!(mark, Mark::Fault);
    for says in says {
        assert!(says.contains("they may go past Tor"), "{says}");
    }
}

#[test]
fn no_window_is_said_to_go_through_tor_while_none_does() {
    for only in [false, true] {
        let off = |mut scene: Scene| {
            if only {
                scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
            }
            scene.happen(Event::Intent(Intent::TurnOff));
            scene
        };
        let (mark, says) = of_private_windows(&mut off(Scene::new(1).started()));
        assert_eq!(mark, Mark::Done, "the browser allows it");
        assert!(
            !says.iter().any(|says| says.contains("through Tor")),
            "{says:?}"
        );
    }
    let mut off = not_private(PrivateWindows::NotAllowed, OldTabs::default());
    off.happen(Event::Intent(Intent::TurnOff));
    assert_eq!(of_private_windows(&mut off).0, Mark::Waits);
    let mut stopped = Scene::new(1).started();
    stopped.tor(TorState::Off);
    let [welcome, _] = of_private_windows(&mut stopped).1;
    assert_eq!(welcome, "Onionmeter is allowed there.");
}

#[test]
fn private_windows_that_the_floor_blocks_are_not_said_to_go_past_tor() {
    let mut scene = not_private(PrivateWindows::NotAllowed, OldTabs::default());
    scene.notice(Notice::Floor { present: true });
    let (mark, says) = of_private_windows(&mut scene);
    assert_eq!(mark, Mark::Optional);
    assert!(
        !says.iter().any(|says| says.contains("past Tor")),
        "{says:?}"
    );
}
