//! The answers to a batch: only good receipts are stored, and what does not hold is kept.

use crate::support::{Rig, ledger, next, receipt, receipts, signed, signed_state, state_of};
use meter_core::{
    Amount, ByteCount, ChainCondition, ChainEnd, ContradictionKind, LedgerSigner, Receipt, Tariff,
};
use meter_outbox::{Act, Answer, Seen, SendError, SendingState, Stop};

/// Sends three reports, of which the last gets this answer, and returns what is done after the
/// first two were stored.
fn third(answer: impl FnOnce(Receipt) -> Answer) -> (Rig, Vec<Act>) {
    let mut rig = Rig::new(3, 0);
    let batch = rig.sending(0);
    let mut answers = receipts(&batch);
    let last = receipt(&batch.reports()[2]);
    answers[2] = answer(last);
    let acts = rig.see(Seen::Answered(batch, answers));
    let [Act::Store(stored)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!(stored.len(), 2, "the first two are good");
    let acts = rig.stored(stored);
    (rig, acts)
}

#[test]
fn good_receipts_are_stored_and_then_nothing_waits() {
    let mut rig = Rig::new(3, 0);
    let batch = rig.sending(0);
    let answers = receipts(&batch);
    let acts = rig.see(Seen::Answered(batch, answers));
    let [Act::Store(stored)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!(stored.len(), 3);
    assert!(rig.stored(stored).is_empty());
    assert_eq!(rig.state(), SendingState::Idle);
}

#[test]
fn receipts_that_could_not_be_stored_are_asked_for_again() {
    let mut rig = Rig::new(3, 0);
    let batch = rig.sending(0);
    let answers = receipts(&batch);
    rig.see(Seen::Answered(batch, answers));
    assert!(rig.see(Seen::Refused).is_empty());
    let plan = Rig::plan(&rig.after(60));
    assert_eq!((plan.from, plan.count), (1, 3));
}

#[test]
fn g_22_l_03_l_04_a_receipt_that_does_not_hold_is_kept_with_its_bytes_and_sending_stops() {
    type Break = fn(Receipt) -> Receipt;
    let cases: [(ContradictionKind, Break); 4] = [
        (ContradictionKind::OtherReport, |receipt| Receipt {
            link: meter_core::LinkHash([1; 32]),
            ..receipt
        }),
        (ContradictionKind::Order, |receipt| Receipt {
            awarded_total: receipt.amount,
            ..receipt
        }),
        (ContradictionKind::Rule, |receipt| {
            let bytes = ByteCount::from_u32(1);
            let less = Tariff::V1.award(receipt.awarded_duration, bytes).unwrap();
            let amount = less.total;
            let before = receipt.awarded_total.since(receipt.amount);
            let awarded_total = Amount::new(before + amount.get()).unwrap();
            Receipt {
                awarded_bytes: bytes,
                amount,
                awarded_total,
                ..receipt
            }
        }),
        (ContradictionKind::OtherReport, |receipt| Receipt {
            chain: meter_core::ChainId([9; 16]),
            ..receipt
        }),
    ];
    for (kind, change) in cases {
        let mut evidence = Vec::new();
        let (mut rig, acts) = third(|receipt| {
            let receipt = signed(&change(receipt));
            evidence = [receipt.body(), receipt.signature()].concat();
            Answer::Receipt(receipt)
        });
        let [Act::Keep(found, bytes)] = &acts[..] else {
            panic!("{kind:?}: {acts:?}");
        };
        assert_eq!(*found, kind);
        assert!(bytes.starts_with(&evidence), "{kind:?}");
        let stop = Stop::Contradiction(kind);
        assert_eq!(rig.state(), SendingState::Stopped(stop));
        assert!(rig.after(1_000_000).is_empty());
    }
}

/// Whether nothing was kept or stored, and the same report is sent again after a while.
fn is_tried_again(rig: &mut Rig, acts: &[Act]) {
    assert!(acts.is_empty(), "{acts:?}");
    let state = rig.state();
    let failure = Some(SendError::Unsigned);
    assert!(
        matches!(state, SendingState::Waiting { failure: found, .. } if found == failure),
        "{state:?}"
    );
    assert!(rig.after(29).is_empty());
    let plan = Rig::plan(&rig.after(1));
    assert_eq!((plan.from, plan.count), (3, 1));
}

/// Digits of an answer may be changed on the way, so it proves nothing, and against nobody.
#[test]
fn a_receipt_that_no_key_signed_is_no_evidence_and_is_asked_for_again() {
    let (mut rig, acts) = third(|receipt| {
        let sound = signed(&receipt);
        Answer::Receipt(meter_core::Signed::new(sound.body().to_vec(), [3; 64]))
    });
    is_tried_again(&mut rig, &acts);
    let (mut rig, acts) = third(|receipt| {
        let sound = signed(&receipt);
        let mut body = sound.body().to_vec();
        *body.last_mut().unwrap() ^= 1;
        Answer::Receipt(meter_core::Signed::new(body, *sound.signature()))
    });
    is_tried_again(&mut rig, &acts);
}

#[test]
fn a_receipt_of_an_unknown_key_first_asks_for_the_ledgers_keys() {
    let stranger = LedgerSigner::from_seed(&[5; 32]);
    let (mut rig, acts) = third(|receipt| {
        let receipt = Receipt {
            ledger: stranger.key(),
            ..receipt
        };
        Answer::Receipt(stranger.sign(&receipt).unwrap().signed().clone())
    });
    assert!(matches!(acts[..], [Act::AskKeys]), "{acts:?}");
    let plan = Rig::plan(&rig.see(Seen::Keys(Vec::new())));
    assert_eq!((plan.from, plan.count), (3, 1));
    let batch = rig.batch(plan);
    let mut receipt = receipt(&batch.reports()[0]);
    receipt.ledger = stranger.key();
    let answer = Answer::Receipt(stranger.sign(&receipt).unwrap().signed().clone());
    // No key of the ledger signed it.
    let acts = rig.see(Seen::Answered(batch, vec![answer]));
    is_tried_again(&mut rig, &acts);
}

#[test]
fn what_comes_later_or_is_no_answer_is_tried_again_later() {
    for (answer, failure) in [
        (Answer::Busy, SendError::Busy),
        (Answer::Unreadable, SendError::Unreadable),
    ] {
        let (mut rig, acts) = third(|_| answer);
        assert!(acts.is_empty(), "{acts:?}");
        assert!(rig.after(29).is_empty());
        let plan = Rig::plan(&rig.after(1));
        assert_eq!((plan.from, plan.count), (3, 1));
        rig.batch(plan);
        for _ in 0..4 {
            rig.see(Seen::Failed {
                failure,
                retry_after_s: None,
            });
            rig.after(600);
        }
        let told =
            matches!(rig.state(), SendingState::Trouble { failure: found, .. } if found == failure);
        assert!(told, "{:?}", rig.state());
    }
}

#[test]
fn a_refused_report_and_an_unknown_device_stop_the_sending() {
    let (mut rig, acts) = third(|_| Answer::Refused("chain-totals".to_owned()));
    assert!(acts.is_empty(), "{acts:?}");
    let (sequence, code) = (3, "chain-totals".to_owned());
    let stop = Stop::Refused { sequence, code };
    assert_eq!(rig.state(), SendingState::Stopped(stop));
    assert!(rig.after(1_000_000).is_empty());
    let (rig, _) = third(|_| Answer::UnknownDevice);
    assert_eq!(rig.state(), SendingState::Stopped(Stop::UnknownDevice));
}

#[test]
fn a_conflict_asks_where_the_chain_is_once_and_then_more_and_more_slowly() {
    let mut rig = Rig::new(3, 0);
    let batch = rig.sending(0);
    let head = rig.chain.head(0);
    let conflict = || Answer::Conflict(signed_state(&state_of(&head, ChainCondition::Open)));
    let answers = vec![conflict(), conflict(), conflict()];
    let acts = rig.see(Seen::Answered(batch, answers.clone()));
    assert!(matches!(acts[..], [Act::AskChain]), "{acts:?}");
    let plan = Rig::plan(&rig.stands_at(0));
    let batch = rig.batch(plan);
    let acts = rig.see(Seen::Answered(batch, answers));
    assert!(acts.is_empty(), "not again at once: {acts:?}");
    assert!(matches!(rig.after(60)[..], [Act::AskChain]));
}

#[test]
fn g_23_a_chain_that_the_ledger_has_frozen_ends_at_once() {
    let (rig, acts) = third(|receipt| {
        let other = crate::support::Chain::new(3).head(2);
        let other = other.follow(&next(&other, 700)).unwrap();
        assert_eq!(other.sequence, receipt.sequence);
        Answer::Conflict(signed_state(&state_of(&other, ChainCondition::Frozen)))
    });
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Frozen)]),
        "{acts:?}"
    );
    assert_eq!(rig.state(), SendingState::NewChain(ChainEnd::Frozen));
}

