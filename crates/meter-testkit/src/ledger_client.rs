//! Speaks to a ledger on loopback over HTTP, as a host will.

use crate::{device::Device, loopback};
use anyhow::{Context as _, Result, bail, ensure};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use meter_core::{
    BodyHash, Challenge, CodeHash, LedgerKey, LedgerRequest, RequestMethod, SIGNATURE_BYTES,
    Signed, TargetHash,
};
use meter_wire::{
    HexBytes,
    ledger::{Answer, Answers, Batch, LedgerInfo, LedgerProblem, Submit, Submitted},
};
use serde::{Serialize, de::DeserializeOwned};
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A ledger that listens on loopback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LedgerClient {
    address: SocketAddr,
}

/// What a ledger answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The body as a message.
    ///
    /// # Errors
    /// When it is another one; with the ledger's own words, if it has any.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: {}", self.status, self.words()))
    }

    /// The ledger's words for what went wrong, or the whole body.
    #[must_use]
    pub fn words(&self) -> String {
        match serde_json::from_slice::<LedgerProblem>(&self.body) {
            Ok(problem) => problem.error.message,
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        }
    }
}

impl LedgerClient {
    /// A ledger at this address.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answered> {
        let stream = loopback::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer breaks off: {error}"))?;
        Ok(Answered {
            status,
            body: body.to_bytes().to_vec(),
        })
    }

    fn request(&self, method: Method, target: &str) -> http::request::Builder {
        let to = Request::builder().method(method).uri(target);
        to.header(header::HOST, self.address.to_string())
    }

    /// Asks with GET, without a signature.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn get(&self, target: &str) -> Result<Answered> {
        let request = self.request(Method::GET, target).body(Full::default())?;
        self.send(request).await
    }

    /// Sends a message with POST, without a signature.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn post(&self, target: &str, message: &(impl Serialize + Sync)) -> Result<Answered> {
        let body = serde_json::to_vec(message)?;
        let request = self.request(Method::POST, target);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Full::from(body))?).await
    }

    /// What the ledger says about itself.
    ///
    /// # Errors
    /// When it does not answer so.
    pub async fn info(&self) -> Result<LedgerInfo> {
        self.get("/api/ledger").await?.message()
    }

    /// A new challenge.
    ///
    /// # Errors
    /// When the ledger does not give one.
    pub async fn challenge(&self) -> Result<Challenge> {
        let request = self
            .request(Method::POST, "/api/challenge")
            .body(Full::default())?;
        let answered = self.send(request).await?;
        let challenge: meter_wire::ledger::Challenge = answered.message()?;
        Ok(Challenge(challenge.challenge.0))
    }

    /// Asks for the enrolment of `device`, with the code that lets it in, if it needs one.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn enrol(&self, device: &Device, code: Option<[u8; 16]>) -> Result<Answered> {
        let ledger = LedgerKey(self.info().await?.key.0);
        let challenge = self.challenge().await?;
        let hash = code.map(|code| CodeHash::of(&code));
        let enrolment = device.enrolment(ledger, challenge, hash);
        let signed = enrolment.signed();
        let mut message = serde_json::json!({"enrolment": {
            "body": hex::encode(signed.body()),
            "signature": hex::encode(signed.signature()),
        }});
        if let Some(code) = code {
            message["code"] = hex::encode(code).into();
        }
        self.post("/api/devices/enrol", &message).await
    }

    /// Submits reports in one request, and returns what the ledger says to each.
    ///
    /// # Errors
    /// When the ledger does not answer so.
    pub async fn submit(&self, reports: Vec<Submitted>) -> Result<Vec<Answer>> {
        let count = reports.len();
        let batch = Submit::Batch(Batch { reports });
        let answers: Answers = self.post("/api/sessions/submit", &batch).await?.message()?;
        ensure!(
            answers.outcomes.len() == count,
            "one outcome for each report"
        );
        Ok(answers.outcomes)
    }

    /// Sends a request that `device` signs.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn signed(
        &self,
        device: &Device,
        method: Method,
        target: &str,
        body: &[u8],
    ) -> Result<Answered> {
        let ledger = LedgerKey(self.info().await?.key.0);
        let challenge = self.challenge().await?;
        let to_sign = LedgerRequest {
            method: request_method(&method)?,
            ledger,
            device: device.key(),
            challenge,
            target: TargetHash::of(target),
            body: BodyHash::of(body),
        };
        let signed = device.signer().sign(&to_sign)?;
        let mut request = self.request(method, target);
        let names = [
            "Onionmeter-Device",
            "Onionmeter-Challenge",
            "Onionmeter-Signature",
        ];
        let values = [
            &device.key().0[..],
            &challenge.0[..],
            &signed.signed().signature()[..],
        ];
        for (name, value) in names.into_iter().zip(values) {
            request = request.header(name, hex::encode(value));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send(request.body(Full::from(body.to_vec()))?).await
    }
}

fn request_method(method: &Method) -> Result<RequestMethod> {
    match *method {
        Method::GET => Ok(RequestMethod::Get),
        Method::POST => Ok(RequestMethod::Post),
        Method::DELETE => Ok(RequestMethod::Delete),
        _ => bail!("a request with {method} cannot be signed"),
    }
}

/// A signed report as it is submitted.
///
/// # Panics
/// When it does not have the length of a report.
#[must_use]
pub fn submitted<T>(signed: &Signed<T>) -> Submitted {
    let body = signed.body().try_into().expect("a report has 200 bytes");
    let signature: [u8; SIGNATURE_BYTES] = *signed.signature();
    Submitted {
        body: HexBytes(body),
        signature: HexBytes(signature),
        receipt: None,
    }
}
