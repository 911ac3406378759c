//! What pages ask a second worker after the first one may have been asked already.

use crate::files::read;
use meter_wire::Request;

/// Each makes, ends or tells something once: a second answer to it would be another one, or an
/// error after a success.
const ONCE: [&str; 6] = [
    "ledger_enrol",
    "ledger_invite",
    "ledger_leave",
    "ledger_login",
    "ledger_recovery",
    "ledger_remove",
];

#[test]
fn pages_repeat_only_requests_that_change_nothing_when_repeated() {
    let script = read("extension-wasm/js/source.js");
    let (_, list) = script
        .split_once("const REPEATS = new Set([")
        .expect("the list");
    let (list, _) = list.split_once("])").expect("its end");
    let repeated: Vec<_> = list.split('"').skip(1).step_by(2).collect();
    assert!(!repeated.is_empty(), "the list is read");
    for name in repeated {
        assert!(Request::NAMES.contains(&name), "{name} is no request");
        assert!(!ONCE.contains(&name), "{name} counts once");
    }
}
