//! Receipts are added once, in order, each for its report; the sums are those of the receipts.

use crate::support::{
    CHAIN, Folder, add, answers, answers_from, at, audited, device, enrolled, head, ledger,
    membership, other_ledger, policy, receipt_by, reports,
};
use meter_core::{
    Amount, AnsweredReport, ChainEnd, ChainHead, ChainId, ContradictionKind, Reason, Reasons,
};
use meter_ledger::{Receipts, ReceiptsError, Waiting};

#[test]
fn receipts_are_stored_byte_for_byte_and_identical_ones_change_nothing() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    let all = answers(1..=7);
    assert_eq!(add(&mut receipts, &all[..3]), (3, 0));
    assert_eq!(add(&mut receipts, &all), (4, 3));
    assert_eq!(add(&mut receipts, &all), (0, 7));
    let stored = receipts.receipts(CHAIN, 0, 100).unwrap();
    let expected: Vec<_> = all.iter().map(|one| one.receipt.signed().clone()).collect();
    assert_eq!(stored, expected);
    assert_eq!(receipts.receipts(CHAIN, 5, 1).unwrap(), expected[5..6]);
    assert_eq!(receipts.receipts(CHAIN, u64::MAX, 9).unwrap(), []);
    let last = receipts.last(CHAIN).unwrap().unwrap();
    assert_eq!(&last, &all[6].receipt);
    let answered = receipts.answered(CHAIN).unwrap();
    assert_eq!((answered.start, answered.sequence), (0, 7));
    assert_eq!(answered.link, all[6].report.value().link());
    assert_eq!(audited(&receipts).unwrap(), 7);
    receipts.close().unwrap();
    let again = Receipts::open(&folder.receipts()).unwrap().unwrap();
    assert_eq!(again.answered(CHAIN).unwrap(), answered);
}

#[test]
fn claimed_is_before_and_credited_and_lowered_and_waiting() {
    let folder = Folder::new();
    let mut receipts = Receipts::create(&folder.receipts()).unwrap();
    let start = head(CHAIN, 2);
    receipts.join(&membership(start), &policy()).unwrap();
    add(&mut receipts, &answers_from(CHAIN, 3..=10, Amount::ZERO));
    let now = head(CHAIN, 14);
    let sums = receipts.sums().unwrap();
    let waiting = receipts.waiting(&now).unwrap();
    assert_eq!(waiting.reports, 4);
    let lowered: u64 = sums
        .lowered
        .iter()
        .map(|one| one.claimed.since(one.awarded))
        .sum();
    assert_eq!(sums.lowered.len(), 1, "{sums:?}");
    assert_eq!(sums.lowered[0].sessions, 3, "3, 6 and 9");
    let reasons = Reasons::NONE.with(Reason::TimeBudget);
    assert_eq!(sums.lowered[0].reasons, reasons);
    let parts = [sums.before, sums.credited, waiting.amount];
    let parts: u64 = parts.iter().map(|amount| amount.get()).sum();
    assert_eq!(now.totals.amount.get(), parts + lowered);
    assert_eq!(sums.answered.get(), sums.credited.get() + lowered);
    // A book that is older than the receipts has nothing that waits.
    assert_eq!(
        receipts.waiting(&head(CHAIN, 5)).unwrap(),
        Waiting::default()
    );
}

#[test]
fn a_receipt_that_does_not_belong_to_its_place_is_refused_and_with_it_the_whole_call() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    let all = answers(1..=5);
    add(&mut receipts, &all[..2]);
    let reports = reports(CHAIN, 5);
    let total = all[1].receipt.value().awarded_total;
    let signed = |receipt| ledger().sign(&receipt).unwrap();
    let with = |receipt| AnsweredReport {
        report: reports[2].clone(),
        receipt,
    };
    // It leaves one out.
    let refused = receipts.add(&all[3..]);
    assert!(
        matches!(refused, Err(ReceiptsError::NotNext(_))),
        "{refused:?}"
    );
    // Its total is not the sum.
    let wrong = receipt_by(&ledger(), &reports[2], Amount::from_u32(9), true);
    let refused = receipts.add(&[with(signed(wrong))]);
    assert!(
        matches!(refused, Err(ReceiptsError::NotNext(_))),
        "{refused:?}"
    );
    // It answers another report.
    let refused = receipts.add(&[with(all[3].receipt.clone())]);
    let is_expected = matches!(
        refused,
        Err(ReceiptsError::NotAnswering { sequence: 4, .. })
    );
    assert!(is_expected, "{refused:?}");
    // Another ledger signed it.
    let (stranger, _) = other_ledger();
    let foreign = receipt_by(&stranger, &reports[2], total, true);
    let refused = receipts.add(&[with(stranger.sign(&foreign).unwrap())]);
    assert!(
        matches!(refused, Err(ReceiptsError::Foreign)),
        "{refused:?}"
    );
    // A good one before a bad one is not stored either.
    let refused = receipts.add(&[all[2].clone(), all[4].clone()]);
    assert!(refused.is_err());
    assert_eq!(receipts.answered(CHAIN).unwrap().sequence, 2);
    assert_eq!(add(&mut receipts, &all), (3, 2));
    assert_eq!(audited(&receipts).unwrap(), 5);
}

