//! `docs/spec/native-messages.md` and `meter-wire` agree.

use crate::{files::read, markdown};
use meter_core::{Backend, ChainHead, ChainId, DeviceKey, SessionReport, Signed};
use meter_wire::{
    ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, HOST_NAME, Notice, Outcome, PROTOCOL,
    REPORTS_PAGE_MAX, RelayStatus, Request, Success, TorReply, TorState, WireBackend,
    parse_from_daemon, parse_request, write_message, write_request,
};
use serde_json::Value;
use std::collections::BTreeSet;

fn page() -> String {
    read("docs/spec/native-messages.md")
}

fn examples() -> Vec<Value> {
    let blocks = markdown::blocks(&page(), "json");
    let parse = |block: &String| match serde_json::from_str(block) {
        Ok(value) => value,
        Err(error) => panic!("{error}: {block}"),
    };
    blocks.iter().map(parse).collect()
}

fn is_request(example: &Value) -> bool {
    example.get("request").is_some()
}

fn messages() -> Vec<FromDaemon> {
    let parse = |example: &Value| match parse_from_daemon(example.to_string().as_bytes()) {
        Ok(message) => message,
        Err(problem) => panic!("{problem:?}: {example}"),
    };
    let examples = examples();
    let messages = examples.iter().filter(|example| !is_request(example));
    messages.map(parse).collect()
}

#[track_caller]
fn same(written: &[u8], example: &Value) {
    let written: Value = serde_json::from_slice(written).expect("JSON");
    assert_eq!(&written, example, "has a member that is not of the message");
}

#[test]
fn every_example_parses_and_is_written_just_so() {
    for example in examples() {
        let frame = example.to_string();
        if is_request(&example) {
            match parse_request(frame.as_bytes()) {
                Ok(request) => same(&write_request(&request), &example),
                Err(error) => panic!("{error:?}: {example}"),
            }
        } else {
            match parse_from_daemon(frame.as_bytes()) {
                Ok(message) => same(&write_message(&message), &example),
                Err(problem) => panic!("{problem:?}: {example}"),
            }
        }
    }
}

/// The first name inside: for `"ping"` and for `{"ping": …}` it is `ping`.
fn name(value: &Value) -> Option<String> {
    let of_object = || value.as_object()?.keys().next().cloned();
    value.as_str().map(str::to_owned).or_else(of_object)
}

#[test]
fn every_request_has_its_heading_and_its_example() {
    let examples = examples();
    let shown: BTreeSet<_> = examples
        .iter()
        .filter_map(|example| name(example.get("request")?))
        .collect();
    assert_eq!(shown, Request::NAMES.map(str::to_owned).into());
    let page = page();
    let section = markdown::section(&page, "## Requests");
    for name in Request::NAMES {
        assert!(section.contains(&format!("\n### `{name}`\n")), "{name}");
    }
}

/// There is no `_` here, so that a new kind must be named, shown and explained.
const fn kind(message: &FromDaemon) -> &'static str {
    match message {
        FromDaemon::Reply(reply) => match &reply.outcome {
            Outcome::Error(_) => "error",
            Outcome::Ok(Success::Hello(_)) => "hello",
            Outcome::Ok(Success::Status(_)) => "status",
            Outcome::Ok(Success::Reports(_)) => "reports",
            Outcome::Ok(Success::Circuit(_)) => "circuit",
            Outcome::Ok(Success::Settings(_)) => "settings",
            Outcome::Ok(Success::SettingChanged(_)) => "setting_changed",
            Outcome::Ok(Success::Witness(_)) => "witness",
            Outcome::Ok(Success::WitnessSeen(_)) => "witness_seen",
            Outcome::Ok(Success::Traffic(_)) => "traffic",
            Outcome::Ok(Success::LedgerOffer(_)) => "ledger_offer",
            Outcome::Ok(Success::LedgerEnrolled(_)) => "ledger_enrolled",
            Outcome::Ok(Success::LedgerPolicy(_)) => "ledger_policy",
            Outcome::Ok(Success::LedgerSecret(_)) => "ledger_secret",
            Outcome::Ok(Success::LedgerDevices(_)) => "ledger_devices",
            Outcome::Ok(Success::LedgerLogin(_)) => "ledger_login",
            Outcome::Ok(Success::LedgerOpened(_)) => "ledger_opened",
            Outcome::Ok(Success::Receipts(_)) => "receipts",
            Outcome::Ok(Success::EarlierChains(_)) => "earlier_chains",
            Outcome::Ok(Success::Done) => "done",
        },
        FromDaemon::Notice(Notice::Status(_)) => "status notice",
        FromDaemon::Notice(Notice::Bootstrap(_)) => "bootstrap notice",
        FromDaemon::Notice(Notice::Problem(_)) => "problem notice",
        FromDaemon::Notice(Notice::Floor { .. }) => "floor notice",
        FromDaemon::Notice(Notice::PageOffered) => "page_offered notice",
    }
}

