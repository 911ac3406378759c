//! Tests bridge lines as people paste them, and lines that are not bridges.

mod nothing_lost;

use proptest::prelude::*;

use super::{BridgeFault as Fault, *};

const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";
/// As long as a certificate is.
const CERT: &str = "cert=AbC+/dAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCd";

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
    let obfs4 = format!("obfs4 192.0.2.1:443 {f} {CERT} iat-mode=0");
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
    ] {
        check(line, line);
    }
    let keys = format!(
        "obfs4 192.0.2.1:443 node-id={f} public-key={} iat-mode=1",
        "0f".repeat(32)
    );
    check(&keys, &keys);
    check(
        &format!("snowflake 192.0.2.3:80 url=https://a.example/ fingerprint={f}"),
        &format!("snowflake 192.0.2.3:80 {f} url=https://a.example/ fingerprint={f}"),
    );
    check(
        "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
        "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
    );
}

/// As a relay's own file prints it.
fn in_groups(fingerprint: &str) -> String {
    let groups = fingerprint.as_bytes().chunks(4);
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

#[test]
fn several_lines_in_one_text_are_several_bridges() {
    let f = FINGERPRINT;
    let obfs4 = format!("obfs4 192.0.2.1:443 {f} {CERT} iat-mode=0");
    for text in [
        format!("{obfs4} 192.0.2.2:9001 {f}"),
        format!("1) {obfs4}; 2) vanilla 192.0.2.2:9001 {f}"),
        format!("{obfs4}<br>192.0.2.2:9001&nbsp;{f}"),
        format!("# from the mail\r\n> {obfs4}\r\n\r\n> vanilla 192.0.2.2:9001 {f}\r\n"),
        format!("['{obfs4}', '192.0.2.2:9001 {f}']"),
    ] {
        let bridges: Vec<_> = Bridge::parse_all(&text);
        let lines: Vec<_> = bridges.into_iter().map(|one| one.unwrap().line()).collect();
        assert_eq!(lines, [obfs4.clone(), format!("192.0.2.2:9001 {f}")]);
    }
    // As mail programs break long lines, also in a quoted mail.
    for broken in [
        format!("obfs4 192.0.2.1:443\n{f}\n{CERT}\niat-mode=0\nvanilla 192.0.2.2:9001\n{f}"),
        format!("> obfs4 192.0.2.1:443 ${f}\r\n> {CERT}\r\n> iat-mode=0\r\n192.0.2.2:9001 {f}"),
    ] {
        let bridges = Bridge::parse_all(&broken).into_iter();
        let lines: Vec<_> = bridges.map(|one| one.unwrap().line()).collect();
        assert_eq!(lines, [obfs4.clone(), format!("192.0.2.2:9001 {f}")]);
    }
    let alone = Bridge::parse_all("iat-mode=0\n192.0.2.2:9001");
    assert_eq!(
        alone[0],
        Err(Fault::Transport),
        "there is nothing before it"
    );
    for none in ["", " \n", "# mine", "[\"\"]"] {
        assert_eq!(Bridge::parse_all(none), [Err(Fault::Empty)], "{none:?}");
    }
    let comment = "# obfs4 192.0.2.1:443\n#Bridge 192.0.2.2:443";
    assert_eq!(Bridge::parse_all(comment), [Err(Fault::Comment)]);
    let mixed = Bridge::parse_all("UseBridges 1\nBridge 192.0.2.1:443");
    assert_eq!(mixed.len(), 2);
    assert_eq!(mixed[0], Err(Fault::Torrc("UseBridges")));
}

/// As mail, web pages, chats and the files of other programs have them.
#[test]
fn bridges_are_found_in_whatever_text_they_come_in() {
    let f = FINGERPRINT;
    let one = format!("obfs4 192.0.2.1:443 {f} {CERT} iat-mode=0");
    let other = format!("webtunnel [2001:db8::2]:443 {f} url=https://site.example/");
    for text in [
        format!("Here are your bridges:\n\n{one}\n{other}\n\nYou can scan\n-- \nBridges"),
        format!(
            "Subject: Re: x\nDate: 3 Mar 2025 10:32:11 +0000\n\n{one}\nhttps://x.example\n{other}"
        ),
        format!("\u{412}\u{430}\u{448}\u{438}:\n{one}\n{other}"),
        format!("`{one}`, `{other}`"),
        format!("``` {one} {other} ```"),
        format!("<p>{one}</p>\n<p class=\"x\">{other}</p>"),
        format!(
            "<ul><li>{one}</li><li>{}</li></ul>",
            other.replace('/', "&#x2F;")
        ),
        format!("{one}\\r\\n{other}"),
        format!("{{\"bridges\": [\"{one}\", \"{other}\"], \"type\": \"obfs4\"}}"),
        format!(
            "{{\"obfs4\":[\"{}\"],\"x\":\"{other}\"}}",
            one.replace('+', "\\u002B")
        ),
        format!("[tor]\nbridges = [\n  \"{one}\",\n  \"{other}\",\n]\n"),
        format!("user_pref(\"a.0\", \"{one}\");\nuser_pref(\"a.1\", \"{other}\");"),
        format!("('{one}', '{other}')"),
        format!("const b = [`{one}`, `{other}`];"),
        format!("<map><string name=\"x\">{one}&#10;{other}</string></map>"),
        format!("+{one}\n-{other}"),
        format!("250-Bridge={one}\n250 Bridge={other}"),
        format!("{one} | {other}"),
        format!("Bridge 1: {one}\nBridge 2: {other}"),
        format!("[10:32, 5.3.2025] A: {one}\n05.03.25, 10:33 - B: {other}"),
        format!(
            "{}\n{other}",
            one.replace('=', "=3D").replace(f, &format!("=\r\n{f}"))
        ),
        format!("{one}\n{other}")
            .replace('\n', "%0A")
            .replace(' ', "%20"),
    ] {
        let bridges = Bridge::parse_all(&text).into_iter();
        let lines: Result<Vec<_>, _> = bridges.map(|one| one.map(|one| one.line())).collect();
        assert_eq!(lines, Ok(vec![one.clone(), other.clone()]), "{text}");
    }
    // Whatever could be a bridge is never left out as a part of the letter.
    for odd in [
        "obfs5 192.0.2.9:443",
        "b.example:443",
        "192.0.2.9",
        "cert=x",
        f,
        "UseBridges 1",
    ] {
        let judged = Bridge::parse_all(&format!("{odd}\n{one}"));
        assert!(judged[0].is_err(), "{odd}");
    }
    // An address without what belongs to it would be another bridge.
    for fields in [
        format!("\"obfs4\",\"192.0.2.1:443\",\"{f}\",\"{CERT}\",\"iat-mode=0\""),
        "{\"type\":\"obfs4\",\"address\":\"192.0.2.1:443\"}".to_owned(),
        format!("{{ address: '192.0.2.1:443', fingerprint: '{f}' }}"),
    ] {
        let judged = Bridge::parse_all(&fields);
        assert!(judged.iter().all(Result::is_err), "{fields}: {judged:?}");
    }
    assert_eq!(Bridge::parse_all("Here\nthey are").len(), 2);
    let placed = Bridge::parse_all(&format!("{one}\nhttps://x.example\n192.0.2.3:99999"));
    assert_eq!(
        placed.len(),
        3,
        "so that the last one is named as the third"
    );
}

#[test]
fn what_copying_does_to_a_line_is_undone() {
    let f = FINGERPRINT;
    let obfs4 = format!("obfs4 192.0.2.1:443 {f} {CERT} iat-mode=0");
    let broken = CERT.replace("AbC+", "A\u{200b}bC+");
    for pasted in [
        format!("obfs4\t192.0.2.1:443\u{a0}{f}\u{2009}{CERT} iat-mode=0\r\n"),
        format!("\u{feff}Bridge OBFS4 192.0.2.1:443 ${f} {broken} iat-mode=0"),
        format!("obfs4 192.0.2.1:443 ${f}~nick {CERT} iat-mode=0"),
        format!("obfs4 192.0.2.1:443 {f}~nick {CERT} iat-mode=0"),
        format!("obfs4 192.0.2.1:443 ${f}=nick {CERT} iat-mode=0\u{200e}"),
        format!(
            "**obfs4 192.0.2.1:443 {f} C{} IAT-Mode=0**",
            CERT.get(1..).unwrap()
        ),
        format!("> Bridge: obfs4: 192.0.2.1:443 {f} {CERT}== iat-mode=0,"),
        format!(
            "2. 'Obfs4 192.0.2.1:443 {} {CERT} iat-mode=0'",
            in_groups(f)
        ),
    ] {
        check(&pasted, &obfs4);
    }
}

#[test]
fn what_is_no_bridge_is_refused_with_what_is_wrong() {
    for (line, expected) in [
        ("", Fault::Empty),
        ("Bridge", Fault::Empty),
        ("meek 192.0.2.1:1 url=x", Fault::OldTransport),
        ("scramblesuit 192.0.2.1:1 password=x", Fault::OldTransport),
        ("OBFS4 192.0.2.1:1", Fault::Lacks("cert")),
        ("UseBridges 0", Fault::Torrc("UseBridges")),
        (
            "ClientTransportPlugin obfs4 exec x",
            Fault::Torrc("ClientTransportPlugin"),
        ),
        ("https://bridges.example/?transport=obfs4", Fault::Link),
        ("bridge:obfs4+192.0.2.1:443", Fault::OtherLink),
        ("bridge://obfs4", Fault::OtherLink),
        ("ss://YWVz@192.0.2.1:8388", Fault::OtherLink),
        ("Here are your bridges", Fault::Transport),
        ("bridges.txt", Fault::Transport),
        ("meek-azure", Fault::OldTransport),
        ("dnstt 192.0.2.1:1 domain=x", Fault::OtherTransport("dnstt")),
        ("snowflake", Fault::OnlyTransport),
        ("obfs4", Fault::OnlyTransport),
        ("192.0.2.1:443\nUseBridges 0", Fault::LineBreak),
        ("192.0.2.1:443\rUseBridges 0", Fault::LineBreak),
        ("192.0.2.1:443 # mine", Fault::Character('#')),
        ("webtunnel 192.0.2.1:1 url=\"x y", Fault::Character('"')),
        ("192.0.2.1:443 \\", Fault::Character('\\')),
        ("\u{201c}192.0.2.1:443", Fault::Character('\u{201c}')),
    ] {
        refused(line, expected);
    }
    refused(&"1".repeat(3_000), Fault::TooLong);
}

#[test]
fn an_address_that_cannot_be_one_is_refused_with_what_is_wrong() {
    for (line, expected) in [
        ("255.255.255.255:443", Fault::Address),
        ("bridge.example:443", Fault::Name),
        ("webtunnel bridge.example:443 url=x", Fault::Name),
        ("x:443", Fault::Name),
        (":443", Fault::Address),
        ("2001:db8::1:443", Fault::Brackets),
        ("2001:db8::1", Fault::Brackets),
        ("[2001:db8::1]", Fault::NoPort),
        ("192.0.2.1", Fault::NoPort),
        ("192.0.2.1: 443", Fault::NoPort),
        ("192.0.2.1:0", Fault::Port),
        ("192.0.2.1:65536", Fault::Port),
        ("[2001:db8::1]:x", Fault::Port),
        ("0.0.0.0:443", Fault::Address),
        ("192.0.2.256:443", Fault::Address),
    ] {
        refused(line, expected);
    }
}

#[test]
fn a_fingerprint_or_a_word_that_cannot_be_one_is_refused_with_what_is_wrong() {
    let f = FINGERPRINT;
    for (line, expected) in [
        ("192.0.2.1:443 0123", Fault::Fingerprint),
        (&format!("192.0.2.1:443 {f}0"), Fault::Fingerprint),
        (
            &format!("192.0.2.1:443 {}", f.replace('A', "G")),
            Fault::Fingerprint,
        ),
        (&format!("192.0.2.1:443 ${f}0~nick"), Fault::Fingerprint),
        ("192.0.2.1:443 ~nick", Fault::Fingerprint),
        (&format!("192.0.2.1:443 {f} cert=x"), Fault::NoTransport),
        (&format!("192.0.2.1:443 {f} {f}"), Fault::Argument),
        (&format!("192.0.2.1:443 {f} 192.0.2.2:443"), Fault::Second),
        (
            &format!("obfs4 192.0.2.1:443 {f} {CERT} obfs4"),
            Fault::Second,
        ),
        (&format!("obfs4 192.0.2.1:443 {f}"), Fault::Lacks("cert")),
        (
            &format!("obfs4 192.0.2.1:443 {f} cert=x"),
            Fault::Lacks("iat-mode"),
        ),
        (
            &format!("obfs4 192.0.2.1:443 {f} {CERT} {CERT} iat-mode=0"),
            Fault::Twice("cert"),
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
    ] {
        refused(line, expected);
    }
}

#[test]
fn a_value_with_which_nothing_could_connect_is_refused_by_its_key() {
    let f = FINGERPRINT;
    let obfs4 = |cert: &str, iat| format!("obfs4 192.0.2.1:443 {f} {cert} iat-mode={iat}");
    let webtunnel = |url| format!("webtunnel 192.0.2.1:443 {f} url={url} ver=0.0.1");
    let bad = |key| Fault::Value {
        key,
        needed: match key {
            "cert" => "a certificate of 70 letters, digits, + and /",
            "url" => "an address like https://...",
            "ice" => "a list of servers like stun:192.0.2.7:3478",
            _ => "0, 1 or 2",
        },
    };
    let ice = |list| format!("snowflake 192.0.2.3:80 url=https://a.example/ ice={list}");
    for (line, expected) in [
        (&obfs4(CERT.get(..74).unwrap(), "0"), bad("cert")),
        (&obfs4(&CERT.replace('+', "%2B"), "0"), bad("cert")),
        (&obfs4(CERT, "3"), bad("iat-mode")),
        (&obfs4(CERT, "0."), bad("iat-mode")),
        (&obfs4(CERT, "0<br>"), bad("iat-mode")),
        (&webtunnel("site.example/x"), bad("url")),
        (&webtunnel("https//site.example/x"), bad("url")),
        (&webtunnel("https://"), bad("url")),
        (&webtunnel("https://site.example/?a=1&amp;b"), bad("url")),
        (&webtunnel("<https://site.example/x>"), bad("url")),
        (
            &webtunnel("[https://a.example/](https://a.example/)"),
            bad("url"),
        ),
        (
            &webtunnel("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa"),
            Fault::Value {
                key: "url",
                needed: "its server's address, but that of a mail program's check of links",
            },
        ),
        (&ice("stun:b.example:1,c.example:3478"), bad("ice")),
        (&ice("c.example"), bad("ice")),
    ] {
        refused(line, expected);
    }
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
