//! Browsers with a floor, and policies, as a person starts and installs them.

use crate::{
    said::Said,
    support::{Bridge, PROGRAM, TestHome},
};
use meter_fixtures::script;
use meter_wire::{FromDaemon, Notice};
use onionmeter_host::{ids, launch};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A program in the place of a browser; it writes down how it was started.
fn browser(home: &TestHome, name: &str) -> PathBuf {
    let path = home.user().join(name);
    script::put(&path, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a script");
    path
}

fn open(home: &TestHome, browser: &Path, more: &[&str]) -> Output {
    let mut command = home.command(&["open"]);
    command
        .arg(browser)
        .args(more)
        .output()
        .expect("the program starts")
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    Said::from(output).expect(code, &[])
}

#[test]
fn a_chromium_is_started_with_a_floor_and_what_the_person_adds() {
    let home = TestHome::new();
    let chromium = browser(&home, "chromium");
    let profile = home.user().join("a profile");
    let profile = profile.to_str().unwrap();
    let more = [
        "--profile",
        profile,
        "--",
        "--headless=new",
        "http://a.test/",
    ];
    let text = said(&open(&home, &chromium, &more), 0);
    for argument in launch::arguments() {
        assert!(text.contains(argument.to_str().unwrap()), "{text}");
    }
    let rest = format!("--user-data-dir={profile}\n--headless=new\nhttp://a.test/\n");
    assert!(text.ends_with(&rest), "{text}");
    for undoing in [
        "--no-proxy-server",
        "--proxy-server=direct://",
        "--host-resolver-rules=",
    ] {
        let text = said(&open(&home, &chromium, &["--", undoing]), 64);
        assert!(text.contains("undo the floor"), "{text}");
    }
}

#[test]
fn a_browser_that_runs_without_a_floor_is_not_opened_once_more() {
    let home = TestHome::new();
    let chromium = browser(&home, "chromium");
    let profile = home.user().join("profile");
    fs::create_dir(&profile).unwrap();
    let ours = std::process::id();
    symlink(format!("host-{ours}"), profile.join("SingletonLock")).unwrap();
    let more = ["--profile", profile.to_str().unwrap()];
    let text = said(&open(&home, &chromium, &more), 69);
    assert!(text.contains(&format!("process {ours}")), "{text}");
}

#[test]
fn an_extension_is_loaded_only_where_the_browser_takes_it() {
    let home = TestHome::new();
    let profile = home.user().join("profile");
    let (profile, extension) = (profile.to_str().unwrap(), home.user().join("extension"));
    let extension = extension.to_str().unwrap();
    let more = ["--profile", profile, "--extension", extension];
    let chromium = browser(&home, "chromium");
    let text = said(&open(&home, &chromium, &more), 64);
    assert!(text.contains("manifest.json"), "{text}");
    fs::create_dir(extension).unwrap();
    fs::write(format!("{extension}/manifest.json"), "{}").unwrap();
    let text = said(&open(&home, &chromium, &more), 0);
    assert!(
        text.contains(&format!("--load-extension={extension}\n")),
        "{text}"
    );
    let preferences = fs::read_to_string(format!("{profile}/Default/Preferences")).unwrap();
    assert!(
        preferences.contains("\"developer_mode\":true"),
        "{preferences}"
    );
    for name in ["google-chrome", "firefox"] {
        let text = said(&open(&home, &browser(&home, name), &more), 64);
        assert!(text.contains("by hand"), "{text}");
    }
}

#[test]
fn a_firefox_gets_a_profile_of_its_own_with_a_floor() {
    let home = TestHome::new();
    let firefox = browser(&home, "firefox");
    let text = said(&open(&home, &firefox, &[]), 0);
    let profile = home.root().join("firefox");
    assert_eq!(text, format!("--profile\n{}\n", profile.display()));
    let preferences = fs::read_to_string(profile.join("user.js")).unwrap();
    assert_eq!(preferences, launch::preferences());
}

#[test]
fn policies_are_shown_written_and_removed_without_a_trace() {
    let home = TestHome::new();
    let root = home.user().join("root");
    fs::create_dir(&root).unwrap();
    let on = |command: &str, more: &[&str]| {
        let arguments = [&[command, "--root", root.to_str().unwrap()], more].concat();
        home.run(&arguments)
    };
    let text = said(&on("harden", &["--all", "--dry-run"]), 0);
    assert!(
        text.contains("etc/firefox/policies/policies.json"),
        "{text}"
    );
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    let text = said(&on("harden", &["--all"]), 64);
    assert!(text.contains("--yes"), "{text}");
    let theirs = root.join("etc/chromium/policies/managed/theirs.json");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "{}").unwrap();
    said(&on("harden", &["--all", "--yes"]), 0);
    let firefox = root.join("etc/firefox/policies/policies.json");
    assert!(firefox.is_file());
    let text = said(&on("unharden", &["--yes"]), 0);
    assert!(text.contains("removed"), "{text}");
    fs::remove_file(&theirs).unwrap();
    let left = Command::new("find")
        .arg(&root)
        .args(["-type", "f"])
        .output()
        .unwrap();
    assert_eq!(said(&left, 0), "");
    assert!(
        !root.join("etc/firefox").is_dir(),
        "the folders that were made go, too"
    );

    fs::create_dir_all(firefox.parent().unwrap()).unwrap();
    fs::write(&firefox, "{\"policies\":{}}").unwrap();
    let text = said(&on("harden", &["--all", "--yes"]), 1);
    assert!(text.contains("add by hand"), "{text}");
    said(&on("unharden", &["--yes"]), 0);
    assert_eq!(fs::read_to_string(&firefox).unwrap(), "{\"policies\":{}}");
}

