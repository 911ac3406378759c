//! Plans that were made while the tables were empty.

use crate::home::Home;
use onionmeter_ledger::store::{Store, StoreError, Value, statements};

/// 200 devices with a chain each, and 50 reports in each chain.
const FILL: &str = "
    INSERT INTO accounts (account_id, state, created_ms, time_paid_to_ms, bytes_paid_to_ms,
        era, recovery_hash) VALUES ('account', 1, 0, 0, 0, 0, 'code');
    INSERT INTO devices (device_key, account_id, name, enrolled_ms, enrolment)
        SELECT decode(lpad(to_hex(i), 32, '0'), 'hex'), 'account', 'one', 0, ''
        FROM generate_series(0, 199) i;
    INSERT INTO chains (device_key, chain_id, account_id, state, start_seq, began_ms, seq, link,
        total_ms, total_up, total_down, total_amount, awarded_ms, awarded_bytes, awarded_total)
        SELECT device_key, 'chain', 'account', 1, 0, 0, 50, '', 0, 0, 0, 0, 0, 0, 0 FROM devices;
    INSERT INTO reports (chain_no, seq, account_id, era, ledger_ms, award_ms, award_bytes, award,
        reasons, policy, report_link, signed, receipt)
        SELECT chain_no, i, 'account', 0, 0, 0, 0, 0, 0, 1, '', decode(repeat('00', 264), 'hex'),
            decode(repeat('00', 264), 'hex') FROM chains, generate_series(1, 50) i";

/// Asks for the places of a chain as the server does for requests that come together. For few sets
/// PostgreSQL would make a plan each time.
fn look_up(store: &Store) -> usize {
    let place = |number: i64| {
        let device = [0; 16].as_slice().into();
        vec![b"chain".as_slice().into(), Value::Int(number), device]
    };
    let places: Vec<_> = (1..=50).map(place).collect();
    let found: Result<_, StoreError> = store.read(|db| db.rows_all(statements::SEEN, &places));
    found.expect("rows").len()
}

#[test]
fn a_plan_for_empty_tables_does_not_stay_when_they_have_grown() {
    let home = Home::new();
    let analysed = |table: &str| {
        let rows = home.sql(&format!(
            "SELECT reltuples FROM pg_class WHERE relname = '{table}'"
        ));
        rows.parse::<f64>().expect("a number")
    };
    // PostgreSQL must not do it by itself meanwhile.
    for table in ["accounts", "devices", "chains", "reports"] {
        let store = Store::open(&home.place()).expect("a database");
        drop(store);
        home.sql(&format!(
            "ALTER TABLE {table} SET (autovacuum_enabled = off)"
        ));
    }
    let store = Store::open(&home.place()).expect("a database");
    // After five times PostgreSQL may keep one plan for all values.
    for _ in 0..8 {
        look_up(&store);
    }
    store.note_growth().expect("nothing has grown");
    assert!(analysed("reports") < 0.0, "an empty table is left alone");

    home.sql(FILL);
    store.note_growth().expect("noted");
    assert_eq!(analysed("reports"), 10_000.0);
    assert_eq!(
        analysed("accounts"),
        -1.0,
        "a table of one page is left alone"
    );
    home.sql("SELECT pg_stat_reset()");
    look_up(&store);
    drop(store);
    // What a session has counted is known at the latest when it ends.
    let ended = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname";
    let ended = format!("{ended} = '{}'", home.database);
    home.server.wait_for(&ended).expect("all sessions end");
    let scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname =";
    assert_eq!(home.sql(&format!("{scans} 'reports_of_account'")), "0");
}
