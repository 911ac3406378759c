//! An audit names every row that is not as it was written, and no other.

use crate::program::{Home, Reporter, fill};
use onionmeter_ledger::{
    audit::{self, Audit},
    store::{Place, Store},
};
use rusqlite::{Connection, params, types::Value};

fn audited(home: &Home) -> Audit {
    let store = Store::open(&Place::File(home.database())).expect("a database");
    audit::run(&store, &|| true).expect("an audit")
}

/// Columns with one bit of which an audit must see; how many bits of them can change.
const COLUMNS: [(&str, &str, u32); 18] = [
    ("reports", "signed", 264 * 8),
    ("reports", "receipt", 264 * 8),
    ("reports", "report_link", 256),
    ("reports", "award", 40),
    ("reports", "award_ms", 40),
    ("reports", "award_bytes", 40),
    ("reports", "ledger_ms", 40),
    ("reports", "reasons", 4),
    ("reports", "policy", 8),
    ("chains", "awarded_total", 40),
    ("chains", "awarded_ms", 40),
    ("chains", "awarded_bytes", 40),
    ("chains", "total_ms", 40),
    ("chains", "total_up", 40),
    ("chains", "total_down", 40),
    ("chains", "total_amount", 40),
    ("chains", "link", 256),
    ("chains", "seq", 20),
];

fn flipped(value: &Value, bit: u32) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number ^ (1 << bit)),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let place = usize::try_from(bit / 8).expect("small");
            bytes[place] ^= 1 << (bit % 8);
            Value::Blob(bytes)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn g_20_every_one_of_a_hundred_flipped_bits_is_found_in_its_row() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 3, 8).await;
    drop(opened);
    let sound = audited(&home);
    assert_eq!(
        (sound.reports, sound.findings.count()),
        (24, 0),
        "{:?}",
        sound.findings
    );
    let connection = Connection::open(home.database()).expect("ours");
    let mut random = 0x2545_f491_u32;
    for number in 0..100 {
        // xorshift32: the same flips in every run.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let (table, column, bits) = COLUMNS[number % COLUMNS.len()];
        let (chain, seq) = (1 + random % 3, 1 + (random >> 8) % 8);
        let place = match table {
            "reports" => format!("chain_no = {chain} AND seq = {seq}"),
            _ => format!("chain_no = {chain}"),
        };
        let read = format!("SELECT {column} FROM {table} WHERE {place}");
        let value: Value = connection
            .query_row(&read, [], |row| row.get(0))
            .expect("a row");
        let write = format!("UPDATE {table} SET {column} = ?1 WHERE {place}");
        let wrong = flipped(&value, (random >> 12) % bits);
        connection.execute(&write, params![wrong]).expect("ours");
        let audit = audited(&home);
        let named = match table {
            "reports" => format!("reports (chain_no {chain}, seq {seq}): "),
            _ => format!("chains (chain_no {chain}): "),
        };
        let found: Vec<_> = audit
            .findings
            .kept()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            found.iter().any(|text| text.starts_with(&named)),
            "{number} {column}: {found:?}"
        );
        connection.execute(&write, params![value]).expect("ours");
    }
    assert_eq!(audited(&home).findings.count(), 0);
}

#[tokio::test]
async fn what_commands_count_is_one_thing_or_several() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 1, 1).await;
    drop(opened);
    let text = |words: &[&str]| {
        let output = home.run(words);
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let audit = text(&["audit"]);
    let counts = "1 key, 1 policy, 1 account, 1 device, 1 chain, 1 report (0 without body): ";
    assert!(audit.starts_with(counts), "{audit}");
    assert!(text(&["account", "list"]).ends_with("1 of 1 account, 1 device\n"));
    let file = home.outer.path().join("copy.sqlite3");
    let file = file.to_str().expect("text");
    assert!(text(&["backup", file]).contains("holds 1 report ("));
    assert!(text(&["restore", file]).starts_with("1 report is restored."));
    let pruned = text(&["prune", "--keep-reports", "0"]);
    assert_eq!(pruned, "The body of 1 report was forgotten.\n");
}

