//! One session opened: its fields, and the checks that it passes, made again for the reader.

use super::{History, qr};
use crate::text::{Key, Text, Value, key};
use crate::view::{ReportRow, iso_utc, row};
use meter_core::{Amount, SessionReport, Tariff};
use serde::Serialize;

/// A session with everything that proves it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Proof {
    /// Inputs, formula and amount.
    pub row: ReportRow,
    /// The report's id as a QR code: the path of an SVG.
    pub qr: String,
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

/// Opens the session at a place of the list. `None` if the list is shorter.
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
        qr: qr(&hex::encode(value.id().0)).unwrap_or_default(),
        fields: fields(value, report.signed().signature()),
        checks: vec![
            check(again.is_ok(), key("check_signature").text()),
            check(award == Some(value.amount), key("check_amount").text()),
            check(follows, place),
        ],
    })
}

/// Fields in their order.
#[derive(Default)]
pub(super) struct Fields(Vec<Field>);

impl Fields {
    /// One function, and not a list of values: the module is smaller by that.
    #[inline(never)]
    pub(super) fn add(&mut self, name: Key, value: Value) {
        self.0.push(Field { name, value });
    }

    #[inline(never)]
    pub(super) fn add_hex(&mut self, name: Key, bytes: &[u8]) {
        self.add(name, Value::Plain(hex::encode(bytes)));
    }

    pub(super) fn add_time(&mut self, name: Key, ms: u64) {
        self.add(name, Value::Plain(iso_utc(ms)));
    }

    pub(super) fn add_ms(&mut self, name: Key, ms: u64) {
        let ms = key("milliseconds").with("ms", Value::number(ms));
        self.add(name, ms.into());
    }

    pub(super) fn add_bytes(&mut self, name: Key, bytes: u64) {
        let bytes = key("bytes").with("bytes", Value::count(bytes));
        self.add(name, bytes.into());
    }

    pub(super) fn add_credits(&mut self, name: Key, amount: Amount) {
        self.add(name, Text::credits(amount).into());
    }

    pub(super) fn all(self) -> Vec<Field> {
        self.0
    }
}

fn fields(report: &SessionReport, signature: &[u8]) -> Vec<Field> {
    let mut fields = Fields::default();
    fields.add(key("field_number"), Value::number(report.sequence));
    fields.add_hex(key("field_report"), &report.id().0);
    fields.add_time(key("field_began"), report.started_at.get());
    fields.add_time(key("field_ended"), report.ended_at.get());
    fields.add_ms(key("field_time"), report.duration.get());
    fields.add_bytes(key("field_up"), report.bytes_up.get());
    fields.add_bytes(key("field_down"), report.bytes_down.get());
    fields.add_credits(key("field_amount"), report.amount);
    fields.add_credits(key("field_total"), report.totals.amount);
    fields.add(key("field_tariff"), Value::number(report.tariff.0.into()));
    let resumed = match report.resumed {
        true => key("yes"),
        false => key("no_lower"),
    };
    fields.add(key("field_resumed"), resumed.into());
    fields.add_hex(key("field_chain"), &report.chain.0);
    fields.add_hex(key("field_link"), &report.previous.0);
    fields.add_hex(key("field_key"), &report.key.0);
    fields.add_hex(key("field_signature"), signature);
    fields.all()
}
