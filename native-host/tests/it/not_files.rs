//! Pipes, devices, folders and links where a file or folder of Onionmeter's is meant: each is
//! named, with what to do, and holds no command up.

use crate::{
    said::{Said, check, text},
    support::TestHome,
};
use rustix::fs::{CWD, Mode, mkfifoat};
use std::{fs, os::unix::fs::symlink, path::Path};

/// Makes a link that leads to itself.
fn circle(path: &Path) {
    symlink(path.file_name().expect("a name"), path).expect("a link");
}

/// A home in which a daemon was.
fn used_home() -> TestHome {
    let home = TestHome::new();
    // No port is named, so the one of the last start is looked up.
    home.configure("[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n");
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["stop"], 0, &[]);
    home
}

fn pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).expect("a pipe");
}

#[test]
fn a_pipe_or_a_device_in_place_of_a_file_is_told_and_never_waited_for() {
    let home = used_home();
    let root = home.root();
    let device = |path: &Path| symlink("/dev/zero", path).expect("a link");
    for (file, args, code, words) in [
        ("registered.json", "doctor", 1, "Onionmeter"),
        (
            "registered.json",
            "uninstall",
            0,
            "registered.json is unreadable",
        ),
        ("key/last-signed", "doctor", 1, "last-signed cannot be read"),
        (
            "key/last-signed",
            "monitor start",
            73,
            "last-signed cannot be read",
        ),
        ("relay-port", "doctor", 1, "Onionmeter"),
        ("relay-port", "monitor start", 0, "is open"),
        (
            "log/onionmeter.log",
            "logs",
            66,
            "onionmeter.log cannot be read",
        ),
    ] {
        for (put, what) in [(&pipe as &dyn Fn(&Path), "a pipe"), (&device, "a device")] {
            let path = root.join(file);
            drop(fs::remove_file(&path));
            put(&path);
            let args: Vec<_> = args.split(' ').collect();
            let said = Said::unless_it_hangs(&mut home.command(&args));
            let text = said.expect(code, &[words]);
            let is_told = words == "Onionmeter" || words == "is open" || text.contains(what);
            assert!(is_told, "{args:?} with {what}: {text}");
            drop(fs::remove_file(&path));
            check(&home, &["stop"], 0, &[]);
        }
    }
}

/// At a pipe SQLite waits for ever, and with it the daemon and every command that reads the book.
#[test]
fn what_is_no_file_beside_the_book_is_named_by_every_command_and_left_as_it_is() {
    let home = used_home();
    let device = |path: &Path| symlink("/dev/zero", path).expect("a link");
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    for end in ["-wal", "-shm", "-journal"] {
        let path = home.root().join(format!("book.sqlite3{end}"));
        for (put, what) in [
            (&pipe as &dyn Fn(&Path), "a pipe, not a file"),
            (&device, "a link, not a file"),
            (&folder, "a folder, not a file"),
        ] {
            put(&path);
            let said = format!("{} is {what}; ", path.display());
            let words = [said.as_str(), "move "];
            for (args, code) in [
                (&["reports"][..], 73),
                (&["monitor", "start"], 73),
                (&["doctor"], 1),
            ] {
                Said::unless_it_hangs(&mut home.command(args)).expect(code, &words);
            }
            Said::unless_it_hangs(&mut home.command(&["status"])).expect(0, &["not known"]);
            assert!(path.symlink_metadata().is_ok(), "{said}");
            drop(fs::remove_file(&path));
            drop(fs::remove_dir(&path));
            check(&home, &["monitor", "start"], 0, &[]);
            check(&home, &["stop"], 0, &[]);
        }
    }
}

#[test]
fn what_is_no_file_in_the_place_of_the_book_is_named_by_every_command() {
    let home = used_home();
    let path = home.root().join("book.sqlite3");
    fs::remove_file(&path).expect("a book");
    let nowhere = |path: &Path| symlink("/nowhere/book", path).expect("a link");
    for (put, what) in [
        (&pipe as &dyn Fn(&Path), "a pipe, not a file"),
        (&nowhere, "a link that leads nowhere"),
        (&circle, "a link that leads nowhere"),
    ] {
        put(&path);
        let said = format!("{} is {what}; move it away", path.display());
        for (args, code) in [
            (&["monitor", "start"][..], 65),
            (&["reports"], 65),
            (&["doctor"], 1),
        ] {
            Said::unless_it_hangs(&mut home.command(args)).expect(code, &[&said]);
        }
        fs::remove_file(&path).expect("ours");
    }
}

