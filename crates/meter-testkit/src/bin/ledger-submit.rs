//! Speaks to a running ledger as a host will: enrols a device, submits a chain of reports, submits
//! it again, and tries a forgery. Prints what the ledger answers, and at the end a link that signs
//! a browser in for a minute. Fails where an answer is not what the specification says.
//!
//! `ledger-submit 127.0.0.1:3443 [REPORTS]`

use anyhow::{Context as _, Result, ensure};
use http::{Method, StatusCode};
use meter_core::{
    AccountId, Amount, ChainId, LedgerKey, Receipt, SessionReport, Signed, Verified, credits_exact,
};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Answer, Outcome, Submitted};
use std::{env, io::Write as _, net::SocketAddr, process::exit};

const USAGE: &str = "\
Usage: ledger-submit ADDRESS:PORT [REPORTS]

Enrols a new device at the ledger there, submits a chain of so many reports (10), submits it again,
and tries a forgery: ledger-submit 127.0.0.1:3443 20";

/// Most reports in one request.
const BATCH: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some((address, count)) = asked(env::args().skip(1)) else {
        writeln!(std::io::stderr(), "{USAGE}")?;
        exit(64);
    };
    let client = LedgerClient::new(address);
    let key = LedgerKey(client.info().await?.key.0);
    say(&format!("ledger    {}", client.info().await?.vkey))?;
    let mut device = Device::with(&random()?, ChainId(random()?));
    let account = enrol(&client, &device).await?;
    let chain: Vec<_> = (0..count).map(|number| next(&mut device, number)).collect();
    let receipts = submit(&client, &chain, Outcome::Accepted).await?;
    let credited = check(key, &chain, &receipts)?;
    say(&format!(
        "accepted  {count} reports, {} credits",
        credits_exact(credited)
    ))?;
    let again = submit(&client, &chain, Outcome::Replay).await?;
    ensure!(
        again == receipts,
        "a replay has the same receipts, byte for byte"
    );
    say("replayed  the same receipts, byte for byte")?;
    forge(&client, &mut device).await?;
    let target = format!("/api/sessions/balance/{}", hex::encode(account.0));
    let balance = client.signed(&device, Method::GET, &target, &[]).await?;
    ensure!(balance.status == StatusCode::OK, "{}", balance.words());
    say(&format!(
        "balance   {}",
        String::from_utf8_lossy(&balance.body)
    ))?;
    let login = client.login(&device).await?;
    say(&format!("sign in   {} ({})", login.link, login.words))
}

/// The address, and how many reports.
fn asked(mut arguments: impl Iterator<Item = String>) -> Option<(SocketAddr, usize)> {
    let address = arguments.next()?.parse().ok()?;
    let count = arguments.next().map_or(Ok(10), |count| count.parse());
    let is_all = arguments.next().is_none();
    Some((address, count.ok()?)).filter(|_| is_all)
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Short sessions: the device is so young that more would be cut to its age.
fn next(device: &mut Device, number: usize) -> Verified<SessionReport> {
    device.report(1, u64::try_from(number % 7).unwrap_or(0))
}

async fn enrol(client: &LedgerClient, device: &Device) -> Result<AccountId> {
    let answered = client.enrol(device, None).await?;
    ensure!(
        answered.status == StatusCode::CREATED,
        "{}: {}",
        answered.status,
        answered.words()
    );
    let enrolled: serde_json::Value = answered.message()?;
    let text = enrolled["account"].as_str().context("an account")?;
    let account: [u8; 16] = hex::decode(text)?
        .try_into()
        .map_err(|_| anyhow::anyhow!("16 bytes"))?;
    say(&format!(
        "enrolled  as {} of account {text}",
        enrolled["name"]
    ))?;
    Ok(AccountId(account))
}

async fn submit(
    client: &LedgerClient,
    chain: &[Verified<SessionReport>],
    expected: Outcome,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(chain.len());
    for batch in chain.chunks(BATCH) {
        let reports = batch.iter().map(|report| submitted(report.signed()));
        answers.extend(client.submit(reports.collect()).await?);
    }
    let other = answers.iter().find(|answer| answer.outcome != expected);
    ensure!(other.is_none(), "expected {expected:?}, got {other:?}");
    let receipts = answers.into_iter().map(|answer| Answer {
        outcome: Outcome::Accepted,
        ..answer
    });
    Ok(receipts.collect())
}

/// Verifies every receipt as a stranger would, and returns what they award together.
fn check(key: LedgerKey, chain: &[Verified<SessionReport>], answers: &[Answer]) -> Result<Amount> {
    let mut total = Amount::ZERO;
    for (report, answer) in chain.iter().zip(answers) {
        let receipt = answer.receipt.as_ref().context("a receipt")?;
        let signed: Signed<Receipt> = Signed::new(receipt.body.0.to_vec(), receipt.signature.0);
        let receipt = *signed.verify(key)?.value();
        receipt.answers(report.value())?;
        total = total.checked_add(receipt.amount).context("a small sum")?;
        ensure!(
            receipt.awarded_total == total,
            "the total is the sum of the awards"
        );
    }
    Ok(total)
}

/// Another amount under the signature of the true one.
async fn forge(client: &LedgerClient, device: &mut Device) -> Result<()> {
    let report = next(device, 1);
    let mut forged: Submitted = submitted(report.signed());
    forged.body.0[119] ^= 1;
    let answers = client.submit(vec![forged]).await?;
    let answer = answers.first().context("an outcome")?;
    ensure!(answer.outcome == Outcome::Refused, "{answer:?}");
    let reason = answer.code.clone().unwrap_or_default();
    say(&format!("refused   a forgery: {reason}"))
}
