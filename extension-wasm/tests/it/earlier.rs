//! The credits count over all chains of the home, each of which is verified here.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::Amount;
use meter_wire::{EarlierChain, Request, U64Text};
use onionmeter::update::{Effect, Event, Intent};

/// A host that has signed this many reports in each of several chains.
fn chains(reports: &[u64]) -> Scene {
    let mut scene = Scene::new(1);
    for (number, count) in (1..).zip(reports) {
        if number > 1 {
            scene.begin_new_chain(100 + number);
        }
        for report in 0..*count {
            let started_at = 1_800_000_000_000 + report * 60_000;
            scene.sign(started_at, 30_000, 40_000, 60_000 + report);
        }
    }
    scene
}

fn claimed(scene: &Scene) -> Amount {
    scene.state().reports.claimed()
}

fn asked(scene: &Scene) -> Vec<u32> {
    let after = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => match &envelope.request {
            Request::EarlierChains(query) => Some(query.after),
            _ => None,
        },
        _ => None,
    };
    scene.effects.iter().filter_map(after).collect()
}

#[test]
fn a_new_browser_counts_the_chains_whose_books_the_home_keeps() {
    let scene = chains(&[3, 2, 1]).started();
    let sum = scene.status.balance.0 + scene.status.earlier.amount.0;
    assert_eq!(claimed(&scene).get(), sum);
    assert_eq!(scene.view().balance.credits.en(), "18.3");
    let source = "3.05 from this chain (1 verified report), 15.25 from earlier chains";
    assert_eq!(scene.view().balance.source.en(), source);
    assert_eq!(scene.view().badge.text.en(), "18.3");
    assert_eq!(scene.view().problem, None);
}

#[test]
fn the_badge_does_not_fall_when_a_chain_ends_and_another_begins() {
    let mut scene = chains(&[3]).started();
    let before = claimed(&scene);
    assert!(before > Amount::ZERO);
    for chain in 2..6 {
        scene.begin_new_chain(chain);
        let badge = scene.view().badge.text;
        scene.happen(Event::Intent(Intent::Reconnect));
        assert_eq!(scene.view().badge.text, badge);
        assert_eq!(claimed(&scene), before, "nor counted twice");
    }
    scene.sign(1_800_000_000_000, 30_000, 1, 99_999);
    scene.say_status();
    assert!(claimed(&scene) > before);
    let after = claimed(&scene);
    scene.silent = true;
    scene.wake();
    assert_eq!(claimed(&scene), after, "before the host said a word");
}

#[test]
fn the_earlier_chains_are_asked_for_once_and_again_when_there_is_another_one() {
    let mut scene = chains(&[1, 1]).started();
    for _ in 0..3 {
        scene.say_status();
    }
    assert_eq!(asked(&scene), [0]);
    // Without an earlier chain nothing is asked.
    assert!(asked(&chains(&[1]).started()).is_empty());
    scene.begin_new_chain(9);
    scene.say_status();
    scene.say_status();
    // The new chain also means a new connection.
    assert_eq!(asked(&scene), [0, 0]);
}

#[test]
fn several_hundred_chains_are_fetched_in_pages_and_those_that_claim_most_count() {
    let mut scene = chains(&[2]);
    let one = scene.reports[0].clone();
    let two = scene.reports[1].clone();
    let chain = |last| EarlierChain {
        last,
        answered: None,
    };
    scene.begin_new_chain(2);
    scene.earlier = vec![chain(one), chain(two.clone())];
    scene.earlier.resize(450, chain(two));
    scene.count_earlier();
    let scene = scene.started();
    assert_eq!(asked(&scene), [0, 200, 400]);
    // All of them are one chain, which counts once, as far as its last report goes.
    assert_eq!(scene.view().balance.credits.en(), "6.1");
}

#[test]
fn an_earlier_chain_that_does_not_verify_is_named_and_not_counted() {
    let mut scene = chains(&[3, 1]);
    scene.earlier[0].last.body.0[100] ^= 1;
    let mut scene = scene.started();
    assert_eq!(claimed(&scene).get(), scene.status.balance.0);
    let source = "from 1 verified report; 1 earlier chain could not be verified and is not counted";
    assert_eq!(scene.view().balance.source.en(), source);
    scene.earlier[0].last.body.0[100] ^= 1;
    scene.happen(Event::Intent(Intent::Reconnect));
    let sum = scene.status.balance.0 + scene.status.earlier.amount.0;
    assert_eq!(claimed(&scene).get(), sum);
    // The number that the host names is never taken for one that was verified.
    scene.status.earlier.amount = U64Text(1_000_000_000_000_000);
    scene.say_status();
    assert_eq!(claimed(&scene).get(), sum);
}

#[test]
fn an_older_copy_of_a_kept_book_takes_nothing_away() {
    let mut scene = chains(&[3]).started();
    let before = claimed(&scene);
    // The book was replaced by a copy with one report, and a new chain was begun from there.
    scene.reports.truncate(1);
    scene.begin_new_chain(2);
    scene.say_status();
    assert_eq!(claimed(&scene), before);
}
