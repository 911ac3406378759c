//! One session opened: its fields, and the checks that it passes, made again for the reader.

use super::History;
use crate::view::{ReportRow, iso_utc, row};
use meter_core::{SessionReport, Tariff, credits_exact};
use serde::Serialize;

/// A session with everything that proves it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Proof {
    /// Inputs, formula and amount.
    pub row: ReportRow,
    /// Every field of the signed body.
    pub fields: Vec<Field>,
    /// The checks, each with its result in a sentence.
    pub checks: Vec<Check>,
}

/// One field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// One check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Check {
    /// Whether it is passed.
    pub passed: bool,
    /// What was checked.
    pub sentence: String,
}

/// Opens the session at a place of the list. `None`: there is none.
#[must_use]
pub fn proof(history: &History, listed: usize) -> Option<Proof> {
    let (head, report) = history.at(listed)?;
    let signed = report.signed().clone();
    let again = signed.verify(head.key);
    let value = report.value();
    let follows = again.as_ref().is_ok_and(|again| head.follow(again).is_ok());
    let award = Tariff::by_id(value.tariff).and_then(|tariff| {
        let award = tariff.award(value.duration, value.bytes()).ok()?;
        Some(award.total)
    });
    let check = |passed, sentence| Check { passed, sentence };
    let place = match head.sequence {
        0 => "It is the first of its chain, and its totals begin with it.".to_owned(),
        before => format!("It follows from session {before}: link and totals are that session's."),
    };
    Some(Proof {
        row: row(report),
        fields: fields(value, report.signed().signature()),
        checks: vec![
            check(
                again.is_ok(),
                "The signature is that of this device's key, over exactly these fields.".to_owned(),
            ),
            check(
                award == Some(value.amount),
                "The amount is what the tariff gives for this time and these bytes.".to_owned(),
            ),
            check(follows, place),
        ],
    })
}

fn fields(report: &SessionReport, signature: &[u8]) -> Vec<Field> {
    let field = |name, value| Field { name, value };
    let amount = |amount| format!("{} credits", credits_exact(amount));
    vec![
        field("Number in the chain", report.sequence.to_string()),
        field("Report", hex::encode(report.id().0)),
        field("Began (UTC)", iso_utc(report.started_at.get())),
        field("Ended (UTC)", iso_utc(report.ended_at.get())),
        field("Time", format!("{} ms", report.duration.get())),
        field("Up", format!("{} bytes", report.bytes_up.get())),
        field("Down", format!("{} bytes", report.bytes_down.get())),
        field("Amount", amount(report.amount)),
        field("Total of the chain", amount(report.totals.amount)),
        field("Tariff", report.tariff.0.to_string()),
        field(
            "Resumed",
            if report.resumed { "yes" } else { "no" }.to_owned(),
        ),
        field("Chain", hex::encode(report.chain.0)),
        field("Link to the one before", hex::encode(report.previous.0)),
        field("Key", hex::encode(report.key.0)),
        field("Signature", hex::encode(signature)),
    ]
}
