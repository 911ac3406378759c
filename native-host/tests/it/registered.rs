//! `install` and `uninstall` in the browsers and homes of real users, and what `doctor` finds
//! there.

mod beside;

use crate::{
    person::{Person, USERS},
    said::{Said, check},
    support::TestHome,
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

const MANIFEST: &str = "org.onionmeter.host.json";

fn chromium(person: &Person) -> PathBuf {
    person.at(&format!(".config/chromium/NativeMessagingHosts/{MANIFEST}"))
}

#[test]
fn one_folder_that_cannot_be_written_keeps_no_other_browser_from_its_turn() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    for browser in [
        ".config/chromium",
        ".config/vivaldi",
        ".mozilla",
        ".config/opera",
    ] {
        person.make(browser);
    }
    Person::mode(&person.at(".config/chromium"), 0o500);
    person.write(
        ".config/opera/NativeMessagingHosts",
        "a file in place of the folder",
    );
    symlink("/nowhere", person.at(".config/microsoft-edge")).expect("a link");
    let text = person
        .run(&["install"])
        .expect(73, &["NOT registered", "you may not write into"]);
    let failed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("NOT registered"))
        .collect();
    assert_eq!(failed.len(), 3, "{text}");
    for (name, words) in [
        ("Chromium", ".config/chromium"),
        ("Opera", "is a file, not a folder"),
        ("Microsoft Edge", "leads nowhere"),
    ] {
        assert!(
            failed
                .iter()
                .any(|line| line.contains(name) && line.contains(words)),
            "{text}"
        );
    }
    for done in [
        ".config/vivaldi/NativeMessagingHosts",
        ".mozilla/native-messaging-hosts",
    ] {
        assert!(person.at(done).join(MANIFEST).is_file(), "{done}: {text}");
    }
    assert!(person.at(".local/bin/onionmeter").is_file(), "{text}");

    let shut = person.at(".config/vivaldi/NativeMessagingHosts");
    Person::mode(&shut, 0o500);
    person
        .run(&["uninstall"])
        .expect(73, &["NOT removed", ".config/vivaldi"]);
    assert!(
        !person.at(".mozilla/native-messaging-hosts").is_dir(),
        "the others are off"
    );
    Person::mode(&shut, 0o700);
    person.run(&["uninstall"]).expect(0, &["removed"]);
    assert!(!shut.is_dir());
}

#[test]
fn install_says_by_its_status_that_there_is_no_browser() {
    let person = Person::new();
    let said = person.run(&["install"]);
    said.expect(4, &["no browser of this user was found", "--browser-dir"]);
    person.make(".mozilla");
    person.run(&["install"]).expect(0, &["registered"]);
}

#[test]
fn uninstall_says_what_stays_only_where_it_is_there() {
    let nothing = |said: Said| {
        let text = said.expect(0, &["no longer registered."]);
        assert!(!text.contains(" stay"), "{text}");
    };
    let person = Person::new();
    nothing(person.run(&["uninstall"]));
    person.run(&["install"]).expect(4, &[]);
    nothing(person.run(&["uninstall"]));
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    let root = home.root();
    let both = format!(
        "The key and the book of reports stay in {}.",
        root.display()
    );
    check(&home, &["uninstall"], 0, &[&both]);
    fs::remove_file(root.join("book.sqlite3")).expect("there");
    check(&home, &["uninstall"], 0, &["The key stays in"]);
}

#[test]
fn the_command_is_mended_where_it_led_to_a_copy_that_is_gone_and_else_left_alone() {
    let person = Person::new();
    let link = person.at(".local/bin/onionmeter");
    person.make(".local/bin");
    person.make(".mozilla");
    symlink(person.at("gone/bin/onionmeter"), &link).expect("a link");
    person
        .run(&["install"])
        .expect(0, &["Command", "until now"]);
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        person.root().join("bin/onionmeter")
    );

    fs::remove_file(&link).expect("ours");
    symlink("/bin/true", &link).expect("a link");
    person
        .run(&["install"])
        .expect(0, &["a link to /bin/true", "stays"]);
    fs::remove_file(&link).expect("ours");
    fs::write(&link, "mine").expect("written");
    person
        .run(&["install"])
        .expect(0, &["did not put there", "stays"]);
    person.run(&["uninstall"]).expect(0, &[]);
    assert_eq!(fs::read_to_string(&link).expect("there"), "mine");

    // The folder itself may be a link, or one that leads nowhere.
    fs::remove_dir_all(person.at(".local/bin")).expect("ours");
    symlink(person.make("programs"), person.at(".local/bin")).expect("a link");
    person.run(&["install"]).expect(0, &["Command"]);
    assert!(person.at("programs/onionmeter").is_file());
    person.run(&["uninstall"]).expect(0, &[]);
    assert!(fs::symlink_metadata(person.at("programs/onionmeter")).is_err());
    fs::remove_file(person.at(".local/bin")).expect("ours");
    symlink("/nowhere", person.at(".local/bin")).expect("a link");
    person
        .run(&["install"])
        .expect(73, &["NOT made", "leads nowhere"]);
}

