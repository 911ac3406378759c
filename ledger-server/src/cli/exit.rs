//! Exit statuses. Where `onionmeter` has the same, the number is the same.

use serde_json::{Value, json};

pub(super) const FINDINGS: u8 = 1;
pub(super) const REFUSED: u8 = 2;
pub(super) const USAGE: u8 = 64;
pub(super) const DATA: u8 = 65;
pub(super) const NO_INPUT: u8 = 66;
pub(super) const UNAVAILABLE: u8 = 69;
pub(super) const INTERNAL: u8 = 70;
pub(super) const CANNOT_WRITE: u8 = 73;
pub(super) const OUTPUT: u8 = 74;
pub(super) const CONFIG: u8 = 78;

/// Number, name and meaning of every status but 0.
const ALL: &[(u8, &str, &str)] = &[
    (
        FINDINGS,
        "findings",
        "`audit` found rows that are not as they were written",
    ),
    (
        REFUSED,
        "refused",
        "the folder, the key, the database or the port cannot be used: nothing was changed",
    ),
    (
        USAGE,
        "usage",
        "wrong usage: an unknown command or option, or a value outside its limits",
    ),
    (DATA, "data", "a file is not a sound copy of a ledger"),
    (
        NO_INPUT,
        "no_input",
        "there is no such file, account or device",
    ),
    (
        UNAVAILABLE,
        "unavailable",
        "the database does not answer, or takes nothing",
    ),
    (
        INTERNAL,
        "internal",
        "a mistake of onionmeter-ledger itself; please report it",
    ),
    (CANNOT_WRITE, "cannot_write", "a file cannot be written"),
    (
        OUTPUT,
        "output",
        "the output could not be written (a reader that has read enough is not an error)",
    ),
    (
        CONFIG,
        "config_invalid",
        "config.toml has a mistake or cannot be read",
    ),
];

/// The name of a status in JSON.
pub(super) fn name(code: u8) -> &'static str {
    let row = ALL.iter().find(|(number, ..)| *number == code);
    row.map_or("internal", |(_, name, _)| name)
}

/// The whole list, for people and for programs.
pub(super) fn list() -> (String, Vec<Value>) {
    let rows: Vec<_> = ALL
        .iter()
        .map(|(code, name, meaning)| json!({"code": code, "name": name, "meaning": meaning}))
        .collect();
    let mut text = String::from("Exit statuses:\n    0  done             what was asked for\n");
    for (code, name, meaning) in ALL {
        text += &format!("  {code:>3}  {name:<15}  {meaning}\n");
    }
    (text, rows)
}