#[test]
fn every_reply_and_notice_has_its_heading_and_its_example() {
    let kinds = [
        "bootstrap notice",
        "circuit",
        "done",
        "earlier_chains",
        "error",
        "floor notice",
        "hello",
        "ledger_devices",
        "ledger_enrolled",
        "ledger_login",
        "ledger_offer",
        "ledger_opened",
        "ledger_policy",
        "ledger_secret",
        "page_offered notice",
        "problem notice",
        "receipts",
        "reports",
        "setting_changed",
        "settings",
        "status",
        "status notice",
        "traffic",
        "witness",
        "witness_seen",
    ];
    let shown: BTreeSet<_> = messages().iter().map(kind).collect();
    assert_eq!(shown, kinds.into());
    let page = page();
    for kind in kinds {
        let (part, name) = match kind.strip_suffix(" notice") {
            Some(name) => ("## Notices", name),
            None => ("## Replies", kind),
        };
        let section = markdown::section(&page, part);
        assert!(section.contains(&format!("\n### `{name}`\n")), "{kind}");
    }
}

const fn tor_word(state: &TorState) -> &'static str {
    match state {
        TorState::Off => "off",
        TorState::Starting => "starting",
        TorState::Bootstrapping { .. } => "bootstrapping",
        TorState::Ready => "ready",
        TorState::Restarting { .. } => "restarting",
        TorState::Stopping => "stopping",
        TorState::Failed(_) => "failed",
    }
}

const fn relay_word(relay: &RelayStatus) -> &'static str {
    match relay {
        RelayStatus::Stopped => "stopped",
        RelayStatus::Listening { .. } => "listening",
        RelayStatus::Failed(_) => "failed",
    }
}

#[test]
fn every_state_of_relay_and_tor_is_explained() {
    let page = page();
    let rows = markdown::rows(&page);
    let explains = |first: &str, word: &str| {
        let row = rows.iter().find(|row| row[0].contains(first));
        let row = row.unwrap_or_else(|| panic!("no row {first}"));
        assert!(row.join(" ").contains(&format!("\"{word}\"")), "{word}");
    };
    for word in ["stopped", "listening", "failed"] {
        explains("`relay`", word);
    }
    for backend in Backend::ALL.map(WireBackend::Known) {
        let word = serde_json::to_value(backend).expect("a word");
        explains("`tor.backend`", word.as_str().expect("a word"));
    }
    for word in [
        "off",
        "starting",
        "bootstrapping",
        "ready",
        "restarting",
        "stopping",
        "failed",
    ] {
        let begins = |row: &Vec<String>| {
            let cell = row[0].trim_start_matches(['`', '{']);
            cell.starts_with(&format!("\"{word}\""))
        };
        assert!(rows.iter().any(begins), "{word}");
    }
    for message in messages() {
        if let FromDaemon::Notice(Notice::Status(status)) = message {
            assert!(page.contains(tor_word(&status.tor.state)));
            assert!(page.contains(relay_word(&status.relay)));
        }
    }
}

