//! What is in the way of a restore, and what a disk does to it and to a backup.

use super::{WORDS, backed_up, home_with, is_there, restore, with_words};
use crate::{
    book::{book, mounting},
    programs::c_library,
    said::{Said, check},
    support::TestHome,
};
use std::fs;

#[test]
fn reports_alone_make_no_key_and_do_not_block_the_backup() {
    let old = home_with(3);
    let age = backed_up(&old);
    let book = old.root().join("book.sqlite3");
    let json = old.user().join("reports.json");
    let listed = old.run(&["reports", "--json"]);
    fs::write(&json, listed.stdout).expect("written");
    let new = TestHome::new();
    for (file, look) in [
        (&book, "`onionmeter reports --book "),
        (&json, "`onionmeter verify "),
    ] {
        let name = file.to_str().expect("UTF-8");
        let said = ["there is no key here", "restore a backup", look];
        check(&new, &["restore", name], 65, &said);
        assert!(!is_there(&new.root().join("key/device.key")));
        assert!(new.daemon_pid().is_none());
    }
    restore(&new, &age, &[]).expect(0, &["3 reports with 13.725 credits"]);
}

#[test]
fn a_key_that_never_signed_is_kept_aside_without_a_question() {
    let old = home_with(3);
    let age = backed_up(&old);
    let new = TestHome::new();
    check(&new, &["monitor", "start"], 0, &[]);
    check(&new, &["stop"], 0, &[]);
    let key = fs::read(new.root().join("key/device.key")).expect("a key");
    restore(&new, &age, &[]).expect(0, &["3 reports", "What was here before is in"]);
    let aside = new.root().join("before-restore-1/key/device.key");
    assert_eq!(fs::read(aside).expect("kept"), key);

    let other = home_with(1);
    restore(&other, &age, &[]).expect(64, &["a book of 1 report", "--replace"]);
}

#[test]
fn a_backup_and_its_restore_count_the_reports_of_earlier_chains() {
    let old = home_with(3);
    check(&old, &["new-chain", "--yes"], 0, &[]);
    check(&old, &["stop"], 0, &[]);
    let path = old.user().join("all.age");
    let mut backup = with_words(&old, &["backup", path.to_str().expect("UTF-8")], WORDS);
    let words = "3 reports, 3 of them in earlier chains, with 13.725 credits";
    Said::of(&mut backup).expect(0, &[words]);
    let new = TestHome::new();
    restore(&new, &path, &[]).expect(0, &[words]);
    let json = restore(&new, &path, &["--replace", "--json"]);
    json.expect(0, &[r#""earlier_reports": "3""#, r#""reports": "0""#]);
}

#[test]
fn a_backup_that_the_disk_does_not_confirm_leaves_no_file() {
    let home = home_with(3);
    let library = c_library("faulty_disk.c", home.user());
    let target = home.user().join("stick");
    fs::create_dir(&target).expect("made");
    let path = target.join("kept.age");
    let name = path.to_str().expect("UTF-8");
    let mut backup = with_words(&home, &["backup", name], WORDS);
    backup.env("LD_PRELOAD", library).env("FAILS", &target);
    Said::of(&mut backup).expect(73, &["cannot be written"]);
    assert!(!is_there(&path));
    Said::of(&mut with_words(&home, &["backup", name], WORDS)).expect(0, &["3 reports"]);
}

#[test]
fn a_restore_that_fails_once_it_is_decided_says_that_it_takes_effect() {
    let old = home_with(3);
    let age = backed_up(&old);
    let new = TestHome::new();
    let library = c_library("faulty_disk.c", new.user());
    let mut restored = with_words(&new, &["restore", age.to_str().expect("UTF-8")], WORDS);
    restored.env("LD_PRELOAD", library).env("FAILS", new.root());
    let words = ["the backup is checked and complete, and the next command puts it in place"];
    Said::of(&mut restored).expect(73, &words);
    check(&new, &["reports"], 0, &["13.725"]);
}

#[test]
fn a_disk_without_room_is_called_full_by_install_and_restore() {
    let home = TestHome::new();
    drop(book(&home, 1));
    for (line, code) in [("install", 73), ("serve", 73), ("monitor start", 73)] {
        let line = format!(
            r#"mkdir "$HOME/full"; mount -t tmpfs -o nr_inodes=2,mode=700 none "$HOME/full"
            touch "$HOME/full/one"; ONIONMETER_HOME="$HOME/full/below/home" exec "$P" {line} 2>&1"#
        );
        let Some(output) = mounting(&home, &line) else {
            return;
        };
        let said = Said::from(&output).expect(code, &["The disk is full; make room"]);
        assert!(!said.contains("ONIONMETER_HOME"), "{said}");
        drop(fs::remove_dir(home.user().join("full")));
    }
}

#[test]
fn a_home_that_is_open_to_others_has_one_exit_status() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = TestHome::new();
    fs::set_permissions(home.root(), fs::Permissions::from_mode(0o755)).expect("ours");
    for args in [&["serve"][..], &["up"], &["daemon"], &["install"]] {
        check(&home, args, 73, &["is open to other users; run `chmod 700"]);
    }
}
