//! The JSON objects of commands that change several things, and of commands that stop something.

use crate::{
    scripts::{check, object},
    support::TestHome,
};
use meter_fixtures::script;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// The parts of one kind: the outcome and the place of each.
fn outcomes(object: &Value, kind: &str) -> Vec<(String, String)> {
    let parts = object["parts"].as_array().expect("parts").iter();
    let parts = parts.filter(|part| part["part"] == kind);
    let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
    parts
        .map(|part| (text(part, "outcome"), text(part, "path")))
        .collect()
}

/// A person with a Firefox folder and a program called chromium, and no other browser.
fn person() -> TestHome {
    let home = TestHome::new();
    fs::create_dir(home.user().join(".mozilla")).expect("a browser's folder");
    script(&home.user().join("bin/chromium"), "exit 0");
    home
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    script::put(path, &format!("#!/bin/sh\n{text}\n")).expect("a script");
}

/// Runs a command that finds this program called chromium.
fn run(home: &TestHome, args: &[&str]) -> std::process::Output {
    let path = format!("{}/bin:/usr/bin:/bin", home.user().display());
    let mut command = home.command(args);
    command.env("PATH", path).output().expect("it starts")
}

#[test]
fn install_and_uninstall_give_one_object_with_what_became_of_each_part() {
    let home = person();
    let at = |path: &str| home.user().join(path).display().to_string();
    let manifest = |object: &Value| {
        let (outcome, path) = outcomes(object, "browser").remove(0);
        assert!(path.starts_with(&at(".mozilla")), "{path}");
        outcome
    };
    let installed = check(&home, &["install"], 0, "registered");
    assert_eq!(manifest(&installed), "registered");
    assert_eq!(
        outcomes(&installed, "program"),
        [("starts".to_owned(), at("home/bin/onionmeter"))]
    );
    let again = check(&home, &["install"], 0, "registered");
    assert_eq!(manifest(&again), "already_registered");
    assert_eq!(
        outcomes(&again, "command"),
        [("made".to_owned(), at(".local/bin/onionmeter"))]
    );
    let shown = check(&home, &["uninstall", "--dry-run"], 0, "shown");
    assert_eq!(manifest(&shown), "would_be_removed");
    let removed = check(&home, &["uninstall"], 0, "removed");
    assert_eq!(manifest(&removed), "removed");
    let removed = check(&home, &["uninstall", "--purge", "--yes"], 0, "removed");
    assert_eq!(
        outcomes(&removed, "home"),
        [("removed".to_owned(), at("home"))]
    );
    let nothing = check(&home, &["uninstall", "--purge", "--yes"], 0, "removed");
    assert_eq!(outcomes(&nothing, "home")[0].0, "absent");
}

#[test]
fn what_could_not_be_registered_stands_in_the_object_of_the_error() {
    let home = TestHome::new();
    let none = check(&home, &["install"], 4, "error");
    assert_eq!(none["error"]["code"], "no_browser");
    assert_eq!(outcomes(&none, "program")[0].0, "starts", "{none}");
    // A file where Firefox has its folder of manifests.
    fs::create_dir(home.user().join(".mozilla")).expect("a browser's folder");
    let in_the_way = home.user().join(".mozilla/native-messaging-hosts");
    fs::write(in_the_way, "").expect("written");
    let failed = check(&home, &["install"], 73, "error");
    assert_eq!(outcomes(&failed, "browser")[0].0, "not_registered");
    let message = failed["error"]["message"].as_str().expect("a message");
    assert!(message.contains("`parts`"), "{message}");
}

