//! The first build that spoke protocol 1 beside this one, in both directions.
//!
//! `first` holds the readers of that build (commit bd99be4b) as they were, and its requests; the
//! messages of its daemon are kept as text here. `checks/tests/broken` plays both against the real
//! program and the real extension. When a protocol 2 comes, what this build reads and writes is
//! kept here in the same way.

mod first;

use first::REQUESTS;
use meter_core::Backend;
use meter_wire::{
    Bootstrap, ErrorCode, FromDaemon, HelloReply, HexBytes, Notice, Outcome, Problem,
    ProtocolRange, RelayStatus, Reply, ReportsPage, Request, Status, Success, TorState, U64Text,
    WireReport, parse_from_daemon, parse_request, read_json, write_message,
};

/// A status of the first daemon.
const STATUS: &str = r#"{
    "relay": {"listening": {"port": 9149}},
    "tor": {"backend": "managed", "version": "0.4.8.16", "state": "ready"},
    "session": {"started_at": "1800000000000", "duration_ms": "45000", "bytes_up": "50000",
                "bytes_down": "100000", "progress_permille": 750},
    "balance": "4575000000", "reports": "1",
    "thresholds": {"min_bytes": "100000", "min_duration_ms": "30000", "max_duration_ms": "600000"},
    "problem": null
}"#;

fn read_by_the_first(message: &FromDaemon) -> first::FromDaemon {
    let text = write_message(message);
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}: {message:?}"))
}

/// The status of the first daemon with everything that came later.
fn status_of_today() -> Status {
    let mut status: Status = read_json(STATUS).expect("a status");
    status.tor.offered = vec![Backend::Embedded.into()];
    status.tor.backend = Some(Backend::Embedded.into());
    status.problem = Some(Problem::with_detail(ErrorCode::BookForked, "two"));
    status
}

#[test]
fn what_the_first_extension_asks_is_still_understood() {
    for (number, request) in (1..).zip(REQUESTS) {
        let read = parse_request(request.as_bytes());
        assert_eq!(read.map(|envelope| envelope.id), Ok(number), "{request}");
    }
}

#[test]
fn the_first_extension_still_reads_what_the_daemon_answers() {
    let report = WireReport {
        body: HexBytes([1; 200]),
        signature: HexBytes([2; 64]),
    };
    for success in [
        Success::Hello(HelloReply {
            protocol: 1,
            version: "9.9.9".to_owned(),
            capabilities: Request::NAMES.map(str::to_owned).to_vec(),
            key: Some(HexBytes([3; 32])),
            chain: Some(HexBytes([4; 16])),
            parts: None,
        }),
        Success::Status(Box::new(status_of_today())),
        Success::Reports(ReportsPage {
            reports: vec![report],
            total: U64Text(1),
        }),
        Success::Done,
    ] {
        let (id, outcome) = (Some(7), Outcome::Ok(success));
        let read = read_by_the_first(&FromDaemon::Reply(Reply { id, outcome }));
        assert!(matches!(
            read,
            first::FromDaemon::Reply(first::Reply {
                id: Some(7),
                outcome: first::Outcome::Ok(_)
            })
        ));
    }
    let first::FromDaemon::Notice(first::Notice::Status(status)) = read_by_the_first(
        &FromDaemon::Notice(Notice::Status(Box::new(status_of_today()))),
    ) else {
        panic!("a status");
    };
    assert_eq!(status.relay, first::RelayStatus::Listening { port: 9_149 });
    assert_eq!(status.tor.backend, Some(first::TorBackend::Other));
    assert_eq!(status.tor.state, first::TorState::Ready);
    assert_eq!(status.balance, "4575000000");
    let problem = status.problem.expect("a problem");
    assert_eq!(problem.code, "book_forked");
    assert!(problem.message.ends_with('.'), "a sentence to show");
}

#[test]
fn the_first_extension_still_reads_notices_and_refusals() {
    let step = Bootstrap {
        percent: 40,
        tag: "conn".to_owned(),
        summary: "Connecting".to_owned(),
    };
    let stopped = Problem::new(ErrorCode::DaemonSilent);
    for notice in [Notice::Bootstrap(step), Notice::Problem(stopped)] {
        read_by_the_first(&FromDaemon::Notice(notice));
    }
    for code in ErrorCode::ALL {
        let outcome = Outcome::Error(Problem::new(*code));
        let read = read_by_the_first(&FromDaemon::Reply(Reply { id: None, outcome }));
        assert!(matches!(
            read,
            first::FromDaemon::Reply(first::Reply {
                outcome: first::Outcome::Error(_),
                ..
            })
        ));
    }
}

#[test]
fn what_the_first_daemon_answers_is_still_read_by_both_readers() {
    let hello = r#"{"hello":{"protocol":1,"version":"0.1.0","capabilities":["hello","status"],
        "key":null,"chain":null}}"#;
    let reports = r#"{"reports":{"reports":[],"total":"0"}}"#;
    let status = format!("{{\"status\":{STATUS}}}");
    let bootstrap = r#"{"bootstrap":{"percent":40,"tag":"conn","summary":"Connecting"}}"#;
    let problem = r#"{"problem":{"code":"daemon_silent","message":"It does not answer."}}"#;
    let replies = [hello, reports, &status, r#""done""#].map(|ok| {
        let reply = format!("{{\"id\":1,\"ok\":{ok}}}");
        format!("{{\"reply\":{reply}}}")
    });
    let notices = [&status, bootstrap, problem].map(|said| format!("{{\"notice\":{said}}}"));
    for message in replies.iter().chain(&notices) {
        let read = parse_from_daemon(message.as_bytes());
        assert!(read.is_ok(), "{message}");
        assert_eq!(read.ok(), read_json(message), "{message}");
    }
    let status: Status = read_json(STATUS).expect("a status");
    assert_eq!(status.relay, RelayStatus::Listening { port: 9_149 });
    assert_eq!(status.tor.state, TorState::Ready);
    assert!(status.tor.offered.is_empty());
}

#[test]
fn the_older_side_is_named_and_told_what_to_do() {
    let range = |min, max| ProtocolRange { min, max };
    let today = range(1, 2);
    for (program, extension, expected) in [
        (today, range(3, 4), "update Onionmeter's program"),
        (range(3, 4), today, "update the extension"),
        (range(2, 2), range(3, 3), "update Onionmeter's program"),
    ] {
        let said = ProtocolRange::nothing_in_common(program, extension);
        assert!(said.ends_with(expected), "{said}");
    }
    assert_eq!(
        ProtocolRange::nothing_in_common(today, range(3, 3)),
        "the program speaks 1 to 2 and the extension 3 to 3: update Onionmeter's program"
    );
}
