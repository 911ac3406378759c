//! Words of a host, however long or odd: none turns, hides or piles up our own.

use crate::{
    said::Words,
    scene::{Scene, closed},
};
use meter_core::Backend;
use meter_wire::{
    Circuit, ErrorCode, Hop, HopRole, Notice, Problem, TorReply, TorState, Unreached, WireBackend,
};
use onionmeter::{
    update::{Event, Tab},
    view::PopupView,
};
use serde_json::Value;

#[test]
fn a_choice_that_is_not_offered_is_a_sentence() {
    for (chosen, offered) in [
        (WireBackend::Unknown, vec![Backend::Managed.into()]),
        (Backend::Embedded.into(), vec![Backend::Managed.into()]),
        (
            Backend::Existing.into(),
            vec![Backend::Managed.into(); 10_000],
        ),
    ] {
        let mut scene = Scene::new(1).started();
        scene.status.tor.chosen = Some(chosen);
        scene.status.tor.offered = offered;
        scene.say_status();
        let choice = scene.view().tor.and_then(|tor| tor.choice).expect("shown");
        let chosen: Vec<_> = choice
            .options
            .iter()
            .filter(|option| option.chosen)
            .collect();
        let labels: Vec<_> = chosen
            .iter()
            .map(|option| (option.label.en(), option.intent))
            .collect();
        assert_eq!(labels, [("Another one".to_owned(), None)]);
        assert_eq!(choice.options.len(), 3);
        assert!(
            choice
                .why
                .expect("a sentence")
                .en()
                .contains("not among these")
        );
    }
    let mut scene = Scene::new(1).started();
    scene.status.tor.chosen = Some(WireBackend::Unknown);
    scene.status.tor.offered = vec![WireBackend::Unknown; 3];
    scene.say_status();
    assert_eq!(scene.view().tor.and_then(|tor| tor.choice), None);
}

/// Puts this text, repeated `times` times, into every place of the host's messages that is shown.
fn with_words(words: &str, times: usize) -> Vec<PopupView> {
    let words = words.to_owned();
    let problem = |code| {
        let mut problem = Problem::with_detail(code, words.clone());
        problem.message.clone_from(&words);
        problem
    };
    let mut views = Vec::new();
    let mut scene = Scene::new(1).started();
    scene.status.tor.version = Some(words.clone());
    let mut unreached = Unreached::new(TorReply::Other, 3);
    (unreached.message, unreached.action) = (words.clone(), words.clone());
    scene.status.unreached = vec![unreached; times];
    scene.say_status();
    let hop = Hop {
        role: HopRole::Other,
        relay: words.clone(),
        country: Some(words.clone()),
    };
    scene.circuit = Circuit::Built {
        ways: vec![vec![hop; times]; 2],
        onion: true,
    };
    scene.happen(Event::Tab(Some(Tab {
        id: 1,
        url: format!("https://{}/", "a".repeat(255)),
        private: false,
    })));
    views.push(scene.view());
    scene.tor(TorState::Bootstrapping {
        percent: 255,
        tag: words.clone(),
        summary: words.clone(),
        warning: Some(words.clone()),
    });
    views.push(scene.view());
    scene.status.problem = Some(problem(ErrorCode::Unknown));
    scene.say_status();
    views.push(scene.view());
    scene.notice(Notice::Problem(problem(ErrorCode::Unknown)));
    views.push(scene.view());
    scene.happen(closed(scene.connection, &words));
    views.push(scene.view());
    views
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => map.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_word_of_the_host_turns_hides_or_piles_up_our_own() {
    let hostile = "\u{202E}a\u{2066}b\u{200F}\u{61C}c\u{0}\u{1B}[31m\u{2028}d\u{FEFF}\u{E0041}";
    let zalgo = format!("e{}", "\u{30D}".repeat(500));
    for view in with_words(&format!("{hostile}{zalgo}"), 1_000) {
        let mut found = Vec::new();
        texts(&serde_json::to_value(&view).expect("JSON"), &mut found);
        for text in found {
            let bad = |found: char| hostile.contains(found) && !found.is_ascii_graphic();
            assert!(!text.contains(bad), "{text:?}");
            assert!(!text.contains("\u{30D}\u{30D}\u{30D}"), "{text:?}");
        }
    }
}

#[test]
fn no_word_of_the_host_is_long_and_no_list_of_it() {
    for view in with_words(&"W".repeat(100_000), 10) {
        let json = serde_json::to_value(&view).expect("JSON");
        let mut found = Vec::new();
        texts(&json, &mut found);
        let longest = found.iter().map(|text| text.chars().count()).max();
        assert!(longest <= Some(2_000), "{longest:?}");
        assert!(json.to_string().len() < 20_000);
    }
}

#[test]
fn a_country_that_is_none_is_left_out() {
    for (code, shown) in [
        ("is", Some("IS")),
        ("i", None),
        ("isl", None),
        ("1s", None),
        ("ß", None),
    ] {
        let mut scene = Scene::new(1).started();
        let hop = Hop {
            role: HopRole::Exit,
            relay: "x".to_owned(),
            country: Some(code.to_owned()),
        };
        scene.circuit = Circuit::Built {
            ways: vec![vec![hop]],
            onion: false,
        };
        scene.happen(Event::Tab(Some(Tab {
            id: 1,
            url: "https://example.com/".to_owned(),
            private: false,
        })));
        let stops = scene.view().circuit.expect("shown").stops;
        assert_eq!(stops[1].country.as_ref().map(Words::en).as_deref(), shown);
    }
}
