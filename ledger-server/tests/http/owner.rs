//! What the owner of an account does with it, from enrolment to deletion.

use crate::running::{WithLedger, start_ledger};
use http::Method;
use meter_core::EnrolmentRule;
use meter_testkit::{
    device::Device,
    ledger_client::{Answered, submitted},
};
use meter_wire::ledger::{
    Balance, Deleted, Enrolled, Invited, LedgerCode, LedgerProblem, Login, Outcome, PolicyInfo,
    Recovery, Removed, SessionInfo, SessionsPage,
};
use onionmeter_ledger::ledger::RecoveryCode;
use serde::de::DeserializeOwned;

async fn send(bench: &WithLedger, device: &Device, method: Method, target: &str) -> Answered {
    let sent = bench.client.signed(device, method, target, &[]).await;
    sent.expect("an answer")
}

async fn read<T: DeserializeOwned>(bench: &WithLedger, device: &Device, target: &str) -> T {
    let answered = send(bench, device, Method::GET, target).await;
    assert_eq!(answered.status, 200, "{target}: {}", answered.words());
    answered.message().expect(target)
}

async fn act<T: DeserializeOwned>(bench: &WithLedger, device: &Device, target: &str) -> T {
    let answered = send(bench, device, Method::POST, target).await;
    assert_eq!(answered.status, 200, "{target}: {}", answered.words());
    answered.message().expect(target)
}

#[track_caller]
fn code(answered: &Answered) -> (u16, LedgerCode) {
    let problem: LedgerProblem = answered.message().expect("a refusal");
    (answered.status.as_u16(), problem.error.code)
}

