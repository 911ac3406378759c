//! Where a home may be: unusual paths work, or the program refuses them with a sentence before it
//! makes anything.

use crate::{
    person::{Person, USERS},
    programs::copy_program,
    said::Said,
};
use meter_wire::{Request, Success};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
};

#[test]
fn a_path_that_cannot_be_a_home_is_refused_with_a_sentence_and_nothing_is_made() {
    let person = Person::new();
    let home = person.home().to_str().expect("UTF-8").to_owned();
    person.write("file", "");
    person.make(".mozilla");
    let before = Person::everything(person.home());
    let odd = [
        b"\xff\xfe".as_slice(),
        b"with\nline",
        b"with\ttab",
        b"bell\x07",
    ]
    .map(|name| [home.as_bytes(), b"/", name].concat());
    let long = [home.as_bytes(), b"/", &[b'x'; 100]].concat();
    let below = [home.as_bytes(), b"/file/home"].concat();
    let refusals = odd
        .iter()
        .map(|path| (path, "not text on one line"))
        .chain([
            (&long, "at most 87 bytes"),
            (&below, "is a file, not a folder"),
        ]);
    for (path, reason) in refusals {
        for command in ["install", "daemon"] {
            let text = person
                .run_in(OsStr::from_bytes(path), &[command])
                .expect(64, &[reason]);
            assert!(
                text.contains("ONIONMETER_HOME"),
                "the remedy is named: {text}"
            );
        }
        let looked = person.run_in(OsStr::from_bytes(path), &["doctor"]);
        assert_ne!(looked.code, Some(0), "{}", looked.text);
        assert!(!looked.text.contains("panicked"), "{}", looked.text);
        // Nothing starts there, so nothing is in force.
        for claim in ["in force", "starts it", "at its first start"] {
            assert!(!looked.text.contains(claim), "{claim}: {}", looked.text);
        }
    }
    assert_eq!(
        Person::everything(person.home()),
        before,
        "nothing was made"
    );
}

#[test]
fn a_path_with_blanks_umlauts_emoji_and_signs_is_a_home_like_any_other() {
    let person = Person::new();
    person.make(".config/chromium");
    let root = person.make("a b/ü🧅/\"q'%20:#$\\;&(x)*");
    person.without_tor(&root);
    person
        .run_in(&root, &["install"])
        .expect(0, &["registered"]);
    let manifest = person.at(".config/chromium/NativeMessagingHosts/org.onionmeter.host.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(manifest).expect("there")).expect("JSON");
    let program = Path::new(manifest["path"].as_str().expect("a path"));
    assert_eq!(program, root.join("bin/onionmeter"));
    // Without the variable, as the browser starts it.
    let mut bridge = person.bridge(program);
    bridge.hello(false);
    let Ok(Success::Status(_)) = bridge.ask(2, Request::Status) else {
        panic!("no status")
    };
    drop(bridge);
    person.run_in(&root, &["doctor"]).expect(
        1,
        &["is private", "Chromium, ungoogled Chromium knows the host"],
    );
    person
        .run_in(&root, &["uninstall", "--purge", "--yes"])
        .expect(0, &["Everything"]);
    assert!(!root.try_exists().expect("readable"));
}

#[test]
fn homes_below_links_are_in_order_after_install_and_leave_nothing_behind() {
    let person = Person::new();
    let real = person.make("var/home/me");
    symlink(person.at("var/home"), person.at("home")).expect("a link");
    let home = person.at("home/me");
    for folder in [".config/chromium", ".mozilla"] {
        fs::create_dir_all(real.join(folder)).expect("a browser");
    }
    let run =
        |program: &Path, args: &[&str]| Said::of(person.start(program, args).env("HOME", &home));
    let program = Path::new(crate::support::PROGRAM);
    run(program, &["install"]).expect(0, &["registered"]);
    let installed = home.join(".local/bin/onionmeter");
    // The installed program knows its own path with all links resolved.
    for program in [program, &installed] {
        let text = run(program, &["doctor"]).text;
        assert!(text.contains("Firefox knows the host"), "{text}");
        let browsers = text.split("Browsers\n").nth(1).expect("a section");
        assert!(
            !browsers.contains("BAD") && !browsers.contains("note"),
            "{browsers}"
        );
        run(program, &["install"]).expect(0, &["already registered"]);
    }
    run(&installed, &["uninstall"]).expect(0, &["removed"]);
    let left = Person::everything(&real);
    let dangling = left
        .iter()
        .any(|path| path.ends_with("onionmeter") && !path.is_dir());
    assert!(
        !dangling
            && !left
                .iter()
                .any(|path| path.ends_with("org.onionmeter.host.json")),
        "{left:?}"
    );
}

#[test]
fn a_link_to_a_longer_path_is_refused_when_its_end_is_too_long() {
    let person = Person::new();
    let long = person.make(&format!("{}/home", "x".repeat(90)));
    let link = person.at("h");
    symlink(long.parent().expect("above"), &link).expect("a link");
    person
        .run_in(link.join("home"), &["install"])
        .expect(64, &["at most 87 bytes"]);
    assert_eq!(Person::everything(&long), Vec::<std::path::PathBuf>::new());
}

#[test]
fn without_a_usable_home_variable_the_missing_one_is_named() {
    let person = Person::new();
    person.write("file", "");
    let file = person.at("file");
    for (home, words) in [
        (
            OsStr::new("relative"),
            "HOME is relative; it must be an absolute path",
        ),
        (OsStr::from_bytes(b"/tmp/\xff"), "not text on one line"),
        (file.as_os_str(), "is a file, not a folder"),
    ] {
        let mut command = person.command(&["install"]);
        Said::of(command.env("HOME", home)).expect(64, &[words]);
    }
    // A relative path is ignored, as the specification of this variable demands.
    let mut command = person.command(&["doctor"]);
    let said = Said::of(
        command
            .env("XDG_DATA_HOME", "data")
            .env("XDG_CONFIG_HOME", "config"),
    );
    assert!(
        said.text.contains(".local/share/onionmeter"),
        "{}",
        said.text
    );
    let data = person.make("data");
    person.make(".mozilla");
    let mut command = person.command(&["install"]);
    Said::of(command.env("XDG_DATA_HOME", &data)).expect(0, &["data/onionmeter/bin"]);
}

#[test]
fn a_folder_of_all_users_or_of_the_system_is_no_home_and_is_never_to_be_closed() {
    let person = Person::new();
    let shared = person.make("shared");
    Person::mode(&shared, 0o1777);
    for (folder, words) in [
        (shared.as_path(), "a folder that all users share"),
        (Path::new("/var/tmp"), "a folder that all users share"),
        (Path::new("/opt"), "a folder of the system"),
        (Path::new("/srv"), "a folder of the system"),
    ] {
        if !folder.is_dir() {
            continue;
        }
        let example = folder.join("onionmeter");
        let example = example.to_str().expect("UTF-8");
        for args in [&["install"][..], &["uninstall", "--purge", "--yes"]] {
            let text = person
                .run_in(folder, args)
                .expect(64, &[words, "ONIONMETER_HOME", example]);
            assert!(!text.contains("chmod"), "{text}");
        }
    }
    let said = person.run_in("/", &["install"]).expect(64, &[]);
    assert!(said.ends_with("for example /onionmeter\n"), "{said}");
}

#[test]
fn a_program_that_its_user_may_not_read_is_named_with_the_way_out() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    let shut = tempfile::tempdir().expect("a folder of root");
    Person::mode(shut.path(), 0o700);
    let program = shut.path().join("onionmeter");
    copy_program(&person.program(), &program, "");
    let name = program.to_str().expect("UTF-8");
    // `setpriv` may start it: it still has the powers of root then.
    Said::of(&mut person.start(&program, &["install"])).expect(
        64,
        &["you may not read", name, "home folder", "run `install`"],
    );
}