#[test]
fn l_05_a_ledger_that_was_restored_gets_reports_and_receipts_back_and_then_what_waits() {
    let mut rig = Rig::new(230, 225);
    rig.asked();
    let mut acts = rig.stands_at(5);
    let mut sizes = Vec::new();
    loop {
        let plan = Rig::plan(&acts);
        let reports = rig.chain.planned(plan);
        if !plan.with_receipts {
            assert_eq!((plan.from, plan.count), (226, 5));
            break;
        }
        let from = usize::try_from(plan.from).unwrap() - 1;
        let count = usize::try_from(plan.count).unwrap();
        let own = rig.chain.reports[from..from + count].iter();
        let own: Vec<_> = own.map(|report| signed(&receipt(report))).collect();
        let answers = own.iter().cloned().map(Answer::Receipt).collect();
        let batch = rig.outbox.batch(plan, reports, own).unwrap();
        sizes.push(batch.receipts().len());
        acts = rig.see(Seen::Answered(batch, answers));
    }
    assert_eq!(sizes, [100, 100, 20]);
}

#[test]
fn l_04_a_restored_ledger_that_answers_with_another_receipt_contradicts_itself() {
    let mut rig = Rig::new(4, 3);
    rig.asked();
    let plan = Rig::plan(&rig.stands_at(1));
    assert_eq!((plan.from, plan.count, plan.with_receipts), (2, 2, true));
    let reports = rig.chain.planned(plan);
    let own: Vec<_> = rig.chain.reports[1..3]
        .iter()
        .map(|report| signed(&receipt(report)))
        .collect();
    let mut second = receipt(&rig.chain.reports[2]);
    second.at = meter_core::UnixMs::from_u32(10);
    let answers = vec![
        Answer::Receipt(own[0].clone()),
        Answer::Receipt(signed(&second)),
    ];
    let batch = rig.outbox.batch(plan, reports, own).unwrap();
    let acts = rig.see(Seen::Answered(batch, answers));
    assert!(
        matches!(acts[..], [Act::Keep(ContradictionKind::Second, _)]),
        "{acts:?}"
    );
    assert_eq!(ledger().key(), second.ledger);
}