/// Starts a stand-in for the browser, which is a shell with these arguments. The bridge is its
/// child.
fn floor_notice_below(arguments: &[&str]) -> Option<FromDaemon> {
    let home = TestHome::new();
    let plain = home.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" \"$1\"; exit", PROGRAM]);
    command.arg(ids::chromium_origin()).args(arguments);
    command.envs(
        plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    Bridge::start(command).frame()
}

#[test]
fn the_bridge_says_whether_its_browser_has_a_floor() {
    let floor: Vec<_> = launch::arguments();
    let floor: Vec<_> = floor
        .iter()
        .map(|argument| argument.to_str().unwrap())
        .collect();
    for (arguments, expected) in [
        (&floor[..], true),
        (&floor[..1], false),
        (&floor[..0], false),
    ] {
        let notice = floor_notice_below(arguments);
        let Some(FromDaemon::Notice(Notice::Floor { present })) = notice else {
            panic!("{notice:?}");
        };
        assert_eq!(present, expected, "{arguments:?}");
    }
}

#[test]
fn a_launcher_of_somebody_else_stays_and_ours_goes_wherever_it_was_put_and_whoever_changed_it() {
    let home = TestHome::new();
    browser(&home, "firefox");
    fs::create_dir(home.user().join(".mozilla")).expect("made");
    let path = format!("{}:/usr/bin:/bin", home.user().display());
    let run = |args: &[&str], data: Option<&Path>| {
        let mut command = home.command(args);
        command.env("PATH", &path);
        command.envs(data.map(|data| ("XDG_DATA_HOME", data)));
        Said::of(&mut command)
    };
    let usual = home.user().join(".local/share");
    let launcher = |data: &Path| data.join("applications/onionmeter.desktop");
    let theirs = "[Desktop Entry]\nType=Application\nName=Mine\nExec=/my/thing\n";
    fs::create_dir_all(usual.join("applications")).expect("made");
    fs::write(launcher(&usual), theirs).expect("written");
    run(&["install"], None).expect(0, &["Launcher:", "stays as it is"]);
    run(&["uninstall"], None).expect(0, &[]);
    let there = fs::read_to_string(launcher(&usual)).expect("there");
    assert_eq!(there, theirs);

    fs::remove_file(launcher(&usual)).expect("ours");
    run(&["install"], None).expect(0, &["(onionmeter open)"]);
    let own = fs::read_to_string(launcher(&usual)).expect("made");
    let changed = own.replace("Icon=web-browser", "Icon=mine");
    fs::write(launcher(&usual), &changed).expect("written");
    run(&["install"], None).expect(0, &[]);
    let there = fs::read_to_string(launcher(&usual)).expect("there");
    assert_eq!(there, changed, "what a person changed stays changed");
    run(&["uninstall"], None).expect(0, &["Launcher", "removed"]);
    assert!(
        !launcher(&usual).is_file(),
        "nothing is left that starts nothing"
    );

    // The home is where it was, and the variable is gone with the shell that had it.
    let data = home.user();
    run(&["install"], Some(data)).expect(0, &[]);
    assert!(launcher(data).is_file());
    run(&["uninstall"], None).expect(0, &["Launcher", "removed"]);
    assert!(!launcher(data).is_file());

    // Neither beside the home nor at the usual place.
    let data = &home.user().join("elsewhere");
    run(&["install"], Some(data)).expect(0, &[]);
    assert!(launcher(data).is_file());
    run(&["uninstall"], None).expect(0, &["Launcher", "removed"]);
    assert!(!launcher(data).is_file());
}
