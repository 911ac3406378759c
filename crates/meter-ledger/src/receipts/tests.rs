//! Tests that need the connection itself: a disk that becomes full at any point of a transaction,
//! and statements that the code never makes.

use super::*;
use meter_core::{
    AccountId, Amount, AnsweredReport, ByteCount, ChainHead, ChainId, ContradictionKind,
    DeviceSigner, DurationMs, EnrolmentRule, LedgerSigner, Policy, PolicyNumber, Reasons, Receipt,
    SessionTotals, Tariff, UnixMs,
};

const CHAIN: ChainId = ChainId([7; 16]);

fn device() -> DeviceSigner {
    DeviceSigner::from_seed(&[1; 32])
}

fn ledger() -> LedgerSigner {
    LedgerSigner::from_seed(&[2; 32])
}

fn enrolled(path: &Path) -> Receipts {
    let mut receipts = Receipts::create(path).unwrap();
    let membership = Membership {
        ledger: ledger().key(),
        address: "127.0.0.1:3443".to_owned(),
        account: AccountId([3; 16]),
        name: "brave otter".to_owned(),
        enrolled_at: UnixMs::from_u32(1),
        head: ChainHead::genesis(CHAIN, device().key()),
        awarded: Amount::ZERO,
    };
    let policy = Policy {
        enrolment: EnrolmentRule::Open,
        ledger: ledger().key(),
        number: PolicyNumber(1),
        tariff: Tariff::V1.id(),
        effective_at: UnixMs::from_u32(1),
        time_backlog: DurationMs::from_u32(1),
        bytes_per_day: ByteCount::from_u32(1),
        byte_backlog: DurationMs::from_u32(1),
        session_cap: DurationMs::from_u32(1),
        devices_per_account: 1,
        chains_per_day: 1,
        reports_per_minute: 1,
    };
    let policy = ledger().sign(&policy).unwrap();
    receipts.join(&membership, &policy).unwrap();
    receipts
}

/// The next report after `head`, answered whole.
fn next(head: &mut ChainHead) -> AnsweredReport {
    let session = SessionTotals {
        started_at: UnixMs::from_u32(1_000),
        ended_at: UnixMs::from_u32(46_000),
        duration: DurationMs::from_u32(45_000),
        bytes_up: ByteCount::from_u32(5),
        bytes_down: ByteCount::from_u32(100_000),
        resumed: false,
    };
    let report = head.next_report(&session, &Tariff::V1).unwrap();
    let report = device().sign(&report).unwrap();
    *head = head.follow(&report).unwrap();
    let value = report.value();
    let receipt = Receipt {
        reasons: Reasons::NONE,
        ledger: ledger().key(),
        device: value.key,
        chain: value.chain,
        sequence: value.sequence,
        link: value.link(),
        at: UnixMs::from_u32(9),
        awarded_duration: value.duration,
        awarded_bytes: value.bytes(),
        amount: value.amount,
        awarded_total: head.totals.amount,
        policy: PolicyNumber(1),
        tariff: value.tariff,
    };
    let receipt = ledger().sign(&receipt).unwrap();
    AnsweredReport { report, receipt }
}

#[test]
fn a_full_disk_keeps_nothing_of_a_refused_call() {
    let folder = tempfile::tempdir().unwrap();
    let mut receipts = enrolled(&folder.path().join("receipts"));
    let mut head = ChainHead::genesis(CHAIN, device().key());
    let limit = |receipts: &Receipts, pages: i64| {
        let connection = &receipts.opened.connection;
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    for _ in 0..8 {
        let connection = &receipts.opened.connection;
        let full: i64 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        limit(&receipts, full);
        let refused = loop {
            let before = receipts.answered(CHAIN).unwrap();
            let answers = [next(&mut head), next(&mut head)];
            match receipts.add(&answers) {
                Ok(added) => assert_eq!(added.new, 2),
                Err(ReceiptsError::File(FileError::Disk { .. })) => {
                    assert_eq!(receipts.answered(CHAIN).unwrap(), before);
                    receipts.audit(|_, _| None).unwrap();
                    break answers;
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        limit(&receipts, full + 8);
        assert_eq!(receipts.add(&refused).unwrap().new, 2);
    }
}

#[test]
fn the_tables_refuse_what_the_code_would_never_ask() {
    let folder = tempfile::tempdir().unwrap();
    let mut receipts = enrolled(&folder.path().join("receipts"));
    let mut head = ChainHead::genesis(CHAIN, device().key());
    let answers = [next(&mut head), next(&mut head)];
    receipts.add(&answers).unwrap();
    let kind = ContradictionKind::Key;
    receipts
        .keep_contradiction(kind, &[1], UnixMs::ZERO)
        .unwrap();
    let audit = receipts.audit(|_, _| None).unwrap();
    let row = "signed, reasons, claimed, claimed_total, amount, awarded_total FROM receipts";
    let mut statements = vec![
        "INSERT OR REPLACE INTO memberships SELECT * FROM memberships".to_owned(),
        "INSERT INTO stays SELECT 2, membership, address, device_name, 0 FROM stays".to_owned(),
        "INSERT OR REPLACE INTO policies SELECT * FROM policies".to_owned(),
        "INSERT OR REPLACE INTO chains SELECT * FROM chains".to_owned(),
        "INSERT OR REPLACE INTO contradictions SELECT * FROM contradictions".to_owned(),
        "INSERT OR REPLACE INTO receipts SELECT * FROM receipts WHERE sequence = 2".to_owned(),
        format!("INSERT INTO receipts SELECT 1, 3, {row} WHERE sequence = 2"),
        format!("INSERT INTO receipts SELECT 1, 4, {row} WHERE sequence = 2"),
        "INSERT INTO key_changes VALUES (1, 2, zeroblob(152))".to_owned(),
        "INSERT INTO departures VALUES (7, 0)".to_owned(),
        "INSERT INTO ends VALUES (1, 2, 0, 'boredom', 0)".to_owned(),
        "UPDATE sqlite_schema SET sql = ''".to_owned(),
    ];
    for table in [
        "memberships",
        "stays",
        "policies",
        "chains",
        "receipts",
        "contradictions",
    ] {
        statements.push(format!("DELETE FROM {table}"));
        let first: String = receipts
            .opened
            .connection
            .query_row(
                "SELECT name FROM pragma_table_info(?1) LIMIT 1",
                [table],
                |row| row.get(0),
            )
            .unwrap();
        statements.push(format!("UPDATE {table} SET {first} = {first}"));
    }
    for statement in statements {
        let refused = receipts.opened.connection.execute(&statement, []);
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(receipts.audit(|_, _| None).unwrap(), audit);
}

/// A trigger that another program added is not our bug.
#[test]
fn a_file_that_somebody_changed_while_it_was_open_is_told_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts");
    let mut receipts = enrolled(&path);
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON receipts \
                   BEGIN SELECT RAISE(ABORT, 'not today'); END";
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch(trigger).unwrap();
    let mut head = ChainHead::genesis(CHAIN, device().key());
    match receipts.add(&[next(&mut head)]) {
        Err(ReceiptsError::Damaged(ReceiptsFault::File(crate::FileFault::Schema { name }))) => {
            assert_eq!(name, "no");
        }
        other => panic!("{other:?}"),
    }
}
