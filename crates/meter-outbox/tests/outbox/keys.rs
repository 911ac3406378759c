//! A ledger that has changed its key: once, twice, and while something was under way.

use crate::support::{Rig, ledger, receipt, receipts, state_of};
use meter_core::{ChainCondition, ChainState, KeyChange, LedgerSigner, Signed, UnixMs};
use meter_outbox::{Act, Answer, Seen, SendError, SendingState};

/// The ledger's key with this number; number 1 is the pinned one.
fn key(number: u8) -> LedgerSigner {
    match number {
        1 => ledger(),
        number => LedgerSigner::from_seed(&[number; 32]),
    }
}

/// The change to the key with this number.
fn change(number: u8) -> Signed<KeyChange> {
    let old = key(number - 1);
    let change = KeyChange {
        old: old.key(),
        new: key(number).key(),
        number: u32::from(number),
        at: UnixMs::from_u32(3),
    };
    old.sign(&change).unwrap().signed().clone()
}

fn state_by(rig: &Rig, number: u8) -> Seen {
    let state = ChainState {
        ledger: key(number).key(),
        ..state_of(&rig.chain.head(2), ChainCondition::Open)
    };
    Seen::Chain {
        state: Box::new(key(number).sign(&state).unwrap().signed().clone()),
        ours: Some(rig.chain.head(2).link),
    }
}

fn failed(failure: SendError) -> Seen {
    Seen::Failed {
        failure,
        retry_after_s: None,
    }
}

#[track_caller]
fn asks_keys(acts: &[Act]) {
    assert!(matches!(acts, [Act::AskKeys]), "{acts:?}");
}

#[track_caller]
fn asks_chain(acts: &[Act]) {
    assert!(matches!(acts, [Act::AskChain]), "{acts:?}");
}

#[test]
fn a_refused_signature_asks_for_the_keys_at_once_and_then_for_the_chain_again() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    asks_keys(&rig.see(Seen::SignatureRefused));
    let acts = rig.see(Seen::Keys(vec![change(2), change(3)]));
    assert!(
        matches!(acts[..], [Act::AddKey(_), Act::AddKey(_), Act::AskChain]),
        "{acts:?}"
    );
    let seen = state_by(&rig, 3);
    assert_eq!(Rig::plan(&rig.see(seen)).from, 3);
}

/// Without this a host would wait for its next start after a change at the wrong moment.
#[test]
fn a_signature_that_stays_refused_asks_for_the_keys_again_more_and_more_slowly() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    asks_keys(&rig.see(Seen::SignatureRefused));
    asks_chain(&rig.see(Seen::Keys(Vec::new())));
    for wait in [30, 60, 120] {
        assert!(rig.see(Seen::SignatureRefused).is_empty());
        assert!(rig.after(wait - 1).is_empty());
        asks_keys(&rig.after(1));
        asks_chain(&rig.see(Seen::Keys(Vec::new())));
    }
    rig.see(Seen::SignatureRefused);
    rig.now += 500_000;
    let told = rig.state();
    let failure = SendError::Declined;
    assert!(
        matches!(told, SendingState::Trouble { failure: found, .. } if found == failure),
        "{told:?}"
    );
    asks_keys(&rig.see(Seen::Tick));
    let acts = rig.see(Seen::Keys(vec![change(2)]));
    assert!(
        matches!(acts[..], [Act::AddKey(_), Act::AskChain]),
        "{acts:?}"
    );
    let seen = state_by(&rig, 2);
    assert_eq!(Rig::plan(&rig.see(seen)).from, 3);
}

#[test]
fn a_key_that_changes_twice_between_two_questions_is_no_contradiction() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    asks_keys(&rig.see(Seen::SignatureRefused));
    rig.see(Seen::Keys(vec![change(2)]));
    let seen = state_by(&rig, 3);
    assert!(rig.see(seen).is_empty(), "not at once a second time");
    asks_keys(&rig.after(60));
    let acts = rig.see(Seen::Keys(vec![change(2), change(3)]));
    // The one that is known is stored again: the disk may have refused it.
    assert!(
        matches!(acts[..], [Act::AddKey(_), Act::AddKey(_), Act::AskChain]),
        "{acts:?}"
    );
    let seen = state_by(&rig, 3);
    assert_eq!(Rig::plan(&rig.see(seen)).from, 3);
}

#[test]
fn a_key_that_changes_hours_after_the_keys_were_asked_for_is_no_contradiction() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    asks_keys(&rig.see(Seen::SignatureRefused));
    asks_chain(&rig.see(Seen::Keys(Vec::new())));
    assert!(rig.see(failed(SendError::NotFound)).is_empty());
    asks_chain(&rig.after(3_600));
    let seen = state_by(&rig, 2);
    asks_keys(&rig.see(seen));
}

#[test]
fn what_a_key_signed_that_the_ledger_does_not_list_counts_nothing_and_is_no_contradiction() {
    let mut rig = Rig::new(3, 2);
    rig.asked();
    asks_keys(&rig.see(Seen::SignatureRefused));
    asks_chain(&rig.see(Seen::Keys(Vec::new())));
    let seen = state_by(&rig, 2);
    assert!(rig.see(seen).is_empty());
    let state = rig.state();
    let failure = Some(SendError::Unsigned);
    assert!(
        matches!(state, SendingState::Waiting { failure: found, .. } if found == failure),
        "{state:?}"
    );
    asks_chain(&rig.after(60));
}

/// The ledger ended after it took the reports, changed its key, and took more reports since.
#[test]
fn receipts_of_both_keys_in_one_batch_are_stored_one_after_the_other() {
    let mut rig = Rig::new(4, 2);
    let batch = rig.sending(2);
    let mut answers = receipts(&batch);
    let mut later = receipt(&batch.reports()[1]);
    later.ledger = key(2).key();
    answers[1] = Answer::Receipt(key(2).sign(&later).unwrap().signed().clone());
    let acts = rig.see(Seen::Answered(batch, answers));
    let [Act::Store(good)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!(good.len(), 1, "the one of the known key");
    asks_keys(&rig.stored(good));
    let acts = rig.see(Seen::Keys(vec![change(2)]));
    let [Act::AddKey(_), Act::Send(plan)] = acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!((plan.from, plan.count), (4, 1));
    let batch = rig.batch(plan);
    let answer = Answer::Receipt(key(2).sign(&later).unwrap().signed().clone());
    let acts = rig.see(Seen::Answered(batch, vec![answer]));
    assert!(matches!(acts[..], [Act::Store(_)]), "{acts:?}");
}

/// Neither is an answer that an honest ledger gives to it, and neither may hold up everything.
#[test]
fn no_refusal_of_a_question_leaves_it_under_way_for_ever() {
    for seen in [Seen::SignatureRefused, Seen::UnknownDevice] {
        let mut rig = Rig::new(3, 2);
        rig.asked();
        asks_keys(&rig.see(Seen::SignatureRefused));
        rig.see(seen);
        assert_ne!(rig.state(), SendingState::Sending);
    }
    let mut rig = Rig::new(3, 2);
    drop(rig.sending(2));
    asks_keys(&rig.see(Seen::SignatureRefused));
}
