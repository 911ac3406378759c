//! The evidence of a device: what an export proves, to two readers, and whatever is changed in it.

mod empty;
mod tampered;

use crate::{
    book::book_of,
    said::{Said, check, text},
    support::{PROGRAM, TestHome},
};
use meter_core::{
    AccountId, Amount, AnsweredReport, ChainEnd, ChainId, DurationMs, EnrolmentRule, KeyChange,
    LedgerSigner, Policy, PolicyNumber, Reason, Reasons, Receipt, SessionReport, Tariff, UnixMs,
    Verified,
};
use meter_ledger::{Book, Membership, Receipts};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// A wait that takes longer has hung.
const HANG: Duration = Duration::from_secs(60);

const EARLIER: ChainId = ChainId([0xd5; 16]);

/// A chain that no ledger was told of.
const UNTOLD: ChainId = ChainId([0xe6; 16]);

const IN_USE: ChainId = ChainId([0xc4; 16]);

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/export.py");

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/export.json");

fn ledger(seed: u8) -> LedgerSigner {
    LedgerSigner::from_seed(&[seed; 32])
}

fn reports(book: &Book) -> Vec<Verified<SessionReport>> {
    let (_, key) = book.chain().expect("read").expect("begun");
    let all = book.reports(0, 100).expect("read").into_iter();
    all.map(|report| report.verify(key).expect("ours"))
        .collect()
}

/// The answer of a ledger to a report: to all of it, or to half of its time.
fn answer(
    by: &LedgerSigner,
    report: &Verified<SessionReport>,
    before: u64,
    whole: bool,
) -> AnsweredReport {
    let value = report.value();
    let given = value.duration.get() / if whole { 1 } else { 2 };
    let awarded_duration = DurationMs::new(given).expect("fits");
    let amount = Tariff::V1
        .award(awarded_duration, value.bytes())
        .expect("fits")
        .total;
    let reasons = match whole {
        true => Reasons::NONE,
        false => Reasons::NONE.with(Reason::TimeBudget),
    };
    let receipt = Receipt {
        reasons,
        ledger: by.key(),
        device: value.key,
        chain: value.chain,
        sequence: value.sequence,
        link: value.link(),
        at: UnixMs::from_u32(60_000),
        awarded_duration,
        awarded_bytes: value.bytes(),
        amount,
        awarded_total: Amount::new(before + amount.get()).expect("fits"),
        policy: PolicyNumber(1),
        tariff: value.tariff,
    };
    AnsweredReport {
        report: report.clone(),
        receipt: by.sign(&receipt).expect("our own"),
    }
}

fn policy(by: &LedgerSigner) -> Verified<Policy> {
    let policy = Policy::first(by.key(), EnrolmentRule::Open, UnixMs::from_u32(1));
    by.sign(&policy).expect("our own")
}

/// A device that enrolled after the first of three reports of an earlier chain, of which the third
/// was never answered; and a chain in use of four reports, of which the last one waits. The ledger
/// has changed its key, and credited one report by half. One chain in between is none of its.
fn device() -> TestHome {
    let home = TestHome::new();
    let book = book_of(EARLIER, &home, 3);
    let earlier = reports(&book);
    let head = book.head(EARLIER, earlier[0].value().key).expect("read");
    let start = meter_core::ChainHead {
        sequence: 1,
        link: earlier[0].value().link(),
        totals: earlier[0].value().totals,
        ..head
    };
    drop(book);
    let at = |name: &str| home.root().join(name);
    fs::rename(at("book.sqlite3"), at("book.old-1.sqlite3")).expect("ours");
    drop(book_of(UNTOLD, &home, 1));
    fs::rename(at("book.sqlite3"), at("book.old-2.sqlite3")).expect("ours");
    let book = book_of(IN_USE, &home, 4);
    let in_use = reports(&book);

    let (old, new) = (ledger(0x1e), ledger(0x2e));
    let mut receipts = Receipts::create(&at("receipts.sqlite3")).expect("made");
    let membership = Membership {
        ledger: old.key(),
        address: "127.0.0.1:9".to_owned(),
        account: AccountId([0xac; 16]),
        name: "brave otter".to_owned(),
        enrolled_at: UnixMs::from_u32(7_000),
        head: start,
        awarded: Amount::ZERO,
    };
    receipts.join(&membership, &policy(&old)).expect("joined");
    receipts
        .add(&[answer(&old, &earlier[1], 0, true)])
        .expect("added");
    let now = UnixMs::from_u32(8_000);
    receipts
        .end_chain(&head, ChainEnd::Frozen, now)
        .expect("ended");
    let change = KeyChange {
        old: old.key(),
        new: new.key(),
        number: 2,
        at: now,
    };
    let change = old.sign(&change).expect("our own");
    let mut total = 0;
    for (report, by, whole) in [
        (&in_use[0], &old, true),
        (&in_use[1], &old, false),
        (&in_use[2], &new, true),
    ] {
        if by.key() == new.key() {
            receipts.add_key(change.signed()).expect("known");
        }
        let answered = answer(by, report, total, whole);
        total = answered.receipt.value().awarded_total.get();
        receipts.add(&[answered]).expect("added");
    }
    home
}

