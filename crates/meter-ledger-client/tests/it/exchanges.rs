//! Servers that answer as a ledger does.

use crate::server::{LONG, Loopback, Server, answer, request, say};
use meter_core::{DeviceSigner, LedgerKey, LedgerRequest, SIGNATURE_BYTES};
use meter_ledger_client::{ClientError, LedgerClient, SignRequests};
use meter_testkit::{device::Device, ledger_client::submitted, ports::HeldPort};
use meter_wire::ledger::{LedgerCode, Outcome};
use std::sync::{Arc, Mutex, atomic::AtomicUsize};
use tokio::{io::AsyncReadExt as _, sync::oneshot};

const CHALLENGE: &str = concat!(
    r#"{"challenge":"0707070707070707070707070707070707070707070707070707070707070707","#,
    r#""expires_ms":"1","new":{"field":[]}}"#,
);

#[tokio::test]
async fn requests_that_follow_each_other_share_a_connection() {
    let server = Server::with(answer("200 OK", "", CHALLENGE)).await;
    let (mut client, _) = server.client();
    for _ in 0..3 {
        let challenge = client.challenge().await.expect("a challenge");
        assert_eq!(challenge.0, [7; 32]);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_connection_that_the_ledger_has_closed_is_opened_again() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        let answer = answer("200 OK", "Connection: close\r\n", CHALLENGE);
        say(&mut stream, answer.as_bytes()).await;
    })
    .await;
    let (mut client, _) = server.client();
    for count in 1..=3 {
        client.challenge().await.expect("a challenge");
        assert_eq!(server.accepted(), count);
    }
}

#[tokio::test]
async fn an_answer_in_chunks_is_whole() {
    let (first, second) = CHALLENGE.split_at(9);
    let body = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x};a=b\r\n\
         {second}\r\n0\r\nTrailer: x\r\n\r\n",
        first.len(),
        second.len()
    );
    let server = Server::with(body).await;
    let (mut client, _) = server.client();
    client.challenge().await.expect("a challenge");
}

#[tokio::test]
async fn a_refusal_has_the_ledgers_code_and_when_to_ask_again() {
    let body = r#"{"error":{"code":"too_many","message":"Too many requests; wait."}}"#;
    for (header, expected) in [
        ("", None),
        ("Retry-After: 5\r\n", Some(5)),
        ("Retry-After: 3600\r\n", Some(3_600)),
        ("Retry-After: 3601\r\n", Some(3_600)),
        ("Retry-After: 99999999999999999999\r\n", Some(3_600)),
        ("Retry-After: -1\r\n", None),
        ("Retry-After: \r\n", None),
        ("Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n", None),
    ] {
        let server = Server::with(answer("429 Too Many Requests", header, body)).await;
        let (mut client, _) = server.client();
        let error = client.challenge().await.expect_err("a refusal");
        assert_eq!(error.code(), Some(LedgerCode::TooMany));
        assert_eq!(error.to_string(), "Too many requests; wait.");
        let ClientError::Refused {
            status,
            retry_after_s,
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!((status, retry_after_s), (429, expected), "{header}");
    }
}

#[tokio::test]
async fn every_report_has_its_own_outcome_or_the_answer_counts_for_nothing() {
    let mut device = Device::numbered(1);
    let reports = [1, 2].map(|bytes| submitted(device.report(1, bytes).signed()));
    let two = r#"{"outcomes":[{"outcome":"busy"},{"outcome":"refused","code":"link"}]}"#;
    let server = Server::with(answer("200 OK", "", two)).await;
    let (mut client, _) = server.client();
    let outcomes = client.submit(&reports).await.expect("two outcomes");
    let outcomes: Vec<_> = outcomes.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes, [Outcome::Busy, Outcome::Refused]);
    let error = client
        .submit(&reports[..1])
        .await
        .expect_err("one too many");
    assert!(matches!(error, ClientError::NotALedger(200)), "{error:?}");
    assert_eq!(client.submit(&[]).await.map(|all| all.len()).ok(), Some(0));
}

#[tokio::test]
async fn the_dialers_own_error_is_told() {
    let port = HeldPort::take().expect("a port where nothing listens");
    let taken = Arc::new(AtomicUsize::new(0));
    let dial = Loopback::to(port.address(), taken);
    let mut client = LedgerClient::new("127.0.0.1".to_owned(), dial, LONG);
    let error = client.info().await.expect_err("nothing listens");
    let ClientError::Dial(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

/// A signer that keeps what it was asked to sign.
struct Signer {
    signer: DeviceSigner,
    asked: Mutex<Vec<LedgerRequest>>,
    refuses: bool,
}

impl SignRequests for Signer {
    fn device(&self) -> meter_core::DeviceKey {
        self.signer.key()
    }

    fn ledger(&self) -> LedgerKey {
        LedgerKey([9; 32])
    }

    async fn sign(&self, request: LedgerRequest) -> Option<[u8; SIGNATURE_BYTES]> {
        self.asked.lock().expect("not poisoned").push(request);
        let signed = self.signer.sign(&request).ok()?;
        (!self.refuses).then(|| *signed.signed().signature())
    }
}

#[tokio::test]
async fn a_request_that_is_not_signed_is_not_sent() {
    let server = Server::with(answer("200 OK", "", CHALLENGE)).await;
    let (mut client, _) = server.client();
    let mut signer = Signer {
        signer: DeviceSigner::from_seed(&[3; 32]),
        asked: Mutex::new(Vec::new()),
        refuses: true,
    };
    let error = client.login(&signer).await.expect_err("not signed");
    assert!(matches!(error, ClientError::NotSigned), "{error:?}");
    // What is sent now is answered with a challenge, which is no link.
    signer.refuses = false;
    let error = client.login(&signer).await.expect_err("no link");
    assert!(matches!(error, ClientError::NotALedger(200)), "{error:?}");
    let asked = signer.asked.lock().expect("not poisoned");
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.challenge.0 == [7; 32]));
}

#[tokio::test]
async fn a_wait_that_is_given_up_ends_its_connection() {
    let (ended, end) = oneshot::channel();
    let ended = Mutex::new(Some(ended));
    let server = Server::start(move |mut stream| {
        let ended = ended.lock().expect("not poisoned").take();
        async move {
            request(&mut stream).await;
            stream.read_u8().await.expect_err("the client hangs up");
            ended.expect("one connection").send(()).expect("waited for");
        }
    })
    .await;
    let (mut client, _) = server.client();
    tokio::select! {
        answered = client.info() => panic!("{answered:?}"),
        () = accepted(&server) => {}
    }
    // The client lives; its connection does not.
    end.await.expect("the server sees the end");
}

async fn accepted(server: &Server) {
    while server.accepted() == 0 {
        tokio::task::yield_now().await;
    }
}

/// A host may give the wait to another thread.
#[tokio::test]
async fn a_request_can_be_moved_to_another_thread() {
    let server = Server::with(answer("200 OK", "", CHALLENGE)).await;
    let (mut client, _) = server.client();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let signer = Signer {
            signer: DeviceSigner::from_seed(&[3; 32]),
            asked: Mutex::new(Vec::new()),
            refuses: false,
        };
        client.challenge().await.expect("a challenge");
        client.login(&signer).await.expect_err("no link")
    });
    let error = tasks.join_next().await.expect("a task").expect("no panic");
    assert!(matches!(error, ClientError::NotALedger(200)), "{error:?}");
}
