//! What the operator's commands say and do.

use crate::{
    program::{Home, PROGRAM, fill},
    support::{challenge, far, receipt_bytes, submit},
};
use onionmeter_ledger::{committer::Answer, ledger::Outcome};
use std::process::Command;

const COMMANDS: [&str; 14] = [
    "serve",
    "audit",
    "policy",
    "account",
    "device",
    "revoke",
    "invite",
    "admin-link",
    "backup",
    "restore",
    "copy",
    "rotate-key",
    "prune",
    "exit-codes",
];

#[test]
fn the_help_of_every_command_says_what_it_does_and_fits_a_terminal() {
    let help = |words: &[&str]| {
        let output = Command::new(PROGRAM).args(words).output().expect("starts");
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let all = help(&["--help"]);
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{command}");
        let text = help(&[command, "--help"]);
        assert!(text.contains("--data <DIR>"), "{command}");
        for line in text.lines().chain(all.lines()) {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
    for words in [
        &["account", "delete"][..],
        &["policy", "set"],
        &["device", "list"],
    ] {
        help(&[words, &["--help"]].concat());
    }
}

#[test]
fn wrong_usage_ends_with_64_in_text_and_in_json() {
    let home = Home::new();
    for words in [
        &["server"][..],
        &["policy", "set"],
        &["revoke", "xyz"],
        &["invite", "--for", "9"],
    ] {
        home.refused(words, 64);
    }
    let output = home.run(&["--json", "server"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(object["state"], "error");
    assert_eq!(object["error"]["code"], "usage");
    assert_eq!(object["error"]["exit_status"], 64);
    assert!(output.stderr.is_empty());
}

/// Taken for an option, it would get a sentence about options.
#[test]
fn a_number_below_zero_is_told_as_the_value_that_it_is() {
    let home = Home::new();
    for words in [
        &["prune", "--keep-reports"][..],
        &["serve", "--keep-reports"],
        &["invite", "--for"],
        &["account", "list", "--limit"],
        &["policy", "set", "--bytes-per-day"],
        &["policy", "set", "--session-cap"],
        &["policy", "set", "--devices-per-account"],
    ] {
        let text = home.refused(&[words, &["-1"]].concat(), 64);
        assert!(text.contains("invalid value '-1'"), "{words:?}: {text}");
    }
}

#[test]
fn the_price_of_a_lie_is_printed_and_follows_the_policy() {
    let home = Home::new();
    drop(home.open());
    let told = home.told(&["policy"]);
    assert_eq!(told["number"], 1);
    let sentence = "whatever it claims, an account earns at most 9,640 credits a day; doing \
                    nothing earns 8,640";
    assert_eq!(told["price_of_a_lie"]["sentence"], sentence);
    let told = home.told(&[
        "policy",
        "set",
        "--bytes-per-day",
        "500MB",
        "--session-cap",
        "1h",
    ]);
    assert_eq!(
        (&told["number"], &told["bytes_per_day"]),
        (&2.into(), &"500000000".into())
    );
    assert_eq!(told["price_of_a_lie"]["most_per_day"], "8,890");
    let told = home.told(&["policy", "set", "--enrolment", "by-invitation"]);
    assert_eq!(
        (&told["number"], &told["session_cap_ms"]),
        (&3.into(), &"3600000".into())
    );
    home.refused(&["policy", "set", "--devices-per-account", "0"], 64);
    home.refused(&["policy", "set", "--bytes-per-day", "9000000TB"], 64);
    assert_eq!(home.told(&["policy", "show"])["number"], 3);
}

/// The sentence promises what doing nothing earns; no rule may make that untrue.
#[test]
fn rules_under_which_the_promise_is_not_kept_are_refused_with_the_option_to_change() {
    let home = Home::new();
    drop(home.open());
    for (words, option) in [
        (&["--session-cap", "0s"][..], "--session-cap 0"),
        (&["--time-backlog", "0s"], "--time-backlog of 0"),
        (&["--time-backlog", "119min"], "--time-backlog of 119min"),
        (&["--session-cap", "8d"], "of 8d (--session-cap)"),
        (&["--byte-backlog", "0s"], "--bytes-per-day 0B"),
    ] {
        let text = home.refused(&[&["policy", "set"], words].concat(), 64);
        assert!(text.contains(option), "{words:?}: {text}");
    }
    for words in [
        &["--time-backlog", "2h"][..],
        &["--bytes-per-day", "0B", "--byte-backlog", "0s"],
    ] {
        home.told(&[&["policy", "set"], words].concat());
    }
    assert_eq!(home.told(&["policy"])["number"], 3);
}

#[tokio::test]
async fn accounts_and_devices_are_listed_shown_removed_and_deleted() {
    let home = Home::new();
    let opened = home.open();
    let mut reporters = fill(&opened.ledger, 2, 3).await;
    let told = home.told(&["account", "list"]);
    assert_eq!(told["accounts"].as_array().expect("a list").len(), 2);
    let id = hex::encode(reporters[0].account.0);
    let told = home.told(&["account", "show", &id]);
    assert_eq!(
        (&told["reports"], &told["account"]),
        (&"3".into(), &id.as_str().into())
    );
    let key = hex::encode(reporters[0].device.key().0);
    assert_eq!(told["devices"][0]["device"], key.as_str());
    // A server that runs meanwhile takes nothing more of a removed device.
    home.told(&["revoke", &key]);
    let next = reporters[0].device.report(1, 1);
    let outcome = submit(&opened.ledger, &[next]).await.remove(0);
    assert!(
        matches!(outcome, Outcome::Answered(Answer::UnknownDevice)),
        "{outcome:?}"
    );
    home.refused(&["revoke", &key], 66);
    let told = home.told(&["device", "list", &id]);
    assert!(told["devices"][0]["removed_ms"].is_string());
    let text = home.refused(&["account", "delete", &id], 64);
    assert!(text.contains("--yes"), "{text}");
    home.told(&["account", "delete", &id, "--yes"]);
    for words in [
        &["account", "show", &id][..],
        &["account", "delete", &id, "--yes"],
        &["device", "list", &id],
    ] {
        home.refused(words, 66);
    }
    assert_eq!(home.told(&["account", "list"])["accounts_count"], "1");
    assert_eq!(home.told(&["audit"])["state"], "sound");
}

#[tokio::test]
async fn an_invitation_of_the_command_line_opens_an_account_once() {
    let home = Home::new();
    let opened = home.open();
    home.told(&["policy", "set", "--enrolment", "by-invitation"]);
    opened.ledger.refresh().expect("the new policy");
    let told = home.told(&["invite", "--for", "1h"]);
    let words = told["code"].as_str().expect("words");
    assert!(
        told["command"]
            .as_str()
            .expect("text")
            .ends_with(&format!("--code \"{words}\""))
    );
    let code = onionmeter_ledger::ledger::RecoveryCode::parse(words).expect("a code");
    let enrol = |number, code| {
        let device = meter_testkit::device::Device::numbered(number);
        let statement = device.enrolment(opened.ledger.key(), challenge(), code);
        opened.ledger.enrol(&statement, far())
    };
    enrol(1, None).expect_err("an invitation is needed");
    let enrolled = enrol(2, Some(code.hash())).expect("invited");
    enrol(3, Some(code.hash())).expect_err("used");
    let account = hex::encode(enrolled.account.0);
    let told = home.told(&["invite", "--account", &account]);
    let code = told["code"].as_str().expect("words");
    let code = onionmeter_ledger::ledger::RecoveryCode::parse(code).expect("a code");
    let joined = enrol(4, Some(code.hash())).expect("invited");
    assert_eq!(joined.account, enrolled.account);
    home.refused(&["invite", "--account", &"0".repeat(32)], 66);
}

#[test]
fn the_link_to_the_operators_page_works_once() {
    let home = Home::new();
    let opened = home.open();
    let told = home.told(&["admin-link"]);
    let link = told["link"].as_str().expect("a link");
    let token = link
        .strip_prefix("http://127.0.0.1:3443/login/")
        .expect(link);
    let token = onionmeter_ledger::ledger::LinkToken::parse(token).expect("a token");
    let view = opened.ledger.look_at_login(&token).expect("made");
    assert_eq!(
        (view.account, view.words.as_str()),
        (None, told["words"].as_str().expect("text"))
    );
    let (_, session) = opened.ledger.use_login(&token).expect("once");
    assert_eq!(session.account, None);
    opened.ledger.use_login(&token).expect_err("used");
}

#[test]
fn a_command_beside_a_server_tells_the_address_that_the_server_told() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let address = serving.word("address");
    let told = home.told(&["admin-link"]);
    let link = told["link"].as_str().expect("a link");
    assert!(link.starts_with(&format!("{address}/login/")), "{link}");
    serving.kill();
    let told = home.told(&["admin-link"]);
    let link = told["link"].as_str().expect("a link");
    assert!(link.starts_with("http://127.0.0.1:3443/login/"), "{link}");
}

/// The pages may be on the web; devices reach an onion service.
#[test]
fn people_are_told_the_address_that_devices_reach_and_browsers_the_first_one() {
    let home = Home::new();
    let (web, onion) = ("https://ledger.example", "http://ledger.onion");
    let serving = home.serve(&["--origin", web, "--origin", onion]);
    let command = "onionmeter enroll http://ledger.onion";
    assert_eq!(
        (serving.word("address"), serving.word("enrol")),
        (web.into(), command.into())
    );
    let told = home.told(&["admin-link"]);
    assert!(told["link"].as_str().expect("a link").starts_with(web));
    let told = home.told(&["invite"]);
    assert!(told["command"].as_str().expect("text").starts_with(command));
    serving.kill();
    let serving = home.serve(&["--origin", web]);
    assert!(serving.told["enrol"].is_null(), "{}", serving.told);
    let told = home.told(&["invite"]);
    let command = told["command"].as_str().expect("text");
    assert!(
        command.starts_with("onionmeter enroll ADDRESS.onion --code"),
        "{command}"
    );
}

#[tokio::test]
async fn forgotten_bodies_change_no_receipt_no_balance_and_no_audit() {
    let home = Home::new();
    let opened = home.open();
    let mut reporter = fill(&opened.ledger, 1, 5).await.remove(0);
    let before = opened.ledger.balance(reporter.account).expect("a balance");
    assert_eq!(home.told(&["prune", "--keep-reports", "1"])["reports"], "0");
    assert_eq!(home.told(&["prune", "--keep-reports", "0"])["reports"], "5");
    let sessions = opened.ledger.sessions(
        reporter.account,
        onionmeter_ledger::ledger::Cursor::newest(),
        9,
    );
    assert!(
        sessions
            .expect("read")
            .iter()
            .all(|session| session.report.is_none())
    );
    let again = submit(&opened.ledger, &reporter.reports).await;
    for (outcome, receipt) in again.iter().zip(&reporter.receipts) {
        assert!(
            matches!(outcome, Outcome::Answered(Answer::Replay(_))),
            "{outcome:?}"
        );
        assert_eq!(receipt_bytes(outcome), *receipt);
    }
    assert_eq!(
        opened.ledger.balance(reporter.account).expect("a balance"),
        before
    );
    // The chain goes on, and a second history is noticed as before.
    reporter.report(&opened.ledger, 1).await;
    let told = home.told(&["audit"]);
    assert_eq!(
        (&told["reports"], &told["pruned"]),
        (&"6".into(), &"5".into())
    );
    assert_eq!(home.told(&["prune", "--keep-reports", "0"])["reports"], "1");
}

#[test]
fn every_exit_status_and_every_command_stands_in_the_page_for_programs() {
    let page = include_str!("../../../docs/spec/ledger-command-line.md");
    let home = Home::new();
    let told = home.told(&["exit-codes"]);
    for row in told["exit_codes"].as_array().expect("a list") {
        let word = |name: &str| row[name].as_str().expect("a text");
        let (name, meaning) = (word("name"), word("meaning"));
        let line = format!("| {} | `{name}` | {meaning} |", row["code"]);
        assert!(page.contains(&line), "{line}");
    }
    for command in COMMANDS {
        assert!(page.contains(&format!("`{command}`")) || page.contains(&format!("`{command} ")));
    }
}

/// No answer of HTTP can have such a date, so every request would end without one.
#[test]
fn a_clock_before_1970_or_after_9999_keeps_the_ledger_from_serving_and_changes_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let data = place.path().join("ledger");
    for moved in ["-60y", "+7980y"] {
        let mut command = Command::new("faketime");
        command.args([
            "-f",
            moved,
            PROGRAM,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
        ]);
        let output = command.arg(&data).output().expect("faketime is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{moved}: {said}");
        assert!(
            said.contains("clock is before 1970 or after 9999"),
            "{said}"
        );
        assert!(!data.try_exists().expect("readable"), "{moved}");
    }
}
