//! Requests that a device signs, and everything that only looks like one.

use crate::{
    client::{Answer, ask, get},
    running::{WithLedger, start_ledger, start_limited},
};
use meter_core::{
    BodyHash, Challenge, LedgerKey, LedgerRequest, RequestMethod, TargetHash, UnixMs,
};
use meter_testkit::device::Device;
use onionmeter_ledger::http::{CookieName, Limits};
use std::fmt::Write as _;

/// What is signed and what is sent. They differ where a test says so.
struct Attempt {
    signed: LedgerRequest,
    method: &'static str,
    target: String,
    body: String,
    headers: Vec<(&'static str, String)>,
}

impl Attempt {
    /// A request for the device's own balance, signed as it should be.
    async fn honest(bench: &WithLedger, device: &Device, target: &str) -> Self {
        let challenge = bench.client.challenge().await.expect("a challenge");
        let signed = LedgerRequest {
            method: RequestMethod::Get,
            ledger: bench.ledger.key(),
            device: device.key(),
            challenge,
            target: TargetHash::of(target),
            body: BodyHash::of(b""),
        };
        let mut attempt = Self {
            signed,
            method: "GET",
            target: target.to_owned(),
            body: String::new(),
            headers: Vec::new(),
        };
        attempt.sign(device);
        attempt
    }

    /// Signs what `signed` says now.
    fn sign(&mut self, device: &Device) {
        let signed = device
            .signer()
            .sign(&self.signed)
            .expect("it keeps the rules");
        self.headers = vec![
            ("Onionmeter-Device", hex::encode(self.signed.device.0)),
            ("Onionmeter-Challenge", hex::encode(self.signed.challenge.0)),
            (
                "Onionmeter-Signature",
                hex::encode(signed.signed().signature()),
            ),
        ];
    }

    async fn send(&self, bench: &WithLedger) -> Answer {
        let (to, method, target) = (bench.to, self.method, &self.target);
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\n");
        for (name, value) in &self.headers {
            write!(request, "{name}: {value}\r\n").expect("a string");
        }
        if !self.body.is_empty() {
            write!(request, "Content-Length: {}\r\n", self.body.len()).expect("a string");
        }
        ask(to, format!("{request}\r\n{}", self.body)).await
    }

