//! Enrolment, leaving, coming back, and the keys and policies of a ledger.

use crate::support::{
    CHAIN, Folder, add, answers, answers_from, at, audited, enrolled, head, key, ledger,
    membership, other_ledger, policy, policy_of, receipt_by, reports,
};
use meter_core::{AccountId, Amount, AnsweredReport, KeyChange, LedgerSigner};
use meter_ledger::{Receipts, ReceiptsError};

#[test]
fn who_is_not_enrolled_has_no_file() {
    let folder = Folder::new();
    assert!(Receipts::open(&folder.receipts()).unwrap().is_none());
    assert!(!folder.receipts().try_exists().unwrap());
}

#[test]
fn a_membership_is_read_back_as_it_was_stored() {
    let folder = Folder::new();
    let mut receipts = Receipts::create(&folder.receipts()).unwrap();
    assert_eq!(receipts.membership().unwrap(), None);
    let refused = receipts.sums();
    assert!(
        matches!(refused, Err(ReceiptsError::NotEnrolled)),
        "{refused:?}"
    );
    let mut wanted = membership(head(CHAIN, 3));
    wanted.awarded = Amount::from_u32(12);
    let member = receipts.join(&wanted, &policy()).unwrap();
    assert_eq!(member.membership, wanted);
    receipts.close().unwrap();
    let receipts = Receipts::open(&folder.receipts()).unwrap().unwrap();
    assert_eq!(receipts.membership().unwrap(), Some(member));
    assert_eq!(receipts.policy().unwrap(), policy());
    let answered = receipts.answered(CHAIN).unwrap();
    assert_eq!((answered.start, answered.sequence), (3, 3));
    assert_eq!(answered.awarded_total, Amount::from_u32(12));
    assert_eq!(receipts.sums().unwrap().credited, Amount::from_u32(12));
    assert_eq!(answered.link, head(CHAIN, 3).link);
}

#[test]
fn who_leaves_and_comes_back_goes_on_where_the_ledger_stands() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=3));
    let again = receipts.join(&membership(head(CHAIN, 3)), &policy());
    assert!(matches!(again, Err(ReceiptsError::Enrolled)), "{again:?}");
    receipts.leave(at(8_000)).unwrap();
    let refused = receipts.leave(at(8_000));
    assert!(
        matches!(refused, Err(ReceiptsError::NotEnrolled)),
        "{refused:?}"
    );
    assert_eq!(receipts.membership().unwrap(), None);
    let left = receipts.memberships().unwrap();
    assert_eq!(left[0].left_at, Some(at(8_000)));
    let old = receipts.receipts_of(&left[0], CHAIN, 0, 10).unwrap();
    assert_eq!(old.len(), 3, "the old receipts stay readable");
    assert_eq!(audited(&receipts).unwrap(), 3);
    // Back, at a new address and with later reports: the ledger knows the chain up to 3.
    let mut back = membership(head(CHAIN, 5));
    back.address = "127.0.0.1:4444".to_owned();
    let member = receipts.join(&back, &policy()).unwrap();
    assert_eq!((member.number, member.left_at), (1, None));
    assert_eq!(member.membership.address, back.address);
    assert_eq!(member.membership.head.sequence, 0);
    let waiting = receipts.waiting(&head(CHAIN, 5)).unwrap();
    assert_eq!(waiting.reports, 2);
    assert_eq!(add(&mut receipts, &answers(1..=5)), (2, 3));
    receipts.leave(at(9_000)).unwrap();
    // Another account begins anew from the place of its enrolment.
    let mut other = membership(head(CHAIN, 5));
    other.account = AccountId([0xbb; 16]);
    assert_eq!(receipts.join(&other, &policy()).unwrap().number, 2);
    assert_eq!(receipts.sums().unwrap().credited, Amount::ZERO);
    add(&mut receipts, &answers_from(CHAIN, 6..=7, Amount::ZERO));
    assert_eq!(audited(&receipts).unwrap(), 7);
    let first = &receipts.memberships().unwrap()[0];
    assert_eq!(receipts.receipts_of(first, CHAIN, 0, 9).unwrap().len(), 5);
}

fn change(old: &LedgerSigner, new: &LedgerSigner) -> meter_core::Verified<KeyChange> {
    let change = KeyChange {
        old: old.key(),
        new: new.key(),
        number: 2,
        at: at(5),
    };
    old.sign(&change).unwrap()
}

#[test]
fn a_ledgers_next_key_counts_only_after_the_pinned_one_signed_over_to_it() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    let (next, next_key) = other_ledger();
    add(&mut receipts, &answers(1..=2));
    let report = reports(CHAIN, 3).remove(2);
    let total = receipts.answered(CHAIN).unwrap().awarded_total;
    let receipt = receipt_by(&next, &report, total, true);
    let answer = AnsweredReport {
        report,
        receipt: next.sign(&receipt).unwrap(),
    };
    let refused = receipts.add(std::slice::from_ref(&answer));
    assert!(
        matches!(refused, Err(ReceiptsError::Foreign)),
        "{refused:?}"
    );
    let stranger = LedgerSigner::from_seed(&[9; 32]);
    let refused = receipts.add_key(change(&stranger, &next).signed());
    assert!(matches!(refused, Err(ReceiptsError::Key(_))), "{refused:?}");
    for _ in 0..2 {
        receipts.add_key(change(&ledger(), &next).signed()).unwrap();
    }
    assert_eq!(receipts.keys().unwrap().newest(), next_key);
    assert_eq!(add(&mut receipts, &[answer]), (1, 0));
    // Its policies count, too, and who comes back under the new key is known.
    receipts.set_policy(&policy_of(&next, 2)).unwrap();
    receipts.set_policy(&policy_of(&next, 2)).unwrap();
    assert_eq!(receipts.policies().unwrap().len(), 2);
    assert_eq!(receipts.policy().unwrap().value().number.0, 2);
    receipts.leave(at(8_000)).unwrap();
    let mut back = membership(head(CHAIN, 3));
    back.ledger = next_key;
    let member = receipts.join(&back, &policy_of(&next, 3)).unwrap();
    assert_eq!(
        (member.number, member.membership.ledger),
        (1, ledger().key())
    );
    receipts.close().unwrap();
    let receipts = Receipts::open(&folder.receipts()).unwrap().unwrap();
    assert_eq!(receipts.keys().unwrap().newest(), next_key);
    assert_eq!(audited(&receipts).unwrap(), 3);
}

#[test]
fn a_policy_of_another_ledger_is_refused_and_nothing_is_enrolled() {
    let folder = Folder::new();
    let mut receipts = Receipts::create(&folder.receipts()).unwrap();
    let (stranger, _) = other_ledger();
    let refused = receipts.join(&membership(head(CHAIN, 0)), &policy_of(&stranger, 1));
    assert!(
        matches!(refused, Err(ReceiptsError::Foreign)),
        "{refused:?}"
    );
    assert_eq!(receipts.memberships().unwrap(), []);
    let refused = receipts.set_policy(&policy());
    assert!(
        matches!(refused, Err(ReceiptsError::NotEnrolled)),
        "{refused:?}"
    );
    assert_eq!(key(), membership(head(CHAIN, 0)).head.key);
}
