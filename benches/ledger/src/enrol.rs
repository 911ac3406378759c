//! Enrols devices over HTTP, as hosts do.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use bip39::Mnemonic;
use meter_core::{
    BodyHash, Challenge, CodeHash, LedgerKey, LedgerRequest, RequestMethod, Signed, TargetHash,
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    connection::{Answer, Connection},
    crowd::Crowd,
};

/// Devices that are enrolled at the same time.
const AT_ONCE: usize = 16;
const JSON: &str = "Content-Type: application/json\r\n";

/// Enrols every device of the crowd. Each `per_account` that follow each other share an account:
/// the first opens it, and each invites the next: the ledger limits what one device signs.
pub(crate) async fn all(address: SocketAddr, crowd: &Arc<Crowd>, per_account: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    let at_once = AT_ONCE.min(crowd.len().div_ceil(per_account));
    for lane in 0..at_once {
        let crowd = Arc::clone(crowd);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let key = key(&mut connection).await?;
            for first in (0..crowd.len())
                .step_by(per_account)
                .skip(lane)
                .step_by(at_once)
            {
                enrol(&mut connection, key, &crowd, first, None).await?;
                for other in (first..crowd.len()).take(per_account).skip(1) {
                    let code = invite(&mut connection, key, &crowd, other - 1).await?;
                    enrol(&mut connection, key, &crowd, other, Some(code)).await?;
                }
            }
            anyhow::Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

async fn key(connection: &mut Connection) -> Result<LedgerKey> {
    let answer = connection.ask("GET", "/api/ledger", "", &[]).await?;
    Ok(LedgerKey(bytes(&message(&answer)?, "key")?))
}

async fn challenge(connection: &mut Connection) -> Result<Challenge> {
    let answer = connection.ask("POST", "/api/challenge", "", &[]).await?;
    Ok(Challenge(bytes(&message(&answer)?, "challenge")?))
}

async fn enrol(
    connection: &mut Connection,
    key: LedgerKey,
    crowd: &Crowd,
    number: usize,
    code: Option<[u8; 16]>,
) -> Result<()> {
    let challenge = challenge(connection).await?;
    let hash = code.map(|code| CodeHash::of(&code));
    let statement = crowd.person(number).device.enrolment(key, challenge, hash);
    let mut body = serde_json::json!({ "enrolment": wire(statement.signed()) });
    if let Some(code) = code {
        body["code"] = hex::encode(code).into();
    }
    let body = serde_json::to_vec(&body)?;
    let answer = connection.ask("POST", "/api/devices/enrol", JSON, &body);
    let answer = answer.await?;
    ensure!(
        answer.status == 201,
        "{}: {}",
        answer.status,
        answer.words()
    );
    Ok(())
}

/// An invitation into the account of this device.
async fn invite(
    connection: &mut Connection,
    ledger: LedgerKey,
    crowd: &Crowd,
    number: usize,
) -> Result<[u8; 16]> {
    let target = "/api/devices/invite";
    let challenge = challenge(connection).await?;
    let (device, signed) = {
        let person = crowd.person(number);
        let device = person.device.key();
        let request = LedgerRequest {
            method: RequestMethod::Post,
            ledger,
            device,
            challenge,
            target: TargetHash::of(target),
            body: BodyHash::of(&[]),
        };
        (device, person.device.signer().sign(&request)?)
    };
    let headers = format!(
        "Onionmeter-Device: {}\r\nOnionmeter-Challenge: {}\r\nOnionmeter-Signature: {}\r\n",
        hex::encode(device.0),
        hex::encode(challenge.0),
        hex::encode(signed.signed().signature())
    );
    let answer = connection.ask("POST", target, &headers, &[]).await?;
    let message = message(&answer)?;
    let words = message["code"].as_str().context("a code")?;
    let code = Mnemonic::parse(words)?.to_entropy();
    code.try_into()
        .map_err(|_| anyhow::anyhow!("a code has 16 bytes"))
}

fn wire<T>(signed: &Signed<T>) -> Value {
    serde_json::json!({
        "body": hex::encode(signed.body()),
        "signature": hex::encode(signed.signature()),
    })
}

fn message(answer: &Answer) -> Result<Value> {
    ensure!(
        answer.status == 200,
        "{}: {}",
        answer.status,
        answer.words()
    );
    Ok(serde_json::from_slice(&answer.body)?)
}

fn bytes<const N: usize>(message: &Value, name: &str) -> Result<[u8; N]> {
    let text = message[name].as_str().with_context(|| name.to_owned())?;
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)?;
    Ok(bytes)
}
