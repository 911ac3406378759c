//! The first contact: where the ledger has the chain decides what happens.

use crate::support::{Chain, Rig, genesis, ledger, next, signed_state, state_of};
use meter_core::{
    ChainCondition, ChainEnd, ChainHead, ChainId, ContradictionKind, KeyChange, LedgerSigner,
    UnixMs,
};
use meter_outbox::{Act, Seen, SendError, SendingState, Stop};

#[test]
fn a_ledger_at_the_same_place_or_with_lost_answers_gets_what_waits() {
    for at in [2, 3, 4] {
        let mut rig = Rig::new(4, 2);
        rig.asked();
        let plan = Rig::plan(&rig.stands_at(at));
        assert_eq!((plan.from, plan.count, plan.with_receipts), (3, 2, false));
    }
}

#[test]
fn l_06_a_ledger_with_another_history_or_a_longer_one_or_a_frozen_chain_ends_the_chain() {
    let begins = |acts: &[Act], why| {
        let is_so = matches!(acts, [Act::BeginNewChain(found)] if *found == why);
        assert!(is_so, "{acts:?}");
    };
    let mut rig = Rig::new(3, 1);
    rig.asked();
    let acts = rig.stands_at(4);
    begins(&acts, ChainEnd::Ahead);
    assert_eq!(rig.state(), SendingState::NewChain(ChainEnd::Ahead));

    let mut rig = Rig::new(3, 1);
    rig.asked();
    let other = next(&genesis(), 99);
    let other = genesis().follow(&other).unwrap();
    let state = signed_state(&state_of(&other, ChainCondition::Open));
    let ours = Some(rig.chain.head(1).link);
    begins(&rig.see(Seen::Chain { state, ours }), ChainEnd::Split);

    let mut rig = Rig::new(3, 1);
    rig.asked();
    let head = rig.chain.head(1);
    let state = signed_state(&state_of(&head, ChainCondition::Frozen));
    let ours = Some(head.link);
    begins(&rig.see(Seen::Chain { state, ours }), ChainEnd::Frozen);
}

/// An older copy of the book was put back, and the file of receipts shows it without any contact.
#[test]
fn a_book_that_is_older_than_its_receipts_begins_a_new_chain_and_sends_nothing() {
    let mut rig = Rig::from(2, 4, 2);
    let acts = rig.see(Seen::Tick);
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Ahead)]),
        "{acts:?}"
    );
    // The same number, but another report.
    let chain = Chain::new(5);
    let other = next(&genesis(), 99);
    let link = Some(genesis().follow(&other).unwrap().link);
    let mut rig = Rig::with(chain, 3, 1, link);
    let acts = rig.see(Seen::Reachable(true));
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Split)]),
        "{acts:?}"
    );
}

/// A backup was restored: the ledger may have more than the book, although nothing waits.
#[test]
fn a_copy_that_may_be_older_asks_once_although_nothing_waits() {
    let mut rig = Rig::new(3, 3);
    rig.outbox.ask_first();
    assert!(rig.outbox.is_asking_first());
    rig.asked();
    assert!(rig.stands_at(3).is_empty(), "nothing is sent");
    assert!(!rig.outbox.is_asking_first());
    assert!(rig.outbox.is_idle());
    assert!(rig.after(10_000).is_empty(), "nothing is asked again");

    let mut rig = Rig::new(3, 3);
    rig.outbox.ask_first();
    rig.asked();
    let acts = rig.stands_at(5);
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Ahead)]),
        "{acts:?}"
    );

    // Without an answer the question stays, and a ledger that does not know the device has none.
    let mut rig = Rig::new(3, 3);
    rig.outbox.ask_first();
    rig.asked();
    rig.see(Seen::UnknownDevice);
    assert!(!rig.outbox.is_asking_first());
}

#[test]
fn a_ledger_that_does_not_know_the_enrolled_place_any_more_ends_the_chain() {
    let mut rig = Rig::new(6, 4);
    let settled = meter_core::Answered {
        start: 3,
        ..crate::support::answered(&rig.chain.head(4), 3)
    };
    rig.outbox = meter_outbox::Outbox::new(meter_outbox::Start {
        head: rig.chain.head(6),
        answered: settled,
        ours: Some(rig.chain.head(4).link),
        keys: meter_core::LedgerKeys::new(ledger().key()),
        delay_max: meter_core::DurationMs::from_u32(180_000),
        contradiction: None,
    });
    rig.asked();
    let acts = rig.stands_at(0);
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Forgotten)]),
        "{acts:?}"
    );
}

#[test]
fn what_the_ledger_signs_about_the_chain_must_hold() {
    let check = |state: meter_core::ChainState, by: &LedgerSigner, kind| {
        let mut rig = Rig::new(3, 2);
        rig.asked();
        let signed = by.sign(&state).unwrap().signed().clone();
        let ours = Some(rig.chain.head(2).link);
        let state = Box::new(signed);
        let acts = rig.see(Seen::Chain { state, ours });
        let is_so = matches!(&acts[..], [Act::Keep(found, _)] if *found == kind);
        assert!(is_so, "{acts:?}");
        let stop = Stop::Contradiction(kind);
        assert_eq!(rig.state(), SendingState::Stopped(stop));
        assert!(rig.after(100_000).is_empty(), "nothing more is sent");
        assert!(rig.see(Seen::SendNow).is_empty());
    };
    let chain = Chain::new(3);
    let at_two = state_of(&chain.head(2), ChainCondition::Open);
    let total = meter_core::ChainState {
        awarded_total: chain.head(1).totals.amount,
        ..at_two
    };
    check(total, &ledger(), ContradictionKind::Total);
    let more = meter_core::ChainState {
        awarded_total: chain.head(1).totals.amount,
        ..state_of(&chain.head(3), ChainCondition::Open)
    };
    let mut rig = Rig::new(3, 2);
    rig.asked();
    let ours = Some(rig.chain.head(3).link);
    let state = signed_state(&more);
    let acts = rig.see(Seen::Chain { state, ours });
    assert!(
        matches!(acts[..], [Act::Keep(ContradictionKind::Total, _)]),
        "{acts:?}"
    );
    let other = ChainHead::genesis(ChainId([8; 16]), genesis().key);
    let other = state_of(&other, ChainCondition::Open);
    check(other, &ledger(), ContradictionKind::OtherReport);
}

