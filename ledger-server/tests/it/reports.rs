//! What becomes of a report.

use crate::support::{Bench, challenge, enrol, far, receipt, receipt_bytes, submit};
use meter_core::{ChainCondition, Reason};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::{EnrolError, Outcome},
};

#[tokio::test]
async fn a_report_of_an_enrolled_device_gets_a_receipt_and_credits_its_account() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut device = Device::numbered(1);
    let account = enrol(ledger, &device);
    let report = device.report(1, 0);
    let outcomes = submit(ledger, std::slice::from_ref(&report)).await;
    let receipt = receipt(ledger, &outcomes[0], report.value());
    let balance = ledger.balance(account).expect("a balance");
    assert_eq!(balance.awarded, receipt.amount);
    assert_eq!(balance.credited, receipt.amount.get_signed());
    let bench = bench.restarted();
    assert_eq!(bench.ledger.balance(account).expect("a balance"), balance);
    let again = submit(&bench.ledger, std::slice::from_ref(&report)).await;
    assert!(matches!(again[0], Outcome::Answered(Answer::Replay(_))));
    assert_eq!(receipt_bytes(&again[0]), receipt_bytes(&outcomes[0]));
    assert_eq!(bench.ledger.balance(account).expect("a balance"), balance);
}

#[tokio::test]
async fn what_only_the_policy_decides_lowers_the_award_and_says_why() {
    let bench = Bench::new();
    let mut device = Device::numbered(1);
    enrol(&bench.ledger, &device);
    let ten_years = 315_360_000_000;
    let report = device.report(ten_years, 1_000_000_000_000);
    let outcomes = submit(&bench.ledger, std::slice::from_ref(&report)).await;
    let receipt = receipt(&bench.ledger, &outcomes[0], report.value());
    assert!(receipt.awarded_duration < report.value().duration);
    for reason in [
        Reason::ByteBudget,
        Reason::BeforeEnrolment,
        Reason::SessionCap,
    ] {
        assert!(receipt.reasons.contains(reason), "{reason:?}");
    }
    // The next one follows: the chain lives on.
    let next = device.report(1, 1);
    let outcomes = submit(&bench.ledger, std::slice::from_ref(&next)).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::Accepted(_))
    ));
}

#[tokio::test]
async fn two_histories_freeze_that_chain_alone_and_the_first_keeps_its_receipt() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut device = Device::numbered(1);
    enrol(ledger, &device);
    let other = device.draft(2, 2);
    let first = device.report(1, 1);
    let outcomes = submit(ledger, &[first.clone(), other]).await;
    let kept = receipt_bytes(&outcomes[0]);
    let Outcome::Answered(Answer::Conflict(state)) = &outcomes[1] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(state.value().condition, ChainCondition::Frozen);
    let next = device.report(1, 1);
    let after = submit(ledger, &[next, first]).await;
    assert!(matches!(after[0], Outcome::Answered(Answer::Conflict(_))));
    assert_eq!(receipt_bytes(&after[1]), kept);
    device.begin_chain(meter_core::ChainId([9; 16]));
    let fresh = device.report(1, 1);
    let outcomes = submit(ledger, &[fresh]).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::Accepted(_))
    ));
}

#[tokio::test]
async fn a_report_that_does_not_follow_is_answered_with_the_place_where_the_chain_is() {
    let bench = Bench::new();
    let mut device = Device::numbered(1);
    enrol(&bench.ledger, &device);
    let first = device.report(1, 1);
    let _missing = device.report(1, 1);
    let third = device.report(1, 1);
    let outcomes = submit(&bench.ledger, &[first.clone(), third]).await;
    let Outcome::Answered(Answer::Conflict(state)) = &outcomes[1] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(state.value().condition, ChainCondition::Open);
    assert_eq!(state.value().sequence, 1);
    assert_eq!(state.value().link, first.value().link());
}

#[tokio::test]
async fn nothing_is_stored_for_a_device_that_no_account_has() {
    let bench = Bench::new();
    let mut stranger = Device::numbered(2);
    let report = stranger.report(1, 1);
    let outcomes = submit(&bench.ledger, &[report]).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::UnknownDevice)
    ));
}

#[tokio::test]
async fn a_chain_goes_on_from_where_it_stood_when_its_device_was_enrolled() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut device = Device::numbered(1);
    let before = device.report(10, 10);
    let account = enrol(ledger, &device);
    let after = device.report(1, 1);
    let outcomes = submit(ledger, &[before, after.clone()]).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::Conflict(_))
    ));
    let receipt = receipt(ledger, &outcomes[1], after.value());
    assert_eq!(
        ledger.balance(account).expect("a balance").awarded,
        receipt.amount
    );
}

#[tokio::test]
async fn a_recovery_code_enrols_a_new_device_once_and_revokes_the_others() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let mut lost = Device::numbered(1);
    let statement = lost.enrolment(ledger.key(), challenge(), None);
    let code = ledger.enrol(&statement, far()).expect("enrolled");
    let (account, code) = (code.account, code.recovery.expect("a code"));
    let new = Device::numbered(2);
    let statement = new.enrolment(ledger.key(), challenge(), Some(code.hash()));
    let enrolled = ledger.enrol(&statement, far()).expect("enrolled");
    assert_eq!(enrolled.account, account);
    assert!(enrolled.recovery.is_some());
    let outcomes = submit(ledger, &[lost.report(1, 1)]).await;
    assert!(matches!(
        outcomes[0],
        Outcome::Answered(Answer::UnknownDevice)
    ));
    let third = Device::numbered(3);
    let statement = third.enrolment(ledger.key(), challenge(), Some(code.hash()));
    let again = ledger.enrol(&statement, far());
    assert!(matches!(again, Err(EnrolError::Code)), "{again:?}");
}
