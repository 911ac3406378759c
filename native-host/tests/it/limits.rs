//! What the system itself refuses: a disk that is read-only, more open files, processes or memory.

use crate::{
    backup::{WORDS, home_with, with_words},
    book::{READ_ONLY, book, mounting},
    person::Person,
    said::{Said, check},
    support::{Bridge, PROGRAM, TestHome},
};
use meter_wire::{ErrorCode, FromDaemon, Notice};
use std::{fs, path::Path, process::Command};

/// A command that may open as many files.
fn limited(home: &TestHome, files: u32, args: &[&str]) -> Said {
    below("-n", home, files, args)
}

/// A command whose files may have no more than so many blocks.
fn small_files(home: &TestHome, blocks: u32, args: &[&str]) -> Said {
    below("-f", home, blocks, args)
}

/// A command below this limit of `ulimit`.
fn below(limit: &str, home: &TestHome, most: u32, args: &[&str]) -> Said {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"ulimit "$LIMIT" "$MOST" && exec "$P" "$@""#, "sh"])
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.user())
        .env("ONIONMETER_HOME", home.root())
        .env("LIMIT", limit)
        .env("MOST", most.to_string())
        .env("P", PROGRAM);
    Said::of(&mut shell)
}

/// Without care the system ends such a process by a signal, which says nothing.
#[test]
fn where_files_may_not_become_larger_that_is_said_and_nothing_is_killed() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let words = home.user().join("words");
    fs::write(&words, "correct horse battery staple\n").expect("written");
    let file = |name: &str| home.user().join(name).to_str().expect("UTF-8").to_owned();
    let (words, age, json) = (file("words"), file("kept.age"), file("evidence.json"));
    for blocks in [0, 1] {
        let limit = "File too large";
        let export: &[&str] = &["export", &json];
        small_files(&home, blocks, export).expect(73, &[&json, limit]);
        let backup: &[&str] = &["backup", &age, "--passphrase-file", &words];
        small_files(&home, blocks, backup).expect(73, &["onionmeter: "]);
        small_files(&home, blocks, &["reports"]).expect(0, &["13.725"]);
        small_files(&home, blocks, &["monitor", "start"]).expect(73, &[limit, "`ulimit -f`"]);
        small_files(&home, blocks, &["stop"]).expect(0, &["is stopped"]);
    }
    for file in [&age, &json] {
        assert!(fs::symlink_metadata(file).is_err(), "{file}");
    }
    check(&home, &["reports"], 0, &["13.725"]);
    check(&home, &["monitor", "start"], 0, &["is open"]);
}

const SENTENCE: &str = "The system lets Onionmeter open no more files; raise that limit";

#[test]
fn where_too_few_files_may_be_opened_that_is_said_and_no_file_is_blamed() {
    let home = TestHome::new();
    drop(book(&home, 3));
    home.configure("[log]\nlevel = \"info\"\n");
    for files in [5, 6, 8, 10, 14, 18, 20, 24, 31, 64, 255] {
        for args in [&["monitor", "start"][..], &["up"], &["tor", "start"]] {
            let limit = format!("may open {files} files here, as `ulimit -Hn` prints");
            let said = limited(&home, files, args);
            let said = said.expect(69, &[SENTENCE, &limit, "this needs 256"]);
            for name in [
                "config.toml",
                "last-signed",
                "device.key",
                "book",
                "daemon cannot",
            ] {
                assert!(!said.contains(name), "{files} {args:?}: {said}");
            }
        }
        let said = limited(&home, files, &["daemon"]).expect(69, &[SENTENCE]);
        assert!(!said.contains("config.toml"), "{said}");
        limited(&home, files, &["reports"]).expect(0, &["13.725"]);
    }
    for files in [6, 31] {
        let words = home.user().join("words");
        fs::write(&words, "correct horse battery staple\n").expect("written");
        let [words, file] =
            [&words, &home.user().join("kept.age")].map(|path| path.display().to_string());
        let backup = ["backup", &file, "--passphrase-file", &words];
        let said = limited(&home, files, &backup).expect(69, &[SENTENCE]);
        assert!(!said.contains("repair"), "{said}");
        limited(&home, files, &["status"]).expect(69, &[SENTENCE]);
        limited(&home, files, &["doctor"]).expect(1, &[SENTENCE]);
    }
    limited(&home, 32, &["status"]).expect(3, &["not running"]);
    limited(&home, 256, &["monitor", "start"]).expect(0, &["is open and counts"]);
    limited(&home, 32, &["status"]).expect(0, &["127.0.0.1"]);
    let settings = limited(&home, 256, &["doctor"]);
    assert!(
        !settings.text.contains("connections_max"),
        "{}",
        settings.text
    );
    check(&home, &["stop"], 0, &[]);
}