#[test]
fn a_state_of_an_unknown_key_counts_after_the_ledger_has_shown_the_change_to_it() {
    let next_key = LedgerSigner::from_seed(&[0x2f; 32]);
    let change = |old: &LedgerSigner, number| {
        let change = KeyChange {
            old: old.key(),
            new: next_key.key(),
            number,
            at: UnixMs::from_u32(3),
        };
        old.sign(&change).unwrap().signed().clone()
    };
    let state = |rig: &Rig| {
        let mut state = state_of(&rig.chain.head(2), ChainCondition::Open);
        state.ledger = next_key.key();
        Seen::Chain {
            state: Box::new(next_key.sign(&state).unwrap().signed().clone()),
            ours: Some(rig.chain.head(2).link),
        }
    };
    let mut rig = Rig::new(3, 2);
    rig.asked();
    let seen = state(&rig);
    assert!(matches!(rig.see(seen)[..], [Act::AskKeys]));
    // A change from before the pinned key is passed over.
    let earlier = change(&LedgerSigner::from_seed(&[1; 32]), 9);
    let acts = rig.see(Seen::Keys(vec![earlier.clone(), change(&ledger(), 2)]));
    assert!(
        matches!(acts[..], [Act::AddKey(_), Act::AskChain]),
        "{acts:?}"
    );
    let seen = state(&rig);
    assert_eq!(Rig::plan(&rig.see(seen)).from, 3);

    // Without such a change no key of the ledger signed it, and that is no evidence.
    let mut rig = Rig::new(3, 2);
    rig.asked();
    let seen = state(&rig);
    assert!(matches!(rig.see(seen)[..], [Act::AskKeys]));
    assert!(matches!(
        rig.see(Seen::Keys(vec![earlier]))[..],
        [Act::AskChain]
    ));
    let seen = state(&rig);
    assert!(rig.see(seen).is_empty());
    assert_eq!(failure(&rig), Some(SendError::Unsigned));
    assert!(matches!(rig.after(60)[..], [Act::AskChain]));
    let seen = state(&rig);
    assert!(matches!(rig.see(seen)[..], [Act::AskKeys]), "it may now");
}

#[test]
fn a_change_of_key_is_evidence_only_if_the_key_that_it_names_signed_it() {
    let change = |new: u8| {
        let change = KeyChange {
            old: ledger().key(),
            new: LedgerSigner::from_seed(&[new; 32]).key(),
            number: 2,
            at: UnixMs::from_u32(3),
        };
        ledger().sign(&change).unwrap().signed().clone()
    };
    let asked = || {
        let mut rig = Rig::new(3, 2);
        rig.asked();
        let next_key = LedgerSigner::from_seed(&[0x2f; 32]);
        let mut state = state_of(&rig.chain.head(2), ChainCondition::Open);
        state.ledger = next_key.key();
        let acts = rig.see(Seen::Chain {
            state: Box::new(next_key.sign(&state).unwrap().signed().clone()),
            ours: Some(rig.chain.head(2).link),
        });
        assert!(matches!(acts[..], [Act::AskKeys]), "{acts:?}");
        rig
    };
    let sound = change(0x2f);
    let forged = meter_core::Signed::new(sound.body().to_vec(), [7; 64]);
    let mut rig = asked();
    let acts = rig.see(Seen::Keys(vec![forged]));
    assert!(acts.is_empty(), "{acts:?}");
    assert_eq!(failure(&rig), Some(SendError::Unsigned));

    // Two successors, and the pinned key has signed both.
    let acts = asked().see(Seen::Keys(vec![sound, change(9)]));
    assert!(
        matches!(
            acts[..],
            [Act::AddKey(_), Act::Keep(ContradictionKind::Key, _)]
        ),
        "{acts:?}"
    );
}

fn failure(rig: &Rig) -> Option<SendError> {
    match rig.state() {
        SendingState::Waiting { failure, .. } => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_device_stops_until_a_person_asks() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    assert!(rig.see(Seen::UnknownDevice).is_empty());
    assert_eq!(rig.state(), SendingState::Stopped(Stop::UnknownDevice));
    assert!(rig.after(100_000).is_empty());
    assert!(matches!(rig.see(Seen::SendNow)[..], [Act::AskChain]));
}

#[test]
fn an_older_book_that_is_put_in_place_while_it_runs_is_compared_anew() {
    let mut rig = Rig::new(4, 2);
    let batch = rig.sending(2);
    drop(batch);
    let failure = SendError::TimedOut;
    rig.see(Seen::Failed {
        failure,
        retry_after_s: None,
    });
    let head = rig.chain.head(3);
    rig.see(Seen::Head(head));
    assert!(
        matches!(rig.after(60)[..], [Act::AskChain]),
        "not what it knew"
    );
    let head = rig.chain.head(1);
    rig.see(Seen::Failed {
        failure,
        retry_after_s: None,
    });
    let acts = rig.see(Seen::Head(head));
    assert!(
        matches!(acts[..], [Act::BeginNewChain(ChainEnd::Ahead)]),
        "{acts:?}"
    );
}
