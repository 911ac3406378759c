//! Tests bridge lines as people paste them, and lines that are not bridges.

use proptest::prelude::*;

use super::BridgeFault as Fault;
use super::*;

const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

#[track_caller]
fn check(line: &str, expected: &str) {
    assert_eq!(Bridge::parse(line).unwrap().line(), expected);
}

#[track_caller]
fn refused(line: &str, expected: Fault) {
    assert_eq!(
        Bridge::parse(line).map(|bridge| bridge.line()),
        Err(expected),
        "{line:?}"
    );
}

#[test]
fn lines_of_every_kind_are_taken_as_they_are_handed_out() {
    let f = FINGERPRINT;
    check("192.0.2.1:443", "192.0.2.1:443");
    check(
        &format!("  bridge  [2001:db8::1]:443   {} ", f.to_lowercase()),
        &format!("[2001:db8::1]:443 {f}"),
    );
    let obfs4 = format!("obfs4 192.0.2.1:443 {f} cert=AbC+/d,e iat-mode=0");
    check(&obfs4, &obfs4);
    let snowflake = format!(
        "snowflake 192.0.2.3:80 {f} fingerprint={f} url=https://front.example/ \
         fronts=a.example,b.example \
         ice=stun:stun.example:3478 utls-imitate=hellorandomizedalpn"
    );
    check(&snowflake, &snowflake);
    for line in [
        "snowflake 192.0.2.3:80 sqsqueue=https://sqs.example/1/q sqscreds=eyJhIjoxfQ==",
        "meek_lite 192.0.2.20:80 url=https://meek.example/ front=a.example utls=none",
        "conjure 192.0.2.4:80 url=https://registration.example/api transport=prefix",
        "conjure 192.0.2.4:80 registrar=dns",
        "obfs4 192.0.2.1:443 node-id=0123 public-key=4567 iat-mode=1",
    ] {
        check(line, line);
    }
    check(
        "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
        "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
    );
}

#[test]
fn what_copying_does_to_a_line_is_undone() {
    let f = FINGERPRINT;
    let obfs4 = format!("obfs4 192.0.2.1:443 {f} cert=AbC iat-mode=0");
    for pasted in [
        format!("obfs4\t192.0.2.1:443\u{a0}{f}\u{2009}cert=AbC iat-mode=0\r\n"),
        format!("\u{feff}Bridge OBFS4 192.0.2.1:443 ${f} cert=A\u{200b}bC iat-mode=0"),
        format!("obfs4 192.0.2.1:443 ${f}~nick cert=AbC iat-mode=0"),
        format!("obfs4 192.0.2.1:443 {f}~nick cert=AbC iat-mode=0"),
        format!("obfs4 192.0.2.1:443 ${f}=nick cert=AbC iat-mode=0\u{200e}"),
    ] {
        check(&pasted, &obfs4);
    }
}

#[test]
fn what_is_no_bridge_is_refused_with_what_is_wrong() {
    let f = FINGERPRINT;
    for (line, expected) in [
        ("", Fault::Empty),
        ("Bridge", Fault::Empty),
        ("meek 192.0.2.1:1 url=x", Fault::OldTransport),
        ("scramblesuit 192.0.2.1:1 password=x", Fault::OldTransport),
        ("OBFS4 192.0.2.1:1", Fault::Lacks("cert")),
        ("UseBridges 0", Fault::Transport),
        ("bridge.example:443", Fault::Name),
        ("webtunnel bridge.example:443 url=x", Fault::Name),
        ("x:443", Fault::Name),
        (":443", Fault::Address),
        ("2001:db8::1:443", Fault::Address),
        ("192.0.2.1:0", Fault::Address),
        ("0.0.0.0:443", Fault::Address),
        ("192.0.2.256:443", Fault::Address),
        ("obfs4", Fault::Address),
        ("192.0.2.1:443 0123", Fault::Fingerprint),
        (&format!("192.0.2.1:443 {f}0"), Fault::Fingerprint),
        (
            &format!("192.0.2.1:443 {}", f.replace('A', "G")),
            Fault::Fingerprint,
        ),
        (&format!("192.0.2.1:443 ${f}0~nick"), Fault::Fingerprint),
        ("192.0.2.1:443 ~nick", Fault::Fingerprint),
        (&format!("192.0.2.1:443 {f} cert=x"), Fault::Argument),
        (&format!("192.0.2.1:443 {f} {f}"), Fault::Argument),
        (&format!("obfs4 192.0.2.1:443 {f}"), Fault::Lacks("cert")),
        (
            &format!("obfs4 192.0.2.1:443 {f} cert=x"),
            Fault::Lacks("iat-mode"),
        ),
        (
            &format!("obfs4 192.0.2.1:443 {f} cert= iat-mode=0"),
            Fault::Lacks("cert"),
        ),
        ("snowflake 192.0.2.3:80", Fault::Lacks("url")),
        (
            "snowflake 192.0.2.3:80 sqsqueue=https://sqs.example/1/q",
            Fault::Lacks("sqscreds"),
        ),
        (
            "meek_lite 192.0.2.3:80 front=a.example",
            Fault::Lacks("url"),
        ),
        (
            "obfs4 192.0.2.1:443 node-id=x iat-mode=0",
            Fault::Lacks("public-key"),
        ),
        ("obfs4 192.0.2.1:443 cert=x iat-mode=0 =x", Fault::Argument),
        ("192.0.2.1:443\nUseBridges 0", Fault::LineBreak),
        ("192.0.2.1:443\rUseBridges 0", Fault::LineBreak),
        ("192.0.2.1:443 # mine", Fault::Character('#')),
        ("webtunnel 192.0.2.1:1 url=\"x", Fault::Character('"')),
        ("192.0.2.1:443 \\", Fault::Character('\\')),
        ("\u{201c}192.0.2.1:443", Fault::Character('\u{201c}')),
    ] {
        refused(line, expected);
    }
    refused(&"1".repeat(3_000), Fault::TooLong);
}

#[test]
fn nothing_shows_where_a_bridge_is() {
    let bridge = Bridge::parse(&format!("192.0.2.1:443 {FINGERPRINT}")).unwrap();
    let shown = format!("{bridge:?}");
    assert!(
        !shown.contains("192") && !shown.contains(FINGERPRINT),
        "{shown}"
    );
}

proptest! {
    /// The worst case: a line that Tor could read in a second way.
    #[test]
    fn whatever_is_taken_is_one_option_and_reads_the_same_again(
        line in "(Bridge )?(obfs4 |webtunnel )?(192\\.0\\.2\\.1:443|\\PC{0,9})( \
                 [0-9A-Fa-f]{40})?([ \n\r\t\"#\\\\]?(cert|iat-mode|url|\\PC{0,5})=\\PC{0,9}){0,3}",
    ) {
        if let Ok(bridge) = Bridge::parse(&line) {
            let written = bridge.line();
            prop_assert!(written.is_ascii() && !written.starts_with(' '));
            let is_foreign = |letter: char| letter.is_control() || "\"#\\".contains(letter);
            prop_assert!(!written.contains(is_foreign));
            prop_assert_eq!(Bridge::parse(&written), Ok(bridge));
        }
    }

    #[test]
    fn any_text_is_judged_without_panic(line in "\\PC*") {
        let judged = Bridge::parse(&line);
        prop_assert!(judged.is_ok() || judged.is_err());
    }
}