#[test]
fn a_log_that_takes_nothing_keeps_no_daemon_from_its_work() {
    let home = used_home();
    let log = home.root().join("log/onionmeter.log");
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    for (put, what) in [
        (&pipe as &dyn Fn(&Path), "it is a pipe, not a file"),
        (&folder, "it is a folder, not a file"),
        (&circle, "it is a link that leads nowhere"),
    ] {
        fs::remove_file(&log).expect("a log");
        put(&log);
        check(&home, &["monitor", "start"], 0, &["is open"]);
        let words = ["keeps no log", what, "onionmeter stop"];
        check(&home, &["doctor"], 1, &words);
        check(&home, &["logs"], 66, &[what]);
        check(&home, &["stop"], 0, &["is stopped"]);
        drop(fs::remove_file(&log));
        drop(fs::remove_dir(&log));
        check(&home, &["monitor", "start"], 0, &[]);
        check(&home, &["stop"], 0, &["is stopped"]);
        assert!(log.is_file(), "the next daemon makes a new one");
    }
}

#[test]
fn a_lock_that_is_no_file_is_told_as_what_it_is_with_the_way_out() {
    let home = used_home();
    let lock = home.root().join("run/daemon.lock");
    let name = lock.to_str().expect("UTF-8").to_owned();
    fs::remove_file(&lock).expect("ours");
    fs::create_dir(&lock).expect("a folder");
    let words = [&name, "it is a folder, not a file; move it away"];
    check(&home, &["monitor", "start"], 7, &words);
    let words = [&name, "it is a folder, not a file", "move it away"];
    check(&home, &["doctor"], 1, &words);
    fs::remove_dir(&lock).expect("ours");
    symlink("/nowhere/lock", &lock).expect("a link");
    for command in ["status", "stop", "up"] {
        let words = [&name, "it is a link, not a file; move it away"];
        check(&home, &[command], 73, &words);
    }
    fs::remove_file(&lock).expect("ours");
    check(&home, &["monitor", "start"], 0, &[]);
}

#[test]
fn the_lock_of_settings_is_waited_for_by_nobody_where_it_is_no_file() {
    let home = used_home();
    let lock = home.root().join("run/settings.lock");
    let name = lock.to_str().expect("UTF-8").to_owned();
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    for (put, what) in [
        (&pipe as &dyn Fn(&Path), "it is a pipe, not a file"),
        (&folder, "it is a folder, not a file"),
        (&circle, "it is a link, not a file"),
    ] {
        drop(fs::remove_file(&lock));
        put(&lock);
        let words = [&name, what, "move it away"];
        let args = ["config", "set", "session.min_bytes", "30000"];
        Said::unless_it_hangs(&mut home.command(&args)).expect(73, &words);
        check(&home, &["doctor"], 1, &words);
        drop(fs::remove_file(&lock));
        drop(fs::remove_dir(&lock));
        check(&home, &args, 0, &["30000"]);
    }
}

#[test]
fn a_home_that_is_a_link_or_a_file_is_told_as_that_by_every_command() {
    let home = used_home();
    let link = home.user().join("link");
    symlink(home.root(), &link).expect("a link");
    let file = home.user().join("file");
    fs::write(&file, "mine").expect("written");
    let target = home.root();
    let target = target.to_str().expect("UTF-8");
    let in_place = |path: &Path, args: &[&str], code, words: &[&str]| {
        let mut command = home.command(args);
        Said::of(command.env("ONIONMETER_HOME", path)).expect(code, words);
    };
    for (args, code) in [
        (&["status"][..], 73),
        (&["up"], 73),
        (&["stop"], 73),
        (&["version"], 73),
        (&["new-chain"], 73),
        (&["doctor"], 1),
        (&["install"], 64),
        (&["uninstall", "--purge", "--yes"], 64),
    ] {
        in_place(&link, args, code, &["is a link", target]);
        in_place(&file, args, code, &["is a file, not a folder"]);
    }
    assert!(home.root().join("book.sqlite3").is_file());
    assert!(file.is_file() && link.is_symlink());
}

