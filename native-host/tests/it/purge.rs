//! `uninstall --purge` removes only what Onionmeter made.

use crate::{
    person::{Person, USERS},
    said::{Said, check},
    support::{PROGRAM, TestHome},
};
use std::{
    fs,
    os::unix::fs::{chown, symlink},
    path::Path,
    process::Command,
};

/// A folder with a letter in it. The returned function checks that both are still there.
fn documents(person: &Person) -> impl Fn() {
    person.make("Documents");
    let letter = person.write("Documents/letter.txt", "dear reader");
    move || assert_eq!(fs::read_to_string(&letter).expect("there"), "dear reader")
}

#[test]
fn no_folder_but_a_home_is_purged_whatever_the_variable_names() {
    let person = Person::new();
    let letter_is_there = documents(&person);
    let link = person.at("link");
    symlink(person.at("Documents"), &link).expect("a link");
    let home = person.home().to_str().expect("UTF-8").to_owned();
    for (root, reason) in [
        (home.clone(), "your home folder"),
        (format!("{home}/"), "your home folder"),
        (format!("{home}/Documents/../"), "without `..`"),
        ("/".to_owned(), "the root of the file system"),
        ("/tmp".to_owned(), "a folder above your home folder"),
        ("Documents".to_owned(), "must be an absolute path"),
        (format!("{home}/Documents"), "no home of Onionmeter"),
        (format!("{home}/link"), "is a link"),
        (format!("{home}/Documents/letter.txt"), "a file"),
    ] {
        for args in [
            &["uninstall", "--purge", "--yes"][..],
            &["uninstall", "--purge", "--dry-run"],
        ] {
            person.run_in(&root, args).expect(64, &[reason]);
            letter_is_there();
        }
    }
    // Where there is no home, there is nothing to do.
    person
        .run_in(format!("{home}/new"), &["uninstall", "--purge", "--yes"])
        .expect(0, &["no "]);
}

#[test]
fn no_folder_that_holds_other_things_becomes_a_home() {
    let person = Person::new();
    let letter_is_there = documents(&person);
    person.make("Documents/bin");
    for command in [&["install"][..], &["daemon"], &["monitor", "start"]] {
        let said = person.run_in(person.at("Documents"), command);
        assert_ne!(said.code, Some(0), "{command:?}");
        assert!(
            said.text.contains("letter.txt"),
            "{command:?}: {}",
            said.text
        );
        letter_is_there();
    }
    for command in [&["install"][..], &["daemon"]] {
        person
            .run_in(person.home(), command)
            .expect(64, &["your home folder"]);
    }
    assert_eq!(
        Person::everything(&person.at("Documents")).len(),
        2,
        "nothing was made"
    );
}

#[test]
fn purge_asks_first_and_takes_what_onionmeter_made_and_only_that() {
    let person = Person::new();
    let letter_is_there = documents(&person);
    person.make(".mozilla");
    person.without_tor(&person.root());
    person
        .run(&["install"])
        .expect(0, &["Firefox", "registered"]);
    person.run(&["monitor", "start"]);
    person.run(&["status"]).expect(0, &["Relay"]);
    let root = person.root();
    let name = root.to_str().expect("UTF-8").to_owned();
    let asked = person.run(&["uninstall", "--purge"]);
    asked.expect(64, &["--yes", "no reports", &name]);
    person
        .run(&["uninstall", "--purge", "--dry-run"])
        .expect(0, &["dry run", &name, "no reports"]);
    person.run(&["status"]).expect(0, &["Relay"]);
    assert!(
        person.at(".mozilla/native-messaging-hosts").is_dir(),
        "still registered"
    );

    fs::write(root.join("key/backup of mine"), "mine").expect("written");
    symlink(person.at("Documents"), root.join("arti")).expect("a link");
    let said = person.run(&["uninstall", "--purge", "--yes"]);
    let text = said.expect(0, &["stays", "backup of mine", "arti"]);
    letter_is_there();
    assert!(!text.contains("letter"), "{text}");
    let left = Person::everything(&root);
    let expected = ["arti", "key", "key/backup of mine"].map(|path| root.join(path));
    assert_eq!(left, expected, "neither daemon nor mark nor key is left");
}

