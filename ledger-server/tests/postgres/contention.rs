//! Two instances, and devices that share accounts: nobody waits in a circle.

use crate::{
    home::Home,
    support::{challenge, enrol, far, start, submit},
};
use meter_core::AccountId;
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, Outcome},
};
use std::sync::Arc;

const ACCOUNTS: u64 = 24;
/// Each submits for one device of every account.
const TASKS: u64 = 6;
const ROUNDS: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_over_the_same_accounts_in_any_order_never_wait_for_each_other_in_a_circle() {
    let home = Home::new();
    let instances = [start(&home.place()), start(&home.place())];
    let accounts: Vec<_> = (0..ACCOUNTS)
        .map(|number| enrol(&instances[0], &Device::numbered(number * TASKS)))
        .collect();
    for (number, account) in (0..).zip(&accounts) {
        for task in 1..TASKS {
            add_device(
                &instances[0],
                *account,
                &Device::numbered(number * TASKS + task),
            );
        }
    }
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let ledger = Arc::clone(&instances[usize::try_from(task % 2).expect("0 or 1")]);
        tasks.spawn(async move {
            let mut devices: Vec<_> = (0..ACCOUNTS)
                .map(|number| Device::numbered(number * TASKS + task))
                .collect();
            for round in 0..ROUNDS {
                let reports: Vec<_> = order(task, round)
                    .map(|number| devices[number].report(1, 1))
                    .collect();
                for outcome in submit(&ledger, &reports).await {
                    let is_accepted = matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
                    assert!(is_accepted, "{outcome:?}");
                }
            }
        });
    }
    tasks.join_all().await;
    for account in accounts {
        let id = hex::encode(account.0);
        let rows = format!(
            "SELECT count(*), sum(award) FROM reports WHERE account_id = decode('{id}', 'hex')"
        );
        let balance = instances[1].balance(account).expect("a balance");
        let expected = format!("{}|{}", TASKS * ROUNDS, balance.awarded.get());
        assert_eq!(home.sql(&rows), expected);
    }
    for code in ["40P01", "40001", "55P03"] {
        assert_eq!(home.logged(code), Vec::<String>::new());
    }
}

/// All accounts, each time in another order.
fn order(task: u64, round: u64) -> impl Iterator<Item = usize> {
    let step = [1, 5, 7, 11, 13, 17, 19, 23][usize::try_from(round % 8).expect("small")];
    let first = task * 4 + round;
    (0..ACCOUNTS)
        .map(move |number| usize::try_from((first + number * step) % ACCOUNTS).expect("small"))
}

/// Enrols a device by an invitation of the account.
fn add_device(ledger: &Ledger, account: AccountId, device: &Device) {
    let (code, _) = ledger.invite(Some(account), 60_000).expect("an invitation");
    let statement = device.enrolment(ledger.key(), challenge(), Some(code.hash()));
    let enrolled = ledger.enrol(&statement, far()).expect("enrolled");
    assert_eq!(enrolled.account, account);
}
