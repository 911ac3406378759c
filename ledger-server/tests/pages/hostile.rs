//! W-07: no text that a device, an operator or a browser chose becomes markup or a formula.

use crate::{file::csv, samples};
use onionmeter_ledger::pages::{
    AccountPage, Device, DevicesPage, FreshCode, Invitation, OperatorPage, SignInPage, Tab, Who,
    cell, html,
};

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

#[track_caller]
fn check(page: &str, times: usize) {
    assert!(!page.contains("<script") && !page.contains("<img src=x"));
    let escaped = "&#34;&#39;&#62;&#60;script&#62;alert(1)";
    assert_eq!(page.matches(escaped).count(), times, "{page}");
    assert!(page.contains("&#38;amp;"));
}

#[test]
fn w_07_names_words_and_commands_are_escaped() {
    let hostile = || HOSTILE.to_owned();
    let sign_in = SignInPage {
        token: hostile(),
        account: hostile(),
        device: Some(hostile()),
        words: vec![hostile(), hostile()],
        ..samples::sign_in(Who::Account(hostile()))
    };
    check(&html(&sign_in), 6);

    let health = samples::devices().devices[0].health;
    let device = Device {
        name: hostile(),
        ..samples::device("", 1, 2, health)
    };
    let devices = DevicesPage {
        devices: vec![device],
        removed: Vec::new(),
        ..samples::devices()
    };
    // The heading, the label of the button for screen readers, the explanation, the button.
    check(&html(&devices), 4);

    let mut history = samples::history(3);
    history.last_report = history.last_report.map(|(at, _)| (at, hostile()));
    check(&html(&samples::overview(&history, Default::default())), 1);

    let mut sessions = samples::sessions();
    sessions[0].device = hostile();
    check(&html(&samples::sessions_page(&sessions, (None, None))), 1);
}

#[test]
fn w_07_fresh_codes_causes_and_the_ledgers_name_are_escaped() {
    let hostile = || HOSTILE.to_owned();
    let account = AccountPage {
        account: hostile(),
        recovery: Some(FreshCode {
            words: vec![hostile()],
        }),
        invitation: Some(Invitation {
            command: hostile(),
            expires: samples::at(samples::NOW),
        }),
        ..samples::account()
    };
    check(&html(&account), 3);

    let mut frame = samples::frame(Who::Operator, Some(Tab::Operator));
    frame.ledger = hostile();
    let operator = OperatorPage {
        frame,
        vkey: hostile(),
        ..samples::operator::operator()
    };
    check(&html(&operator), 2);
}

/// A cursor comes back from the browser; one from the store is digits, and it is escaped all the
/// same.
#[test]
fn w_07_an_address_is_escaped_where_it_is_an_attribute() {
    let page = samples::sessions_page(&samples::sessions(), (None, Some(HOSTILE)));
    check(&html(&page), 1);
}

#[test]
fn w_07_a_csv_file_has_quoted_cells_and_no_formula() {
    let mut sessions = samples::sessions();
    sessions[0].device = "=cmd()|' /C calc'!A0".to_owned();
    sessions[1].device = "two \"words\",\r\n@SUM(1)".to_owned();
    let file = csv(&sessions, -4_575_000_000);
    assert!(file.contains(",\"'=cmd()|' /C calc'!A0\","));
    assert!(file.contains(",\"two \"\"words\"\",\r\n@SUM(1)\","));
    assert!(file.contains(",\"'-4.575\","));
    for line in file.split_terminator("\"\r\n\"") {
        for cell in line.trim_matches('"').split("\",\"") {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell}");
        }
    }
    assert_eq!(cell("\t=1"), "\"'\t=1\"");
}
