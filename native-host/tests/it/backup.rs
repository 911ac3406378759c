//! Backups: what they hold, who can open them, and what a restored one does.

mod in_place;
mod restored;

use crate::{
    book::{await_noted, book},
    said::{Said, check},
    support::{PROGRAM, TestHome},
    terminal::answered,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

pub(crate) const WORDS: &str = "correct horse battery staple";

/// A wait that takes longer has hung.
const HANG: Duration = Duration::from_secs(120);

/// A home of so many reports whose daemon has noted the last one.
pub(crate) fn home_with(reports: u32) -> TestHome {
    let home = TestHome::new();
    drop(book(&home, reports));
    check(&home, &["monitor", "start"], 0, &[]);
    await_noted(&home, u64::from(reports));
    check(&home, &["stop"], 0, &[]);
    home
}

/// The arguments of a command with the passphrase in a file.
pub(crate) fn with_words(home: &TestHome, args: &[&str], words: &str) -> Command {
    let path = home.user().join("words");
    // In one step, because commands may begin together.
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = home.user().join(format!("words-{number}"));
    fs::write(&draft, format!("{words}\n")).expect("written");
    fs::rename(draft, &path).expect("renamed");
    let mut command = home.command(args);
    command.arg("--passphrase-file").arg(path);
    command
}

fn backed_up(home: &TestHome) -> PathBuf {
    let path = home.user().join("kept.age");
    let name = path.to_str().expect("UTF-8");
    let mut backup = with_words(home, &["backup", name], WORDS);
    Said::of(&mut backup).expect(0, &["holds key and", "passphrase"]);
    path
}

fn restore(home: &TestHome, path: &Path, options: &[&str]) -> Said {
    let name = path.to_str().expect("UTF-8");
    let args = [&["restore", name], options].concat();
    Said::of(&mut with_words(home, &args, WORDS))
}

pub(crate) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Every file of a home that a restore may touch.
fn files(home: &TestHome) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![home.root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.strip_prefix(home.root()).expect("below it");
            let is_ours = ["key", "book", "receipts", "before", "restore"];
            let is_ours = is_ours
                .iter()
                .any(|own| name.to_string_lossy().starts_with(own));
            if path.is_dir() {
                folders.push(path);
            } else if is_ours {
                found.insert(name.to_path_buf(), fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn a_home_that_is_not_empty_is_only_replaced_when_asked_and_never_under_a_daemon() {
    let old = home_with(2);
    let path = backed_up(&old);
    let home = home_with(1);
    let before = files(&home);
    let words = [
        "a book of 1 report",
        "nothing was changed",
        "--replace",
        "before-restore-1",
    ];
    restore(&home, &path, &[]).expect(64, &words);
    assert_eq!(files(&home), before);

    check(&home, &["monitor", "start"], 0, &[]);
    let running = ["the daemon runs", "nothing was changed", "onionmeter stop"];
    restore(&home, &path, &["--replace"]).expect(77, &running);
    check(&home, &["status"], 0, &["in 1 report\n"]);
    check(&home, &["stop"], 0, &[]);
    restore(&home, &path, &["--replace"]).expect(0, &["2 reports"]);
    let aside = home.root().join("before-restore-1");
    for (name, content) in before {
        // The daemon has written to what it opened since.
        if name.starts_with("key/device.key") {
            assert_eq!(fs::read(aside.join(&name)).expect("kept"), content);
        }
    }
    let kept = aside.join("book.sqlite3");
    check(
        &home,
        &["reports", "--book", kept.to_str().expect("UTF-8")],
        0,
        &["4.575"],
    );
}

#[test]
fn whatever_is_no_backup_or_opens_with_other_words_is_refused_and_nothing_changes() {
    let old = home_with(1);
    let path = backed_up(&old);
    let good = fs::read(&path).expect("written");
    let home = home_with(2);
    let before = files(&home);
    let name = path.to_str().expect("UTF-8");
    let mut wrong = with_words(&home, &["restore", name, "--replace"], "some other words");
    Said::of(&mut wrong).expect(65, &["not its passphrase", "nothing was changed"]);

    let middle = good.len() / 2;
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let line = good
        .windows(3)
        .position(|word| word == b" 18")
        .expect("the work");
    let mut bomb = good.clone();
    bomb.splice(line..line + 3, *b" 30");
    let mut later = good.clone();
    later.splice(..22, *b"age-encryption.org/v9\n");
    let cases = [
        (
            good[..middle].to_vec(),
            "its end is missing or a part of it was changed",
        ),
        (good[..100].to_vec(), "its end is missing"),
        (changed(middle), "a part of it was changed"),
        (changed(good.len() - 1), "a part of it was changed"),
        (bomb, "2^30 steps of work"),
        (
            later,
            "a version of the age format that this program does not know",
        ),
    ];
    for (bytes, words) in cases {
        fs::write(&path, bytes).expect("ours");
        restore(&home, &path, &["--replace"]).expect(65, &[words, "nothing was changed"]);
        assert_eq!(files(&home), before, "{words}");
    }
    fs::write(&path, "-----BEGIN AGE ENCRYPTED FILE-----\n").expect("ours");
    restore(&home, &path, &["--replace"]).expect(65, &["a backup as text", "base64 -d"]);
    fs::write(&path, "[]").expect("ours");
    restore(&home, &path, &["--replace"]).expect(65, &["is no file of reports"]);
    assert_eq!(files(&home), before);
}

#[test]
fn a_backup_is_written_once_to_a_file_with_a_passphrase_that_is_not_soon_guessed() {
    let home = home_with(1);
    let path = home.user().join("kept.age");
    let name = path.to_str().expect("UTF-8");
    for (words, why) in [
        ("", "is empty"),
        ("short", "12 characters"),
        ("aaaaaaaaaaaaa", "5 of them"),
    ] {
        let mut weak = with_words(&home, &["backup", name], words);
        Said::of(&mut weak).expect(64, &[why, "nothing was written"]);
    }
    check(&home, &["backup", "-"], 64, &["goes into a file"]);
    assert!(!is_there(&path));
    fs::write(&path, "mine").expect("ours");
    let mut over = with_words(&home, &["backup", name], WORDS);
    Said::of(&mut over).expect(73, &["is there already"]);
    assert_eq!(fs::read_to_string(&path).expect("kept"), "mine");
    let empty = TestHome::new();
    check(&empty, &["backup", "x.age"], 5, &["has no reports yet"]);
}

#[test]
fn a_passphrase_is_asked_for_twice_at_a_terminal_that_does_not_show_it() {
    let home = home_with(1);
    let path = home.user().join("kept.age");
    let name = path.to_str().expect("UTF-8");
    let differ = answered(
        &home,
        &[WORDS, "correct horse battery"],
        &[PROGRAM, "backup", name],
    );
    differ.expect(64, &["the two passphrases differ"]);
    assert!(!is_there(&path));
    let screen = answered(&home, &[WORDS, WORDS], &[PROGRAM, "backup", name]);
    let screen = screen.expect(0, &["Passphrase for the backup: ", "once more", "1 report"]);
    assert!(!screen.contains(WORDS), "{screen}");
    let new = TestHome::new();
    answered(&new, &[WORDS], &[PROGRAM, "restore", name]).expect(0, &["1 report"]);
}

#[test]
fn a_terminal_shows_again_what_is_typed_after_a_question_was_given_up() {
    let home = home_with(1);
    let path = home.user().join("kept.age");
    let name = path.to_str().expect("UTF-8");
    for (keys, status) in [(&["^C"][..], 130), (&["^\\"], 131), (&[WORDS, "^C"], 130)] {
        answered(&home, keys, &[PROGRAM, "backup", name]).expect(status, &["Passphrase"]);
        assert!(!is_there(&path), "{keys:?}");
    }
}

#[test]
fn a_passphrase_from_a_file_is_its_whole_first_line_without_a_byte_order_mark() {
    let home = home_with(1);
    let path = home.user().join("kept.age");
    let name = path.to_str().expect("UTF-8");
    let long = "ä".repeat(2_100);
    let said = Said::of(&mut with_words(&home, &["backup", name], &long));
    said.expect(64, &["has more than 4096 bytes"]);
    assert!(!is_there(&path));
    let marked = format!("\u{feff}{WORDS}");
    Said::of(&mut with_words(&home, &["backup", name], &marked)).expect(0, &[]);
    let new = TestHome::new();
    answered(&new, &[WORDS], &[PROGRAM, "restore", name]).expect(0, &["report"]);
}

/// The home's name, the home's key and the archive are what `docs/spec/backup.md` says.
#[test]
fn the_program_age_and_any_tar_open_a_backup_and_find_what_the_page_says() {
    let home = home_with(2);
    let path = backed_up(&home);
    let archive = home.user().join("inside.tar");
    let (sealed, open) = (
        path.to_str().expect("UTF-8"),
        archive.to_str().expect("UTF-8"),
    );
    let age = ["age", "--decrypt", "--output", open, sealed];
    answered(&home, &[WORDS], &age).expect(0, &[]);
    let inside = home.user().join("inside");
    fs::create_dir(&inside).expect("made");
    let tar = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(&inside)
        .status();
    assert!(tar.expect("tar").success());
    let manifest = fs::read_to_string(inside.join("backup.json")).expect("there");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["format"], "onionmeter-backup/1");
    assert_eq!(manifest["reports"], "2");
    for file in manifest["files"].as_array().expect("a list") {
        let name = file["name"].as_str().expect("a name");
        let sum = Command::new("sha256sum").arg(inside.join(name)).output();
        let sum = String::from_utf8(sum.expect("coreutils").stdout).expect("text");
        let expected = file["sha256"].as_str().expect("a hash");
        assert!(sum.starts_with(expected), "{name}: {sum}");
    }
    assert_eq!(
        fs::read(inside.join("key/device.key")).expect("a key"),
        fs::read(home.root().join("key/device.key")).expect("a key")
    );
    let book = inside.join("book.sqlite3");
    check(
        &home,
        &["reports", "--book", book.to_str().expect("UTF-8")],
        0,
        &["9.15 credits"],
    );
}
