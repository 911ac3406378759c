//! The ledger's receipt of one session, verified for the reader.

use super::proof::Fields;
use super::{Check, Field, History};
use crate::text::{Text, Value, key};
use crate::view::said;
use meter_core::{LedgerKey, LedgerKeys, Receipt, SessionReport, Signed, Verified};
use meter_wire::{Outcome, ReceiptsPage, ReceiptsQuery, Request, Success, U64Text};
use serde::Serialize;

/// What is known of a session's receipt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReceiptView {
    /// What the ledger credited and why less than claimed, or why there is no receipt.
    pub sentences: Vec<Text>,
    /// The checks, each with its result; empty without a receipt.
    pub checks: Vec<Check>,
    /// Every field of the signed body, if it verified.
    pub fields: Vec<Field>,
}

/// What to ask the host for the receipt of the session at a place of the list.
#[must_use]
pub fn ask_receipt(history: &History, listed: usize) -> Option<Request> {
    let (head, _) = history.at(listed)?;
    Some(Request::Receipts(ReceiptsQuery {
        after: U64Text(head.sequence),
        limit: 1,
    }))
}

/// Reads the host's answer about the session with this number; its place in the list may have
/// changed since it was asked for. `pinned` is the ledger's key as this browser knows it, in
/// hexadecimal. `None`: there is no such session.
#[must_use]
pub fn receipt(
    history: &History,
    number: &str,
    pinned: &str,
    outcome: &Outcome,
) -> Option<ReceiptView> {
    let report = history.numbered(number.parse().ok()?)?.value();
    Some(match outcome {
        Outcome::Ok(Success::Receipts(page)) => of_page(report, pinned, page),
        Outcome::Ok(_) => only(key("receipt_unread").text()),
        Outcome::Error(problem) => only(said(problem)),
    })
}

fn only(sentence: Text) -> ReceiptView {
    ReceiptView {
        sentences: vec![sentence],
        checks: Vec::new(),
        fields: Vec::new(),
    }
}

fn of_page(report: &SessionReport, pinned: &str, page: &ReceiptsPage) -> ReceiptView {
    if page.chain.0 != report.chain.0 || report.sequence <= page.start.0 {
        return only(key("receipt_before").text());
    }
    let Some(answer) = page.receipts.first() else {
        return only(key("receipt_waits").text());
    };
    let verified = keys(pinned, page).and_then(|keys| {
        let signed = Signed::<Receipt>::from(&answer.receipt);
        keys.verify(signed).ok()
    });
    let answers = verified
        .as_ref()
        .is_some_and(|receipt| receipt.value().answers(report).is_ok());
    let check = |passed, sentence: Text| Check { passed, sentence };
    let checks = vec![
        check(verified.is_some(), key("check_receipt_signature").text()),
        check(answers, key("check_receipt_answers").text()),
    ];
    match verified.filter(|_| answers) {
        Some(receipt) => ReceiptView {
            sentences: sentences(receipt.value()),
            checks,
            fields: fields(&receipt),
        },
        None => ReceiptView {
            checks,
            ..only(key("receipt_invalid").text())
        },
    }
}

/// The pinned key and those that it has handed over to; `None` if the host names another one.
fn keys(pinned: &str, page: &ReceiptsPage) -> Option<LedgerKeys> {
    let pinned: [u8; 32] = hex::decode(pinned).ok()?.try_into().ok()?;
    if page.key.0 != pinned {
        return None;
    }
    let mut keys = LedgerKeys::new(LedgerKey(pinned));
    for change in &page.changes {
        keys.add(change.into()).ok()?;
    }
    Some(keys)
}

fn sentences(receipt: &Receipt) -> Vec<Text> {
    let credited = key("receipt_credited").with("credits", Value::credits(receipt.amount));
    let reasons = receipt.reasons.iter();
    let reasons = reasons.map(|reason| Text::of_family("reason", &reason.name()));
    std::iter::once(credited).chain(reasons).collect()
}

fn fields(receipt: &Verified<Receipt>) -> Vec<Field> {
    let mut fields = Fields::default();
    let signature = receipt.signed().signature();
    let receipt = receipt.value();
    fields.add_time(key("field_decided"), receipt.at.get());
    fields.add_ms(key("field_awarded_time"), receipt.awarded_duration.get());
    fields.add_bytes(key("field_awarded_bytes"), receipt.awarded_bytes.get());
    fields.add_credits(key("field_credited"), receipt.amount);
    fields.add_credits(key("field_credited_total"), receipt.awarded_total);
    fields.add(key("field_policy"), Value::number(receipt.policy.0.into()));
    fields.add_hex(key("field_ledger_key"), &receipt.ledger.0);
    fields.add_hex(key("field_signature"), signature);
    fields.all()
}