#[test]
fn every_error_code_stands_in_the_table_with_its_sentence() {
    let page = page();
    let section = markdown::section(&page, "## Error codes");
    let shown = markdown::rows(section);
    let expected: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let name = serde_json::to_value(code).expect("a name");
            let name = name.as_str().expect("a name").to_owned();
            vec![format!("`{name}`"), code.sentence().to_owned()]
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn every_reply_of_tor_stands_in_the_table_with_its_words() {
    let page = page();
    let section = markdown::section(&page, "#### Connections that were not made");
    let shown = markdown::rows(section);
    let every = TorReply::ALL.iter().chain([&TorReply::Other]);
    let expected: Vec<_> = every
        .map(|reply| {
            let name = serde_json::to_value(reply).expect("a name");
            let name = name.as_str().expect("a name");
            let code = match reply.code() {
                Some(code) => format!("{code:02X}"),
                None => "any other".to_owned(),
            };
            vec![
                format!("`{name}`"),
                code,
                reply.sentence().to_owned(),
                reply.action().to_owned(),
            ]
        })
        .collect();
    assert_eq!(shown, expected);
}

/// Everything in the examples that looks like an error is an error of the protocol, with its own
/// sentence.
#[test]
fn the_sentences_of_the_examples_are_those_of_their_codes() {
    fn visit(value: &Value, seen: &mut usize) {
        if let (Some(code), Some(message)) = (value.get("code"), value.get("message")) {
            let code: ErrorCode = serde_json::from_value(code.clone()).expect("a code");
            assert_ne!(code, ErrorCode::Unknown, "{value}");
            assert_eq!(message, code.sentence());
            *seen += 1;
        }
        for inner in value.as_object().into_iter().flat_map(|map| map.values()) {
            visit(inner, seen);
        }
    }
    let mut seen = 0;
    for example in examples() {
        visit(&example, &mut seen);
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn the_reports_of_the_examples_verify_with_the_key_of_the_hello_example() {
    let messages = messages();
    let hello = messages.iter().find_map(|message| match message {
        FromDaemon::Reply(reply) => match &reply.outcome {
            Outcome::Ok(Success::Hello(hello)) => Some(hello),
            _ => None,
        },
        FromDaemon::Notice(_) => None,
    });
    let hello = hello.expect("an example");
    assert_eq!(hello.capabilities, Request::NAMES);
    let key = DeviceKey(hello.key.expect("a key").0);
    let genesis = ChainHead::genesis(ChainId(hello.chain.expect("a chain").0), key);
    let mut checked = 0;
    for message in &messages {
        let report = match message {
            FromDaemon::Reply(reply) => match &reply.outcome {
                Outcome::Ok(Success::Reports(page)) => &page.reports[0],
                _ => continue,
            },
            FromDaemon::Notice(_) => continue,
        };
        let verified = Signed::<SessionReport>::from(report).verify(key);
        let head = genesis.follow(&verified.expect("it verifies"));
        assert_eq!(head.expect("the first of its chain").sequence, 1);
        checked += 1;
    }
    assert_eq!(checked, 1);
}

#[test]
fn the_limits_of_the_page_are_those_of_the_program() {
    let page = page();
    let grouped = |number: usize| format!("{},{:03}", number / 1_000, number % 1_000);
    let frames = markdown::section(&page, "## Frames");
    for part in [
        format!("towards the daemon | {} bytes", grouped(FRAME_IN_MAX)),
        format!("towards a client | {} bytes", grouped(FRAME_OUT_MAX)),
        format!("reports in one page | {REPORTS_PAGE_MAX},"),
    ] {
        assert!(frames.contains(&part), "{part}");
    }
    assert!(page.starts_with(&format!("# Native messages, version {PROTOCOL}\n")));
    for path in [
        "docs/spec/native-messages.md",
        "docs/browsers.md",
        "PRIVACY.md",
    ] {
        assert!(read(path).contains(HOST_NAME), "{path}");
    }
}
