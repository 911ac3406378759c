//! The extension's own pages: each gets the view that it shows, and the host's answers to its
//! questions.

use crate::scene::{FIRST, NOT_FOUND, Scene};
use meter_wire::{
    ChangeSetting, ErrorCode, FRAME_IN_MAX, FromDaemon, Notice, Outcome, Problem, Request,
    SettingValue, Success, TorState, parse_from_daemon,
};
use onionmeter::drawn::PageView;
use onionmeter::update::{Effect, Event, Question, Shows, SubscriberId};

const PAGE: SubscriberId = SubscriberId(7);
const OTHER: SubscriberId = SubscriberId(8);

fn open(scene: &mut Scene, page: SubscriberId, shows: Shows) {
    scene.happen(Event::Opened { page, shows });
}

fn ask(scene: &mut Scene, number: u32, ask: Request) {
    let question = Question { number, ask };
    let page = PAGE;
    scene.happen(Event::Asks { page, question });
}

fn answers(scene: &Scene) -> Vec<(SubscriberId, u32, Outcome)> {
    let answers = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Answer { to, number, frame } => match parse_from_daemon(frame.as_bytes()) {
            Ok(FromDaemon::Reply(reply)) => Some((*to, *number, reply.outcome)),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    answers.collect()
}

#[test]
fn a_page_gets_the_view_that_it_shows_and_no_other() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Dashboard);
    open(&mut scene, OTHER, Shows::Options);
    scene.draws.clear();
    scene.tor(TorState::Off);
    for (view, pages) in &scene.pages {
        let expected = match view {
            PageView::Dashboard(_) => PAGE,
            PageView::Options(_) => OTHER,
            PageView::Welcome(_) => panic!("nobody opened it"),
        };
        assert_eq!(pages, &[expected]);
    }
    let of_options = |(view, _): &&(PageView, _)| matches!(view, PageView::Options(_));
    assert!(scene.pages.iter().filter(of_options).count() >= 1);
    assert_eq!(scene.draws, [[FIRST]], "popups get the popup's view alone");
}

#[test]
fn nothing_is_drawn_again_that_did_not_change_nor_for_a_page_that_closed() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Dashboard);
    scene.pages.clear();
    scene.say_status();
    assert_eq!(scene.pages, []);
    scene.happen(Event::Unsubscribed(PAGE));
    scene.tor(TorState::Off);
    assert_eq!(scene.pages, []);
}

#[test]
fn an_answer_goes_to_the_page_that_asked_with_its_own_number() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Options);
    ask(&mut scene, 41, Request::Settings);
    let all = answers(&scene);
    assert!(
        matches!(&*all, [(PAGE, 41, Outcome::Ok(Success::Settings(_)))]),
        "{all:?}"
    );
}

#[test]
fn a_question_that_nobody_will_answer_is_answered_with_the_reason() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Options);
    scene.silent = true;
    ask(&mut scene, 1, Request::LedgerDevices);
    assert_eq!(answers(&scene), []);
    scene.close(NOT_FOUND);
    ask(&mut scene, 2, Request::Settings);
    let codes: Vec<_> = answers(&scene)
        .into_iter()
        .map(|(_, number, outcome)| match outcome {
            Outcome::Error(problem) => (number, problem.code),
            Outcome::Ok(other) => panic!("{other:?}"),
        })
        .collect();
    let stopped = ErrorCode::HostStopped;
    assert_eq!(codes, [(1, stopped), (2, stopped)]);
}

#[test]
fn a_question_before_the_host_has_said_anything_is_asked_behind_hello() {
    let mut scene = Scene::new(3);
    scene.silent = true;
    let mut scene = scene.started();
    open(&mut scene, PAGE, Shows::Options);
    ask(&mut scene, 1, Request::Settings);
    assert_eq!(answers(&scene), [], "it waits");
    let sent = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, envelope) => Some(&envelope.request),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert!(
        matches!(&*sent, [Request::Hello(_), .., Request::Settings]),
        "{sent:?}"
    );
    scene.close("");
    let all = answers(&scene);
    assert!(
        matches!(&*all, [(PAGE, 1, Outcome::Error(_))]),
        "nobody waits for ever: {all:?}"
    );
}

#[test]
fn a_question_while_the_host_has_a_problem_is_answered_with_that_problem() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Options);
    let problem = Problem::new(ErrorCode::DaemonUnreachable);
    scene.notice(Notice::Problem(problem.clone()));
    ask(&mut scene, 4, Request::Settings);
    let all = answers(&scene);
    assert!(
        matches!(&*all, [(PAGE, 4, Outcome::Error(told))] if *told == problem),
        "{all:?}"
    );
}

#[test]
fn a_page_that_asks_without_end_never_makes_the_host_look_silent() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Options);
    scene.silent = true;
    for number in 0..100 {
        ask(&mut scene, number, Request::LedgerDevices);
    }
    let refused = answers(&scene).len();
    assert_eq!(refused, 92, "eight wait, and the rest is refused at once");
    scene.happen(Event::Unsubscribed(PAGE));
    scene.silent = false;
    scene.say_status();
    assert_eq!(answers(&scene).len(), refused, "nobody is there to answer");
}

#[test]
fn a_question_that_fits_no_frame_is_refused_and_ends_no_connection() {
    let mut scene = Scene::new(3).started();
    open(&mut scene, PAGE, Shows::Options);
    let long = SettingValue::Words(vec!["x".repeat(FRAME_IN_MAX)]);
    let change = ChangeSetting {
        key: "tor.bridges".to_owned(),
        to: long,
        keep: false,
    };
    scene.effects.clear();
    ask(&mut scene, 5, Request::ChangeSetting(change));
    let is_sent = |effect: &Effect| matches!(effect, Effect::Send(..));
    assert!(!scene.effects.iter().any(is_sent), "the host never sees it");
    let all = answers(&scene);
    let [(PAGE, 5, Outcome::Error(problem))] = &*all else {
        panic!("{all:?}");
    };
    assert_eq!(problem.code, ErrorCode::SettingRefused);
}
