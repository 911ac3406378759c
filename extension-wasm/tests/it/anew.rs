//! "Start anew": the damaged state of the embedded Tor is set aside after a second yes.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::Backend;
use meter_wire::{ErrorCode, Problem, Request, TorState};
use onionmeter::update::{Effect, Event, Intent};
use onionmeter::view::PopupView;

const FILE: &str = "/home/a/.local/share/onionmeter/arti/state/state/guards.json is damaged";

fn damaged(capability: &str) -> Scene {
    let mut scene = Scene::new(1);
    scene.capabilities.push(capability.to_owned());
    scene.status.tor.backend = Some(Backend::Embedded.into());
    let mut scene = scene.started();
    let problem = Problem::with_detail(ErrorCode::TorStateDamaged, FILE);
    scene.tor(TorState::Failed(problem));
    scene
}

fn asked(scene: &Scene) -> usize {
    let is_it = |effect: &&Effect| match effect {
        Effect::Send(_, envelope) => envelope.request == Request::TorAnew,
        _ => false,
    };
    scene.effects.iter().filter(is_it).count()
}

fn offers(view: &PopupView) -> (Option<Intent>, Option<Intent>) {
    let intent = |button: onionmeter::view::Button| button.intent;
    (view.action.map(intent), view.cancel.map(intent))
}

const OFFER: (Option<Intent>, Option<Intent>) = (Some(Intent::TorAnew), None);
const QUESTION: (Option<Intent>, Option<Intent>) =
    (Some(Intent::TorAnewSure), Some(Intent::Cancel));

#[test]
fn a_damaged_state_names_its_file_and_is_set_aside_only_after_a_second_yes() {
    let mut scene = damaged("tor_anew");
    let view = scene.view();
    let problem = view.problem.clone().expect("told");
    assert_eq!(
        problem.detail.map(|detail| detail.en()).as_deref(),
        Some(FILE)
    );
    assert_eq!(problem.command, None);
    assert!(problem.hint.expect("what is lost").en().contains("guards"));
    assert_eq!(offers(&view), OFFER);

    scene.happen(Event::Intent(Intent::TorAnew));
    let view = scene.view();
    assert_eq!((offers(&view), asked(&scene)), (QUESTION, 0));
    let hint = view.problem.and_then(|problem| problem.hint);
    let hint = hint.map(|hint| hint.en());
    assert!(hint.expect("a question").contains('?'));

    scene.happen(Event::Intent(Intent::TorAnewSure));
    assert_eq!(asked(&scene), 1);
    scene.happen(Event::Intent(Intent::TorAnewSure));
    assert_eq!(asked(&scene), 1, "one yes is for one time");
    scene.tor(TorState::Starting);
    assert_eq!(scene.view().problem, None);
}

#[test]
fn a_yes_without_a_question_before_it_sets_nothing_aside() {
    let mut scene = damaged("tor_anew");
    for between in [Intent::Cancel, Intent::TorStart, Intent::CheckProxy] {
        scene.happen(Event::Intent(Intent::TorAnew));
        scene.happen(Event::Intent(between));
        assert_eq!(offers(&scene.view()), OFFER, "{between:?}");
        scene.happen(Event::Intent(Intent::TorAnewSure));
    }
    scene.happen(Event::Intent(Intent::TorAnew));
    scene.happen(Event::Unsubscribed(crate::scene::FIRST));
    scene.happen(Event::Subscribed(crate::scene::FIRST));
    assert_eq!(offers(&scene.view()), OFFER, "another popup, another day");
    scene.happen(Event::Intent(Intent::TorAnewSure));
    assert_eq!(asked(&scene), 0);
}

#[test]
fn an_older_program_is_told_in_a_terminal() {
    let view = damaged("tor_stop").view();
    let problem = view.problem.expect("told");
    assert_eq!(problem.command, Some("onionmeter tor anew"));
    assert_eq!(view.cancel, None);
}
