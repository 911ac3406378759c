//! One device with a mountain of reports, beside others of its account and of another one.

use crate::running::{WithLedger, start_ledger};
use meter_core::{AccountId, UnixMs};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Answer, Outcome, Submitted};
use onionmeter_ledger::audit;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Reports of a device in a minute, in this test.
const PER_MINUTE: u32 = 60;
const MOUNTAIN: usize = 2_000;
const HONEST: usize = 20;

/// Enrols a device in an account, or in one of its own.
async fn join(bench: &WithLedger, device: &Device, account: Option<AccountId>) -> AccountId {
    let invited = account.map(|id| bench.ledger.invite(Some(id), 60_000).expect("a code"));
    let code = invited.map(|(code, _)| code.hash());
    let challenge = bench.client.challenge().await.expect("a challenge");
    let statement = device.enrolment(bench.ledger.key(), challenge, code);
    let far = UnixMs::new(9_000_000_000_000).expect("small");
    bench
        .ledger
        .enrol(&statement, far)
        .expect("enrolled")
        .account
}

/// Submits what was not taken yet, in the largest batches, until the test ends it.
async fn never_enough(client: LedgerClient, mountain: Vec<Submitted>) {
    let mut taken = 0;
    loop {
        let batch = mountain.iter().skip(taken).take(100).cloned().collect();
        if let Ok(answers) = client.submit(batch).await {
            taken += answers.iter().take_while(|answer| is_in(answer)).count();
        }
    }
}

const fn is_in(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Accepted | Outcome::Replay)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_22_g_08_a_device_with_a_mountain_of_reports_holds_up_nobody() {
    let bench = start_ledger();
    let policy = bench.ledger.change_policy(|policy| meter_core::Policy {
        reports_per_minute: PER_MINUTE,
        ..policy
    });
    policy.expect("another policy");
    let mut greedy = Device::numbered(1);
    let account = join(&bench, &greedy, None).await;
    let mut beside = [Device::numbered(2), Device::numbered(3)];
    join(&bench, &beside[0], Some(account)).await;
    join(&bench, &beside[1], None).await;
    let mountain: Vec<_> = (0..MOUNTAIN)
        .map(|_| submitted(greedy.report(1, 1).signed()))
        .collect();
    let began = Instant::now();
    let mut flooding = JoinSet::new();
    for _ in 0..4 {
        flooding.spawn(never_enough(bench.client, mountain.clone()));
    }
    for _ in 0..HONEST {
        for device in &mut beside {
            let report = submitted(device.report(1, 1).signed());
            let answers = bench.client.submit(vec![report]).await.expect("an answer");
            assert_eq!(answers[0].outcome, Outcome::Accepted, "{answers:?}");
        }
    }
    assert_eq!(flooding.len(), 4, "the flood goes on");
    let took = began.elapsed();
    flooding.shutdown().await;
    // Its share and no more, and every row of it is whole.
    let store = bench.ledger.store();
    let count = "SELECT COUNT(*) FROM reports";
    let rows = store.read(|db| db.rows(count, &[])).expect("a row");
    let rows = rows
        .into_iter()
        .next()
        .expect("a row")
        .int()
        .expect("a count");
    let rows = usize::try_from(rows)
        .expect("small")
        .saturating_sub(2 * HONEST);
    let per_minute = usize::try_from(PER_MINUTE).expect("small");
    let minutes = usize::try_from(took.as_secs() / 60).expect("small") + 2;
    assert!(
        rows > 0 && rows <= per_minute * minutes,
        "{rows} in {took:?}"
    );
    assert!(took < Duration::from_secs(60), "{took:?}");
    let audit = audit::run(store, &|| true).expect("an audit");
    assert_eq!(audit.findings.count(), 0, "{:?}", audit.findings);
    bench.ended().await;
}
