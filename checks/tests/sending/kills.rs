//! Kills of daemon and ledger at every step of the sending.

use crate::place::{LIMIT, Place, adds_up};
use checks::between::{Rule, Step};

/// All steps that a proxy can see. What follows the last one, the storing of the receipts, is
/// reached by letting everything pass.
const STEPS: [Option<Step>; 7] = [
    Some(Step::BeforeAsking),
    Some(Step::AfterAsking),
    Some(Step::BeforeSending),
    Some(Step::AsSent),
    Some(Step::AfterSending),
    Some(Step::AsAnswered),
    None,
];
/// How often each step is met by a kill.
const ROUNDS: usize = 2;

#[derive(Clone, Copy, Eq, PartialEq)]
enum Victim {
    Daemon,
    Ledger,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_killed_at_any_step_loses_and_doubles_nothing() {
    kills(Victim::Daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_is_killed_at_any_step_loses_and_doubles_nothing() {
    kills(Victim::Ledger).await;
}

async fn kills(victim: Victim) {
    let mut place = Place::new().await;
    place.person.earns(1);
    place.settles().await;
    for step in STEPS.repeat(ROUNDS) {
        if step == Some(Step::AfterAsking) || step == Some(Step::BeforeAsking) {
            // The first question of a daemon's life is where the chain is.
            place.person.dies().await;
        }
        place.between.rule(step.map_or(Rule::Pass, Rule::Stop));
        place.person.earns(2);
        match step {
            Some(_) => place.between.applied(LIMIT).await.unwrap(),
            None => drop(place.person.is_answered().await),
        }
        if victim == Victim::Ledger {
            place.ledger.kill().unwrap();
            place.ledger.start_again().unwrap();
        } else {
            place.person.dies().await;
        }
        adds_up(&place.person.status());
        place.between.rule(Rule::Pass);
        place.settles().await;
    }
    place.has_receipts(1 + 2 * STEPS.len() * ROUNDS);
}
