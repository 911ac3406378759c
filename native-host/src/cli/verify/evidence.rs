//! What an export proves, in plain words.

use crate::cli::{
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print::counted,
};
use crate::{
    EXIT_DATA,
    export::{self, Proven, ProvenLedger},
};
use meter_core::{Amount, credits_exact};
use meter_wire::{HexBytes, U64Text, reason_sentence};
use serde_json::{Value, json};

/// The keys that a person expects, in hexadecimal.
pub(super) struct Expected<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) ledger: Option<&'a str>,
}

/// Checks an export. `name` is that of the file.
pub(super) fn run(text: &[u8], name: &str, expected: &Expected<'_>, format: Format) -> Outcome {
    let bad = |why: String| CommandError::Exit(EXIT_DATA, format!("{name}: {why}"));
    let file = export::parse(text).map_err(|error| bad(error.to_string()))?;
    let proven = file.check().map_err(|error| bad(error.to_string()))?;
    if proven.is_empty() {
        return Err(bad("it holds no reports, so it proves nothing".to_owned()));
    }
    let key = hex::encode(proven.key);
    if expected
        .key
        .is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&key))
    {
        let why = format!("it is signed by {key}, not by the key that you gave");
        return Err(bad(why));
    }
    if let Some(wanted) = expected.ledger {
        let is_it = |ledger: &ProvenLedger| {
            let keys = [ledger.key, ledger.newest].map(hex::encode);
            keys.iter().any(|key| key.eq_ignore_ascii_case(wanted))
        };
        if !proven.ledgers.iter().any(is_it) {
            let why = "no receipt in it is of the ledger that you gave";
            return Err(bad(why.to_owned()));
        }
    }
    let text = reports(&proven)
        + &proven.ledgers.iter().map(ledger).collect::<String>()
        + &not_proven(&proven, expected);
    let ledgers: Vec<Value> = proven.ledgers.iter().map(object).collect();
    Answer::new("verified", text)
        .with("reports", U64Text(proven.reports))
        .with("complete", true)
        .with("credits", credits(proven.claimed_in_use))
        .with("key", key)
        .with("claimed", U64Text(proven.claimed))
        .with("chains", proven.chains)
        .with(
            "other_keys",
            proven
                .other_keys
                .iter()
                .map(hex::encode)
                .collect::<Vec<_>>(),
        )
        .with("ledgers", ledgers)
        .print(format)
}

fn credits(nanocredits: u64) -> String {
    credits_exact(Amount::new(nanocredits).unwrap_or_default())
}

fn reports(proven: &Proven) -> String {
    let mut text = in_use(proven);
    if proven.chains > 1 {
        let more = match proven.reports_in_use {
            0 => "report",
            _ => "more report",
        };
        text += &format!(
            "Proven: {} of {}, each unbroken too; all together claim {} credits.\n",
            counted(proven.reports.saturating_sub(proven.reports_in_use), more),
            counted(proven.chains.saturating_sub(1), "earlier chain"),
            credits(proven.claimed),
        );
    }
    for key in &proven.other_keys {
        text += &format!(
            "        Another key signed some of these: {}.\n",
            hex::encode(key)
        );
    }
    text
}

/// About the chain in use.
fn in_use(proven: &Proven) -> String {
    let key = hex::encode(proven.key);
    let (reports, claim) = match proven.reports_in_use {
        0 => return format!("The chain in use, of key {key}, has no reports yet.\n"),
        1 => ("this report forms".to_owned(), "it claims"),
        many => (
            format!("these {} form", counted(many, "report")),
            "they claim",
        ),
    };
    format!(
        "Proven: {reports} one unbroken chain from its beginning, signed by key {key}; {claim} {} \
            credits.\n",
        credits(proven.claimed_in_use),
    )
}

fn ledger(ledger: &ProvenLedger) -> String {
    let mut text = format!(
        "Proven: the ledger with key {} signed receipts for {} of them; they claim {} credits, and \
            it credited {}.\n",
        hex::encode(ledger.newest),
        ledger.receipts,
        credits(ledger.answered),
        credits(ledger.credited),
    );
    if ledger.newest != ledger.key {
        text += &format!(
            "        Its key was {} when the device was enrolled; each key signed the next.\n",
            hex::encode(ledger.key)
        );
    }
    for (reasons, amount) in &ledger.lowered {
        text += &format!("        {} credits less:", credits(*amount));
        for reason in reasons.split(", ") {
            text += &format!(" {}", reason_sentence(reason));
        }
        text.push('\n');
    }
    let lines = [
        (ledger.before, "claimed before the enrolment there"),
        (ledger.waiting, "wait for a receipt"),
        (
            ledger.unanswered,
            "of ended chains have no receipt and will get none",
        ),
    ];
    for (amount, what) in lines.into_iter().filter(|(amount, _)| *amount > 0) {
        text += &format!("        {} credits {what}.\n", credits(amount));
    }
    if ledger.without_report > 0 {
        let receipts = counted(ledger.without_report, "receipt");
        let are = if ledger.without_report == 1 {
            "is"
        } else {
            "are"
        };
        text += &format!("        {receipts} {are} for what is not in the file.\n");
    }
    if ledger.contradictions > 0 {
        text += &format!(
            "        The file has {} of evidence that this ledger contradicts itself.\n",
            counted(ledger.contradictions, "piece")
        );
    }
    text
}

fn not_proven(proven: &Proven, expected: &Expected<'_>) -> String {
    let mut text =
        "Not proven: that the traffic was a person's, or that no later report or receipt \
        exists.\n"
            .to_owned();
    if !proven.other_keys.is_empty() {
        text += "Not proven: that the keys belong to one person; whoever makes the file can add \
            chains of others.\n";
    }
    if expected.key.is_none() {
        text += "Not proven: whose key it is; compare it (--key) with the one that you know from \
            elsewhere.\n";
    }
    if expected.ledger.is_none() && !proven.ledgers.is_empty() {
        text += "Not proven: that the ledger's key is the right one; compare it (--ledger), too.\n";
    }
    text
}

fn object(ledger: &ProvenLedger) -> Value {
    json!({
        "key": HexBytes(ledger.key),
        "newest_key": HexBytes(ledger.newest),
        "in_force": ledger.in_force,
        "policies": ledger.policies,
        "receipts": U64Text(ledger.receipts),
        "before": U64Text(ledger.before),
        "answered": U64Text(ledger.answered),
        "credited": U64Text(ledger.credited),
        "waiting": U64Text(ledger.waiting),
        "waiting_reports": U64Text(ledger.waiting_reports),
        "unanswered": U64Text(ledger.unanswered),
        "contradictions": ledger.contradictions,
    })
}
