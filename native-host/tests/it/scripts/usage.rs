//! Arguments that cannot be used, and help, completions and pages of the manual.

use super::{check, object};
use crate::support::TestHome;
use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt as _};

#[test]
fn arguments_that_are_no_text_or_nothing_at_all_are_usage() {
    let home = TestHome::new();
    let odd = OsString::from_vec(b"caf\xe9".to_vec());
    for args in [&["circuit"][..], &["status"], &[], &["config", "get"]] {
        let output = home.command(args).arg(&odd).output().expect("it starts");
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
    // A file may have any name.
    let output = home
        .command(&["verify", "--"])
        .arg(&odd)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(66));
    let output = home.run(&["verify", "--", "--json"]);
    assert_eq!(output.status.code(), Some(66), "a file of that name");
    assert!(output.stdout.is_empty(), "and no option");
    for (args, part) in [
        (&["stauts"][..], "'status'"),
        (&["status", "--jsno"], "'--json'"),
        (&["config", "get", "relay.prot"], "'relay.port'"),
    ] {
        let output = home.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("similar") && said.contains(part),
            "{args:?}: {said}"
        );
    }
}

/// Bash replaces none behind `--option=`.
#[test]
fn a_tilde_that_the_shell_has_left_is_refused_with_the_path_that_was_meant() {
    let home = TestHome::new();
    let below = home.user().join("x/y");
    for args in [
        &["install", "--browser-dir=~/x/y"][..],
        &["open", "chromium", "--profile=~/x/y"],
        &["open", "chromium", "--extension=~/x/y"],
        &["reports", "--book=~/x/y"],
        &["restore", "file", "--passphrase-file=~/x/y"],
        &["backup", "~/x/y"],
        &["restore", "~/x/y"],
        &["export", "~/x/y"],
        &["verify", "~/x/y"],
        &["config", "check", "~/x/y"],
    ] {
        let output = home.command(args).current_dir(home.user()).output();
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{args:?}: {said}");
        assert!(
            said.contains(below.to_str().expect("UTF-8")),
            "{args:?}: {said}"
        );
    }
    assert!(!home.user().join("~").try_exists().expect("seen"));
}

#[test]
fn completions_and_manual_know_every_command() {
    let home = TestHome::new();
    let out = |args: &[&str]| {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(&["completions", shell]);
        for command in ["up", "down", "config", "new-circuit", "exit-codes"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(
            !script.contains("embedded-tor"),
            "{shell}: no person needs it"
        );
    }
    let page = out(&["man"]);
    assert!(
        page.contains(".TH ONIONMETER") && page.contains("exit\\-codes"),
        "{page}"
    );
    let page = out(&["man", "tor", "start"]);
    assert!(
        page.contains("\\-\\-wait") && page.contains("\\-\\-timeout"),
        "{page}"
    );
    assert_eq!(home.run(&["man", "tea"]).status.code(), Some(64));
    let script = out(&["completions", "bash"]);
    let path = home.user().join("completions.bash");
    fs::write(&path, script).expect("ours");
    // bash accepts the script, and the script completes a command.
    let ask = format!(
        "source {}; COMP_WORDS=(onionmeter sta); COMP_CWORD=1; _onionmeter onionmeter sta \
            onionmeter; \
         echo \"${{COMPREPLY[@]}}\"",
        path.display()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &ask])
        .output()
        .expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "status");
}

#[test]
fn help_and_version_are_objects_for_programs_too() {
    let home = TestHome::new();
    for (args, word) in [
        (&["--version", "--json"][..], "onionmeter "),
        (&["status", "--help", "--json"], "--watch"),
        (&["help", "--json"], "Every day"),
        (&["help", "exit-codes", "--json"], "config_invalid"),
    ] {
        let told = object(&home.run(args));
        assert_eq!(told["state"], "help", "{args:?}");
        let text = told["text"].as_str().expect("a text");
        assert!(text.contains(word), "{args:?}: {text}");
    }
}

#[test]
fn help_that_cannot_be_written_is_told_like_any_other_output() {
    let home = TestHome::new();
    for args in [&["--help"][..], &["--version"], &["help", "status"]] {
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let output = home.command(args).stdout(full).output().expect("it starts");
        assert_eq!(output.status.code(), Some(74), "{args:?}");
    }
}

#[test]
fn a_value_without_its_option_is_told_which_options_there_are() {
    let home = TestHome::new();
    for (value, option) in [
        (&["30s"][..], "--min-duration \"30s\""),
        (&["30", "s"], "--max-duration \"30 s\""),
        (&["100kB"], "--min-bytes \"100kB\""),
    ] {
        let told = check(&home, &[&["thresholds"], value].concat(), 64, "error");
        let message = told["error"]["message"].as_str().expect("a text");
        assert!(message.contains(option), "{message}");
    }
    let told = check(&home, &["logs", "-n", "many"], 64, "error");
    let message = told["error"]["message"].as_str().expect("a text");
    assert!(message.contains("write a whole number"), "{message}");
    let told = check(&home, &["reports", "--limit", "0"], 64, "error");
    let message = told["error"]["message"].as_str().expect("a text");
    assert!(message.contains("from 1 on"), "{message}");
}

#[test]
fn a_manual_page_names_its_date_and_its_version_each_in_its_place() {
    let home = TestHome::new();
    for (args, title) in [
        (&["man"][..], "ONIONMETER"),
        (&["man", "tor", "start"], "ONIONMETER-TOR-START"),
    ] {
        let output = home.run(args);
        let page = String::from_utf8_lossy(&output.stdout);
        let line = page.lines().find(|line| line.starts_with(".TH "));
        let words: Vec<_> = line.expect("a title").splitn(5, ' ').collect();
        assert_eq!(words[1..3], [title, "1"]);
        let is_date = |part: &str| part.parse::<u16>().is_ok();
        assert!(words[3].split('-').all(is_date), "{}", words[3]);
        assert!(words[4].starts_with("\"onionmeter "), "{}", words[4]);
    }
}
