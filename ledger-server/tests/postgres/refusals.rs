//! G-11: a ledger does not start on a PostgreSQL that would lose or falsify its books.

use crate::home::{new_database, place, shift_clock};
use meter_core::{EnrolmentRule, LedgerSigner};
use meter_testkit::{
    ports::HeldPort,
    postgres::{Postgres, Stop},
};
use onionmeter_ledger::{
    ledger::Ledger,
    store::{PostgresUrl, Store},
};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Why a ledger with this receipt key does not start there.
fn refusal(url: &str, seed: u8) -> String {
    let signer = LedgerSigner::from_seed(&[seed; 32]);
    let store = match Store::open(&place(url)) {
        Ok(store) => store,
        Err(error) => return error.to_string(),
    };
    match Ledger::start(store, signer, EnrolmentRule::Open) {
        Ok(_) => "it starts".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn g_11_each_bad_postgres_is_refused_with_a_sentence_of_its_own_that_says_what_to_do() {
    let mut server = Postgres::start().expect("PostgreSQL");
    let mut said = BTreeSet::new();
    let mut refused = |url: &str, seed: u8, expected: &[&str]| {
        let sentence = refusal(url, seed);
        for part in expected {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
        assert!(!sentence.contains("correct-horse"), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
        assert!(said.insert(sentence.clone()), "said twice: {sentence}");
    };

    let name = new_database(&server);
    let url = server.url(&name);
    assert_eq!(refusal(&url, 7), "it starts");
    refused(&url, 8, &["another key", "receipt-key"]);

    let url_with = |new: &str| url.replace("correct-horse", new);
    refused(
        &url_with("wrong"),
        7,
        &["password of postgres", "--database"],
    );
    let missing = server.url("nowhere");
    refused(&missing, 7, &["createdb --owner=postgres nowhere"]);
    let nobody = HeldPort::take().expect("a port");
    let elsewhere = server.url_through(nobody.address(), &name);
    refused(
        &elsewhere,
        7,
        &["cannot connect", "Connection refused", "start PostgreSQL"],
    );

    server
        .sql(&name, "UPDATE ledger SET version = 99")
        .expect("changed");
    refused(&url, 7, &["version 99", "newer onionmeter-ledger"]);
    server
        .sql(&name, "UPDATE ledger SET version = 1")
        .expect("changed");

    let other = new_database(&server);
    server
        .sql(&other, "CREATE TABLE recipes (name text)")
        .expect("a table");
    refused(&server.url(&other), 7, &["something else", "createdb"]);

    let guest = url_of_guest(&server);
    refused(&guest, 7, &["guest may not make tables", "OWNER TO guest"]);

    // The clock of PostgreSQL, as this database sees it, is a day behind.
    let late = new_database(&server);
    shift_clock(&server, &late, "- interval '1 day'");
    refused(&server.url(&late), 7, &["differ by 864", "NTP"]);

    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        server.stop_by(Stop::Fast).expect("stopped");
        server
            .start_again_with(&[(setting, "off")])
            .expect("started");
        refused(&url, 7, &[&format!("{setting} = off"), "postgresql.conf"]);
    }
    server.stop_by(Stop::Fast).expect("stopped");
    server.start_again().expect("started");
    let standby = server.start_standby().expect("a standby");
    refused(&standby.url(&name), 7, &["standby", "promote"]);
    // The primary itself is good; that no commit waits for its standby is only told.
    assert_eq!(refusal(&url, 7), "it starts");
    assert!(told(&url).contains("synchronous_standby_names"));
    drop(standby);
    let others = "SELECT count(*) FROM pg_stat_replication";
    while server.sql(&name, others).expect("a number") != "0" {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(told(&url), "");
}

/// A database in which its user may make no tables, as every user of PostgreSQL 15 by default.
fn url_of_guest(server: &Postgres) -> String {
    let new = new_database(server);
    let user = "CREATE USER guest PASSWORD 'correct-horse'";
    server.sql(&new, user).expect("a user");
    let url = server.url(&new);
    url.replace("postgres:correct", "guest:correct")
}

/// What the start writes into the log.
fn told(url: &str) -> String {
    let lines = Lines::default();
    let log = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || log.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        drop(Store::open(&place(url)).expect("it opens"));
    });
    let lines = lines.0.lock().expect("no panic");
    String::from_utf8(lines.clone()).expect("text")
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_postgres_that_accepts_and_never_answers_is_refused_within_seconds() {
    let server = Postgres::start().expect("PostgreSQL");
    let url = server.url(&new_database(&server));
    server.pause().expect("paused");
    let began = Instant::now();
    let sentence = refusal(&url, 7);
    assert!(sentence.contains("no answer within"), "{sentence}");
    assert!(began.elapsed() < Duration::from_secs(60));
    server.resume().expect("resumed");
    assert_eq!(refusal(&url, 7), "it starts");
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_tried() {
    let parsed: Result<PostgresUrl, _> = "postgres://localhost:port/books".parse();
    let sentence = parsed.expect_err("no address").to_string();
    assert!(
        sentence.contains("postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        "{sentence}"
    );
}
