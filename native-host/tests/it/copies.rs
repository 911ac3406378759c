//! What a backup or an export leaves out is told, and what a person keeps where copies are made
//! stays.

use crate::{
    backup::{home_with, is_there, with_words},
    book::mounting,
    said::{Said, check, text},
    support::TestHome,
};
use rustix::fs::{CWD, Mode, mkfifoat};
use std::{fs, os::unix::fs::symlink, path::Path, thread};

const WORDS: &str = "correct horse battery staple";

fn backup(home: &TestHome, name: &str) -> Said {
    let path = home.user().join(name);
    let path = path.to_str().expect("UTF-8");
    Said::unless_it_hangs(&mut with_words(home, &["backup", path], WORDS))
}

fn pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).expect("a pipe");
}

fn folder(path: &Path) {
    fs::create_dir(path).expect("a folder");
}

fn nowhere(path: &Path) {
    symlink("/nowhere/disk/file", path).expect("a link");
}

fn clear(path: &Path) {
    drop(fs::remove_file(path));
    drop(fs::remove_dir(path));
}

#[test]
fn what_cannot_be_read_is_never_left_out_of_a_backup_or_an_export_in_silence() {
    let home = home_with(2);
    let export = home.user().join("evidence.json");
    let export = ["export", export.to_str().expect("UTF-8")];
    for put in [pipe as fn(&Path), folder, nowhere] {
        for name in ["receipts.sqlite3", "book.sqlite3"] {
            let (path, kept) = (home.root().join(name), home.user().join("kept"));
            drop(fs::rename(&path, &kept));
            put(&path);
            backup(&home, "no.age").expect(65, &[name]);
            check(&home, &export, 65, &[name]);
            clear(&path);
            drop(fs::rename(&kept, &path));
        }
        for name in ["book.old-1.sqlite3", "key/last-signed"] {
            let (path, kept) = (home.root().join(name), home.user().join("kept"));
            drop(fs::rename(&path, &kept));
            put(&path);
            backup(&home, "no.age").expect(65, &[name, "move it away"]);
            clear(&path);
            drop(fs::rename(&kept, &path));
        }
    }
    assert!(!is_there(&home.user().join("no.age")));
    backup(&home, "yes.age").expect(0, &["holds key and 2 reports"]);
}

#[test]
fn a_book_that_is_gone_is_not_called_a_book_that_never_was() {
    let home = home_with(2);
    fs::remove_file(home.root().join("book.sqlite3")).expect("a book");
    let words = ["book.sqlite3 is missing, and it held 2 reports"];
    backup(&home, "no.age").expect(65, &words);
    let export = home.user().join("evidence.json");
    check(
        &home,
        &["export", export.to_str().expect("UTF-8")],
        65,
        &words,
    );
    check(&home, &["reports"], 65, &words);
}

#[test]
fn backups_that_begin_together_are_all_made() {
    let home = home_with(2);
    thread::scope(|scope| {
        for number in 1..=3 {
            let home = &home;
            scope.spawn(move || backup(home, &format!("{number}.age")).expect(0, &["2 reports"]));
        }
    });
    for number in 1..=3 {
        assert!(home.user().join(format!("{number}.age")).is_file());
    }
    assert!(!is_there(&home.root().join("backup.new")), "no draft stays");
}

#[test]
fn what_a_person_keeps_under_the_name_of_a_draft_stays_and_is_named() {
    let home = home_with(2);
    let mine = |name: &str| {
        let folder = home.root().join(name);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("thesis"), "mine").expect("written");
        folder
    };
    let folder = mine("backup.new");
    let words = ["backup.new/thesis", "move it away"];
    backup(&home, "no.age").expect(73, &words);
    assert!(folder.join("thesis").is_file());
    fs::rename(&folder, home.user().join("away")).expect("moved away");
    backup(&home, "yes.age").expect(0, &["2 reports"]);
    for name in ["restore.ready", "restore.filling"] {
        let folder = mine(name);
        let words = [name, "move it away"];
        for (args, code) in [
            (&["reports"][..], 73),
            (&["monitor", "start"], 7),
            (&["doctor"], 1),
        ] {
            check(&home, args, code, &words);
        }
        assert!(folder.join("thesis").is_file(), "{name}");
        assert!(home.root().join("key/device.key").is_file(), "{name}");
        fs::rename(&folder, home.user().join(name)).expect("moved away");
        check(&home, &["reports"], 0, &["9.15"]);
    }
    mine("before-restore-1");
    let words = ["stays: ", "before-restore-1/thesis"];
    check(&home, &["uninstall", "--purge", "--yes"], 0, &words);
    assert!(home.root().join("before-restore-1/thesis").is_file());
}

/// What is left of it would take the room that the home needs, and holds a key.
#[test]
fn a_restore_that_finds_no_room_leaves_nothing_behind() {
    let home = home_with(2);
    backup(&home, "kept.age").expect(0, &["2 reports"]);
    let line = r#"cp -a "$ONIONMETER_HOME" "$HOME/copy"
        mount -t tmpfs -o size=160k,mode=700 none "$ONIONMETER_HOME"
        cp -a "$HOME/copy/." "$ONIONMETER_HOME"
        { head -c 120k /dev/zero || true; } > "$ONIONMETER_HOME/log/fill" 2>/dev/null || true
        "$P" restore "$HOME/kept.age" --replace --passphrase-file "$HOME/words" || echo "code $?"
        rm "$ONIONMETER_HOME/log/fill"
        ls "$ONIONMETER_HOME"
        "$P" reports"#;
    let Some(output) = mounting(&home, line) else {
        println!("not checked: nothing may be mounted here");
        return;
    };
    let said = text(&output);
    for words in ["code 73", "book.sqlite3", "9.15"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("restore.new\n"), "{said}");
}