#[test]
fn a_dry_run_names_all_that_goes_in_earnest_and_nothing_else() {
    for purge in [&[][..], &["--purge"]] {
        let home = person();
        let output = run(&home, &["install"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Launcher: "), "{text}");
        let lines = |more: &[&str]| -> Vec<String> {
            let output = run(&home, &[&["uninstall"], more, purge].concat());
            let text = String::from_utf8(output.stdout).expect("text");
            assert_eq!(output.status.code(), Some(0), "{text}");
            let went = text.lines().map(str::to_owned);
            went.filter(|line| line.contains("removed  ")).collect()
        };
        let would = lines(&["--dry-run"]);
        for part in [
            ".local/bin/onionmeter",
            "onionmeter.desktop",
            "home/bin/onionmeter",
            "native-messaging-hosts",
        ] {
            let named = would.iter().filter(|line| line.contains(part)).count();
            assert_eq!(named, 1, "{part}: {would:?}");
        }
        assert!(home.user().join(".local/bin/onionmeter").is_symlink());
        let went = lines(&["--yes"]);
        let earnest = |line: &String| line.replace("would be removed", "removed");
        let would: Vec<_> = would.iter().map(earnest).collect();
        assert_eq!(went, would);
        assert!(!home.user().join(".local/bin/onionmeter").is_symlink());
    }
}

#[test]
fn a_question_is_refused_where_an_object_is_asked_for() {
    let home = TestHome::new();
    fs::create_dir(home.user().join(".mozilla")).expect("a browser's folder");
    check(&home, &["install"], 0, "registered");
    let refused = check(&home, &["uninstall", "--purge"], 64, "error");
    assert_eq!(refused["error"]["code"], "usage");
    assert!(refused["error"]["message"].to_string().contains("--yes"));
    assert!(home.root().join("bin/onionmeter").is_file());
    let root = home.user().join("root");
    fs::create_dir(&root).expect("made");
    let root = root.to_str().expect("UTF-8");
    let refused = check(&home, &["harden", "--all", "--root", root], 64, "error");
    assert!(refused["error"]["message"].to_string().contains("--yes"));
    let mut written = fs::read_dir(root).expect("readable");
    assert!(written.next().is_none(), "nothing was written");
}

#[test]
fn harden_and_unharden_refuse_a_root_that_is_not_there_and_make_none() {
    let home = TestHome::new();
    let (absent, file) = (home.user().join("typo"), home.user().join("file"));
    fs::write(&file, "").expect("ours");
    for root in [&absent, &file] {
        let root = root.to_str().expect("UTF-8");
        for command in [
            &["harden", "--all", "--yes", "--root", root][..],
            &["harden", "--all", "--dry-run", "--root", root],
            &["unharden", "--yes", "--root", root],
        ] {
            let refused = check(&home, command, 66, "error");
            let message = refused["error"]["message"].to_string();
            assert!(message.contains(root), "{message}");
        }
    }
    assert!(!absent.try_exists().expect("readable"), "nothing is made");
}

#[test]
fn harden_and_unharden_give_one_object_with_each_file() {
    let home = TestHome::new();
    let root = home.user().join("root");
    fs::create_dir(&root).expect("made");
    let on = |command: &str, more: &[&str], code: i32, state: &str| {
        let root = root.to_str().expect("UTF-8");
        let args = [&[command, "--root", root], more].concat();
        check(&home, &args, code, state)
    };
    let all = |object: &Value| -> Vec<String> {
        let outcomes = outcomes(object, "policies").into_iter();
        outcomes.map(|(outcome, _)| outcome).collect()
    };
    let shown = on("harden", &["--all", "--dry-run"], 0, "shown");
    let count = all(&shown).len();
    assert_eq!(all(&shown), vec!["would_be_written"; count]);
    let written = on("harden", &["--all", "--yes"], 0, "hardened");
    assert_eq!(all(&written), vec!["written"; count]);
    for part in written["parts"].as_array().expect("parts") {
        let path = part["path"].as_str().expect("a path");
        let there = fs::read_to_string(path).expect("written");
        assert_eq!(part["content"], there, "what was written was told");
    }
    let changed = root.join("etc/firefox/policies/policies.json");
    let text = fs::read_to_string(&changed).expect("there") + "\n";
    fs::write(&changed, text).expect("ours");
    let kept = on("harden", &["--all", "--yes"], 1, "kept");
    assert_eq!(all(&kept).iter().filter(|word| *word == "stays").count(), 1);
    on("unharden", &["--dry-run"], 1, "kept");
    let kept = on("unharden", &["--yes"], 1, "kept");
    let removed = all(&kept).iter().filter(|word| *word == "removed").count();
    assert_eq!(removed, count - 1);
    fs::remove_file(changed).expect("ours");
    let nothing = on("unharden", &[], 0, "unhardened");
    assert!(all(&nothing).is_empty());
}

#[test]
fn open_names_the_browser_that_it_started_and_ends() {
    let home = TestHome::new();
    let (browser, profile) = (home.user().join("chromium"), home.user().join("profile"));
    let said = home.user().join("said");
    let text = format!(
        "echo noise; echo noise >&2; echo \"$@\" > {}",
        said.display()
    );
    script(&browser, &text);
    let output = home.run(&[
        "open",
        browser.to_str().expect("UTF-8"),
        "--json",
        "--profile",
        profile.to_str().expect("UTF-8"),
    ]);
    let started = object(&output);
    assert_eq!(started["state"], "started");
    assert_eq!(started["browser"], "Chromium");
    assert_eq!(started["program"], browser.to_str().expect("UTF-8"));
    assert_eq!(started["profile"], profile.to_str().expect("UTF-8"));
    let arguments = started["arguments"].as_array().expect("a list");
    let arguments: Vec<_> = arguments.iter().filter_map(Value::as_str).collect();
    let expected = arguments.join(" ") + "\n";
    while !fs::read_to_string(&said).is_ok_and(|text| text == expected) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o644)).expect("a mode");
    let name = browser.to_str().expect("UTF-8");
    let failed = check(&home, &["open", name], 69, "error");
    let message = failed["error"]["message"].as_str().expect("a message");
    assert!(message.contains(name), "{message}");
}

