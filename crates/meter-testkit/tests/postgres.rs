//! The kit's PostgreSQL keeps what was committed, and leaves nothing behind.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, helpers included"
)]

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use meter_testkit::postgres::{Postgres, Stop};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn what_was_committed_survives_every_end_of_a_postgres_with_durable_settings() {
    let mut postgres = Postgres::start().unwrap();
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value = postgres.sql("postgres", &format!("SHOW {name}")).unwrap();
        assert_eq!(value, "on", "{name}");
    }
    let url = postgres.create_database("one").unwrap();
    assert!(url.ends_with("/one"), "{url}");
    let sql = |postgres: &Postgres, text: &str| postgres.sql("one", text).unwrap();
    sql(&postgres, "CREATE TABLE kept (number bigint)");
    for (number, how) in [Stop::Kill, Stop::Fast, Stop::Kill].into_iter().enumerate() {
        sql(&postgres, &format!("INSERT INTO kept VALUES ({number})"));
        postgres.stop_by(how).unwrap();
        let refused = postgres.sql("one", "SELECT 1").unwrap_err().to_string();
        assert!(refused.contains("refused"), "{refused}");
        postgres.start_again().unwrap();
        let kept = sql(&postgres, "SELECT count(*), max(number) FROM kept");
        assert_eq!(kept, format!("{}|{number}", number + 1));
    }
    postgres.stop_by(Stop::Fast).unwrap();
    postgres.start_again_with(&[("fsync", "off")]).unwrap();
    assert_eq!(sql(&postgres, "SHOW fsync"), "off");
    assert!(
        postgres.log().contains("00000  LOG:"),
        "lines begin with a SQLSTATE"
    );
}

#[test]
fn a_setting_that_postgres_refuses_is_told_with_its_words() {
    let refused = Postgres::start_with(&[("shared_buffers", "much")]);
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("shared_buffers"), "{text}");
}

#[test]
fn a_standby_only_reads_and_lacks_what_came_after_it_stopped_following() {
    let mut first = Postgres::start().unwrap();
    first.create_database("one").unwrap();
    first
        .sql("one", "CREATE TABLE kept (number bigint)")
        .unwrap();
    let standby = first.start_standby().unwrap();
    let refused = standby.sql("one", "INSERT INTO kept VALUES (1)");
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("read-only"), "{refused}");

    first.sql("one", "INSERT INTO kept VALUES (1)").unwrap();
    let began = Instant::now();
    while standby.sql("one", "SELECT count(*) FROM kept").unwrap() != "1" {
        assert!(began.elapsed() < LIMIT, "the standby follows");
    }
    standby.stop_following().unwrap();
    first.sql("one", "INSERT INTO kept VALUES (2)").unwrap();
    first.stop_by(Stop::Kill).unwrap();
    standby.promote().unwrap();
    standby.sql("one", "INSERT INTO kept VALUES (3)").unwrap();
    let kept = standby.sql("one", "SELECT number FROM kept ORDER BY number");
    assert_eq!(kept.unwrap(), "1\n3");
}

#[test]
fn a_test_that_is_killed_leaves_no_process_of_its_postgres() {
    if env::var_os(HOLDER).is_some() {
        let postgres = Postgres::start().unwrap();
        println!("\nlistens on {}", postgres.address().port());
        return std::thread::sleep(LIMIT);
    }
    let name = "a_test_that_is_killed_leaves_no_process_of_its_postgres";
    let mut test = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", name])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(test.stdout.take().unwrap()).lines();
    let port = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("listens on ")?.1.to_owned()));
    let port = port.unwrap();
    assert!(listens(&port));
    test.kill().unwrap();
    test.wait().unwrap();
    let began = Instant::now();
    while listens(&port) {
        assert!(
            began.elapsed() < LIMIT,
            "the process has ended with the test"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Set for the process that the test starts and kills: this test once more.
const HOLDER: &str = "ONIONMETER_TEST_HOLDS_A_POSTGRES";

/// Whether a process has this port on its command line.
fn listens(port: &str) -> bool {
    let wanted = format!("port={port}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .any(|line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            line.split('\0').any(|word| word == wanted)
        })
}
