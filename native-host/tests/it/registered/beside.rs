//! Installs and uninstalls of several copies, at once and one after another.

use super::{MANIFEST, chromium};
use crate::{person::Person, said::Said};
use std::{fs, thread};

#[test]
fn uninstalling_one_copy_leaves_what_another_copy_put_there() {
    let person = Person::new();
    person.make(".config/chromium");
    let (first, second) = (person.at("first"), person.at("second"));
    person
        .run_in(&first, &["install"])
        .expect(0, &["registered"]);
    person
        .run_in(&second, &["install"])
        .expect(0, &["taken over from", "first/bin/onionmeter"]);
    let link = person.at(".local/bin/onionmeter");
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        second.join("bin/onionmeter")
    );
    let doctor = person.run_in(&first, &["doctor"]).text;
    assert!(
        doctor.contains("starts another copy of Onionmeter"),
        "{doctor}"
    );

    person
        .run_in(&first, &["uninstall", "--purge", "--yes"])
        .expect(0, &["stays", "second/bin/onionmeter"]);
    assert!(!first.try_exists().expect("readable"));
    let manifest = fs::read_to_string(chromium(&person)).expect("still there");
    assert!(manifest.contains("second/bin/onionmeter"), "{manifest}");
    assert!(link.is_file(), "and so is the command");
    person
        .run_in(&second, &["uninstall"])
        .expect(0, &["removed"]);
    assert!(!chromium(&person).is_file() && fs::symlink_metadata(&link).is_err());
}

#[test]
fn installs_at_the_same_moment_keep_each_others_browsers_in_the_list() {
    let person = Person::new();
    let folders: Vec<_> = (0..6).map(|number| format!("browser-{number}")).collect();
    for folder in &folders {
        person.make(folder);
        person.write(&format!("{folder}/First Run"), "");
    }
    let manifest = |folder: &str| person.at(&format!("{folder}/NativeMessagingHosts/{MANIFEST}"));
    thread::scope(|threads| {
        for folder in &folders {
            let path = person.at(folder);
            let person = &person;
            threads.spawn(move || {
                let path = path.to_str().expect("UTF-8");
                let said = person.run(&["install", "--browser-dir", path]);
                said.expect(0, &["registered"]);
            });
        }
    });
    assert!(folders.iter().all(|folder| manifest(folder).is_file()));
    person.run(&["uninstall"]).expect(0, &["removed"]);
    let left: Vec<_> = folders
        .iter()
        .filter(|one| manifest(one).is_file())
        .collect();
    assert!(left.is_empty(), "the list forgot {left:?}");
}

#[test]
fn install_and_uninstall_at_the_same_moment_each_have_their_turn() {
    let person = Person::new();
    person.make(".config/chromium");
    // Without a home there is nothing to lock, and little to undo.
    person.run(&["install"]).expect(0, &["registered"]);
    thread::scope(|threads| {
        for command in ["install", "uninstall"].repeat(4) {
            let person = &person;
            threads.spawn(move || person.run(&[command]).expect(0, &["egistered"]));
        }
    });
}

/// Each purge removes the lock with the home, and the first turn begins without either.
#[test]
fn install_and_purge_at_the_same_moment_each_do_all_or_nothing() {
    for _ in 0..8 {
        let person = Person::new();
        person.make(".config/chromium");
        thread::scope(|threads| {
            for command in [&["install"][..], &["uninstall", "--purge", "--yes"]].repeat(4) {
                let person = &person;
                threads.spawn(move || person.run(command).expect(0, &[]));
            }
        });
        let manifests = person.at(".config/chromium/NativeMessagingHosts");
        let is_registered = !Person::everything(&manifests).is_empty();
        let left = Person::everything(&person.root());
        let is_there = |name: &str| left.contains(&person.root().join(name));
        for name in ["bin/onionmeter", ".onionmeter", "registered.json"] {
            assert_eq!(is_there(name), is_registered, "{name}: {left:?}");
        }
        assert!(is_registered || left.is_empty(), "{left:?}");
    }
}

#[test]
fn an_uninstall_beside_another_copy_says_that_the_other_is_registered() {
    let person = Person::new();
    person.make(".config/chromium");
    let (first, second) = (person.at("first"), person.at("second"));
    for home in [&first, &second] {
        person.run_in(home, &["install"]).expect(0, &["Chromium"]);
    }
    let words = "This copy is no longer registered; another one still is.";
    let said = person.run_in(&first, &["uninstall"]).expect(0, &[words]);
    assert!(!said.contains("Onionmeter is no longer"), "{said}");
    let words = "Onionmeter is no longer registered.";
    person.run_in(&second, &["uninstall"]).expect(0, &[words]);
}

#[test]
fn an_uninstall_with_another_home_folder_removes_the_link_that_the_install_made() {
    let person = Person::new();
    person.make(".config/chromium");
    let home = person.at("om");
    person
        .run_in(&home, &["install"])
        .expect(0, &["registered"]);
    let link = person.at(".local/bin/onionmeter");
    assert!(link.is_symlink());
    let other = person.make("other");
    let mut uninstall = person.command(&["uninstall"]);
    uninstall.env("ONIONMETER_HOME", &home).env("HOME", &other);
    Said::of(&mut uninstall).expect(0, &[".local/bin/onionmeter"]);
    assert!(!link.is_symlink());
}
