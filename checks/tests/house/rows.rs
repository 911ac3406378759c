//! The catalogues of bad input, of the relay, of the host's HTTP server and of the ledger: every
//! row has a test that is named after it.
//!
//! A test may carry several rows in front of its sentence: `s_08_s_09_credentials_...`,
//! `s_17_and_s_18_malformed_...`. The name of the test says what the row demands.

use crate::files::tracked;
use std::{collections::BTreeSet, ops::RangeInclusive};

/// S-01 to S-31: what clients send, what they request, what Tor answers, and how streams end.
const RELAY: RangeInclusive<u8> = 1..=31;

/// H-01 to H-19: what pages of other sites, other programs and odd clients send to `onionmeter
/// serve`.
const FACE: RangeInclusive<u8> = 1..=19;

/// G-01 to G-25 and W-01 to W-10: hostile input to a ledger, and to its pages.
const LEDGER: RangeInclusive<u8> = 1..=25;
const PAGES: RangeInclusive<u8> = 1..=10;

/// Reports: without the rows for leases, evidence and redemption, which no report has.
const REPORTS: [u8; 22] = [
    1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26,
];

/// What a ledger answers a host: without the two rows for a log of policies and leases, which no
/// ledger has.
const ANSWERS: [u8; 7] = [1, 2, 3, 4, 5, 6, 9];

/// Databases: of a ledger, and the two rows for what a host keeps.
const DATABASE: RangeInclusive<u8> = 1..=13;

/// The rows of a letter in front of a test's sentence, among those of other letters.
fn rows_of(letter: char, name: &str) -> Vec<u8> {
    let mut rows = Vec::new();
    let mut rest = name;
    while let Some((of, row, sentence)) = first_row(rest) {
        if of == letter {
            rows.push(row);
        }
        rest = sentence.strip_prefix("and_").unwrap_or(sentence);
    }
    rows
}

/// `s_08_rest`: letter, number and rest.
fn first_row(name: &str) -> Option<(char, u8, &str)> {
    let mut letters = name.chars();
    let letter = letters.next().filter(char::is_ascii_lowercase)?;
    let (row, sentence) = letters.as_str().strip_prefix('_')?.split_once('_')?;
    let row = Some(row).filter(|row| row.len() == 2)?.parse();
    row.ok().map(|row| (letter, row, sentence))
}

/// The names of the functions that are tests: the attribute stands right above them.
fn tests_in(text: &str) -> Vec<&str> {
    let mut is_test = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
            continue;
        }
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some(name) = function.strip_prefix("fn ") {
            if is_test {
                names.extend(name.split(['(', '<']).next());
            }
            is_test = false;
        }
    }
    names
}

/// The rows of a letter that tests below these folders carry.
fn tested(letter: char, folders: &[&str]) -> BTreeSet<u8> {
    let mut tested = BTreeSet::new();
    for file in tracked(".rs") {
        if folders.iter().any(|folder| file.path.starts_with(folder)) {
            for name in tests_in(&file.text) {
                tested.extend(rows_of(letter, name));
            }
        }
    }
    tested
}

#[test]
fn every_row_of_bad_input_has_a_test_that_is_named_after_it() {
    let relay = tested('s', &["crates/meter-relay/"]);
    assert_eq!(relay, RELAY.collect(), "left: tested, right: the rows");
    let face = tested('h', &["crates/meter-face/", "native-host/tests/"]);
    assert_eq!(face, FACE.collect(), "left: tested, right: the rows");
    let ledger = [
        "ledger-server/",
        "crates/meter-outbox/",
        "checks/tests/sending/",
    ];
    let hostile = tested('g', &ledger);
    assert_eq!(hostile, LEDGER.collect(), "left: tested, right: the rows");
    let pages = tested('w', &ledger);
    assert_eq!(pages, PAGES.collect(), "left: tested, right: the rows");
    let reports = tested('r', &["ledger-server/", "crates/meter-core/"]);
    assert_eq!(reports, REPORTS.into(), "left: tested, right: the rows");
    let host = [
        "crates/meter-ledger-client/",
        "crates/meter-outbox/",
        "crates/meter-ledger/",
        "checks/tests/sending/",
    ];
    let answers = tested('l', &host);
    assert_eq!(answers, ANSWERS.into(), "left: tested, right: the rows");
    let mut database = tested('d', &ledger);
    database.extend(tested('d', &host));
    assert_eq!(
        database,
        DATABASE.collect(),
        "left: tested, right: the rows"
    );
}

#[test]
fn a_name_tells_its_rows_and_only_a_test_counts() {
    assert_eq!(rows_of('s', "s_08_s_09_credentials"), [8, 9]);
    assert_eq!(rows_of('s', "s_17_and_s_18_malformed_names"), [17, 18]);
    assert_eq!(rows_of('h', "s_08_s_09_credentials"), [0; 0]);
    assert_eq!(rows_of('g', "h_05_g_18_a_body"), [18]);
    assert_eq!(rows_of('s', "s_1_s_100_seconds"), [0; 0]);
    assert_eq!(rows_of('s', "sends_s_08_later"), [0; 0]);
    let text = "#[test]\nfn s_01_a() {}\nfn s_02_b() {}\n\
        #[tokio::test(start_paused = true)] // why\n\
        async fn s_03_c() {}\n// fn s_04_d() {}\n#[test]\n#[cfg(unix)]\nfn s_05_e() {}\n";
    assert_eq!(tests_in(text), ["s_01_a", "s_03_c", "s_05_e"]);
}
