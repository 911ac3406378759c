//! How many accounts are opened in an hour, and who is not counted.

use crate::{
    owner::bytes_of,
    running::{WithLedger, start_limited},
};
use meter_testkit::{
    device::Device,
    ledger_client::{Answered, submitted},
};
use meter_wire::ledger::{LedgerCode, LedgerProblem, Outcome};
use onionmeter_ledger::http::Limits;

async fn enrol(bench: &WithLedger, device: &Device, code: Option<[u8; 16]>) -> Answered {
    bench.client.enrol(device, code).await.expect("an answer")
}

fn code(answered: &Answered) -> LedgerCode {
    let problem: LedgerProblem = answered.message().expect("a refusal");
    problem.error.code
}

#[tokio::test]
async fn when_too_many_accounts_were_opened_only_strangers_without_an_invitation_have_to_wait() {
    let bench = start_limited(Limits {
        accounts_per_hour: 3,
        ..Limits::default()
    });
    let mut devices: Vec<_> = (1..=3).map(Device::numbered).collect();
    for device in &devices {
        bench.enrol(device).await;
    }
    for number in 10..13 {
        let refused = enrol(&bench, &Device::numbered(number), None).await;
        assert_eq!(refused.status, 429);
        assert_eq!(code(&refused), LedgerCode::AccountsLimit);
        // One of three in an hour comes every twenty minutes.
        let wait = refused.retry_after.expect("it says when to come again");
        assert!((60..=1201).contains(&wait), "{wait}");
    }

    // Who is in goes on, and asks for the same again.
    let report = devices[0].report(1, 1);
    let answers = bench.client.submit(vec![submitted(report.signed())]).await;
    assert_eq!(answers.expect("answers")[0].outcome, Outcome::Accepted);
    assert_eq!(enrol(&bench, &devices[1], None).await.status, 200);
    // An invitation opens an account, or lets a device into one.
    let account = bench.ledger.accounts(None, 1).expect("accounts")[0].id;
    for (number, into) in [(20, None), (21, Some(account))] {
        let (invitation, _) = bench.ledger.invite(into, 60_000).expect("a code");
        let random = bytes_of(&invitation.words());
        let invited = enrol(&bench, &Device::numbered(number), Some(random)).await;
        assert_eq!(invited.status, 201, "{}", invited.words());
    }
    let refused = enrol(&bench, &Device::numbered(10), None).await;
    assert_eq!(refused.status, 429, "invitations have changed nothing");
    bench.ended().await;
}
