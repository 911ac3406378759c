//! Hostile enrolments (rows G-14 to G-16).

use crate::{
    clocked::{Clocked, DAY, HOUR, count, one, stored_rows, word},
    support::{Bench, SEED, challenge, enrol, far},
};
use meter_core::{AccountId, Challenge, CodeHash, EnrolmentRule, LedgerSigner, PolicyNumber};
use meter_testkit::device::Device;
use onionmeter_ledger::ledger::{
    EnrolError, Enrolled, Ledger, LoginError, RecoveryCode, RevokeError, Token,
};
use std::sync::Arc;

fn join(ledger: &Ledger, device: &Device, code: &RecoveryCode) -> Result<Enrolled, EnrolError> {
    let statement = device.enrolment(ledger.key(), challenge(), Some(code.hash()));
    ledger.enrol(&statement, far())
}

/// Enrols devices at the same time, all with one code, and returns who was let in.
fn rush(ledger: &Arc<Ledger>, code: &RecoveryCode, devices: std::ops::Range<u64>) -> Vec<Enrolled> {
    let threads = devices.map(|number| {
        let (ledger, code) = (Arc::clone(ledger), code.hash());
        std::thread::spawn(move || {
            let device = Device::numbered(number);
            let statement = device.enrolment(ledger.key(), challenge(), Some(code));
            ledger.enrol(&statement, far())
        })
    });
    let threads: Vec<_> = threads.collect();
    let results = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    let let_in = results.filter_map(|result| match result {
        Ok(enrolled) => Some(enrolled),
        Err(EnrolError::Code) => None,
        Err(other) => panic!("{other}"),
    });
    let_in.collect()
}

#[test]
fn g_14_an_invitation_opens_one_account_however_many_use_it_at_once() {
    let bench = Bench::new();
    let (code, _) = bench.ledger.invite(None, 60_000).expect("a code");
    assert_eq!(rush(&bench.ledger, &code, 0..16).len(), 1);
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM accounts"), 1);
    assert_eq!(count(&bench.ledger, "SELECT COUNT(*) FROM devices"), 1);
}

#[test]
fn g_14_an_expired_or_guessed_code_lets_nobody_in_and_leaves_nothing() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    ledger.change_policy(by_invitation).expect("a policy");
    let (code, expires) = ledger.invite(None, 60_000).expect("a code");
    bench.clock.set(60_000);
    assert_eq!(ledger.now().expect("a time"), expires);
    let before = stored_rows(ledger);
    let device = Device::numbered(1);
    let expired = join(ledger, &device, &code)
        .expect_err("expired")
        .to_string();
    let guessed = RecoveryCode::of([1; 16]);
    let guessed = join(ledger, &device, &guessed)
        .expect_err("guessed")
        .to_string();
    assert_eq!(expired, guessed, "both alike");
    let none = device.enrolment(ledger.key(), challenge(), None);
    let none = ledger.enrol(&none, far());
    assert!(
        matches!(none, Err(EnrolError::InvitationNeeded)),
        "{none:?}"
    );
    assert_eq!(stored_rows(ledger), before);
}

fn by_invitation(policy: meter_core::Policy) -> meter_core::Policy {
    meter_core::Policy {
        enrolment: EnrolmentRule::ByInvitation,
        number: PolicyNumber(0),
        ..policy
    }
}