/// Fails when a part makes a file that `home/layout.rs` does not list.
#[test]
fn a_home_that_was_used_is_purged_whole() {
    let home = TestHome::new();
    fs::create_dir(home.user().join(".mozilla")).expect("a browser");
    assert!(home.run(&["install"]).status.success());
    for _ in 0..2 {
        home.bridge().hello(true);
        home.run(&["status"]);
        home.kill_daemon();
    }
    home.run(&["new-chain", "--new-key"]);
    assert!(home.root().join("key/device.old-1.key").is_file());
    home.kill_daemon();
    let output = home.run(&["uninstall", "--purge", "--yes"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let left = Person::everything(&home.root());
    assert!(
        !home.root().try_exists().expect("readable"),
        "{text}{left:?}"
    );
}

/// The same for the files of an installed `tor`. It has no network here, so it does not connect.
#[test]
fn a_home_in_which_tor_ran_is_purged_whole() {
    let person = Person::new();
    if !Path::new("/usr/sbin/tor").is_file() && !Path::new("/usr/bin/tor").is_file() {
        println!("not checked: tor is not installed");
        return;
    }
    let script = "ip link set lo up && \"$0\" monitor start
        tor=\"$HOME/.local/share/onionmeter/tor\"
        for _ in $(seq 600); do [ -e \"$tor/lock\" ] && break; sleep 0.1; done
        ls \"$tor\"; \"$0\" stop; exec \"$0\" uninstall --purge --yes";
    let unshare = ["--net", "sh", "-c", script, PROGRAM];
    let said = Said::of(&mut person.start(Path::new("unshare"), &unshare));
    if said.text.contains("unshare:") {
        println!("not checked: no network of its own here: {}", said.text);
        return;
    }
    let text = said.expect(0, &["lock", "Everything"]);
    assert!(!person.root().try_exists().expect("readable"), "{text}");
}

#[test]
fn a_home_of_an_earlier_version_is_taken_up_and_marked_unless_it_holds_other_things() {
    let home = TestHome::new();
    home.bridge().hello(false);
    home.kill_daemon();
    let mark = home.root().join(".onionmeter");
    fs::remove_file(&mark).expect("a mark");
    home.bridge().hello(false);
    home.kill_daemon();
    assert!(mark.is_file(), "marked again");

    fs::remove_file(&mark).expect("a mark");
    let notes = home.root().join("notes.txt");
    fs::write(&notes, "mine").expect("written");
    let output = home.run(&["uninstall", "--purge", "--yes"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(
        text.contains("notes.txt") && text.contains("touch"),
        "{text}"
    );
    assert!(
        home.root().join("key/device.key").is_file(),
        "nothing was removed"
    );
    fs::write(&mark, "").expect("as was said");
    let output = home.run(&["uninstall", "--purge", "--yes"]);
    assert!(output.status.success());
    assert!(notes.is_file() && !home.root().join("key").is_dir());
}

#[test]
fn a_disk_that_is_mounted_inside_is_not_entered() {
    let person = Person::new();
    let root = person.at("home");
    fs::create_dir_all(root.join("tor/keys")).expect("made");
    fs::write(root.join(".onionmeter"), "").expect("a mark");
    for folder in [&root, &root.join("tor")] {
        Person::mode(folder, 0o700);
    }
    let script = format!(
        "mount --bind \"$HOME/other\" {root}/tor/keys && exec {program} uninstall --purge --yes",
        root = root.display(),
        program = PROGRAM,
    );
    person.make("other");
    let file = person.write("other/precious", "x");
    let mut command = person.start(Path::new("unshare"), &["--mount", "sh", "-c", &script]);
    let said = Said::of(command.env("ONIONMETER_HOME", &root));
    if said.text.contains("unshare") || said.text.contains("mount:") {
        println!("not checked: nothing may be mounted here: {}", said.text);
        return;
    }
    said.expect(0, &["stays", "tor/keys"]);
    assert!(file.is_file(), "the other folder is whole");
}

#[test]
fn a_home_in_which_something_stays_is_never_called_removed() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    let mine = home.root().join("mine");
    fs::write(&mine, "mine").expect("written");
    let why = format!("the folder itself stays: it holds {}", mine.display());
    let purge = |more: &[&str], words: &[&str]| {
        let args = [&["uninstall", "--purge"], more].concat();
        check(&home, &args, 0, words)
    };
    purge(&["--dry-run", "--json"], &["\"would_be_emptied\""]);
    purge(&["--dry-run"], &["would be emptied", &why]);
    let text = purge(&["--yes"], &["emptied", &why]);
    let line = text.lines().find(|line| line.starts_with("Home"));
    assert!(!line.expect("told").contains("removed"), "{text}");
    assert_eq!(Person::everything(&home.root()), [mine]);
}

#[test]
fn a_home_whose_folder_has_to_stay_is_emptied_and_that_is_told() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    let root = person.make("shared/home");
    person.without_tor(&root);
    person.run_in(&root, &["monitor", "start"]).expect(0, &[]);
    // An administrator has made it, in a folder of root's.
    let above = root.parent().expect("a folder");
    chown(above, Some(0), Some(0)).expect("root may");
    let words = ["emptied", "no reports", "the folder itself stays"];
    person
        .run_in(&root, &["uninstall", "--purge", "--yes"])
        .expect(0, &words);
    assert_eq!(Person::everything(&root).len(), 0, "all of it went");
}

/// Runs as root with this person's HOME, as some configurations of sudo do.
fn as_root_in(person: &Person, args: &[&str]) -> Said {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", person.home());
    Said::of(&mut command)
}

#[test]
fn root_opens_no_browser_and_ends_no_daemon_of_another_user_and_says_whose_they_are() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    let elsewhere = tempfile::tempdir().expect("a folder");
    let browser = elsewhere.path().join("chromium");
    fs::write(&browser, "#!/bin/sh\necho started\n").expect("written");
    Person::mode(&browser, 0o755);
    let browser = browser.to_str().expect("UTF-8");
    let opened = as_root_in(&person, &["open", browser]);
    let text = opened.expect(64, &["you are root", "64001", "without sudo"]);
    assert!(!text.contains("started"), "{text}");
    assert_eq!(
        Person::everything(person.home()).len(),
        0,
        "nothing was made"
    );
    person.without_tor(&person.root());
    person.run(&["monitor", "start"]).expect(0, &["is open"]);
    let words = [
        "daemon of another user (number 64001)",
        "run this as that user",
    ];
    as_root_in(&person, &["stop"]).expect(7, &words);
    person.run(&["stop"]).expect(0, &["is stopped"]);
}

#[test]
fn root_refuses_what_is_another_users_and_an_ordinary_user_what_is_roots() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    person.make(".mozilla");
    let as_root = |args: &[&str]| as_root_in(&person, args);
    for args in [
        &["install"][..],
        &["uninstall", "--purge", "--yes"],
        &["daemon"],
    ] {
        as_root(args).expect(64, &["you are root", "64001", "without sudo"]);
    }
    assert_eq!(
        Person::everything(person.home()),
        [person.at(".mozilla")],
        "nothing was made"
    );

    person.run(&["install"]).expect(0, &["registered"]);
    let text = as_root(&["doctor"]).expect(1, &["you are root", "without sudo"]);
    assert!(!text.contains("chown"), "{text}");
    // As `su` and `sudo -H` leave it: nothing but the folder tells whose it is.
    let roots = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(PROGRAM);
    command.arg("doctor").env_clear().env("HOME", roots.path());
    command.env("ONIONMETER_HOME", person.root());
    let text = Said::of(&mut command).expect(1, &["you are root", "without sudo"]);
    assert!(!text.contains("chown"), "{text}");
    as_root(&["uninstall", "--purge", "--yes"]).expect(64, &["you are root"]);

    let text = person.run(&["doctor"]).text;
    assert!(text.contains("is private"), "{text}");
    whatever_is_roots_in_the_home_is_noticed(&person);

    // Files that an earlier version left when it was run by sudo: doctor names one command, and
    // that command corrects all of them.
    let strange = [
        person.root().join("key"),
        person.at(".mozilla/native-messaging-hosts"),
    ];
    for path in &strange {
        chown(path, Some(0), Some(0)).expect("root may");
    }
    person
        .run(&["install"])
        .expect(73, &["another user", "sudo chown -R 64001"]);
    let text = person.run(&["doctor"]).expect(1, &["sudo chown -hR 64001"]);
    let command = text
        .split('`')
        .find(|part| part.starts_with("sudo chown"))
        .expect("a command");
    let done = Command::new("sh")
        .args(["-c", command.trim_start_matches("sudo ")])
        .status();
    assert!(done.expect("it starts").success());
    person.run(&["install"]).expect(0, &["registered"]);
    let text = person.run(&["doctor"]).text;
    assert!(
        text.contains("is private") && !text.contains("chown"),
        "{text}"
    );
}

/// Also files that only some homes have.
#[track_caller]
fn whatever_is_roots_in_the_home_is_noticed(person: &Person) {
    for path in [
        ".onionmeter",
        "book.old-1.sqlite3",
        "key/last-signed",
        "log/onionmeter.old.log",
        "arti/state",
        "firefox",
    ] {
        let path = person.root().join(path);
        let before = fs::metadata(&path).is_ok();
        if !before {
            // As root, who runs this test.
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, "").expect("written");
        }
        chown(&path, Some(0), Some(0)).expect("root may");
        let text = person
            .run(&["doctor"])
            .expect(1, &["belongs to another user", "sudo chown -hR 64001"]);
        assert!(!text.contains("is private"), "{text}");
        if before {
            chown(&path, Some(USERS[0]), Some(USERS[0])).expect("root may");
        } else {
            fs::remove_file(&path).expect("root may");
        }
    }
    fs::remove_dir(person.root().join("arti")).expect("root may");
}
