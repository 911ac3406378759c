//! Chains and devices over HTTP, asked by the client that a host uses.

use crate::{
    client::{ask, get},
    running::{WithLedger, start_ledger},
};
use http::Method;
use meter_core::{ChainCondition, ChainHead, ChainId, ChainState, Signed};
use meter_testkit::{
    device::Device,
    ledger_client::{Signs, submitted},
};
use meter_wire::ledger::{ChainAnswer, LedgerCode, LedgerProblem, Outcome};
use onionmeter_ledger::http::CookieName;

fn signs<'a>(bench: &WithLedger, device: &'a Device) -> Signs<'a> {
    let ledger = bench.ledger.key();
    Signs { device, ledger }
}

async fn stands(bench: &WithLedger, device: &Device, chain: ChainId) -> ChainState {
    let mut client = bench.client.typed();
    let state = client.chain(&signs(bench, device), chain).await;
    let state: Signed<ChainState> = state.expect("a state");
    *state.verify(bench.ledger.key()).expect("signed").value()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_learns_where_its_chains_stand_before_it_submits() {
    let bench = start_ledger();
    let (mut device, other) = (Device::numbered(1), Device::numbered(2));
    bench.enrol(&device).await;
    bench.enrol(&other).await;
    let chain = device.head().chain;
    let genesis = ChainHead::genesis(chain, device.key());
    let state = stands(&bench, &device, chain).await;
    assert_eq!((state.sequence, state.link), (0, genesis.link));
    let fork = device.draft(2, 2);
    let reports = [1, 2, 3].map(|bytes| submitted(device.report(1, bytes).signed()));
    let mut client = bench.client.typed();
    let answers = client.submit(&reports).await.expect("answers");
    assert!(answers.iter().all(|told| told.outcome == Outcome::Accepted));
    let state = stands(&bench, &device, chain).await;
    let head = device.head();
    assert_eq!((state.sequence, state.link), (3, head.link));
    assert_eq!(state.condition, ChainCondition::Open);
    // A conflict tells the same.
    let answers = client.submit(&[submitted(fork.signed())]).await;
    let answers = answers.expect("an answer");
    let told: Signed<ChainState> = answers[0].head.as_ref().expect("a head").into();
    let told = *told.verify(bench.ledger.key()).expect("signed").value();
    let state = stands(&bench, &device, chain).await;
    assert_eq!(state.condition, ChainCondition::Frozen);
    assert_eq!(
        ChainState {
            at: state.at,
            ..told
        },
        state
    );
    // Another device of the same name for a chain has another chain.
    let state = stands(&bench, &other, chain).await;
    let genesis = ChainHead::genesis(chain, other.key());
    assert_eq!((state.device, state.link), (other.key(), genesis.link));
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_is_shown_to_a_device_alone_and_has_one_name() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    let account = bench.enrol(&device).await.account;
    let name = hex::encode(device.head().chain.0);
    let target = format!("/api/chains/{name}");
    let answered = bench.client.signed(&device, Method::GET, &target, &[]);
    let answered = answered.await.expect("an answer");
    answered.message::<ChainAnswer>().expect("a chain");
    for spelled in [
        format!("/api/chains/{}", name.to_uppercase()),
        "/api/chains/00".to_owned(),
        format!("{target}00"),
        "/api/chains/%00".to_owned(),
    ] {
        let answered = bench.client.signed(&device, Method::GET, &spelled, &[]);
        let answered = answered.await.expect("an answer");
        let problem: LedgerProblem = answered.message().expect("a refusal");
        assert_eq!(problem.error.code, LedgerCode::NotFound, "{spelled}");
    }
    let to = bench.to;
    let answer = ask(to, get(&target, to)).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in"));
    // A browser of the owner has no chain.
    let of = meter_core::AccountId(account.0);
    let login = bench.ledger.new_login(Some((of, device.key())));
    let login = login.expect("a link");
    let (secret, _) = bench.ledger.use_login(&login.token).expect("signed in");
    let origin = format!("http://{to}").parse().expect("an origin");
    let set = CookieName::new(&origin, bench.ledger.key()).set(&secret);
    let (cookie, _) = set.split_once(';').expect("a cookie");
    for (target, status) in [(target.as_str(), 401), ("/api/devices", 200)] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {to}\r\nCookie: {cookie}\r\n\r\n");
        assert_eq!(ask(to, request).await.status, status, "{target}");
    }
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sees_every_device_with_its_name_and_manages_them() {
    let bench = start_ledger();
    let (mut first, second) = (Device::numbered(1), Device::numbered(2));
    let mut client = bench.client.typed();
    let statement = async |device: &Device, code: Option<[u8; 16]>| {
        let challenge = bench.client.challenge().await.expect("a challenge");
        let code = code.map(|code| meter_core::CodeHash::of(&code));
        device.enrolment(bench.ledger.key(), challenge, code)
    };
    let enrolled = client.enrol(&statement(&first, None).await, None).await;
    let enrolled = enrolled.expect("enrolled");
    assert!(enrolled.recovery_code.is_some());
    let invited = client.invite(&signs(&bench, &first)).await;
    let words = invited.expect("an invitation").code;
    let bytes = bip39::Mnemonic::parse_normalized(&words).expect("words");
    let bytes = bytes.to_entropy().try_into().expect("16 bytes");
    let joined = client
        .enrol(&statement(&second, Some(bytes)).await, Some(&words))
        .await
        .expect("joined");
    assert_eq!(joined.account, enrolled.account);
    let report = submitted(first.report(1, 1).signed());
    client.submit(&[report]).await.expect("an answer");

    let devices = client.devices(&signs(&bench, &second)).await;
    let devices = devices.expect("devices");
    let keys: Vec<_> = devices.iter().map(|device| device.key.0).collect();
    assert_eq!(devices.len(), 2);
    assert!(keys.contains(&first.key().0) && keys.contains(&second.key().0));
    let of = |key: [u8; 32]| devices.iter().find(|device| device.key.0 == key);
    let (one, two) = (
        of(first.key().0).expect("it"),
        of(second.key().0).expect("it"),
    );
    assert_eq!((&one.name, &two.name), (&enrolled.name, &joined.name));
    assert!(
        one.last_report_ms
            .is_some_and(|at| at.0 >= one.enrolled_ms.0)
    );
    assert_eq!((two.last_report_ms, two.removed_ms), (None, None));

    let account = meter_core::AccountId(enrolled.account.0);
    let balance = client.balance(&signs(&bench, &second), account).await;
    assert!(balance.expect("a balance").awarded.0 > 0);
    let login = client.login(&signs(&bench, &second)).await;
    let link = login.expect("a link").link;
    assert!(link.starts_with(&format!("http://{}/login/", bench.to)));
    let recovery = client.recovery(&signs(&bench, &first)).await;
    assert_ne!(
        Some(recovery.expect("a code").recovery_code),
        enrolled.recovery_code
    );
    let removed = client.remove(&signs(&bench, &first), second.key()).await;
    assert_eq!(removed.expect("removed").removed.0, second.key().0);
    let devices = client.devices(&signs(&bench, &first)).await;
    let devices = devices.expect("devices");
    assert!(devices.iter().any(|device| device.removed_ms.is_some()));
    let refused = client.devices(&signs(&bench, &second)).await;
    let code = refused.expect_err("removed").code();
    assert_eq!(code, Some(LedgerCode::UnknownDevice));
    bench.ended().await;
}
