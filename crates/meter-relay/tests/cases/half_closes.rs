//! Two sides that each write twice and end, in every possible order.

use crate::support::{
    stage::{Act, Stage, Step},
    wire::{Moved, Side},
};

/// The actions of each side, in this order.
const ACTS: [Act; 3] = [Act::Write(20_001), Act::Write(16_384), Act::End];

/// All orders of both sides' actions that keep the order of each side.
fn orders() -> Vec<Vec<Side>> {
    let sides = |bits: u32| (0..6).map(move |at| bits >> at & 1 == 0);
    let orders = (0..64_u32).filter(|bits| bits.count_ones() == 3);
    orders
        .map(|bits| {
            let order = sides(bits).map(|client| if client { Side::Client } else { Side::Tor });
            order.collect()
        })
        .collect()
}

async fn play(order: &[Side], early: Moved, wait: bool) {
    println!("{order:?} with {early:?}, waiting for each step: {wait}"); // shown when it fails
    let mut stage = Stage::open(&[early]).await;
    let (mut client, mut tor) = (ACTS.into_iter(), ACTS.into_iter());
    for &side in order {
        let acts = match side {
            Side::Client => &mut client,
            Side::Tor => &mut tor,
        };
        let act = acts.next().expect("three each");
        let step = Step {
            wire: 0,
            side,
            act,
            turns: 0,
        };
        stage.play(&step).await;
        if wait {
            stage.arrives(side).await;
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn half_closes_in_every_order_lose_and_add_nothing() {
    let orders = orders();
    assert_eq!(orders.len(), 20);
    for order in &orders {
        for early in [Moved::default(), Moved { up: 500, down: 60 }] {
            play(order, early, true).await;
            play(order, early, false).await;
        }
    }
}