#[test]
fn behind_a_link_that_leads_nowhere_nothing_is_said_to_be_missing() {
    let home = used_home();
    let (dead, circle) = (home.user().join("dead"), home.user().join("circle"));
    symlink("/nowhere/at/all", &dead).expect("a link");
    symlink("circle", &circle).expect("a link");
    let file = home.user().join("x");
    let file = file.to_str().expect("UTF-8");
    for args in [
        &["status"][..],
        &["doctor"],
        &["reports"],
        &["reports", "--json"],
        &["export", file],
        &["backup", file],
        &["logs"],
        &["monitor", "start"],
        &["config", "get"],
        &["install"],
        &["uninstall", "--purge", "--yes"],
    ] {
        for root in [&dead, &circle, &dead.join("below")] {
            let mut command = home.command(args);
            let said = Said::of(command.env("ONIONMETER_HOME", root));
            said.expect(64, &["is a link that leads nowhere; bring back"]);
        }
    }
    assert!(dead.is_symlink() && circle.is_symlink());
}

#[test]
fn what_is_no_folder_or_no_socket_is_named_by_every_command_and_by_doctor() {
    let home = used_home();
    let file = |path: &Path| fs::write(path, "mine").expect("written");
    let nowhere = |path: &Path| symlink("/nowhere/at/all", path).expect("a link");
    let folder = |path: &Path| fs::create_dir(path).expect("a folder");
    let away = home.user().join("away");
    for (name, put, code, words) in [
        (
            "run",
            &file as &dyn Fn(&Path),
            73,
            "is not a folder; move it away",
        ),
        ("run", &nowhere, 73, "is not a folder; move it away"),
        ("key", &nowhere, 73, "is not a folder; move it away"),
        ("log", &nowhere, 73, "is not a folder; move it away"),
        ("tor", &nowhere, 73, "is not a folder; move it away"),
        ("run/daemon.sock", &folder, 7, "is a folder"),
    ] {
        let path = home.root().join(name);
        drop(fs::rename(&path, &away));
        put(&path);
        let said = path.to_str().expect("UTF-8");
        check(&home, &["monitor", "start"], code, &[said, words]);
        check(
            &home,
            &["doctor"],
            1,
            &[
                &format!("BAD    {said} is "),
                words.split(';').next().expect("words"),
            ],
        );
        drop(fs::remove_file(&path));
        drop(fs::remove_dir(&path));
        drop(fs::rename(&away, &path));
        check(&home, &["monitor", "start"], 0, &[]);
        check(&home, &["stop"], 0, &[]);
    }
}

#[test]
fn install_waits_for_no_pipe_and_names_a_folder_in_the_place_of_its_files() {
    let home = used_home();
    // There is no browser, so nothing is registered.
    check(&home, &["install"], 4, &[]);
    let program = home.root().join("bin/onionmeter");
    fs::remove_file(&program).expect("there");
    pipe(&program);
    Said::unless_it_hangs(&mut home.command(&["install"])).expect(4, &[]);
    assert!(program.is_file(), "a pipe holds nothing");
    let list = home.root().join("registered.json");
    for path in [program, list] {
        fs::remove_file(&path).expect("there");
        fs::create_dir(&path).expect("a folder");
        let said = text(&home.run(&["install"]));
        let name = path.to_str().expect("UTF-8");
        assert!(
            said.contains(name) && said.contains("it is a folder, not a file"),
            "{said}"
        );
        fs::remove_dir(&path).expect("ours");
        check(&home, &["install"], 4, &[]);
    }
}

#[test]
fn a_socket_in_the_place_of_the_key_is_named_as_no_file() {
    let home = used_home();
    let key = home.root().join("key/device.key");
    fs::remove_file(&key).expect("there");
    drop(std::os::unix::net::UnixListener::bind(&key).expect("a socket"));
    check(
        &home,
        &["monitor", "start"],
        65,
        &["device.key is not a plain file"],
    );
    check(&home, &["doctor"], 1, &["device.key is not a plain file"]);
}