#[test]
fn a_second_different_receipt_for_one_place_is_refused_and_can_be_kept_as_evidence() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    let all = answers(1..=2);
    add(&mut receipts, &all);
    let mut second = *all[1].receipt.value();
    second.at = at(91_000);
    let second = AnsweredReport {
        report: all[1].report.clone(),
        receipt: ledger().sign(&second).unwrap(),
    };
    let refused = receipts.add(std::slice::from_ref(&second));
    let is_expected = matches!(refused, Err(ReceiptsError::Second { sequence: 2 }));
    assert!(is_expected, "{refused:?}");
    let evidence = second.receipt.signed().body().to_vec();
    let kind = ContradictionKind::Second;
    for _ in 0..2 {
        receipts.keep_contradiction(kind, &evidence, at(5)).unwrap();
    }
    let kept = receipts.contradictions().unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((kept[0].kind, &kept[0].evidence), (kind, &evidence));
    assert_eq!(receipts.last(CHAIN).unwrap().unwrap(), all[1].receipt);
    // A ledger cannot fill the disk with them.
    for number in 0..200_u32 {
        let bytes = number.to_be_bytes().repeat(5_000);
        receipts.keep_contradiction(kind, &bytes, at(6)).unwrap();
    }
    let kept = receipts.contradictions().unwrap();
    assert_eq!(kept.len(), 100);
    assert!(kept.iter().all(|one| one.evidence.len() <= 4_096));
    assert_eq!(audited(&receipts).unwrap(), 2);
}

#[test]
fn an_ended_chain_keeps_its_receipts_and_tells_what_stays_unanswered() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=4));
    let end = head(CHAIN, 6);
    assert_eq!(receipts.chain_end(CHAIN).unwrap(), None);
    receipts.end_chain(&end, ChainEnd::Frozen, at(5)).unwrap();
    receipts.end_chain(&end, ChainEnd::Chosen, at(6)).unwrap();
    assert_eq!(receipts.chain_end(CHAIN).unwrap(), Some(ChainEnd::Frozen));
    let refused = receipts.add(&answers(1..=5));
    assert!(matches!(refused, Err(ReceiptsError::Ended)), "{refused:?}");
    assert_eq!(add(&mut receipts, &answers(1..=4)), (0, 4));
    // The next chain begins with its first report, and both are in the sums.
    let next = ChainId([0xd5; 16]);
    add(&mut receipts, &answers_from(next, 1..=2, Amount::ZERO));
    let sums = receipts.sums().unwrap();
    let four = head(CHAIN, 4).totals.amount.get();
    assert_eq!(sums.unanswered.get(), end.totals.amount.get() - four);
    assert_eq!(sums.unanswered_reports, 2);
    let both = four + head(next, 2).totals.amount.get();
    assert_eq!(sums.answered.get(), both);
    let member = receipts.membership().unwrap().unwrap();
    assert_eq!(receipts.chains_of(&member).unwrap(), [CHAIN, next]);
    assert_eq!(audited(&receipts).unwrap(), 6);
    // A chain can end before its first receipt.
    let last = ChainHead::genesis(ChainId([0xe6; 16]), device().key());
    receipts.end_chain(&last, ChainEnd::Split, at(7)).unwrap();
    assert_eq!(
        receipts.chain_end(last.chain).unwrap(),
        Some(ChainEnd::Split)
    );
}
