//! G-11: a ledger does not start on a PostgreSQL that would lose or falsify its books.

use crate::{
    home::{new_database, place, shift_clock},
    program,
};
use meter_testkit::{ports::HeldPort, postgres::Postgres};
use onionmeter_ledger::store::{PostgresUrl, Store};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Starts that the program refused, each with a sentence of its own.
struct Refusals {
    home: program::Home,
    said: BTreeSet<String>,
}

impl Refusals {
    /// The program refuses to serve there: status 2, and one line with all these parts.
    fn check(&mut self, url: &str, parts: &[&str]) {
        let sentence = self.home.refused(&on(url), 2);
        for part in parts {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
        assert!(!sentence.contains("correct-horse"), "{sentence}");
        assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
        assert!(self.said.insert(sentence.clone()), "said twice: {sentence}");
    }
}

fn on(url: &str) -> [&str; 5] {
    ["serve", "--listen", "127.0.0.1:0", "--database", url]
}

#[test]
fn g_11_each_bad_postgres_is_refused_with_a_sentence_of_its_own_that_says_what_to_do() {
    let server = Postgres::start().expect("PostgreSQL");
    let name = new_database(&server);
    let url = server.url(&name);
    let run = |statements: &str| server.sql(&name, statements).expect("done");
    let mut refusals = Refusals {
        home: program::Home::new(),
        said: BTreeSet::new(),
    };
    drop(refusals.home.serve(&on(&url)[3..]));

    let stranger = program::Home::new();
    drop(stranger.serve(&[]));
    let own = std::mem::replace(&mut refusals.home, stranger);
    refusals.check(&url, &["another key", "receipt-key"]);
    refusals.home = own;

    let wrong = url.replace("correct-horse", "wrong");
    refusals.check(&wrong, &["password of postgres", "--database"]);
    let missing = server.url("nowhere");
    refusals.check(&missing, &["createdb --owner=postgres nowhere"]);
    let nobody = HeldPort::take().expect("a port");
    let elsewhere = server.url_through(nobody.address(), &name);
    refusals.check(&elsewhere, &["Connection refused", "start PostgreSQL"]);

    run("UPDATE ledger SET version = 99");
    refusals.check(&url, &["version 99", "newer onionmeter-ledger"]);
    run("UPDATE ledger SET version = 1");

    let other = new_database(&server);
    let table = "CREATE TABLE recipes (name text)";
    server.sql(&other, table).expect("a table");
    refusals.check(&server.url(&other), &["something else", "createdb"]);
    let guest = url_of_guest(&server);
    refusals.check(&guest, &["guest may not make tables", "OWNER TO guest"]);
    // The clock of PostgreSQL, as this database sees it, is a day behind.
    let late = new_database(&server);
    shift_clock(&server, &late, "- interval '1 day'");
    refusals.check(&server.url(&late), &["differ by 864", "NTP"]);

    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        server.set(setting, "off").expect("set");
        refusals.check(&url, &[&format!("{setting} = off"), "postgresql.conf"]);
        server.set(setting, "on").expect("set");
    }
    let standby = server.start_standby().expect("a standby");
    refusals.check(&standby.url(&name), &["standby", "promote"]);
    drop(refusals.home.serve(&on(&url)[3..]));
    assert_eq!(refusals.said.len(), 12);
}

#[test]
fn an_operator_is_told_that_no_commit_waits_for_the_standbys() {
    let server = Postgres::start().expect("PostgreSQL");
    let url = server.url(&new_database(&server));
    assert_eq!(told(&url), "");
    let _standby = server.start_standby().expect("a standby");
    assert!(told(&url).contains("synchronous_standby_names"));
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
    let home = program::Home::new();
    let sentence = home.refused(&on(&url), 2);
    assert!(sentence.contains("no answer within"), "{sentence}");
    assert!(began.elapsed() < Duration::from_secs(60));
    server.resume().expect("resumed");
    drop(home.serve(&on(&url)[3..]));
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