#[test]
fn g_15_a_statement_counts_once_and_at_the_ledger_that_it_names() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let device = Device::numbered(1);
    let elsewhere = LedgerSigner::from_seed(&[9; 32]).key();
    let foreign = device.enrolment(elsewhere, challenge(), None);
    let before = stored_rows(ledger);
    let refused = ledger.enrol(&foreign, far());
    assert!(
        matches!(refused, Err(EnrolError::OtherLedger)),
        "{refused:?}"
    );
    assert_eq!(stored_rows(ledger), before);
    let statement = device.enrolment(ledger.key(), Challenge([3; 32]), None);
    let first = ledger.enrol(&statement, far()).expect("enrolled");
    let again = ledger.enrol(&statement, far());
    assert!(matches!(again, Err(EnrolError::Challenge)), "{again:?}");
    // The same device with another challenge: nothing new, and no code is told again.
    let statement = device.enrolment(ledger.key(), challenge(), None);
    let again = ledger.enrol(&statement, far()).expect("the same answer");
    assert_eq!((again.account, again.before), (first.account, true));
    assert!(again.recovery.is_none());
    // An invitation into another account does not move a device, and stays unused.
    let other = enrol(ledger, &Device::numbered(2));
    let (code, _) = ledger.invite(Some(other), 60_000).expect("a code");
    let stays = join(ledger, &device, &code).expect("the same answer");
    assert_eq!((stays.account, stays.before), (first.account, true));
    assert_eq!(
        join(ledger, &Device::numbered(3), &code)
            .expect("unused")
            .account,
        other
    );
}

#[test]
fn g_16_a_recovery_code_is_worth_one_recovery_however_many_use_it_at_once() {
    let bench = Bench::new();
    let device = Device::numbered(100);
    let statement = device.enrolment(bench.ledger.key(), challenge(), None);
    let opened = bench.ledger.enrol(&statement, far()).expect("enrolled");
    let code = opened.recovery.expect("a code");
    let let_in = rush(&bench.ledger, &code, 0..16);
    assert_eq!(let_in.len(), 1);
    assert_eq!(let_in[0].account, opened.account);
    let devices = bench.ledger.devices(opened.account).expect("devices");
    let active = devices.iter().filter(|entry| entry.revoked.is_none());
    assert_eq!((devices.len(), active.count()), (2, 1));
}

#[test]
fn g_16_a_thousand_guessed_codes_open_nothing() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let account = enrol(ledger, &Device::numbered(1));
    let guess = Device::numbered(2);
    let before = stored_rows(ledger);
    for number in 0..1000_u32 {
        let mut hash = [0xee; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        let statement = guess.enrolment(ledger.key(), challenge(), Some(CodeHash(hash)));
        let refused = ledger.enrol(&statement, far());
        assert!(matches!(refused, Err(EnrolError::Code)), "{refused:?}");
    }
    assert_eq!(stored_rows(ledger), before);
    assert_eq!(ledger.devices(account).expect("devices").len(), 1);
}

#[tokio::test]
async fn g_16_a_device_that_is_online_sees_a_recovery_at_its_next_report() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut online = Device::numbered(1);
    let statement = online.enrolment(ledger.key(), challenge(), None);
    let opened = ledger.enrol(&statement, far()).expect("enrolled");
    bench.clock.set(HOUR);
    assert_eq!(
        word(&one(ledger, &online.report(1_000, 0)).await),
        "accepted"
    );
    let code = opened.recovery.expect("a code");
    let mut new = Device::numbered(2);
    join(ledger, &new, &code).expect("enrolled");
    assert_eq!(
        word(&one(ledger, &online.report(1_000, 0)).await),
        "unknown device"
    );
    let again = online.enrolment(ledger.key(), challenge(), None);
    assert!(matches!(
        ledger.enrol(&again, far()),
        Err(EnrolError::Revoked)
    ));
    bench.clock.set(2 * HOUR);
    assert_eq!(word(&one(ledger, &new.report(1_000, 0)).await), "accepted");
    let balance = ledger.balance(opened.account).expect("a balance");
    assert_eq!(balance.duration.get(), 2_000);
}

