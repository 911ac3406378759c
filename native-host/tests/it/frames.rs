//! Rows N-01 to N-15 of the hostile-input catalogue, against the real bridge and the real daemon.

use crate::support::{Bridge, TestHome};
use meter_wire::{
    Client, ErrorCode, FRAME_IN_MAX, FromDaemon, Hello, Notice, ProtocolRange, Request, Success,
};
use std::fs;

#[track_caller]
fn refused(bridge: &mut Bridge, frame: &[u8], code: ErrorCode) {
    bridge.send_frame(frame);
    let problem = bridge.reply(None).expect_err("must be refused");
    assert_eq!(problem.code, code);
}

/// The same bridge and its daemon still answer.
#[track_caller]
fn still_there(bridge: &mut Bridge) {
    assert_eq!(bridge.ask(77, Request::Ping), Ok(Success::Done));
}

#[test]
fn n_01_the_end_of_stdin_is_a_clean_end_and_the_daemon_stays() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(true);
    assert!(bridge.close().success());
    assert!(
        home.daemon_pid().is_some(),
        "the daemon is not the browser's child"
    );
    assert!(home.bridge().close().success(), "an end at zero bytes");
}

#[test]
fn n_02_an_end_inside_a_frame_is_an_error() {
    let home = TestHome::new();
    for part in [
        &[1][..],
        &[5, 0, 0],
        &[5, 0, 0, 0, b'{'],
        &20_u32.to_ne_bytes(),
    ] {
        let mut bridge = home.bridge();
        bridge.hello(false);
        bridge.send_raw(part);
        assert_eq!(bridge.close().code(), Some(65), "{part:?}");
    }
    still_there(&mut greeted(&home));
}

#[test]
fn n_03_an_empty_frame_is_answered_and_the_connection_goes_on() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    refused(&mut bridge, b"", ErrorCode::BadRequest);
    still_there(&mut bridge);
}

#[test]
fn n_04_a_length_beyond_the_cap_ends_the_bridge_without_allocating_it() {
    let home = TestHome::new();
    let one_too_many = u32::try_from(FRAME_IN_MAX).expect("small") + 1;
    for length in [u32::MAX, one_too_many] {
        let mut bridge = greeted(&home);
        bridge.send_raw(&length.to_ne_bytes());
        let peak = peak_memory_kb(bridge.pid());
        assert_eq!(bridge.wait().code(), Some(65));
        assert!(
            peak.is_none_or(|kb| kb < 64 * 1024),
            "{peak:?} kB at the most"
        );
    }
    let mut bridge = greeted(&home);
    let mut longest = br#"{"id":9,"request":"ping"}"#.to_vec();
    longest.resize(FRAME_IN_MAX, b' ');
    bridge.send_frame(&longest);
    assert_eq!(
        bridge.reply(Some(9)),
        Ok(Success::Done),
        "the longest allowed frame"
    );
}

/// The kernel's high-water mark; `None` once the process is gone.
fn peak_memory_kb(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn n_05_a_length_in_the_other_byte_order_is_beyond_the_cap() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    bridge.send_raw(&25_u32.swap_bytes().to_ne_bytes());
    assert_eq!(bridge.wait().code(), Some(65));
}

#[test]
fn n_06_to_n_10_garbage_is_answered_and_never_ends_anything() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    let deep = format!("{{\"id\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for garbage in [
        &b"\xff\xfe\xfd"[..],
        b"\xef\xbb\xbf{\"id\":1,\"request\":\"ping\"}",
        b"{\"id\":1,\"request\":\"ping\"}\0",
        b"{\"id\":1,\"request\":\"ping\"} true",
        deep.as_bytes(),
        b"{\"id\":1,\"id\":2,\"request\":\"ping\"}",
        b"{\"id\":1,\"request\":\"ping\",\"more\":1}",
        b"{\"id\":\"1\",\"request\":\"ping\"}",
        b"{\"id\":1e999,\"request\":\"ping\"}",
        b"{\"id\":-0,\"request\":\"ping\"}",
        b"{\"id\":18446744073709551616,\"request\":\"ping\"}",
        b"{\"id\":1.5,\"request\":\"ping\"}",
    ] {
        refused(&mut bridge, garbage, ErrorCode::BadRequest);
    }
    still_there(&mut bridge);
}

