//! Speaks to a ledger on loopback over HTTP, as a host does, and hands out every answer as it came.

use crate::{device::Device, loopback};
use anyhow::{Context as _, Result, bail};
use http::{Method, StatusCode};
use meter_core::{
    BodyHash, Challenge, CodeHash, DeviceKey, LedgerKey, LedgerRequest, RequestMethod,
    SIGNATURE_BYTES, Signed, TargetHash,
};
use meter_ledger_client::{Asked, Dial, Http, SignRequests};
use meter_wire::{
    HexBytes,
    ledger::{Answer, LedgerInfo, LedgerProblem, Login, Submitted},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::TcpStream;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(60);

/// A ledger that listens on loopback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LedgerClient {
    address: SocketAddr,
}

/// Opens connections to it.
#[derive(Clone, Copy, Debug)]
pub struct Loopback(pub SocketAddr);

impl Dial for Loopback {
    type Stream = TcpStream;
    type Error = io::Error;

    async fn dial(&self) -> io::Result<TcpStream> {
        let stream = loopback::connect(self.0).await;
        stream.map_err(|error| io::Error::other(format!("{error:#}")))
    }
}

/// Signs a device's requests for one ledger.
pub struct Signs<'a> {
    /// The device.
    pub device: &'a Device,
    /// The key of the ledger.
    pub ledger: LedgerKey,
}

impl SignRequests for Signs<'_> {
    fn device(&self) -> DeviceKey {
        self.device.key()
    }

    fn ledger(&self) -> LedgerKey {
        self.ledger
    }

    async fn sign(&self, request: LedgerRequest) -> Option<[u8; SIGNATURE_BYTES]> {
        let signed = self.device.signer().sign(&request).ok()?;
        Some(*signed.signed().signature())
    }
}

/// What a ledger answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// In how many seconds to ask again, if it says so.
    pub retry_after: Option<u64>,
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

    /// The client that a host uses, for the same ledger.
    #[must_use]
    pub fn typed(&self) -> meter_ledger_client::LedgerClient<Loopback> {
        let host = self.address.to_string();
        meter_ledger_client::LedgerClient::new(host, Loopback(self.address), LIMIT)
    }

    /// Sends one request on a connection of its own.
    async fn send(&self, asked: &Asked<'_>) -> Result<Answered> {
        self.send_as(&self.address.to_string(), asked).await
    }

    async fn send_as(&self, host: &str, asked: &Asked<'_>) -> Result<Answered> {
        let mut http = Http::new(host.to_owned(), Loopback(self.address), LIMIT);
        let answered = http.send(asked).await?;
        Ok(Answered {
            status: StatusCode::from_u16(answered.status)?,
            retry_after: answered.retry_after_s.map(u64::from),
            body: answered.body,
        })
    }

    /// Asks with GET, without a signature.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn get(&self, target: &str) -> Result<Answered> {
        self.send(&asked(RequestMethod::Get, target, &[])).await
    }

    /// The same by another name of the ledger.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn get_as(&self, host: &str, target: &str) -> Result<Answered> {
        let request = asked(RequestMethod::Get, target, &[]);
        self.send_as(host, &request).await
    }

    /// Sends a message with POST, without a signature.
    ///
    /// # Errors
    /// When nobody answers in HTTP.
    pub async fn post(&self, target: &str, message: &(impl Serialize + Sync)) -> Result<Answered> {
        let body = serde_json::to_vec(message)?;
        self.send(&asked(RequestMethod::Post, target, &body)).await
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
        let request = asked(RequestMethod::Post, "/api/challenge", &[]);
        let answered = self.send(&request).await?;
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
        Ok(self.typed().submit(&reports).await?)
    }

    /// A new link with which a browser signs in to the account of `device`.
    ///
    /// # Errors
    /// When the ledger does not give one.
    pub async fn login(&self, device: &Device) -> Result<Login> {
        let asked = self.signed(device, Method::POST, "/api/login", &[]);
        asked.await?.message()
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
        let method = request_method(&method)?;
        let to_sign = LedgerRequest {
            method,
            ledger,
            device: device.key(),
            challenge,
            target: TargetHash::of(target),
            body: BodyHash::of(body),
        };
        let signed = device.signer().sign(&to_sign)?;
        let headers = [
            ("Onionmeter-Device", hex::encode(device.key().0)),
            ("Onionmeter-Challenge", hex::encode(challenge.0)),
            (
                "Onionmeter-Signature",
                hex::encode(signed.signed().signature()),
            ),
        ];
        let request = Asked {
            headers: &headers,
            ..asked(method, target, body)
        };
        self.send(&request).await
    }
}

/// A request without headers.
const fn asked<'a>(method: RequestMethod, target: &'a str, body: &'a [u8]) -> Asked<'a> {
    Asked {
        method,
        target,
        headers: &[],
        body,
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
