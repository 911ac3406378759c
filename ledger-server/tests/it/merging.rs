//! The log of SQLite is merged into the file beside the commits, and does not grow for ever.

use crate::home::Home;
use onionmeter_ledger::store::{Db, Store, StoreError, Value, statements};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

/// Adds links for signing in, of some 8 KiB each.
fn add(db: &mut dyn Db, numbers: std::ops::Range<i64>) -> Result<(), StoreError> {
    let words = "word".repeat(2000);
    for number in numbers {
        let token = number.to_be_bytes().as_slice().into();
        let row = [
            token,
            Value::Null,
            Value::Null,
            words.as_str().into(),
            7_i64.into(),
        ];
        db.run(statements::ADD_LOGIN, &row)?;
    }
    Ok(())
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").len()
}

fn opened(home: &Home) -> (Store, PathBuf) {
    let store = Store::open(&home.place()).expect("a database");
    (store, home.place().file().expect("a file").to_owned())
}

#[test]
fn the_log_is_merged_while_a_transaction_is_open() {
    let home = Home::new();
    let (store, file) = opened(&home);
    store.write(|db| add(db, 0..1200)).expect("added");
    let merged = store.write(|_| {
        let began = Instant::now();
        while length(&file) < 8 * MIB && began.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok::<_, StoreError>(length(&file))
    });
    assert!(merged.expect("written") >= 8 * MIB, "nobody merged the log");
}

#[test]
fn the_log_begins_anew_while_commits_follow_each_other() {
    let home = Home::new();
    let (store, file) = opened(&home);
    let log = PathBuf::from(format!("{}-wal", file.display()));
    let mut longest = 0;
    for part in 0..160 {
        let first = part * 100;
        store
            .write(|db| add(db, first..first + 100))
            .expect("added");
        longest = longest.max(length(&log));
    }
    assert!(length(&file) > 80 * MIB, "it was merged as it came");
    assert!(longest < 60 * MIB, "{longest} bytes were in the log");
}
