//! When something is sent, what goes together, and what a person is told.

use crate::support::{Rig, genesis, next, receipts};
use meter_core::{ChainEnd, ChainHead};
use meter_outbox::{Act, Batch, BatchError, Seen, SendError, SendingState};

fn waiting(in_ms: u64) -> SendingState {
    let failure = None;
    SendingState::Waiting { in_ms, failure }
}

#[test]
fn an_outbox_in_which_nothing_waits_does_nothing_at_all() {
    let mut rig = Rig::new(3, 3);
    rig.reachable();
    for _ in 0..100 {
        assert!(rig.after(3_600).is_empty());
    }
    assert!(rig.see(Seen::SendNow).is_empty());
    assert_eq!(rig.state(), SendingState::Idle);
    assert!(rig.outbox.is_idle());
}

#[test]
fn what_waits_is_sent_after_its_delay_in_one_batch_with_what_waits_by_then() {
    let mut rig = Rig::new(3, 3);
    rig.reachable();
    let head = rig.chain.head(4);
    assert!(rig.see(Seen::Head(head)).is_empty());
    assert_eq!(rig.state(), waiting(100_000));
    assert!(rig.after(60).is_empty());
    // A later report does not move the time.
    let head = rig.chain.head(6);
    assert!(rig.see(Seen::Head(head)).is_empty());
    assert_eq!(rig.state(), waiting(40_000));
    assert!(rig.after(39).is_empty());
    assert!(matches!(rig.after(1)[..], [Act::AskChain]));
    assert_eq!(rig.state(), SendingState::Sending);
    let plan = Rig::plan(&rig.stands_at(3));
    assert_eq!((plan.from, plan.count), (4, 3));
    assert!(rig.after(100).is_empty(), "one thing at a time");
    let batch = rig.batch(plan);
    let acts = rig.see(Seen::Answered(batch, Vec::new()));
    assert!(acts.is_empty(), "an answer for none is no answer");
}

#[test]
fn everything_that_waits_is_sent_in_batches_of_a_hundred_one_after_the_other() {
    let mut rig = Rig::new(250, 0);
    let batch = rig.sending(0);
    all_goes(&mut rig, batch);
}

#[test]
fn l_09_a_ledger_that_is_away_for_a_month_is_tried_every_hour_and_then_gets_everything() {
    const MONTH_S: u64 = 30 * 24 * 3_600;
    let mut rig = Rig::new(250, 0);
    rig.asked();
    let failure = SendError::Unreachable;
    let (mut tries, mut passed_s) = (0, 0);
    while passed_s < MONTH_S {
        let retry_after_s = None;
        let acts = rig.see(Seen::Failed {
            failure,
            retry_after_s,
        });
        assert!(acts.is_empty(), "{acts:?}");
        let minutes = (1..).find(|_| !rig.after(60).is_empty());
        passed_s += minutes.unwrap() * 60;
        tries += 1;
    }
    assert!((600..=24 * 30 + 20).contains(&tries), "{tries}");
    let told = rig.state();
    assert!(matches!(told, SendingState::Trouble { failure: found, .. } if found == failure));
    let acts = rig.stands_at(0);
    let batch = rig.batch(Rig::plan(&acts));
    all_goes(&mut rig, batch);
}