#[test]
fn a_start_on_a_read_only_disk_says_so_with_the_status_for_a_folder_that_cannot_be_written() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["stop"], 0, &[]);
    let run = |line: &str| mounting(&home, &format!(r#"{READ_ONLY} "$P" {line}"#));
    for command in ["monitor start", "up", "tor start", "tor use managed"] {
        let Some(output) = run(command) else {
            return;
        };
        let said = Said::from(&output);
        let said = said.expect(
            73,
            &["is read-only; make it writable", "Read-only file system"],
        );
        assert!(
            !said.contains("daemon cannot be started"),
            "{command}: {said}"
        );
    }
    let daemon = Said::from(&run("daemon").expect("as before"));
    daemon.expect(73, &["daemon.lock: Read-only file system"]);
    // A home from which a folder has gone cannot be completed there.
    fs::remove_dir_all(home.root().join("log")).expect("ours");
    let said = Said::from(&run("monitor start").expect("as before"));
    said.expect(73, &["is read-only; make it writable"]);
}

/// A user of this test alone: the limit counts all processes of a user.
const BUSY_USER: u32 = 64_011;

/// Runtimes panic where they cannot start their threads.
#[test]
fn where_too_few_processes_may_be_started_that_is_said_and_nothing_panics() {
    let Some(person) = Person::ordinary(BUSY_USER) else {
        return;
    };
    person.without_tor(&person.root());
    let program = person.program();
    let name = program.to_str().expect("UTF-8");
    let limited = |processes: u32, args: &[&str]| {
        let limit = format!("--nproc={processes}:{processes}");
        let args = [&[&limit, name], args].concat();
        person.start(Path::new("prlimit"), &args)
    };
    let sentence = "start no more processes and threads (`ulimit -u`)";
    for processes in 1..5 {
        for args in [&["monitor", "start"][..], &["up"], &["tor", "start"]] {
            Said::of(&mut limited(processes, args)).expect(7, &[sentence]);
        }
        let said = Said::of(&mut limited(processes, &["daemon"])).expect(69, &[sentence]);
        assert_eq!(said.lines().count(), 1, "{said}");
        Said::of(&mut limited(processes, &["status"])).expect(3, &["not running"]);
        Said::of(&mut limited(processes, &["reports"])).expect(5, &["no reports"]);
    }
    for processes in 1..3 {
        let origin = onionmeter_host::ids::chromium_origin();
        let mut bridge = Bridge::start(limited(processes, &[&origin]));
        match bridge.frame() {
            Some(FromDaemon::Notice(Notice::Problem(problem))) => {
                assert_eq!(problem.code, ErrorCode::DaemonUnreachable);
                assert!(problem.detail.expect("why").contains(sentence));
            }
            other => panic!("{processes}: {other:?}"),
        }
        assert_eq!(bridge.wait().code(), Some(69));
    }
    Said::of(&mut limited(64, &["monitor", "start"])).expect(0, &["is open and counts"]);
}

/// The code that encrypts takes all its memory at once, and would end the process.
#[test]
fn where_a_backup_gets_too_little_memory_that_is_said_and_no_file_is_made() {
    let home = home_with(3);
    let (sound, small) = (home.user().join("sound.age"), home.user().join("small.age"));
    let name = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let limited = |args: &[&str]| {
        drop(with_words(&home, &[], WORDS));
        let words = name(&home.user().join("words"));
        let args = [args, &["--passphrase-file", &words]].concat();
        below("-v", &home, 200_000, &args)
    };
    Said::of(&mut with_words(&home, &["backup", &name(&sound)], WORDS)).expect(0, &[]);
    let said = ["MiB of memory", "`ulimit -v`"];
    limited(&["backup", &name(&small)]).expect(69, &said);
    assert!(fs::symlink_metadata(&small).is_err());
    limited(&["restore", &name(&sound), "--replace"]).expect(69, &said);
    check(&home, &["reports"], 0, &["13.725"]);
}