/// Whoever stole a device must not come back by what he prepared with it.
#[test]
fn a_recovery_ends_whatever_the_lost_devices_had_left_open() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let (lost, code, account) = opened(ledger, 1);
    let (invitation, _) = ledger.invite(Some(account), 3_600_000).expect("a code");
    let used = ledger
        .new_login(Some((account, lost.key())))
        .expect("a link");
    let (cookie, _) = ledger.use_login(&used.token).expect("signed in");
    let open = ledger
        .new_login(Some((account, lost.key())))
        .expect("a link");
    let operator = signed_in_operator(ledger);
    join(ledger, &Device::numbered(2), &code).expect("enrolled");
    assert_eq!(ledger.web_session(&cookie).expect("an answer"), None);
    let link = ledger.use_login(&open.token);
    assert!(matches!(link, Err(LoginError::Unknown)), "{link:?}");
    let back = join(ledger, &Device::numbered(3), &invitation);
    assert!(matches!(back, Err(EnrolError::Code)), "{back:?}");
    assert!(ledger.web_session(&operator).expect("an answer").is_some());
}

#[test]
fn a_removed_device_comes_back_by_no_link_and_no_invitation() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let (thief, _, account) = opened(ledger, 1);
    let (code, _) = ledger.invite(Some(account), 3_600_000).expect("a code");
    let mine = Device::numbered(2);
    join(ledger, &mine, &code).expect("enrolled");
    let (prepared, _) = ledger.invite(Some(account), 3_600_000).expect("a code");
    let link = ledger
        .new_login(Some((account, thief.key())))
        .expect("a link");
    let used = ledger.new_login(Some((account, thief.key())));
    let (browser, _) = ledger
        .use_login(&used.expect("a link").token)
        .expect("once");
    let own = ledger.new_login(Some((account, mine.key())));
    let (own, _) = ledger.use_login(&own.expect("a link").token).expect("once");
    let stranger = enrol(ledger, &Device::numbered(9));
    let foreign = ledger.revoke(thief.key(), Some(stranger));
    assert!(matches!(foreign, Err(RevokeError::Unknown)), "{foreign:?}");
    ledger.revoke(thief.key(), Some(account)).expect("removed");
    let twice = ledger.revoke(thief.key(), Some(account));
    assert!(matches!(twice, Err(RevokeError::Unknown)), "{twice:?}");
    assert!(matches!(
        ledger.use_login(&link.token),
        Err(LoginError::Unknown)
    ));
    let back = join(ledger, &Device::numbered(3), &prepared);
    assert!(matches!(back, Err(EnrolError::Code)), "{back:?}");
    assert_eq!(ledger.web_session(&browser).expect("an answer"), None);
    assert!(ledger.web_session(&own).expect("an answer").is_some());
}

#[test]
fn no_more_devices_join_an_account_at_once_than_the_policy_allows() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let (_, _, account) = opened(ledger, 100);
    bench.clock.set(DAY);
    let codes = (0..16).map(|_| ledger.invite(Some(account), 60_000).expect("a code").0);
    let threads: Vec<_> = codes
        .enumerate()
        .map(|(number, code)| {
            let ledger = Arc::clone(ledger);
            std::thread::spawn(move || join(&ledger, &Device::numbered(number as u64), &code))
        })
        .collect();
    let results = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    let (joined, refused): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
    assert_eq!((joined.len(), refused.len()), (9, 7));
    for result in refused {
        assert!(
            matches!(result, Err(EnrolError::TooManyDevices)),
            "{result:?}"
        );
    }
}

fn opened(ledger: &Ledger, number: u64) -> (Device, RecoveryCode, AccountId) {
    let device = Device::numbered(number);
    let statement = device.enrolment(ledger.key(), challenge(), None);
    let opened = ledger.enrol(&statement, far()).expect("enrolled");
    (device, opened.recovery.expect("a code"), opened.account)
}

fn signed_in_operator(ledger: &Ledger) -> Token {
    assert_eq!(ledger.key(), LedgerSigner::from_seed(&SEED).key());
    let link = ledger.new_login(None).expect("a link");
    ledger.use_login(&link.token).expect("signed in").0
}
