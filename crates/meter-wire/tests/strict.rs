//! Checks what the daemon's parser accepts and what it refuses.

use meter_core::{Backend, WitnessName};
use meter_wire::{
    Client, EarlierQuery, ErrorCode, FromDaemon, Hello, HexBytes, LedgerEnrol, LedgerLook,
    LedgerRemove, Outcome, ProtocolRange, ReceiptsQuery, ReportsQuery, Request, RequestEnvelope,
    SetThresholds, SiteQuery, Success, TorUse, U64Text, WitnessQuery, WitnessText,
    parse_from_daemon, parse_request, write_request,
};
use proptest::prelude::*;

#[track_caller]
fn refused(frame: &[u8], id: Option<u32>, code: ErrorCode) {
    let error = parse_request(frame).expect_err("must be refused");
    assert_eq!(
        (error.id, error.problem.code),
        (id, code),
        "{}",
        String::from_utf8_lossy(frame)
    );
}

#[test]
fn n_06_invalid_utf8_byte_order_mark_and_nul_are_bad_requests() {
    refused(
        b"{\"id\":1,\"request\":\"\xff\"}",
        None,
        ErrorCode::BadRequest,
    );
    refused(
        b"\xef\xbb\xbf{\"id\":1,\"request\":\"ping\"}",
        None,
        ErrorCode::BadRequest,
    );
    refused(
        b"{\"id\":1,\"request\":\"ping\"}\0",
        None,
        ErrorCode::BadRequest,
    );
    refused(b"\0", None, ErrorCode::BadRequest);
    refused(b"", None, ErrorCode::BadRequest);
}

#[test]
fn n_07_trailing_bytes_are_a_bad_request() {
    refused(
        br#"{"id":1,"request":"ping"}{"id":2,"request":"ping"}"#,
        None,
        ErrorCode::BadRequest,
    );
    refused(
        br#"{"id":1,"request":"ping"} x"#,
        None,
        ErrorCode::BadRequest,
    );
}

#[test]
fn n_08_ten_thousand_levels_are_a_bad_request() {
    let deep = |inside: &str| format!("{inside}{}{}", "[".repeat(10_000), "]".repeat(10_000));
    refused(deep("").as_bytes(), None, ErrorCode::BadRequest);
    let request = format!("{{\"id\":1,\"request\":{}}}", deep(""));
    refused(request.as_bytes(), Some(1), ErrorCode::BadRequest);
    let field = format!("{{\"id\":1,\"request\":{{\"reports\":{}}}}}", deep(""));
    refused(field.as_bytes(), Some(1), ErrorCode::BadRequest);
}

#[test]
fn n_09_repeated_unknown_and_mistyped_keys_are_bad_requests() {
    for frame in [
        r#"{"id":1,"id":1,"request":"ping"}"#,
        r#"{"id":1,"request":"ping","extra":0}"#,
        r#"{"id":"1","request":"ping"}"#,
        r#"{"request":"ping"}"#,
        r#"{"id":1}"#,
        r#"[1,"ping"]"#,
        r#"null"#,
    ] {
        let error = parse_request(frame.as_bytes()).expect_err(frame);
        assert_eq!(error.problem.code, ErrorCode::BadRequest, "{frame}");
    }
    for request in [
        r#"{"reports":{"after":"0","limit":1,"limit":1}}"#,
        r#"{"reports":{"after":"0","limit":1,"order":"up"}}"#,
        r#"{"reports":{"after":0,"limit":1}}"#,
        r#"{"reports":{"after":"0"}}"#,
        r#"{"reports":null}"#,
        r#"{"tor_use":{}}"#,
        r#"{"tor_use":{"backend":"other"}}"#,
        r#"{"tor_use":{"backend":null}}"#,
        r#"{"tor_use":"managed"}"#,
        r#"{"witness":{}}"#,
        r#"{"witness_seen":{"name":"site.test"}}"#,
        r#"{"witness_seen":{"name":"0.invalid"}}"#,
        r#"{"witness_seen":{"name":"3031323334353637383961626364656F.invalid"}}"#,
        r#"{"ledger_look":{}}"#,
        r#"{"ledger_enrol":{"address":"a","key":"00"}}"#,
        r#"{"ledger_remove":{"device":""}}"#,
        r#"{"ledger_leave":{}}"#,
        r#"{"receipts":{"after":0,"limit":1}}"#,
        r#"{"receipts":{"after":"0","limit":1,"chain":"0"}}"#,
        r#"{"earlier_chains":{"after":"0","limit":1}}"#,
        r#"{"earlier_chains":{"after":0}}"#,
        r#"{"ping":{}}"#,
        r#"{"status":1}"#,
        r#"{"ping":null}"#,
        r#"{"reports":["0",1]}"#,
        r#"{"ping":null,"status":null}"#,
        r#"{"ping":null,"ping":null}"#,
        r#"{}"#,
        r#"7"#,
    ] {
        let frame = format!("{{\"id\":5,\"request\":{request}}}");
        refused(frame.as_bytes(), Some(5), ErrorCode::BadRequest);
    }
}

#[test]
fn n_10_numbers_outside_their_type_are_bad_requests() {
    for id in [
        "1e999",
        "-0",
        "-1",
        "18446744073709551616",
        "4294967296",
        "1.5",
        "1.0",
        "01",
    ] {
        refused(
            format!("{{\"id\":{id},\"request\":\"ping\"}}").as_bytes(),
            None,
            ErrorCode::BadRequest,
        );
    }
    for limit in ["65536", "-0", "1e2", "1.5", "\"1\""] {
        let frame = format!(
            "{{\"id\":5,\"request\":{{\"reports\":{{\"after\":\"0\",\"limit\":{limit}}}}}}}"
        );
        refused(frame.as_bytes(), Some(5), ErrorCode::BadRequest);
    }
}