#[test]
fn n_11_unknown_requests_and_protocols_get_a_typed_error_with_the_supported_range() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    let client = Client {
        name: "test".to_owned(),
        version: "9".to_owned(),
    };
    let protocol = ProtocolRange { min: 900, max: 901 };
    let problem = bridge
        .ask(
            1,
            Request::Hello(Hello {
                protocol,
                client,
                notices: false,
            }),
        )
        .expect_err("no common version");
    assert_eq!(problem.code, ErrorCode::UnsupportedProtocol);
    assert!(
        problem
            .detail
            .is_some_and(|detail| detail.contains("1 to 1"))
    );
    bridge.hello(false);
    bridge.send_frame(br#"{"id":4,"request":"make_tea"}"#);
    assert_eq!(
        bridge.reply(Some(4)).expect_err("unknown").code,
        ErrorCode::UnknownRequest
    );
    still_there(&mut bridge);
}

#[test]
fn n_11_nothing_is_answered_before_hello() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    let problem = bridge.ask(1, Request::Status).expect_err("too early");
    assert_eq!(problem.code, ErrorCode::HelloFirst);
    bridge.hello(false);
    still_there(&mut bridge);
}

#[test]
fn n_12_a_stranger_is_turned_away_before_anything_is_read_or_started() {
    let home = TestHome::new();
    for caller in [
        &["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"][..],
        &["/somewhere/org.onionmeter.host.json", "other@example.org"],
    ] {
        let bridge = Bridge::start(home.command(caller));
        assert_eq!(bridge.wait().code(), Some(64), "{caller:?}");
    }
    assert!(
        home.daemon_pid().is_none(),
        "no daemon was started for a stranger"
    );
}

#[test]
fn n_13_a_thousand_requests_at_once_meet_the_limit_and_do_no_harm() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    let mut busy = 0;
    for id in 100..1_100 {
        match bridge.ask(id, Request::Ping) {
            Ok(done) => assert_eq!(done, Success::Done),
            Err(problem) => {
                assert_eq!(problem.code, ErrorCode::Busy);
                busy += 1;
            }
        }
    }
    assert!(
        busy > 0,
        "a thousand pings took less than the 18 s that the rate allows them"
    );
    let mut other = greeted(&home);
    still_there(&mut other);
}

#[test]
fn n_14_a_browser_that_stops_reading_holds_up_nobody_else() {
    let home = TestHome::new();
    let mut deaf = greeted(&home);
    // Replies of several kB each fill the pipe and the socket while the client reads nothing.
    let stdin_is_full = (0..90).try_for_each(|id| {
        deaf.send(id, Request::Status);
        Ok::<_, ()>(())
    });
    assert!(stdin_is_full.is_ok());
    let mut other = home.bridge();
    other.hello(true);
    still_there(&mut other);
    for id in 0..90 {
        assert!(
            matches!(deaf.reply(Some(id)), Ok(Success::Status(_))),
            "in order, none missing"
        );
    }
}

#[test]
fn n_15_stdout_is_frames_to_the_last_byte_even_when_the_daemon_dies() {
    let home = TestHome::new();
    let mut command = home.command(&[&onionmeter_host::ids::chromium_origin()]);
    command
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace");
    let mut loud = Bridge::start(command);
    loud.hello(true);
    let mut quiet = greeted(&home);
    still_there(&mut quiet);
    home.kill_daemon();
    // `receive` accepts valid frames only, up to the end.
    while loud.receive().is_some() {}
    assert_eq!(loud.wait().code(), Some(69));
    assert_eq!(quiet.receive(), None, "nobody asked for anything");
}

#[test]
fn n_15_a_home_that_cannot_be_used_is_told_in_a_frame() {
    let home = TestHome::new();
    let mut command = home.command(&[&onionmeter_host::ids::chromium_origin()]);
    command.env("ONIONMETER_HOME", "/proc/onionmeter");
    let mut bridge = Bridge::start(command);
    let Some(FromDaemon::Notice(Notice::Problem(problem))) = bridge.receive() else {
        panic!("no problem was told");
    };
    assert_eq!(problem.code, ErrorCode::HomeUnusable);
    assert_eq!(bridge.wait().code(), Some(69));
}

fn greeted(home: &TestHome) -> Bridge {
    let mut bridge = home.bridge();
    bridge.hello(false);
    bridge
}
