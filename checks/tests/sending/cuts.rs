//! Connections that are cut after a byte of a request or an answer.

use crate::place::{LIMIT, Place, adds_up};
use checks::between::{Direction, Rule};
use std::time::Duration;

/// How many cuts there are, in both directions and both exchanges together.
const CUTS: u64 = 240;
/// After so long a person asks again: the daemon may not have noticed the last cut yet.
const PATIENCE: Duration = Duration::from_millis(200);
/// More bytes than an exchange has.
const MANY: u64 = 1 << 20;

/// Signs one more report, and counts the bytes of the exchange with it in this direction.
async fn length(place: &mut Place, direction: Direction) -> u64 {
    place.between.rule(Rule::Cut(direction, MANY));
    place.person.earns(1);
    place.person.is_answered().await;
    let Rule::Cut(_, left) = place.between.now() else {
        panic!("no exchange is as long");
    };
    MANY - left
}

/// Cuts at places that are spread over the whole exchange, and nearly all different.
async fn cut(place: &mut Place, direction: Direction, length: u64, cuts: u64) {
    // What is sent again is answered with `replay` instead of `accepted`.
    let length = length - 2;
    for number in 0..cuts {
        // Both ends, and in between at a place that no width of a buffer divides.
        let at = match number {
            0 => 0,
            1 => length - 1,
            number => (number * 7_919 + 13) % length,
        };
        place.between.rule(Rule::Cut(direction, at));
        let begun = tokio::time::Instant::now();
        loop {
            place.person.send();
            if place.between.applied(PATIENCE).await.is_ok() {
                break;
            }
            assert!(
                begun.elapsed() < LIMIT,
                "byte {at}: {:?}",
                place.between.now()
            );
        }
        adds_up(&place.person.status());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_after_any_byte_loses_and_doubles_nothing() {
    let mut place = Place::new().await;
    place.person.earns(1);
    place.settles().await;
    for direction in [Direction::Up, Direction::Down] {
        // The daemon knows where the chain is: it only sends.
        let sending = length(&mut place, direction).await;
        place.between.rule(Rule::Closed);
        place.person.earns(1);
        cut(&mut place, direction, sending, CUTS / 4).await;
        place.between.rule(Rule::Pass);
        place.settles().await;
        // The first exchange of a daemon asks where the chain is, and then sends.
        place.person.dies().await;
        let both = length(&mut place, direction).await;
        place.between.rule(Rule::Closed);
        place.person.dies().await;
        place.person.earns(1);
        cut(&mut place, direction, both - sending, CUTS / 4).await;
        place.between.rule(Rule::Pass);
        place.settles().await;
    }
    place.has_receipts(9);
}
