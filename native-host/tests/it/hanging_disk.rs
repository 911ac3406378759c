//! A disk that does not answer: only what needs it waits, and everybody is told.

use crate::{
    programs::c_library,
    said::check,
    shutdown::{echoing_tor, open_page, wait_until_ready},
    support::{Bridge, TestHome},
};
use meter_wire::{ErrorCode, Problem, ReportsQuery, Request, Status, Success, U64Text};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

fn status(bridge: &mut Bridge) -> Status {
    match bridge.ask(50, Request::Status) {
        Ok(Success::Status(status)) => *status,
        other => panic!("no status: {other:?}"),
    }
}

fn wait_for(bridge: &mut Bridge, problem: Option<ErrorCode>) -> Status {
    loop {
        let status = status(bridge);
        if status.problem.as_ref().map(|problem| problem.code) == problem {
            return status;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A thousand bytes to the page, and back.
fn moves(page: &mut TcpStream) {
    page.write_all(&[7; 1_000]).expect("it reads");
    page.read_exact(&mut [0; 1_000]).expect("it comes back");
}

const FIRST_REPORTS: Request = Request::Reports(ReportsQuery {
    after: U64Text(0),
    limit: 10,
});

#[test]
fn a_disk_that_does_not_answer_holds_up_the_books_and_nothing_else() {
    let home = TestHome::new();
    home.configure(&format!(
        "[relay]\nport = {}\n[tor]\nbackend = 'existing'\nsocks_port = {}\n",
        home.relay_port,
        echoing_tor().port()
    ));
    let hangs = home.user().join("hangs");
    let mut command = home.command(&[&onionmeter_host::ids::chromium_origin()]);
    command
        .env("LD_PRELOAD", c_library("faulty_disk.c", home.user()))
        .env("HANGS", &hangs);
    let mut bridge = Bridge::start(command);
    bridge.hello(false);
    wait_until_ready(&mut bridge);
    let mut page = open_page(&home);
    moves(&mut page);
    while status(&mut bridge).session.is_none() {
        thread::sleep(Duration::from_millis(50));
    }

    fs::write(&hangs, "").expect("written");
    moves(&mut page);
    assert_eq!(bridge.ask(2, Request::Ping), Ok(Success::Done));
    let told = wait_for(&mut bridge, Some(ErrorCode::DiskSilent));
    assert!(told.session.is_some(), "it stays open");
    assert_eq!(bridge.ask(3, Request::NewIdentity), Ok(Success::Done));
    moves(&mut page);
    let refused = bridge.ask(4, FIRST_REPORTS);
    let code = |problem: Problem| problem.code;
    assert_eq!(refused.map_err(code), Err(ErrorCode::DiskSilent));
    check(&home, &["status"], 0, &["The disk", "does not answer"]);
    check(
        &home,
        &["thresholds", "--min-bytes", "1MB"],
        73,
        &["The disk", "does not answer"],
    );

    fs::remove_file(&hangs).expect("removed");
    wait_for(&mut bridge, None);
    let counted = |status: &Status| {
        let session = status.session.as_ref().expect("one is open");
        (session.bytes_up.0, session.bytes_down.0)
    };
    while counted(&status(&mut bridge)) != (3_000, 3_000) {
        thread::sleep(Duration::from_millis(50));
    }
    assert!(bridge.ask(5, FIRST_REPORTS).is_ok());
}
