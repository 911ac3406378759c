//! Trouble with a Tor that runs, in the popup.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::Backend;
use meter_wire::{ErrorCode, Problem, TorState, TorTrouble};
use onionmeter::update::Intent;
use onionmeter::view::{Light, PopupView};

const HINDERING: [ErrorCode; 6] = [
    ErrorCode::TorOffline,
    ErrorCode::TorBlocked,
    ErrorCode::TorRefused,
    ErrorCode::TorClockWrong,
    ErrorCode::TorStalled,
    ErrorCode::TorSilent,
];

fn connecting() -> TorState {
    TorState::Bootstrapping {
        percent: 10,
        tag: "of_tomorrow".to_owned(),
        summary: "Doing something".to_owned(),
        warning: Some("Tor's own".to_owned()),
    }
}

fn view(state: TorState, code: ErrorCode, for_s: u64) -> PopupView {
    let mut scene = Scene::new(1).started();
    scene.status.tor.trouble = Some(TorTrouble::new(code, for_s));
    scene.tor(state);
    scene.view()
}

#[test]
fn a_start_that_is_stuck_says_for_how_long_why_and_what_helps() {
    for code in HINDERING {
        let view = view(connecting(), code, 20);
        assert_eq!(view.problem, None);
        let warning = view.tor.and_then(|tor| tor.bootstrap?.warning);
        let action = code.tor_action().expect("it has one");
        let expected = format!("No progress for 20 sec. {} {action}", code.sentence());
        assert_eq!(warning.map(|text| text.en()), Some(expected));
    }
}

#[test]
fn after_a_minute_it_is_a_problem_with_a_way_out() {
    for code in HINDERING {
        let view = view(connecting(), code, 60);
        let problem = view.problem.expect("a problem");
        assert_eq!(problem.sentence.en(), code.sentence());
        assert_eq!(
            problem.hint.map(|hint| hint.en()).as_deref(),
            code.tor_action()
        );
        let action = view.action.expect("a way out");
        assert_eq!(
            (&*action.label.en(), action.intent),
            ("Restart Tor", Intent::TorStart)
        );
        assert_eq!(view.header.state, Light::Connecting);
        let warning = view.tor.and_then(|tor| tor.bootstrap?.warning);
        assert_eq!(
            warning.map(|text| text.en()).as_deref(),
            Some("No progress for 1 min.")
        );
    }
}

#[test]
fn a_tor_of_somebody_else_is_not_offered_to_be_restarted() {
    let mut scene = Scene::new(1).started();
    scene.status.tor.backend = Some(Backend::Existing.into());
    scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorSilent, 10));
    scene.tor(TorState::Ready);
    let view = scene.view();
    assert_eq!(
        view.problem
            .expect("a problem")
            .hint
            .map(|hint| hint.en())
            .as_deref(),
        ErrorCode::TorSilent.tor_action()
    );
    let action = view.action.expect("a way out");
    assert_eq!(
        (&*action.label.en(), action.intent),
        ("Check again", Intent::Reconnect)
    );
}

#[test]
fn a_tor_that_fell_silent_is_not_called_protection() {
    let view = view(TorState::Ready, ErrorCode::TorSilent, 10);
    assert_eq!(view.header.state, Light::Connecting);
    assert!(
        view.header
            .sentence
            .en()
            .starts_with("Waiting for Tor to answer.")
    );
    let problem = view.problem.expect("a problem");
    assert_eq!(problem.sentence.en(), ErrorCode::TorSilent.sentence());
    assert_eq!(view.tor.map(|tor| tor.word.en()).as_deref(), Some("Silent"));
}

#[test]
fn the_tor_to_use_can_be_chosen_and_the_reason_is_told() {
    let mut scene = Scene::new(1).started();
    let choice = |scene: &Scene| scene.view().tor.and_then(|tor| tor.choice);
    let shown = choice(&scene).expect("offered");
    let chosen: Vec<_> = shown.options.iter().map(|option| option.chosen).collect();
    assert_eq!(chosen, [true, false, false]);
    let why = shown.why.expect("a reason").en();
    assert_eq!(why, "Why this one: no Tor was running that proves itself.");
    scene.status.tor.chosen = Some(Backend::Managed.into());
    scene.say_status();
    let shown = choice(&scene).expect("offered");
    let chosen = shown.options.iter().find(|option| option.chosen);
    assert_eq!(
        chosen.map(|option| option.label.en()).as_deref(),
        Some("The installed tor")
    );
    assert_eq!(shown.why, None);
    scene.status.tor.offered.clear();
    scene.say_status();
    assert_eq!(choice(&scene), None, "an older daemon");
}