#[tokio::test]
async fn d_05_rows_that_are_missing_or_belong_to_nothing_are_found() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 2, 5).await;
    drop(opened);
    let rows = [
        (
            "DELETE FROM reports WHERE chain_no = 1 AND seq = 3",
            "seq 3 is next",
        ),
        (
            "DELETE FROM reports WHERE chain_no = 1 AND seq = 5",
            "seq is not what its reports",
        ),
        (
            "UPDATE reports SET chain_no = 99 WHERE chain_no = 1 AND seq = 5",
            "chain is not there",
        ),
        (
            "UPDATE chains SET state = 2 WHERE chain_no = 2",
            "no second history is kept",
        ),
        (
            "UPDATE accounts SET time_paid_to_ms = 0, created_ms = 0",
            "paid for more time",
        ),
        (
            "UPDATE accounts SET created_ms = 4000000000000",
            "more time than had passed",
        ),
        (
            "UPDATE reports SET era = 3 WHERE chain_no = 1 AND seq = 2",
            "it has reports of era 3, and its row says 0",
        ),
        (
            "UPDATE reports SET account_id = x'00' WHERE seq = 2",
            "account_id is not that",
        ),
        (
            "UPDATE keys SET change = x'00'",
            "the first key has a key before it",
        ),
        ("UPDATE policies SET signed = x'00'", "too short"),
        (
            "UPDATE devices SET enrolment = zeroblob(288)",
            "the signature does not match",
        ),
        (
            "INSERT INTO forks SELECT chain_no, seq, signed, 1 FROM reports WHERE chain_no = 1 AND \
             seq = 2",
            "its chain is not frozen",
        ),
    ];
    let whole = std::fs::read(home.database()).expect("there");
    for (change, reason) in rows {
        std::fs::write(home.database(), &whole).expect("ours");
        let connection = Connection::open(home.database()).expect("ours");
        connection
            .pragma_update(None, "foreign_keys", "OFF")
            .expect("a setting");
        let changed = connection.execute(change, []).expect(change);
        assert!(changed > 0, "{change}");
        drop(connection);
        let findings = audited(&home).findings;
        let found: Vec<_> = findings.kept().iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|text| text.contains(reason)),
            "{change}: {found:?}"
        );
    }
}

#[tokio::test]
async fn forks_and_forgotten_bodies_and_chains_from_before_are_no_findings() {
    let home = Home::new();
    let opened = home.open();
    let ledger = &opened.ledger;
    let mut device = meter_testkit::device::Device::numbered(7);
    for _ in 0..3 {
        device.report(5, 5);
    }
    let statement = device.enrolment(ledger.key(), crate::support::challenge(), None);
    let account = ledger
        .enrol(&statement, crate::support::far())
        .expect("enrolled")
        .account;
    let mut late = Reporter {
        device,
        account,
        reports: Vec::new(),
        receipts: Vec::new(),
    };
    late.report(ledger, 4).await;
    let mut forked = Reporter::enrolled(ledger, 8);
    let other = forked.device.draft(9, 9);
    forked.report(ledger, 1).await;
    crate::support::submit(ledger, &[other]).await;
    let after = ledger
        .now()
        .expect("a clock")
        .saturating_add(meter_core::UnixMs::from_u32(1));
    assert_eq!(ledger.prune(after, || true).expect("pruned"), 5);
    late.report(ledger, 2).await;
    drop(opened);
    let audit = audited(&home);
    assert_eq!((audit.reports, audit.pruned), (7, 5));
    assert_eq!(audit.findings.count(), 0, "{:?}", audit.findings);
}

#[tokio::test]
async fn g_20_d_04_the_command_names_the_row_and_ends_with_1_and_the_server_starts_read_only() {
    let home = Home::new();
    let opened = home.open();
    let reporter = &fill(&opened.ledger, 1, 3).await[0];
    drop(opened);
    assert_eq!(home.told(&["audit"])["state"], "sound");
    let connection = Connection::open(home.database()).expect("ours");
    let change = "UPDATE chains SET awarded_total = awarded_total + 1";
    connection.execute(change, []).expect("ours");
    drop(connection);
    let output = home.run(&["audit"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("chains (chain_no 1): awarded_total"),
        "{text}"
    );
    let opened = home.open();
    let why = opened.ledger.held().expect("read-only");
    assert!(
        why.contains("chain_no 1") && why.contains("onionmeter-ledger audit"),
        "{why}"
    );
    opened.ledger.balance(reporter.account).expect("still read");
}