/// The bytes of a code of twelve words: its hash is what a device signs.
pub(crate) fn bytes_of(words: &str) -> [u8; 16] {
    let mnemonic = bip39::Mnemonic::parse_normalized(words).expect("words");
    mnemonic.to_entropy().try_into().expect("16 bytes")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_shows_its_sessions_page_by_page_and_its_balance_is_their_sum() {
    let bench = start_ledger();
    let mut device = Device::numbered(1);
    let account = hex::encode(bench.enrol(&device).await.account.0);
    let chain: Vec<_> = (0..7)
        .map(|number| submitted(device.report(1, number).signed()))
        .collect();
    bench.client.submit(chain).await.expect("submitted");
    let mut sessions: Vec<SessionInfo> = Vec::new();
    let mut target = format!("/api/sessions?account={account}&limit=3");
    let mut pages = 0;
    loop {
        let page: SessionsPage = read(&bench, &device, &target).await;
        sessions.extend(page.sessions);
        pages += 1;
        let Some(next) = page.next else { break };
        target = format!("/api/sessions?limit=3&before={next}");
    }
    assert_eq!((sessions.len(), pages), (7, 3));
    let numbers: Vec<_> = sessions.iter().map(|session| session.sequence.0).collect();
    assert_eq!(numbers, [7, 6, 5, 4, 3, 2, 1]);
    for session in &sessions {
        let alone: SessionInfo =
            read(&bench, &device, &format!("/api/sessions/{}", session.id)).await;
        assert_eq!(alone, *session);
    }
    let balance: Balance = read(&bench, &device, &format!("/api/sessions/balance/{account}")).await;
    let sum: u64 = sessions.iter().map(|session| session.amount.0).sum();
    assert_eq!(balance.awarded.0, sum);
    assert_eq!(balance.credited.0.unsigned_abs(), sum);
    for query in [
        "limit=0",
        "limit=101",
        "limit=9007199254740993",
        "limit=-1",
        "before=x",
        "before=1-2",
        "other=1",
        "limit=1&limit=1",
    ] {
        let answered = send(
            &bench,
            &device,
            Method::GET,
            &format!("/api/sessions?{query}"),
        )
        .await;
        assert_eq!(code(&answered), (422, LedgerCode::BadField), "{query}");
    }
    let export: serde_json::Value = read(&bench, &device, "/api/account/export").await;
    assert_eq!(
        export["balance"],
        serde_json::to_value(&balance).expect("JSON")
    );
    assert_eq!(
        export["sessions"],
        serde_json::to_value(&sessions).expect("JSON")
    );
    assert_eq!(export["complete"], true);
    assert_eq!(export["devices"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["chains"][0]["sequence"], "7");
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_read_the_policy_and_its_two_numbers() {
    let bench = start_ledger();
    let answered = bench
        .client
        .get("/api/sessions/policy")
        .await
        .expect("an answer");
    let policy: PolicyInfo = answered.message().expect("a policy");
    assert_eq!(policy.most_per_day.0, 9_640_000_000_000);
    assert_eq!(policy.idle_per_day.0, 8_640_000_000_000);
    let info = bench.client.info().await.expect("the ledger");
    assert_eq!(info.policy, policy.policy);
    assert_eq!(info.keys.len(), 1);
    assert!(info.vkey.starts_with("127.0.0.1+"), "{}", info.vkey);
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_lets_one_device_in_and_a_removed_device_stays_out() {
    let bench = start_ledger();
    let (first, second, third) = (
        Device::numbered(1),
        Device::numbered(2),
        Device::numbered(3),
    );
    let account = bench.enrol(&first).await.account;
    let invited: Invited = act(&bench, &first, "/api/devices/invite").await;
    let invitation = bytes_of(&invited.code);
    let answered = bench
        .client
        .enrol(&second, Some(invitation))
        .await
        .expect("an answer");
    let enrolled: Enrolled = answered.message().expect("enrolled");
    assert_eq!((enrolled.account, enrolled.recovery_code), (account, None));
    let answered = bench
        .client
        .enrol(&third, Some(invitation))
        .await
        .expect("an answer");
    assert_eq!(
        code(&answered),
        (403, LedgerCode::Invitation),
        "used before"
    );
    let answered = bench
        .client
        .enrol(&third, Some([0; 16]))
        .await
        .expect("an answer");
    assert_eq!(code(&answered), (403, LedgerCode::Invitation), "guessed");
    // Enrolled again: the same account, and nothing new.
    let again = bench.client.enrol(&second, None).await.expect("an answer");
    assert_eq!(again.status, 200);
    let target = format!("/api/devices/{}/remove", hex::encode(second.key().0));
    let removed: Removed = act(&bench, &first, &target).await;
    assert_eq!(removed.removed.0, second.key().0);
    let answered = send(&bench, &second, Method::GET, "/api/sessions").await;
    assert_eq!(code(&answered), (403, LedgerCode::UnknownDevice));
    let answered = bench.client.enrol(&second, None).await.expect("an answer");
    assert_eq!(code(&answered), (403, LedgerCode::Removed));
    bench.enrol(&third).await;
    let target = format!("/api/devices/{}/remove", hex::encode(third.key().0));
    let answered = send(&bench, &first, Method::POST, &target).await;
    assert_eq!(
        code(&answered),
        (404, LedgerCode::NotFound),
        "another account's device"
    );
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_14_where_accounts_need_an_invitation_a_stranger_gets_none() {
    let bench = start_ledger();
    let policy = bench.ledger.change_policy(|policy| meter_core::Policy {
        enrolment: EnrolmentRule::ByInvitation,
        ..policy
    });
    policy.expect("another policy");
    let device = Device::numbered(1);
    for guess in [None, Some([0; 16])] {
        let answered = bench.client.enrol(&device, guess).await.expect("an answer");
        assert_eq!(code(&answered), (403, LedgerCode::Invitation));
    }
    let (invitation, _) = bench.ledger.invite(None, 60_000).expect("an invitation");
    let invitation = bytes_of(&invitation.words());
    let answered = bench
        .client
        .enrol(&device, Some(invitation))
        .await
        .expect("an answer");
    assert_eq!(answered.status, 201);
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_15_a_statement_enrols_once_and_its_code_must_be_shown() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    let (invitation, _) = bench.ledger.invite(None, 60_000).expect("an invitation");
    let challenge = bench.client.challenge().await.expect("a challenge");
    let statement = device.enrolment(bench.ledger.key(), challenge, Some(invitation.hash()));
    let signed = statement.signed();
    let mut message = serde_json::json!({"enrolment": {
        "body": hex::encode(signed.body()),
        "signature": hex::encode(signed.signature()),
    }});
    let target = "/api/devices/enrol";
    let hash_alone = bench
        .client
        .post(target, &message)
        .await
        .expect("an answer");
    assert_eq!(code(&hash_alone), (403, LedgerCode::Invitation));
    message["code"] = RecoveryCode::of([1; 16]).words().into();
    let other = bench
        .client
        .post(target, &message)
        .await
        .expect("an answer");
    assert_eq!(code(&other), (403, LedgerCode::Invitation));
    message["code"] = invitation.words().into();
    let enrolled = bench
        .client
        .post(target, &message)
        .await
        .expect("an answer");
    assert_eq!(enrolled.status, 201, "{}", enrolled.words());
    let replayed = bench
        .client
        .post(target, &message)
        .await
        .expect("an answer");
    assert_eq!(code(&replayed), (401, LedgerCode::Challenge));
    let elsewhere = Device::numbered(2);
    let challenge = bench.client.challenge().await.expect("a challenge");
    let statement = elsewhere.enrolment(meter_core::LedgerKey([9; 32]), challenge, None);
    let message = serde_json::json!({"enrolment": {
        "body": hex::encode(statement.signed().body()),
        "signature": hex::encode(statement.signed().signature()),
    }});
    let answered = bench
        .client
        .post(target, &message)
        .await
        .expect("an answer");
    assert_eq!(
        code(&answered),
        (401, LedgerCode::Challenge),
        "for another ledger"
    );
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_for_the_address_that_the_device_used_and_signs_in_once() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    bench.enrol(&device).await;
    let login: Login = act(&bench, &device, "/api/login").await;
    let token = login
        .link
        .strip_prefix(&format!("http://{}/login/", bench.to));
    let token =
        onionmeter_ledger::ledger::LinkToken::parse(token.expect("a link")).expect("a token");
    let shown = bench.ledger.look_at_login(&token).expect("a link");
    assert_eq!(shown.words, login.words);
    bench.ledger.use_login(&token).expect("signed in");
    bench.ledger.use_login(&token).expect_err("once");
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_recovery_code_works_and_the_one_before_does_not() {
    let bench = start_ledger();
    let (first, second) = (Device::numbered(1), Device::numbered(2));
    let enrolled = bench.enrol(&first).await;
    let before = bytes_of(&enrolled.recovery_code.expect("told once"));
    let recovery: Recovery = act(&bench, &first, "/api/account/recovery").await;
    let answered = bench
        .client
        .enrol(&second, Some(before))
        .await
        .expect("an answer");
    assert_eq!(code(&answered), (403, LedgerCode::Invitation));
    let now = bytes_of(&recovery.recovery_code);
    let answered = bench
        .client
        .enrol(&second, Some(now))
        .await
        .expect("an answer");
    let recovered: Enrolled = answered.message().expect("enrolled");
    assert_eq!(recovered.account, enrolled.account);
    assert!(
        recovered.recovery_code.is_some(),
        "the used one is worth nothing now"
    );
    let answered = send(&bench, &first, Method::GET, "/api/sessions").await;
    assert_eq!(
        code(&answered),
        (403, LedgerCode::UnknownDevice),
        "the others were removed"
    );
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_account_is_gone() {
    let bench = start_ledger();
    let mut device = Device::numbered(1);
    let account = bench.enrol(&device).await.account;
    let report = submitted(device.report(1, 1).signed());
    bench
        .client
        .submit(vec![report.clone()])
        .await
        .expect("submitted");
    let answered = bench
        .client
        .signed(&device, Method::POST, "/api/account/delete", b"{}")
        .await;
    let answered = answered.expect("an answer");
    assert_eq!(
        code(&answered),
        (415, LedgerCode::MediaType),
        "it takes no body"
    );
    let deleted: Deleted = act(&bench, &device, "/api/account/delete").await;
    assert_eq!(deleted.deleted, account);
    let answered = send(&bench, &device, Method::GET, "/api/sessions").await;
    assert_eq!(code(&answered), (403, LedgerCode::UnknownDevice));
    let answers = bench.client.submit(vec![report]).await.expect("answered");
    assert_eq!(answers[0].outcome, Outcome::UnknownDevice);
    bench.ended().await;
}