    async fn refused(&self, bench: &WithLedger, status: u16, code: &str) {
        let answer = self.send(bench).await;
        let found = (answer.status, answer.code());
        assert_eq!(
            found,
            (status, code.to_owned()),
            "{} {}",
            self.method,
            self.target
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w_10_a_signature_holds_for_one_request_to_one_ledger_once() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    let enrolled = bench.enrol(&device).await;
    let target = format!("/api/sessions/balance/{}", hex::encode(enrolled.account.0));
    let honest = Attempt::honest(&bench, &device, &target).await;
    assert_eq!(honest.send(&bench).await.status, 200);
    // The same bytes again.
    honest.refused(&bench, 401, "challenge").await;
    type Change = (&'static str, fn(&mut Attempt));
    let signed_otherwise: [Change; 6] = [
        ("another ledger", |attempt| {
            attempt.signed.ledger = LedgerKey([9; 32]);
        }),
        ("another target", |attempt| {
            attempt.signed.target = TargetHash::of("/api/sessions");
        }),
        ("a target with a query", |attempt| {
            let target = format!("{}?", attempt.target);
            attempt.signed.target = TargetHash::of(&target);
        }),
        ("another body", |attempt| {
            attempt.signed.body = BodyHash::of(b" ");
        }),
        ("another method", |attempt| {
            attempt.signed.method = RequestMethod::Post;
        }),
        ("another device's name", |attempt| {
            attempt.signed.device = Device::numbered(2).key();
        }),
    ];
    for (what, change) in signed_otherwise {
        let mut attempt = Attempt::honest(&bench, &device, &target).await;
        let sent = attempt.headers[0].clone();
        change(&mut attempt);
        let signer = match what {
            "another device's name" => Device::numbered(2),
            _ => Device::numbered(1),
        };
        attempt.sign(&signer);
        attempt.headers[0] = sent;
        let answer = attempt.send(&bench).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "signature"),
            "{what}"
        );
    }
    let mut moved = Attempt::honest(&bench, &device, &target).await;
    moved.target = "/api/account/export".to_owned();
    moved.refused(&bench, 401, "signature").await;
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w_10_only_a_challenge_of_this_ledger_from_the_last_minute_is_taken() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    bench.enrol(&device).await;
    let now = bench.ledger.now().expect("a clock").get();
    let challenges = bench.ledger.challenges();
    let at = |ms| challenges.issue(UnixMs::new(ms).expect("a time"), [1; 8]);
    for challenge in [
        at(now - 60_000),
        at(now + 60_000),
        at(0),
        [0; 32],
        [0xff; 32],
    ] {
        let mut attempt = Attempt::honest(&bench, &device, "/api/sessions").await;
        attempt.signed.challenge = Challenge(challenge);
        attempt.sign(&device);
        attempt.refused(&bench, 401, "challenge").await;
    }
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_not_enrolled_is_told_so_and_keeps_its_challenge() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    let attempt = Attempt::honest(&bench, &device, "/api/sessions").await;
    attempt.refused(&bench, 403, "unknown_device").await;
    bench.enrol(&device).await;
    assert_eq!(attempt.send(&bench).await.status, 200);
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h_03_without_a_whole_signature_or_a_cookie_nothing_is_shown() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    bench.enrol(&device).await;
    let to = bench.to;
    let honest = Attempt::honest(&bench, &device, "/api/sessions").await;
    let query: Vec<_> = honest
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for target in [
        "/api/sessions".to_owned(),
        "/api/account/export".to_owned(),
        format!("/api/account/export?{}", query.join("&")),
        "/api/account/export?token=00112233445566778899aabbccddeeff".to_owned(),
    ] {
        let answer = ask(to, get(&target, to)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "sign_in"),
            "{target}"
        );
    }
    for (number, (name, value)) in honest.headers.iter().enumerate() {
        let mut without = Attempt::honest(&bench, &device, "/api/sessions").await;
        without.headers.remove(number);
        without.refused(&bench, 400, "bad_signature_header").await;
        let mut twice = Attempt::honest(&bench, &device, "/api/sessions").await;
        twice.headers.push((name, value.clone()));
        twice.refused(&bench, 400, "bad_signature_header").await;
        for spelled in [
            value.to_uppercase(),
            format!("{value}00"),
            "zz".to_owned(),
            String::new(),
        ] {
            let mut other = Attempt::honest(&bench, &device, "/api/sessions").await;
            other.headers[number].1 = spelled;
            other.refused(&bench, 400, "bad_signature_header").await;
        }
    }
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_in_browser_sees_its_account_and_makes_no_link() {
    let bench = start_ledger();
    let device = Device::numbered(1);
    let enrolled = bench.enrol(&device).await;
    let account = bench
        .ledger
        .account_of(device.key())
        .expect("an answer")
        .expect("enrolled");
    let login = bench
        .ledger
        .new_login(Some((account, device.key())))
        .expect("a link");
    let (secret, _) = bench.ledger.use_login(&login.token).expect("signed in");
    let to = bench.to;
    let origin = format!("http://{to}").parse().expect("an origin");
    let name = CookieName::new(&origin, bench.ledger.key());
    let set = name.set(&secret);
    let (cookie, _) = set.split_once(';').expect("a cookie");
    let target = format!("/api/sessions/balance/{}", hex::encode(enrolled.account.0));
    let with = |method: &str, target: &str, further: &str| {
        format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\nCookie: {cookie}\r\n{further}\r\n")
    };
    assert_eq!(ask(to, with("GET", &target, "")).await.status, 200);
    let evil = ask(
        to,
        with(
            "POST",
            "/api/account/delete",
            "Origin: https://evil.test\r\n",
        ),
    )
    .await;
    assert_eq!(evil.status, 403);
    let answer = ask(to, with("POST", "/api/login", "")).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in"));
    let operator = bench.ledger.new_login(None).expect("a link");
    let (secret, _) = bench.ledger.use_login(&operator.token).expect("signed in");
    let set = name.set(&secret);
    let (cookie, _) = set.split_once(';').expect("a cookie");
    let request = format!("GET {target} HTTP/1.1\r\nHost: {to}\r\nCookie: {cookie}\r\n\r\n");
    assert_eq!(
        ask(to, request).await.status,
        404,
        "the operator browses no account"
    );
    bench.ledger.end_web_session(&secret).expect("signed out");
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w_09_h_11_h_12_what_is_foreign_and_what_does_not_exist_look_the_same() {
    let bench = start_ledger();
    let (mut own, mut other) = (Device::numbered(1), Device::numbered(2));
    bench.enrol(&own).await;
    let foreign = bench.enrol(&other).await;
    for device in [&mut own, &mut other] {
        let report = device.report(1, 1);
        let submitted = meter_testkit::ledger_client::submitted(report.signed());
        bench
            .client
            .submit(vec![submitted])
            .await
            .expect("submitted");
    }
    let session =
        |device: &Device| format!("/api/sessions/{}-1", hex::encode(device.head().chain.0));
    assert_eq!(
        Attempt::honest(&bench, &own, &session(&own))
            .await
            .send(&bench)
            .await
            .status,
        200
    );
    let long = "a".repeat(5_000);
    let targets = [
        format!("/api/sessions/balance/{}", hex::encode(foreign.account.0)),
        format!("/api/sessions/balance/{}", "0".repeat(32)),
        format!("/api/sessions?account={}", hex::encode(foreign.account.0)),
        format!("/api/sessions?account={}", "0".repeat(32)),
        session(&other),
        format!("/api/sessions/{}-1", "0".repeat(32)),
        "/api/sessions/balance/..".to_owned(),
        "/api/sessions/balance/..%2f".to_owned(),
        "/api/sessions/balance/%00".to_owned(),
        "/api/sessions/balance/%ff".to_owned(),
        format!("/api/sessions/balance/{long}"),
        "/api/sessions/balance/%F0%9F%A7%85".to_owned(),
        "/api/sessions/balance/1'%20OR%20'1'='1".to_owned(),
        "/api/sessions/1'%20OR%20'1'='1".to_owned(),
        "/api/nothing".to_owned(),
    ];
    let mut bodies = Vec::new();
    for target in &targets {
        let answer = Attempt::honest(&bench, &own, target)
            .await
            .send(&bench)
            .await;
        assert_eq!(answer.status, 404, "{target}");
        let mut head = answer.head;
        head.retain(|line| !line.starts_with("date: "));
        bodies.push((head, answer.body));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    bench.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_signs_is_limited_and_what_others_sign_in_its_name_is_not_counted() {
    let bench = start_limited(Limits {
        signed_per_minute: 2,
        ..Limits::default()
    });
    let (device, other) = (Device::numbered(1), Device::numbered(2));
    bench.enrol(&device).await;
    bench.enrol(&other).await;
    for _ in 0..5 {
        let mut forged = Attempt::honest(&bench, &device, "/api/sessions").await;
        let named = forged.headers[0].clone();
        forged.signed.device = other.key();
        forged.sign(&other);
        forged.headers[0] = named;
        forged.refused(&bench, 401, "signature").await;
    }
    for _ in 0..2 {
        let honest = Attempt::honest(&bench, &device, "/api/sessions").await;
        assert_eq!(honest.send(&bench).await.status, 200);
    }
    let third = Attempt::honest(&bench, &device, "/api/sessions").await;
    third.refused(&bench, 429, "too_many").await;
    let honest = Attempt::honest(&bench, &other, "/api/sessions").await;
    assert_eq!(honest.send(&bench).await.status, 200);
    bench.ended().await;
}