/// A person who removes a kept book leaves a gap in the numbers, which the daemon fills.
#[test]
fn new_chain_names_the_book_that_it_kept_also_where_it_filled_a_gap() {
    let home = TestHome::new();
    for (number, taken) in [(1, &[2, 4][..]), (3, &[1, 2, 4])] {
        for other in taken {
            let other = home.root().join(format!("book.old-{other}.sqlite3"));
            fs::write(other, "another").expect("written");
        }
        let begun = check(&home, &["new-chain", "--yes"], 0, "begun");
        let book = begun["book"].as_str().expect("the old book is kept");
        let expected = format!("book.old-{number}.sqlite3");
        assert!(book.ends_with(&expected), "{book}, not {expected}");
        assert_ne!(fs::read(book).expect("there"), b"another");
    }
}

#[test]
fn restore_and_new_chain_give_one_object() {
    let home = TestHome::new();
    check(&home, &["restore", "/nowhere.json"], 66, "error");
    check(&home, &["new-chain"], 64, "error");
    let begun = check(&home, &["new-chain", "--yes"], 0, "begun");
    assert_eq!(begun["reports"], "0");
    let book = begun["book"].as_str().expect("the old book is kept");
    assert!(book.ends_with("book.old-1.sqlite3"), "{book}");
    let again = check(&home, &["new-chain", "--yes"], 0, "begun");
    let second = again["book"].as_str().expect("kept, too");
    assert!(second.ends_with("book.old-2.sqlite3"), "{second}");
    check(&home, &["stop"], 0, "stopped");
    let other = check(&home, &["restore", book], 65, "error");
    assert!(
        other["error"]["message"]
            .to_string()
            .contains("another chain")
    );
    let ours = home.user().join("copy.sqlite3");
    fs::copy(home.root().join("book.sqlite3"), &ours).expect("a copy");
    let ours = ours.to_str().expect("UTF-8");
    let restored = check(&home, &["restore", ours], 0, "restored");
    assert_eq!(
        (&restored["taken"], &restored["reports"]),
        (&"0".into(), &"0".into())
    );
}