#[test]
fn doctor_starts_the_host_as_the_browser_would_and_install_repairs_what_it_can() {
    let person = Person::new();
    person.make(".config/chromium");
    person.make(".mozilla");
    person.run(&["install"]).expect(0, &["registered"]);
    let browsers = |words: &str| {
        let text = person.run(&["doctor"]).text;
        let part = text
            .split("Browsers\n")
            .nth(1)
            .expect("a section")
            .to_owned();
        assert!(part.contains(words), "{words}: {part}");
        assert_eq!(
            part.contains("BAD"),
            words != "knows the host, which starts",
            "{part}"
        );
    };
    browsers("knows the host, which starts");
    let program = person.root().join("bin/onionmeter");
    Person::mode(&program, 0o644);
    browsers("is not marked as executable");
    person.run(&["install"]).expect(0, &["already registered"]);
    assert_eq!(
        fs::metadata(&program).expect("there").permissions().mode() & 0o777,
        0o755
    );
    browsers("knows the host, which starts");
    for (content, words) in [
        (
            "#!/bin/sh\nexit 3\n",
            "ends without an answer (exit status: 3)",
        ),
        (
            "#!/bin/sh\nhead -c 4 /dev/zero | tr '\\0' '\\1'\n",
            "answers something else",
        ),
        ("#!/nowhere/sh\n", "cannot be started"),
    ] {
        fs::write(&program, content).expect("ours");
        browsers(words);
    }
    fs::remove_file(&program).expect("ours");
    browsers("which is not there");
    person.run(&["install"]).expect(0, &["already registered"]);
    browsers("knows the host, which starts");
    assert!(
        !person.root().join("key/device.key").is_file(),
        "no daemon was started for it"
    );
}

#[test]
fn a_program_on_a_disk_without_programs_is_told_with_the_disk() {
    let person = Person::new();
    person.make(".mozilla");
    person.run(&["install"]).expect(0, &["registered"]);
    let script = "mount --bind \"$HOME/.local\" \"$HOME/.local\" && \
        mount -o remount,bind,noexec \"$HOME/.local\" && \"$0\" doctor; exec \"$0\" install";
    let args = ["--mount", "sh", "-c", script, crate::support::PROGRAM];
    let said = Said::of(&mut person.start(Path::new("unshare"), &args));
    if said.text.contains("unshare:") || said.text.contains("mount:") {
        println!("not checked: nothing may be mounted here: {}", said.text);
        return;
    }
    let text = said.expect(
        64,
        &["cannot be started", "is mounted noexec", "ONIONMETER_HOME="],
    );
    let mount = person.at(".local").to_str().expect("UTF-8").to_owned();
    assert!(
        text.contains(&format!("{mount} is mounted noexec")),
        "{text}"
    );
}

#[test]
fn a_browser_in_a_sandbox_is_named_with_its_limit_and_never_called_in_order() {
    let person = Person::new();
    for footprint in [
        "snap/chromium/common/chromium",
        ".var/app/com.google.Chrome/config/google-chrome",
        ".var/app/org.mozilla.firefox/.mozilla",
        "snap/firefox",
    ] {
        person.make(footprint);
    }
    // What an earlier version wrote into a sandbox points to a path outside of the sandbox.
    person
        .run(&["install"])
        .expect(0, &["Chromium (Snap)", "Chrome (Flatpak)", "NOT possible"]);
    let inside =
        person.make(".var/app/com.google.Chrome/config/google-chrome/NativeMessagingHosts");
    let manifest = fs::read_to_string(person.at(".mozilla/native-messaging-hosts").join(MANIFEST));
    fs::write(
        inside.join(MANIFEST),
        manifest.expect("the portal reads it there"),
    )
    .expect("written");
    person.run(&["install"]).expect(0, &["NOT possible"]);
    assert!(!inside.join(MANIFEST).is_file(), "taken away again");
    let text = person.run(&["doctor"]).text;
    let part = text.split("Browsers\n").nth(1).expect("a section");
    let sandboxed = part
        .lines()
        .filter(|line| line.contains("Snap)") || line.contains("Flatpak)"));
    let sandboxed: Vec<_> = sandboxed.collect();
    assert!(sandboxed.len() >= 4, "{part}");
    assert!(
        sandboxed
            .iter()
            .all(|line| line.trim_start().starts_with("note")),
        "{part}"
    );
}

