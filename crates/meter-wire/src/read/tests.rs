//! Compares this reader with serde_json.

use super::*;
use crate::{ErrorCode, FromDaemon, Outcome, Request, Success, TorReply, parse_from_daemon};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, serde::Deserialize, PartialEq)]
struct Sample {
    first: u8,
    optional: Option<i32>,
    #[serde(default)]
    list: Vec<String>,
    #[serde(default = "seven")]
    seven: u64,
    choice: Choice,
    map: Option<BTreeMap<String, bool>>,
    pair: Option<(u16, u16)>,
}

#[derive(Debug, serde::Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Alone,
    With(u8),
    Named { port: u16 },
}

const fn seven() -> u64 {
    7
}

#[track_caller]
fn same(json: &str) {
    let expected = serde_json::from_str::<Sample>(json).ok();
    assert_eq!(read_json::<Sample>(json), expected, "{json}");
}

#[test]
fn what_serde_json_reads_is_read_the_same_and_what_it_refuses_is_refused() {
    for choice in [
        r#""alone""#,
        r#"{"alone":null}"#,
        r#"{"with":1}"#,
        r#"{"named":{"port":80}}"#,
        r#""with""#,
        r#"{"with":256}"#,
        r#"{"named":{}}"#,
        r#"{"alone":1}"#,
        r#"{"with":1,"alone":null}"#,
        r#""new""#,
        "{}",
        "1",
        "null",
    ] {
        for first in ["0", "255", "256", "-1", "1.0", "1e2", "\"1\"", "null", "[]"] {
            same(&format!(r#"{{"first":{first},"choice":{choice}}}"#));
        }
        for more in [
            r#""optional":null"#,
            r#""optional":-5"#,
            r#""optional":2147483648"#,
            r#""list":["a","b"]"#,
            r#""list":null"#,
            r#""list":[1]"#,
            r#""seven":8"#,
            r#""seven":null"#,
            r#""map":{"a":true}"#,
            r#""map":{"a":1}"#,
            r#""pair":[1,2]"#,
            r#""pair":[1]"#,
            r#""pair":[1,2,3]"#,
            r#""later":{"of":"a newer version"}"#,
        ] {
            same(&format!(r#"{{"first":1,"choice":{choice},{more}}}"#));
        }
    }
    for none in [
        "",
        "{",
        "null",
        "[]",
        "\"\\ud800\"",
        r#"{"choice":"alone"}"#,
    ] {
        same(none);
    }
}

#[test]
fn of_a_repeated_name_the_last_counts_and_a_list_is_no_struct() {
    let twice = read_json::<Sample>(r#"{"first":1,"first":2,"choice":"alone"}"#);
    assert_eq!(twice.map(|sample| sample.first), Some(2));
    assert_eq!(
        read_json::<Sample>(r#"[1,null,[],7,"alone",null,null]"#),
        None
    );
}

#[test]
fn what_is_nested_without_end_is_refused() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let json = format!(r#"{{"first":1,"choice":"alone","later":{deep}}}"#);
    assert!(read_json::<Sample>(&json).is_none());
}

#[test]
fn every_word_is_read_as_it_is_written() {
    fn check<T: Copy + PartialEq + Serialize + for<'a> Deserialize<'a>>(all: &[T]) {
        for value in all {
            let json = serde_json::to_string(value).expect("a word");
            assert!(read_json::<T>(&json) == Some(*value), "{json}");
            assert!(
                serde_json::from_str::<T>(&json).ok() == Some(*value),
                "{json}"
            );
        }
    }
    check(ErrorCode::ALL);
    check(TorReply::ALL);
    let word = |code: ErrorCode| serde_json::to_string(&code).expect("a word");
    assert_eq!(word(ErrorCode::TorMissing), r#""tor_missing""#);
    assert_eq!(word(ErrorCode::Unknown), r#""unknown""#);
    assert_eq!(
        read_json::<TorReply>(r#""of_a_newer_tor""#),
        Some(TorReply::Other)
    );
}

#[test]
fn a_reply_has_either_a_success_or_an_error() {
    let read = |json: &str| {
        let ours = read_json::<FromDaemon>(json);
        assert_eq!(ours, parse_from_daemon(json.as_bytes()).ok(), "{json}");
        ours
    };
    let problem = r#"{"code":"busy","message":"Wait."}"#;
    let done = read(r#"{"reply":{"id":1,"ok":"done"}}"#);
    assert!(matches!(done, Some(FromDaemon::Reply(reply))
        if reply.outcome == Outcome::Ok(Success::Done)));
    assert!(read(&format!(r#"{{"reply":{{"id":null,"error":{problem}}}}}"#)).is_some());
    assert!(read(&format!(r#"{{"reply":{{"error":{problem},"later":1}}}}"#)).is_some());
    for bad in [
        r#"{"reply":{"id":1}}"#.to_owned(),
        r#"{"reply":{"id":1,"ok":"of_a_newer_version"}}"#.to_owned(),
        format!(r#"{{"reply":{{"id":1,"ok":"done","error":{problem}}}}}"#),
    ] {
        assert_eq!(read(&bad), None);
    }
}

#[test]
fn a_request_with_names_of_its_fields_is_read() {
    let reports = read_json::<Request>(r#"{"reports":{"after":"3","limit":100}}"#);
    assert!(matches!(reports, Some(Request::Reports(_))));
    assert_eq!(read_json::<Request>(r#""ping""#), Some(Request::Ping));
}
