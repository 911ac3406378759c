//! The text about pages that did not load, and about other users who tried the relay.

use crate::said::Words;
use crate::scene::Scene;
use meter_wire::{TorReply, U64Text, Unreached};
use onionmeter::update::{Event, Intent};
use onionmeter::view::{Light, Tone};

fn unreached(kinds: &[(TorReply, u64)]) -> Scene {
    let mut scene = Scene::new(1).started();
    let kinds = kinds.iter();
    scene.status.unreached = kinds
        .map(|(reply, count)| Unreached::new(*reply, *count))
        .collect();
    scene.say_status();
    scene
}

#[test]
fn every_reply_has_its_sentence_and_its_action_in_the_popup() {
    assert_eq!(unreached(&[]).view().unreached, None);
    for reply in TorReply::ALL.iter().chain([&TorReply::Other]) {
        let view = unreached(&[(*reply, 1)]).view().unreached.expect("shown");
        assert_eq!(view.summary.en(), "1 connection in 10 minutes");
        let [kind] = &view.kinds[..] else {
            panic!("{view:?}");
        };
        assert_eq!(
            (kind.name, &*kind.sentence.en()),
            (*reply, reply.sentence())
        );
        assert_eq!(
            kind.action.as_ref().map(Words::en).as_deref(),
            Some(reply.action())
        );
        assert_eq!(kind.times, None);
    }
}

#[test]
fn the_latest_kind_comes_first_and_alone_with_what_to_do() {
    let scene = unreached(&[
        (TorReply::OnionNotFound, 2),
        (TorReply::GeneralFailure, 14),
        (TorReply::HostUnreachable, 1),
        (TorReply::TimedOut, 3),
    ]);
    let view = scene.view().unreached.expect("shown");
    assert_eq!(view.summary.en(), "20 connections in 10 minutes");
    let rows = view.kinds.iter();
    let rows: Vec<_> = rows
        .map(|kind| {
            (
                kind.name,
                kind.times.as_ref().map(Words::en),
                kind.action.is_some(),
            )
        })
        .collect();
    let expected = [
        (TorReply::OnionNotFound, Some("2 times".to_owned()), true),
        (TorReply::GeneralFailure, Some("14 times".to_owned()), false),
        (TorReply::HostUnreachable, None, false),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn what_did_not_load_is_no_alarm() {
    let view = unreached(&[(TorReply::OnionMistyped, 1)]).view();
    assert_eq!(view.header.state, Light::Protected);
    assert_eq!((view.problem, view.badge.tone), (None, Tone::Good));
}

#[test]
fn what_did_not_load_is_written_nowhere() {
    let scene = unreached(&[(TorReply::OnionMistyped, 1)]);
    let locals = scene.locals.iter().map(|(_, local)| local);
    let written: Vec<_> = locals.chain(&scene.sessions).collect();
    assert!(!written.is_empty());
    for text in written {
        assert!(!text.contains("onion_mistyped"), "{text}");
    }
}

fn note(scene: &Scene) -> Option<Intent> {
    scene.view().note.map(|note| note.button.intent)
}

fn strangers(scene: &mut Scene, count: u64) {
    scene.status.foreign = U64Text(count);
    scene.say_status();
}

#[test]
fn strangers_are_told_until_seen_and_again_only_when_there_are_more() {
    let mut scene = Scene::new(1).started();
    assert_eq!(note(&scene), None);
    strangers(&mut scene, 2);
    let shown = scene.view().note.expect("a note");
    assert!(shown.text.en().contains("refused"), "{:?}", shown.text);
    scene.happen(Event::Intent(shown.button.intent));
    assert_eq!(note(&scene), None);
    scene.say_status();
    assert_eq!(note(&scene), None);
    scene.wake();
    assert_eq!(note(&scene), None, "remembered over the worker's death");
    strangers(&mut scene, 3);
    assert_eq!(note(&scene), Some(Intent::StrangersSeen));
    scene.wake();
    assert_eq!(note(&scene), Some(Intent::StrangersSeen), "not seen yet");
}

#[test]
fn a_daemon_that_counts_from_nothing_again_is_believed() {
    let mut scene = Scene::new(1).started();
    strangers(&mut scene, 5);
    scene.happen(Event::Intent(Intent::StrangersSeen));
    strangers(&mut scene, 0);
    assert_eq!(note(&scene), None);
    strangers(&mut scene, 1);
    assert_eq!(note(&scene), Some(Intent::StrangersSeen));
}

#[test]
fn a_changed_chain_is_told_before_strangers_and_neither_is_lost() {
    let mut scene = Scene::new(1);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    let mut scene = scene.started();
    let mut other = Scene::new(2);
    other.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    (scene.head, scene.signer) = (other.head, other.signer);
    (scene.reports, scene.status) = (other.reports, other.status);
    scene.status.foreign = U64Text(1);
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(note(&scene), Some(Intent::Dismiss));
    scene.happen(Event::Intent(Intent::Dismiss));
    assert_eq!(note(&scene), Some(Intent::StrangersSeen));
    scene.happen(Event::Intent(Intent::StrangersSeen));
    assert_eq!(note(&scene), None);
}

/// A single request proves nothing: a page may well have named an address.
#[test]
fn addresses_instead_of_names_do_not_bother_a_person_in_the_popup() {
    let mut scene = Scene::new(1).started();
    let before = scene.view();
    scene.status.literals = U64Text(9);
    scene.say_status();
    assert_eq!(scene.view(), before);
}