#[test]
fn browser_dir_takes_both_families_and_forgets_a_folder_that_is_gone() {
    let person = Person::new();
    let (mine, fork) = (person.make("my browser"), person.make("fork"));
    person.write("my browser/Local State", "{}");
    person.write("fork/profiles.ini", "");
    let dir = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let args = [
        "install",
        "--browser-dir",
        &dir(&mine),
        "--browser-dir",
        &dir(&fork),
    ];
    person.run(&args).expect(0, &["named by --browser-dir"]);
    let read = |path: PathBuf| fs::read_to_string(path.join(MANIFEST)).expect("there");
    assert!(read(mine.join("NativeMessagingHosts")).contains("allowed_origins"));
    assert!(read(fork.join("native-messaging-hosts")).contains("allowed_extensions"));
    let empty = person.make("empty");
    for refused in [person.at("nowhere"), empty, person.at("fork/profiles.ini")] {
        person
            .run(&["install", "--browser-dir", &dir(&refused)])
            .expect(64, &["--browser-dir"]);
    }
    fs::remove_dir_all(&mine).expect("ours");
    person.run(&["install"]).expect(0, &["already registered"]);
    assert!(!mine.try_exists().expect("readable"), "not made again");
    person.run(&["uninstall"]).expect(0, &["removed"]);
    assert!(!fork.join("native-messaging-hosts").is_dir());
}

#[test]
fn what_was_registered_by_one_config_folder_is_found_again_without_the_variable() {
    let person = Person::new();
    let config = person.make("elsewhere");
    person.make("elsewhere/chromium");
    person.make(".config/vivaldi");
    let mut install = person.command(&["install"]);
    let text =
        Said::of(install.env("XDG_CONFIG_HOME", &config)).expect(0, &["Chromium", "Vivaldi"]);
    let manifest = config.join("chromium/NativeMessagingHosts").join(MANIFEST);
    assert!(manifest.is_file(), "{text}");
    let doctor = person.run(&["doctor"]).text;
    assert!(doctor.contains("Chromium"), "{doctor}");
    person.run(&["uninstall"]).expect(0, &["removed"]);
    assert!(!manifest.is_file() && !person.at(".config/vivaldi/NativeMessagingHosts").is_dir());
}

#[test]
fn nobody_else_may_write_where_install_puts_programs_and_manifests() {
    let person = Person::new();
    person.make(".config/chromium");
    let shell = "umask 000; exec \"$0\" install";
    let installed = Said::of(&mut person.start(
        Path::new("/bin/sh"),
        &["-c", shell, crate::support::PROGRAM],
    ));
    let text = installed.expect(0, &["registered"]);
    for made in [
        ".local",
        ".local/bin",
        ".local/share",
        ".config/chromium/NativeMessagingHosts",
    ] {
        let mode = fs::metadata(person.at(made))
            .expect(made)
            .permissions()
            .mode();
        assert_eq!(mode & 0o022, 0, "{made}: {mode:o}: {text}");
    }
}

#[test]
fn a_umask_that_takes_away_our_own_rights_leaves_folders_that_can_be_used() {
    let person = Person::new();
    person.make(".config/chromium");
    let shell = "umask 177; exec \"$0\" install";
    let installed = Said::of(&mut person.start(
        Path::new("/bin/sh"),
        &["-c", shell, crate::support::PROGRAM],
    ));
    let text = installed.expect(0, &["registered"]);
    let home = [".local/share/onionmeter", ".local/share/onionmeter/key"];
    for made in [".local", ".local/bin", ".local/share"].iter().chain(&home) {
        let mode = fs::metadata(person.at(made)).expect(made).permissions();
        assert_eq!(mode.mode() & 0o777, 0o700, "{made}: {text}");
    }
}

#[test]
fn a_folder_in_place_of_a_manifest_is_named_with_what_to_do_and_stays() {
    let person = Person::new();
    let folder = person.make(&format!(".config/chromium/NativeMessagingHosts/{MANIFEST}"));
    person.make(".mozilla");
    person
        .run(&["install"])
        .expect(73, &["NOT registered", "it is a folder; remove it"]);
    person
        .run(&["doctor"])
        .expect(1, &["it is a folder; remove it"]);
    person.run(&["uninstall"]).expect(0, &["removed"]);
    assert!(folder.is_dir());
}
