//! Commands whose output is not read, and an `install` that does not come to its end.

use crate::{person::Person, programs::c_program, said::Said, support::PROGRAM};
use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::{Command, Stdio},
};

const MANIFEST: &str = "org.onionmeter.host.json";

/// Commands that change many files, in an order in which each has all its work.
const COMMANDS: [&[&str]; 6] = [
    &["install"],
    &["uninstall"],
    &["install"],
    &["uninstall", "--purge", "--yes"],
    &["harden", "--root", "image", "--all", "--yes"],
    &["unharden", "--root", "image", "--yes"],
];

fn with_two_browsers() -> Person {
    let person = Person::new();
    for folder in [".config/chromium", ".mozilla", "image"] {
        person.make(folder);
    }
    person
}

/// As with `| true`.
fn left_by_its_reader() -> Stdio {
    let (_, writer) = io::pipe().expect("a pipe");
    writer.into()
}

fn on_a_full_disk() -> Stdio {
    let full = File::options().write(true).open("/dev/full");
    full.expect("Linux has it").into()
}

/// The files that each command leaves.
#[track_caller]
fn left(stdout: impl Fn() -> Stdio, code: i32) -> Vec<Vec<PathBuf>> {
    let person = with_two_browsers();
    let relative = |path: PathBuf| path.strip_prefix(person.home()).expect("below").to_owned();
    let after = |args: &&[&str]| {
        let mut command = person.command(args);
        Said::of(command.current_dir(person.home()).stdout(stdout())).expect(code, &[]);
        let files = Person::everything(person.home()).into_iter();
        files.map(relative).collect()
    };
    COMMANDS.iter().map(after).collect()
}

#[test]
fn a_command_does_all_of_its_work_whatever_becomes_of_its_output() {
    let read = left(Stdio::null, 0);
    let firefox = PathBuf::from(format!(".mozilla/native-messaging-hosts/{MANIFEST}"));
    assert!(read[0].contains(&firefox) && !read[1].contains(&firefox));
    assert_eq!(left(left_by_its_reader, 0), read);
    assert_eq!(left(on_a_full_disk, 74), read);
}

#[test]
fn what_could_not_be_done_is_told_by_the_status_also_where_nobody_reads() {
    for stdout in [left_by_its_reader, on_a_full_disk] {
        let person = Person::new();
        let mut command = person.command(&["install"]);
        Said::of(command.stdout(stdout())).expect(4, &["no browser of this user was found"]);
    }
}

/// A file as an `install` writes it whose process has this number.
fn half_written(person: &Person, number: u32) -> PathBuf {
    person.write(
        &format!(".local/share/onionmeter/bin/onionmeter.new-{number}-0"),
        "half",
    )
}

/// The number of a process that has ended.
fn ended() -> u32 {
    let mut child = Command::new("true").spawn().expect("it starts");
    child.wait().expect("ours");
    child.id()
}

#[test]
fn leftovers_go_with_the_next_install_or_uninstall_unless_their_process_runs() {
    for command in ["install", "uninstall"] {
        let person = with_two_browsers();
        person.run(&["install"]).expect(0, &["registered"]);
        let (running, dead) = (half_written(&person, std::process::id()), ended());
        let other = format!(".mozilla/native-messaging-hosts/{MANIFEST}.new-{dead}-7");
        person.make(".local/share/applications");
        let launcher = format!(".local/share/applications/onionmeter.desktop.new-{dead}-12");
        let gone = [
            half_written(&person, dead),
            person.write(&other, "{"),
            person.write(&launcher, "["),
        ];
        let names = ["onionmeter.new-", ".json.new-", "emoved"];
        let shown = person.run(&["uninstall", "--dry-run"]).expect(0, &names);
        assert!(!shown.contains(running.to_str().expect("UTF-8")), "{shown}");
        assert!(gone.iter().all(|path| path.is_file()), "a dry run");
        let left = person.run(&["doctor"]).text;
        assert_eq!(
            left.matches("an interrupted command left").count(),
            3,
            "{left}"
        );
        person.run(&[command]).expect(0, &names);
        let left = person.run(&["doctor"]).text;
        assert!(!left.contains("an interrupted command left"), "{left}");
        assert!(!gone.iter().any(|path| path.is_file()), "{command}");
        assert!(
            running.is_file(),
            "{command} took a file that is being written"
        );
    }
}

/// A kill right before each call that renames or removes something or makes a folder.
#[test]
fn an_install_that_is_killed_leaves_no_manifest_that_the_list_does_not_know() {
    let tools = tempfile::tempdir().expect("a folder");
    let killer = c_program("killed_at.c", tools.path());
    let mut found = 0;
    for kills in 0_u32.. {
        let person = with_two_browsers();
        let mut command = person.start(&killer, &[&kills.to_string(), PROGRAM, "install"]);
        let status = command.stdout(Stdio::null()).status().expect("it starts");
        let list = fs::read_to_string(person.root().join("registered.json")).unwrap_or_default();
        for path in Person::everything(person.home()) {
            if path.ends_with(MANIFEST) {
                found += 1;
                let path = path.to_str().expect("UTF-8");
                assert!(list.contains(path), "{kills}: {path} is not in {list}");
            }
        }
        if status.success() {
            break;
        }
    }
    assert!(
        found > 2,
        "kills came between the two manifests and the end"
    );
}
