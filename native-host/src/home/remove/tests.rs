//! What a removal takes, and what it leaves.

use super::*;
use std::{fs, os::unix::fs::symlink};

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().join("home"));
    home.prepare().expect("made");
    (folder, home)
}

#[test]
fn what_onionmeter_made_goes_and_the_folder_with_it() {
    let (_folder, home) = home();
    for file in [
        "config.toml",
        "book.sqlite3",
        "key/device.key",
        "tor/cached-certs",
        "relay-port",
    ] {
        fs::write(home.root().join(file), "x").expect("written");
    }
    fs::create_dir_all(home.root().join("arti/state/a/b")).expect("made");
    symlink("/bin/true", home.root().join("tor/transport-obfs4")).expect("a link");
    let rehearsed = home.remove(RunMode::DryRun).expect("looked");
    assert!(
        rehearsed.foreign.is_empty() && rehearsed.failed.is_empty(),
        "{rehearsed:?}"
    );
    assert!(home.root().join("key/device.key").is_file(), "only looked");
    let done = home.remove(RunMode::Real).expect("removed");
    assert_eq!(done.removed, rehearsed.removed, "as was rehearsed");
    assert!(!home.root().try_exists().expect("readable"));
}

#[test]
fn what_only_has_a_name_like_one_of_ours_stays() {
    let (_folder, home) = home();
    let theirs = [
        "book.old-summer.sqlite3",
        "book.old-1.zip",
        "firefox/thesis",
        "arti/state.old-mine/x",
    ];
    let ours = [
        "book.old-1.sqlite3",
        "book.old-1.sqlite3-wal",
        "arti/state.old-1/x",
    ];
    for file in theirs.into_iter().chain(ours) {
        let file = home.root().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, "x").expect("written");
    }
    let done = home.remove(RunMode::Real).expect("removed");
    assert!(done.failed.is_empty(), "{done:?}");
    for file in theirs {
        assert!(home.root().join(file).is_file(), "{file} is theirs");
    }
    for file in ours {
        let path = home.root().join(file);
        assert!(fs::symlink_metadata(path).is_err(), "{file} is ours");
    }
}

#[test]
fn a_folder_of_copies_is_removed_and_what_a_person_put_there_is_not() {
    let (_folder, home) = home();
    let (backup, restore) = (home.backup_draft(), home.restore_filling());
    for file in [
        backup.join("book.sqlite3-journal"),
        backup.join("book.old-1.sqlite3"),
        restore.join("after/key/device.key.new-12-0"),
        restore.join("before/receipts.sqlite3"),
    ] {
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, "x").expect("written");
    }
    let thesis = restore.join("after/thesis");
    fs::write(&thesis, "mine").expect("written");
    for path in [&backup, &home.restore_draft()] {
        home.remove_copies(path).expect("removed, or was not there");
        assert!(fs::symlink_metadata(path).is_err(), "{}", path.display());
    }
    let error = home.remove_copies(&restore).expect_err("mine").to_string();
    assert!(error.contains("after/thesis"), "{error}");
    assert!(thesis.is_file() && !restore.join("before").is_dir());
    let done = home.remove(RunMode::Real).expect("removed");
    assert_eq!(done.foreign, [thesis], "a purge leaves it, too");
}

#[test]
fn what_has_the_name_of_a_folder_of_copies_is_named() {
    let (_folder, home) = home();
    fs::write(home.backup_draft(), "mine").expect("written");
    symlink("/etc", home.restore_draft()).expect("a link");
    for path in [home.backup_draft(), home.restore_draft(), home.key()] {
        let error = home.remove_copies(&path).expect_err("not ours").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
    assert!(home.backup_draft().is_file() && home.restore_draft().is_symlink());
}

#[test]
fn what_somebody_else_put_there_stays_and_is_named() {
    let (folder, home) = home();
    let documents = folder.path().join("documents");
    fs::create_dir(&documents).expect("made");
    fs::write(documents.join("letter"), "dear").expect("written");
    symlink(&documents, home.root().join("arti")).expect("a link in place of a folder");
    symlink(&documents, home.root().join("tor/keys")).expect("a link");
    let notes = [
        "notes.txt",
        "key/device.key.bak",
        "tor/notes.txt",
        "log/a b",
    ];
    for file in notes {
        fs::write(home.root().join(file), "mine").expect("written");
    }
    fs::create_dir(home.root().join("config.toml")).expect("a folder with a file's name");
    let done = home.remove(RunMode::Real).expect("removed");
    assert!(done.failed.is_empty(), "{done:?}");
    for file in notes.into_iter().chain(["arti", "tor/keys", "config.toml"]) {
        let path = home.root().join(file);
        assert!(done.foreign.contains(&path), "{file} is named: {done:?}");
        assert!(fs::symlink_metadata(path).is_ok(), "{file} is there");
    }
    assert!(documents.join("letter").is_file(), "no link was followed");
    assert!(!home.root().join("run").try_exists().expect("readable"));
}
