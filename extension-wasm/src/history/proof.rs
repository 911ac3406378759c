//! One session opened: its fields, and the checks that it passes, made again for the reader.

use super::History;
use crate::text::{Key, Text, Value, key};
use crate::view::{ReportRow, iso_utc, row};
use meter_core::{SessionReport, Tariff};
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
    pub name: Key,
    /// Its value.
    pub value: Value,
}

/// One check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Check {
    /// Whether it is passed.
    pub passed: bool,
    /// What was checked.
    pub sentence: Text,
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
        0 => key("check_first").text(),
        before => key("check_follows").with("number", Value::number(before)),
    };
    Some(Proof {
        row: row(report),
        fields: fields(value, report.signed().signature()),
        checks: vec![
            check(again.is_ok(), key("check_signature").text()),
            check(award == Some(value.amount), key("check_amount").text()),
            check(follows, place),
        ],
    })
}

fn fields(report: &SessionReport, signature: &[u8]) -> Vec<Field> {
    let field = |name, value| Field { name, value };
    let hex = |bytes: &[u8]| Value::Plain(hex::encode(bytes));
    let time = |ms| Value::Plain(iso_utc(ms));
    let bytes = |bytes| Value::from(key("bytes").with("bytes", Value::count(bytes)));
    let ms = Value::number(report.duration.get());
    let resumed = match report.resumed {
        true => key("yes"),
        false => key("no_lower"),
    };
    vec![
        field(key("field_number"), Value::number(report.sequence)),
        field(key("field_report"), hex(&report.id().0)),
        field(key("field_began"), time(report.started_at.get())),
        field(key("field_ended"), time(report.ended_at.get())),
        field(key("field_time"), key("milliseconds").with("ms", ms).into()),
        field(key("field_up"), bytes(report.bytes_up.get())),
        field(key("field_down"), bytes(report.bytes_down.get())),
        field(key("field_amount"), Text::credits(report.amount).into()),
        field(
            key("field_total"),
            Text::credits(report.totals.amount).into(),
        ),
        field(key("field_tariff"), Value::number(report.tariff.0.into())),
        field(key("field_resumed"), resumed.into()),
        field(key("field_chain"), hex(&report.chain.0)),
        field(key("field_link"), hex(&report.previous.0)),
        field(key("field_key"), hex(&report.key.0)),
        field(key("field_signature"), hex(signature)),
    ]
}