fn exported(home: &TestHome) -> (PathBuf, Value) {
    let path = home.user().join("evidence.json");
    let name = path.to_str().expect("UTF-8");
    check(
        home,
        &["export", name],
        0,
        &["8 reports and 4 receipts", "onionmeter verify"],
    );
    let text = fs::read_to_string(&path).expect("written");
    (path, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn an_export_says_what_is_proven_and_what_not_and_its_sums_are_those_of_the_status() {
    let home = device();
    let (path, _) = exported(&home);
    let name = path.to_str().expect("UTF-8");
    let words = [
        "Proven: these 4 reports form one unbroken chain",
        "they claim 18.3 credits",
        "4 more reports of 2 earlier chains",
        "signed receipts for 4 of them",
        "Its key was",
        "2.25 credits less: The account claimed more time",
        "9.15 credits claimed before the enrolment there",
        "4.575 credits wait for a receipt",
        "4.575 credits of ended chains have no receipt",
        "Not proven: that the traffic was a person's",
        "--key",
        "--ledger",
    ];
    check(&home, &["verify", name], 0, &words);
    let said = text(&home.run(&["verify", name, "--json"]));
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let key = said["key"].as_str().expect("a key");
    let pinned = said["ledgers"][0]["key"].as_str().expect("a key");
    let known = ["verify", name, "--key", key, "--ledger", pinned];
    let known = check(&home, &known, 0, &["Proven"]);
    assert!(!known.contains("--key"), "{known}");
    let other = "00".repeat(32);
    check(
        &home,
        &["verify", name, "--key", &other],
        65,
        &["not by the key that you gave"],
    );
    check(
        &home,
        &["verify", name, "--ledger", &other],
        65,
        &["the ledger that you gave"],
    );

    check(&home, &["monitor", "start"], 0, &[]);
    // The daemon reads the receipts at its first tick.
    let began = Instant::now();
    let status = loop {
        let status = text(&home.run(&["status", "--json"]));
        let status: Value = serde_json::from_str(&status).expect("JSON");
        if status["ledger"].is_object() {
            break status;
        }
        assert!(began.elapsed() < HANG, "{status}");
        thread::sleep(Duration::from_millis(50));
    };
    for sum in [
        "before",
        "answered",
        "credited",
        "waiting",
        "waiting_reports",
        "unanswered",
    ] {
        assert_eq!(said["ledgers"][0][sum], status["ledger"][sum], "{sum}");
    }
    assert_eq!(status["balance"], "18300000000");
    let earlier = status["earlier"]["amount"].as_str().expect("a number");
    let earlier: u64 = earlier.parse().expect("digits");
    assert_eq!(said["claimed"], (18_300_000_000 + earlier).to_string());
}

#[test]
fn a_computer_without_a_network_verifies_an_export_and_a_pipe_carries_one() {
    let home = device();
    let (path, _) = exported(&home);
    let line = r#"ip link | grep -q "state UP" && exit 9; "$P" verify "$F""#;
    let mut alone = Command::new("unshare");
    alone.args(["--map-root-user", "--net", "sh", "-c", line]);
    alone
        .env("P", PROGRAM)
        .env("F", &path)
        .env("HOME", home.user());
    let output = alone.output().expect("`unshare` of util-linux");
    if !text(&output).starts_with("unshare: ") {
        Said::from(&output).expect(0, &["Proven"]);
    }
    let piped = Command::new("sh")
        .args(["-c", r#""$P" export - | "$P" verify -"#])
        .env("P", PROGRAM)
        .env("HOME", home.user())
        .env("ONIONMETER_HOME", home.root())
        .output();
    Said::from(&piped.expect("a shell")).expect(0, &["Proven"]);
    let name = path.to_str().expect("UTF-8");
    check(&home, &["export", name], 73, &["is there already"]);
    check(
        &TestHome::new(),
        &["export", "x.json"],
        5,
        &["no reports yet"],
    );
}

#[test]
fn the_credits_of_a_table_for_a_spreadsheet_add_up_to_the_balance() {
    let home = device();
    let table = text(&home.run(&["reports", "--csv"]));
    let mut lines = table.split("\r\n");
    let head = lines.next().expect("a head");
    assert!(head.ends_with(",credits"), "{head}");
    let nanocredits = |credits: &str| {
        let (whole, part) = credits.split_once('.').expect("exact");
        let part: u64 = format!("{part:0<9}").parse().expect("digits");
        whole.parse::<u64>().expect("digits") * 1_000_000_000 + part
    };
    let sum: u64 = lines
        .filter_map(|line| line.rsplit_once(','))
        .map(|(_, credits)| nanocredits(credits))
        .sum();
    assert_eq!(sum, 18_300_000_000);
}

/// Judges the vectors of reports and policies; prints what is not as it should be.
const JUDGE: &str = r#"
import json, pathlib, sys
sys.dont_write_bytecode = True
spec = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(spec))
import export, receipt

def judged(vectors, judge):
    for case in vectors["invalid"] + vectors.get("valid", []) + vectors.get("valid_chain", []):
        key = bytes.fromhex(case.get("key") or vectors["key"])
        try:
            judge(case, key)
            reason = None
        except receipt.Refused as refused:
            reason = str(refused)
        if reason != case.get("error"):
            print(reason, case.get("error"), case["body"])

def read(name):
    return json.loads((spec / name).read_text())

judged(read("session-report.json"), export.report_of)
judged(read("policy.json"), lambda one, key: export.policy_of(one, [key]))
"#;

#[test]
fn the_reader_that_was_written_from_the_pages_judges_their_vectors_as_they_say() {
    let spec = Path::new(READER).parent().expect("a folder");
    let mut python = Command::new("python3");
    let output = python.args(["-c", JUDGE]).arg(spec).output();
    let said = Said::from(&output.expect("python3 is installed"));
    assert_eq!((said.code, said.text.as_str()), (Some(0), ""));
}