#[test]
fn a_home_that_cannot_be_written_is_refused_with_the_reason() {
    let Some(person) = Person::ordinary(USERS[0]) else {
        return;
    };
    let shut = person.make(".local");
    Person::mode(&shut, 0o500);
    person
        .run(&["install"])
        .expect(64, &["you may not write into", ".local", "ONIONMETER_HOME"]);
    Person::mode(&shut, 0o700);
    a_home_that_lost_its_mode_is_told(&person);
    let script = |mount: &str| format!("{mount} && exec \"$0\" install");
    for (mount, words) in [
        (
            "mount -t tmpfs -o ro none \"$HOME\"",
            "Read-only file system",
        ),
        (
            "mount -t tmpfs -o size=8k,mode=777 none \"$HOME\" && head -c 8k /dev/zero > \
                \"$HOME/full\"",
            "No space left",
        ),
        (
            "mount -t tmpfs -o noexec,mode=777 none \"$HOME\"",
            "is mounted noexec",
        ),
    ] {
        let root = Person::new();
        let args = [
            "--mount",
            "sh",
            "-c",
            &script(mount),
            crate::support::PROGRAM,
        ];
        let said = Said::of(&mut root.start(Path::new("unshare"), &args));
        if said.text.contains("unshare:") || said.text.contains("mount:") {
            println!("not checked: nothing may be mounted here: {}", said.text);
            return;
        }
        assert_ne!(said.code, Some(0), "{mount}: {}", said.text);
        assert!(said.text.contains(words), "{mount}: {}", said.text);
    }
}

/// A home that was made in order and cannot be written any more.
fn a_home_that_lost_its_mode_is_told(person: &Person) {
    person.make(".mozilla");
    person.without_tor(&person.root());
    person.run(&["install"]).expect(0, &["registered"]);
    let name = person.root().to_str().expect("UTF-8").to_owned();
    let words = format!("you may not write into {name}");
    Person::mode(&person.root(), 0o500);
    let remedy = format!("chmod 700 {name}");
    person.run(&["doctor"]).expect(1, &[&words, &remedy]);
    person
        .run(&["install"])
        .expect(73, &["NOT written", &words]);
    person
        .run(&["uninstall"])
        .expect(73, &["NOT removed", &words]);
    Person::mode(&person.root(), 0o700);
    let applications = person.at(".local/share/applications");
    drop(fs::remove_dir_all(&applications));
    fs::write(&applications, "").expect("written");
    let launcher = format!("{} is a file, not a folder", applications.display());
    let said = person.run(&["install"]);
    // Without a browser's program here no launcher is made.
    if said.text.contains("Launcher") {
        said.expect(73, &["Launcher: NOT made", &launcher]);
    }
    fs::remove_file(applications).expect("ours");
    person.run(&["uninstall"]).expect(0, &["removed"]);
}