#[test]
fn an_old_tor_is_advice_and_protects() {
    let view = view(TorState::Ready, ErrorCode::TorTooOld, 0);
    assert_eq!(view.header.state, Light::Protected);
    assert_eq!(view.problem, None);
    let detail = view.tor.and_then(|tor| tor.detail).expect("shown").en();
    assert!(detail.contains("Update Tor"), "{detail}");
}

#[test]
fn a_tor_that_does_not_come_back_is_told_after_some_tries() {
    let restarting = |attempt, code| {
        let mut scene = Scene::new(1).started();
        scene.tor(TorState::Restarting {
            attempt,
            in_ms: 4_000,
            problem: Problem::new(code),
        });
        scene.view()
    };
    let stopped = "Tor stopped and is being started again.";
    for (code, words, button) in [
        (ErrorCode::TorNotRunning, "Looking for Tor.", "Look again"),
        (ErrorCode::TorStartFailed, stopped, "Start Tor"),
    ] {
        let early = restarting(2, code);
        assert_eq!(early.problem, None);
        assert!(early.header.sentence.en().starts_with(words), "{early:?}");
        let late = restarting(3, code);
        assert_eq!(
            late.problem.expect("a problem").sentence.en(),
            code.sentence()
        );
        assert_eq!(late.action.expect("a way out").label.en(), button);
        assert_eq!(late.header.state, Light::Connecting);
    }
}

#[test]
fn a_cause_that_this_version_knows_is_in_words_of_its_own() {
    for (code, cause, expected) in [
        (ErrorCode::TorClockWrong, "-72", "It is about 72 hr behind."),
        (ErrorCode::TorClockWrong, "2", "It is about 2 hr ahead."),
        (ErrorCode::TorClockWrong, "of tomorrow", "the host's words"),
        (
            ErrorCode::TorStalled,
            "loading_keys",
            "Loading authority key certs",
        ),
        (ErrorCode::TorStalled, "of_tomorrow", "the host's words"),
        (
            ErrorCode::BridgeProgramMissing,
            "snowflake-client",
            "Your bridges need the program snowflake-client.",
        ),
        (ErrorCode::TorBlocked, "loading_keys", "the host's words"),
        (
            ErrorCode::TorFolderUnusable,
            "denied",
            "The system does not allow it.",
        ),
        (
            ErrorCode::ShadowsocksRefused,
            "server_key_length 16 32",
            "Its password has 16 bytes after base64, and its method needs 32.",
        ),
        (
            ErrorCode::ShadowsocksRefused,
            "not_there",
            "A file or folder is not there.",
        ),
        (
            ErrorCode::ShadowsocksRefused,
            "of_tomorrow 1 2",
            "the host's words",
        ),
    ] {
        let mut scene = Scene::new(1).started();
        let mut trouble = TorTrouble::new(code, 60);
        trouble.problem = Problem::with_detail(code, "the host's words").caused_by(cause);
        scene.status.tor.trouble = Some(trouble);
        scene.tor(connecting());
        let told = scene.view().problem.expect("a problem").detail;
        assert_eq!(told.map(|told| told.en()).as_deref(), Some(expected));
    }
}

#[test]
fn a_path_and_words_of_tor_follow_the_reason_as_they_are() {
    let log = "tor ended at start; Tor's last words: Could not bind";
    let path = "/home/a/data: Permission denied";
    for (code, cause, detail, expected) in [
        (
            ErrorCode::TorStartFailed,
            "tor_ended_at_start",
            log,
            "Tor ended while it started. Could not bind",
        ),
        (
            ErrorCode::TorFolderUnusable,
            "denied",
            path,
            "The system does not allow it. /home/a/data: Permission denied",
        ),
        (ErrorCode::TorStartFailed, "of_tomorrow", log, log),
    ] {
        let mut scene = Scene::new(1).started();
        let problem = Problem::with_detail(code, detail).caused_by(cause);
        scene.tor(TorState::Failed(problem));
        let shown = scene.view().problem.expect("a problem").detail;
        assert_eq!(shown.map(|shown| shown.en()).as_deref(), Some(expected));
    }
}
