//! A server on a free port, a stand-in for the daemon, and a client that sends bytes as they are.

use meter_core::{EnrolmentRule, LedgerSigner, Policy, Thresholds, UnixMs};
use meter_face::{Answered, Asking, Daemon, Face, Limits, Page, PageFile, Token, listen};
use meter_wire::{
    EarlierSum, ErrorCode, HexBytes, Notice, Problem, RelayStatus, ReportsPage, Request, Status,
    Success, TorState, TorStatus, Traffic, U64Text,
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::broadcast,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(crate) const CHAIN: [u8; 16] = [0xc4; 16];
/// What the stand-in's clock shows.
pub(crate) const NOW_MS: u64 = 1_800_000_000_000;

/// A daemon that does what it is told.
pub(crate) struct StandIn {
    pub(crate) status: Mutex<Status>,
    pub(crate) asked: Mutex<Vec<Request>>,
    notices: broadcast::Sender<Notice>,
}

impl StandIn {
    fn new() -> Self {
        Self {
            status: Mutex::new(Status {
                relay: RelayStatus::Listening { port: 9149 },
                tor: TorStatus {
                    backend: None,
                    version: Some("0.4.8.16".to_owned()),
                    state: TorState::Ready,
                    trouble: None,
                    chosen: None,
                    offered: Vec::new(),
                },
                session: None,
                balance: U64Text(4_575_000_000),
                reports: U64Text(1),
                earlier: EarlierSum::default(),
                ledger: None,
                restored: None,
                chain: Some(HexBytes(CHAIN)),
                thresholds: (&Thresholds::DEFAULT).into(),
                problem: None,
                unreached: Vec::new(),
                foreign: U64Text(0),
                unidentified: U64Text(0),
                literals: U64Text(0),
                new_identity_in_s: 0,
                new_circuit_in_s: 0,
                connections: 0,
            }),
            asked: Mutex::default(),
            notices: broadcast::Sender::new(16),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn notify(&self, status: Status) {
        drop(self.notices.send(Notice::Status(Box::new(status))));
    }

    /// The requests that would change something.
    pub(crate) fn commands(&self) -> Vec<Request> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_command = |request: &&Request| {
            !matches!(
                request,
                Request::Status | Request::Traffic | Request::Reports(_)
            )
        };
        asked.iter().filter(is_command).cloned().collect()
    }

    fn answer(&self, request: &Request) -> Result<Success, Problem> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(request.clone());
        match request {
            Request::Status => Ok(Success::Status(Box::new(self.status()))),
            Request::Traffic => Ok(Success::Traffic(Traffic {
                bytes_up: U64Text(1_000),
                bytes_down: U64Text(u64::MAX / 2),
                connections: U64Text(3),
                active: U64Text(1),
            })),
            Request::Reports(_) => Ok(Success::Reports(ReportsPage {
                reports: Vec::new(),
                total: U64Text(0),
            })),
            Request::SetThresholds(thresholds) => {
                let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
                status.thresholds = *thresholds;
                Ok(Success::Done)
            }
            Request::TorStop => Err(Problem::new(ErrorCode::TorNotOurs)),
            Request::LedgerPolicy => match self.status().ledger {
                Some(_) => Ok(Success::LedgerPolicy(policy())),
                None => Err(Problem::new(ErrorCode::LedgerNone)),
            },
            _ => Ok(Success::Done),
        }
    }
}

/// The policy of a new ledger.
fn policy() -> String {
    let signer = LedgerSigner::from_seed(&[5; 32]);
    let first = Policy::first(signer.key(), EnrolmentRule::Open, UnixMs::ZERO);
    let signed = signer.sign(&first).expect("its own key");
    let signed = signed.signed();
    hex::encode([signed.body(), &signed.signature()[..]].concat())
}

impl Daemon for StandIn {
    fn ask(&self, request: Request) -> Asking<'_> {
        Box::pin(async move {
            self.answer(&request).map(|success| Answered {
                success,
                key: Some(HexBytes([7; 32])),
            })
        })
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn now(&self) -> UnixMs {
        UnixMs::new(NOW_MS).expect("in range")
    }
}

const PAGE: Page = Page(&[
    PageFile {
        path: "",
        bytes: b"<!doctype html><title>page</title>",
    },
    PageFile {
        path: "page.js",
        bytes: b"\"use strict\";",
    },
]);

/// A running server.
pub(crate) struct Stand {
    pub(crate) address: SocketAddr,
    pub(crate) daemon: Arc<StandIn>,
    stop: CancellationToken,
    server: JoinSet<()>,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// In lower case, with their colons.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Stand {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::serving(limits, |_| {})
    }

    /// A server that has just started a browser.
    pub(crate) fn expecting() -> Self {
        Self::serving(Limits::default(), Face::expect_page)
    }

    fn serving(limits: Limits, before: impl Fn(&Face)) -> Self {
        let listener = listen(0).expect("a free port");
        let daemon = Arc::new(StandIn::new());
        let token = Token::parse(TOKEN).expect("a token");
        let face = Face::new(listener, daemon.clone(), token, PAGE, limits).expect("it listens");
        before(&face);
        let (address, stop, mut server) =
            (face.address(), CancellationToken::new(), JoinSet::new());
        server.spawn(face.serve(stop.clone()));
        Self {
            address,
            daemon,
            stop,
            server,
        }
    }

    /// The daemon's device is enrolled from now on.
    pub(crate) fn enrol(&self) {
        let ledger = serde_json::json!({
            "address": "127.0.0.1:3443", "account": "aa".repeat(16), "before": "1000000000",
            "answered": "2000000000", "credited": "1500000000", "waiting": "2575000000",
            "waiting_reports": "1", "lowered": [], "sending": "no_tor",
        });
        let ledger = serde_json::from_value(ledger).expect("a status");
        self.daemon.status.lock().expect("held by nobody").ledger = ledger;
    }

    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        while self.server.join_next().await.is_some() {}
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own client, on loopback"
    )]
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// The head of a request that is in order, with the token.
    pub(crate) fn head(&self, line: &str) -> String {
        format!("{}Authorization: Bearer {TOKEN}\r\n", self.open_head(line))
    }

    /// The same without the token.
    pub(crate) fn open_head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: {}\r\n", self.address)
    }

    /// Sends a head with more headers and nothing else.
    pub(crate) async fn send(&self, line: &str, headers: &str) -> Reply {
        self.raw(&format!("{}{headers}\r\n", self.head(line))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        let length = body.len();
        let head = self.head(&format!("POST {path}"));
        let json = "Content-Type: application/json";
        self.raw(&format!(
            "{head}{json}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends these bytes and reads one answer.
    pub(crate) async fn raw(&self, request: &str) -> Reply {
        let mut tcp = self.connect().await;
        // The server may answer and close before it has read everything.
        drop(tcp.write_all(request.as_bytes()).await);
        reply(&mut tcp).await
    }
}

/// Reads one answer.
pub(crate) async fn reply(tcp: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let whole = async {
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
                if body.len() >= length {
                    let status = head.get(9..12).and_then(|status| status.parse().ok());
                    let (status, body) = (status.expect("a status"), body.to_owned());
                    return Reply { status, head, body };
                }
            }
            let read = tcp.read_buf(&mut bytes).await.unwrap_or(0);
            assert!(read > 0, "closed without an answer: {text:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), whole)
        .await
        .expect("an answer")
}