/// Everything of 250 reports, beginning with this batch.
#[track_caller]
fn all_goes(rig: &mut Rig, mut batch: Batch) {
    let mut sizes = Vec::new();
    loop {
        sizes.push(batch.reports().len());
        let answers = receipts(&batch);
        let acts = rig.see(Seen::Answered(batch, answers));
        let [Act::Store(stored)] = &acts[..] else {
            panic!("{acts:?}");
        };
        let mut acts = rig.stored(stored);
        if rig.outbox.is_idle() {
            break;
        }
        if acts.is_empty() {
            acts = rig.after(200);
        }
        batch = rig.batch(Rig::plan(&acts));
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(rig.state(), SendingState::Idle);
}

#[test]
fn without_tor_nothing_is_tried_and_the_state_says_so() {
    let mut rig = Rig::new(1, 0);
    assert!(rig.see(Seen::Reachable(false)).is_empty());
    assert!(rig.after(300).is_empty());
    assert_eq!(rig.state(), SendingState::NoTor);
    assert!(rig.after(300).is_empty());
    let failure = SendError::NoTor;
    let since_ms = 600_000;
    assert_eq!(rig.state(), SendingState::Trouble { since_ms, failure });
    // Tor is back: what waited goes at once, and trouble ends with the first success.
    assert!(matches!(
        rig.see(Seen::Reachable(true))[..],
        [Act::AskChain]
    ));
}

#[test]
fn a_failure_is_tried_again_later_and_told_after_ten_minutes_with_its_reason() {
    let mut rig = Rig::new(1, 0);
    rig.asked();
    let failed = |failure, retry_after_s| Seen::Failed {
        failure,
        retry_after_s,
    };
    assert!(rig.see(failed(SendError::NotFound, None)).is_empty());
    let failed_just_now = SendingState::Waiting {
        in_ms: 30_000,
        failure: Some(SendError::NotFound),
    };
    assert_eq!(rig.state(), failed_just_now);
    assert!(rig.after(29).is_empty());
    assert!(matches!(rig.after(1)[..], [Act::AskChain]));
    assert!(rig.see(failed(SendError::Busy, Some(500))).is_empty());
    assert!(rig.after(499).is_empty(), "the ledger said when");
    let failure = SendError::Busy;
    let since_ms = 200_000 + 30_000 + 499_000;
    assert_eq!(rig.state(), SendingState::Trouble { since_ms, failure });
    // A person who asks need not wait.
    assert!(matches!(rig.see(Seen::SendNow)[..], [Act::AskChain]));
}

/// The book was replaced by a copy that signed another report with the same number.
#[test]
fn another_body_for_a_place_that_has_left_never_leaves() {
    let mut rig = Rig::new(1, 0);
    let first = rig.sending(0);
    assert_eq!(first.reports().len(), 1);
    let failure = SendError::TimedOut;
    let failed = Seen::Failed {
        failure,
        retry_after_s: None,
    };
    assert!(rig.see(failed).is_empty());
    let plan = Rig::plan(&rig.after(60));
    let other = next(&genesis(), 777);
    let head = genesis().follow(&other).unwrap();
    rig.see(Seen::Head(head));
    let refused = rig
        .outbox
        .batch(plan, vec![other.signed().clone()], Vec::new());
    let expected = BatchError::OtherBody { sequence: 1 };
    assert_eq!(refused.err(), Some(expected));
    let acts = rig.see(Seen::Tick);
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Split)]),
        "{acts:?}"
    );
    assert_eq!(rig.state(), SendingState::NewChain(ChainEnd::Split));
    // The disk refuses: later again, and nothing else meanwhile.
    assert!(rig.see(Seen::Refused).is_empty());
    assert!(rig.after(10).is_empty());
    let acts = rig.after(60);
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Split)]),
        "{acts:?}"
    );
}

#[test]
fn reports_that_are_not_the_planned_ones_are_no_batch() {
    let mut rig = Rig::new(3, 0);
    rig.asked();
    let plan = Rig::plan(&rig.stands_at(0));
    let mut reports = rig.chain.planned(plan);
    reports.pop();
    let refused = rig.outbox.batch(plan, reports, Vec::new());
    assert_eq!(refused.err(), Some(BatchError::Count));
    // It is read again, but not at once and not for ever.
    assert!(rig.see(Seen::Tick).is_empty());
    assert!(matches!(rig.after(60)[..], [Act::AskChain]));
    let plan = Rig::plan(&rig.stands_at(0));
    let mut reports = rig.chain.planned(plan);
    reports.swap(0, 1);
    let refused = rig.outbox.batch(plan, reports, Vec::new());
    assert!(matches!(refused, Err(BatchError::Chain(_))), "{refused:?}");
}

#[test]
fn the_head_of_another_chain_is_none_of_its_business() {
    let mut rig = Rig::new(0, 0);
    rig.reachable();
    let other = ChainHead {
        sequence: 9,
        ..ChainHead::genesis(meter_core::ChainId([9; 16]), genesis().key)
    };
    assert!(rig.see(Seen::Head(other)).is_empty());
    assert!(rig.outbox.is_idle());
}