#[test]
fn n_11_a_request_of_a_later_version_is_unknown_and_keeps_its_number() {
    refused(
        br#"{"id":3,"request":"make_tea"}"#,
        Some(3),
        ErrorCode::UnknownRequest,
    );
    refused(
        br#"{"id":3,"request":{"set_torrc":{"lines":[]}}}"#,
        Some(3),
        ErrorCode::UnknownRequest,
    );
}

#[test]
fn n_11_protocol_ranges_meet_at_the_highest_common_version() {
    let range = |min, max| ProtocolRange { min, max };
    assert_eq!(range(1, 3).common(range(2, 9)), Some(3));
    assert_eq!(range(1, 1).common(range(1, 1)), Some(1));
    assert_eq!(range(1, 1).common(range(2, 9)), None);
    assert_eq!(range(4, 9).common(range(1, 3)), None);
}

#[test]
fn versions_of_attached_extensions_are_read_as_plain_lines() {
    let long = "9".repeat(10_000);
    let json = format!(
        r#"{{"reply":{{"id":1,"ok":{{"hello":{{"protocol":1,"version":"0.1.0","capabilities":[],
        "key":null,"chain":null,"parts":{{"program":"/p","replaced":false,
        "extensions":["0.1.0\n\u202eEVIL","{long}"],"connections":"0"}}}}}}}}}}"#
    );
    let message = parse_from_daemon(json.as_bytes()).expect("a reply");
    let FromDaemon::Reply(reply) = message else {
        panic!("a notice");
    };
    let Outcome::Ok(Success::Hello(hello)) = reply.outcome else {
        panic!("no hello");
    };
    let extensions = hello.parts.expect("parts").extensions;
    assert_eq!(extensions[0], "0.1.0 \u{FFFD}EVIL");
    assert_eq!(extensions[1].chars().count(), 256);
}

#[test]
fn an_error_quotes_nothing_of_what_was_sent() {
    let frame = br#"{"id":1,"request":{"hello":"canary.example"}}"#;
    let error = parse_request(frame).expect_err("no hello");
    assert!(!format!("{error:?}").contains("canary"));
}

fn request() -> impl Strategy<Value = Request> {
    let number = || (0..=i64::MAX.unsigned_abs()).prop_map(U64Text);
    prop_oneof![
        Just(Request::Status),
        Just(Request::TorStart),
        Just(Request::TorStop),
        Just(Request::TorAnew),
        proptest::sample::select(&Backend::CHOICES[..])
            .prop_map(|backend| Request::TorUse(TorUse { backend })),
        Just(Request::MonitorStart),
        Just(Request::MonitorStop),
        Just(Request::NewIdentity),
        "\\PC{0,40}".prop_map(|site| Request::Circuit(SiteQuery { site })),
        "\\PC{0,40}".prop_map(|site| Request::NewCircuit(SiteQuery { site })),
        Just(Request::Witness),
        any::<[u8; 16]>().prop_map(|bits| {
            let name = WitnessText(WitnessName::new(bits));
            Request::WitnessSeen(WitnessQuery { name })
        }),
        Just(Request::Traffic),
        Just(Request::Ping),
        ".*".prop_map(|address| Request::LedgerLook(LedgerLook { address })),
        (".*", any::<[u8; 32]>(), proptest::option::of(".*")).prop_map(|(address, key, code)| {
            let key = HexBytes(key);
            Request::LedgerEnrol(LedgerEnrol { address, key, code })
        }),
        proptest::sample::select(vec![
            Request::NewKey,
            Request::LedgerPolicy,
            Request::LedgerLeave,
            Request::LedgerSend,
            Request::LedgerInvite,
            Request::LedgerDevices,
            Request::LedgerRecovery,
            Request::LedgerLogin,
            Request::LedgerOpen,
            Request::OpensPages,
            Request::TakePage,
        ]),
        any::<[u8; 32]>().prop_map(|device| {
            let device = HexBytes(device);
            Request::LedgerRemove(LedgerRemove { device })
        }),
        (any::<u32>(), any::<u16>())
            .prop_map(|(after, limit)| Request::EarlierChains(EarlierQuery { after, limit })),
        (number(), any::<u16>())
            .prop_map(|(after, limit)| Request::Receipts(ReceiptsQuery { after, limit })),
        (number(), any::<u16>())
            .prop_map(|(after, limit)| Request::Reports(ReportsQuery { after, limit })),
        (number(), number(), number()).prop_map(|(min_bytes, min_duration_ms, max_duration_ms)| {
            Request::SetThresholds(SetThresholds {
                min_bytes,
                min_duration_ms,
                max_duration_ms,
            })
        }),
        (any::<u16>(), any::<u16>(), ".*", ".*", any::<bool>()).prop_map(
            |(min, max, name, version, notices)| Request::Hello(Hello {
                protocol: ProtocolRange { min, max },
                client: Client { name, version },
                notices,
            })
        ),
    ]
}

proptest! {
    #[test]
    fn parsing_takes_back_exactly_what_was_written(id in any::<u32>(), request in request()) {
        let envelope = RequestEnvelope { id, request };
        prop_assert_eq!(parse_request(&write_request(&envelope)), Ok(envelope));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(parse_request(&bytes));
    }
}
