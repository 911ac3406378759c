//! What keeps files of Onionmeter from being written, told as what it is: marks of the file system,
//! things in the place of a folder, and locks that another program keeps.

use crate::{
    book::{book, mounting},
    said::{Said, check, text},
    support::TestHome,
};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Twice as long as a command waits for another one, for a computer that is busy.
const SOON: Duration = Duration::from_secs(20);

/// A file that nobody may change as long as this lives.
struct Frozen(PathBuf);

impl Frozen {
    /// `None` where this system or its user cannot do that.
    fn new(path: PathBuf, mark: &str) -> Option<Self> {
        chattr(&format!("+{mark}"), &path).then_some(Self(path))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        chattr("-i", &self.0);
        chattr("-a", &self.0);
    }
}

fn chattr(mark: &str, path: &Path) -> bool {
    let output = Command::new("chattr").arg(mark).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn a_file_that_is_marked_as_unchangeable_is_told_as_that_and_not_as_one_of_a_wrong_mode() {
    let home = TestHome::new();
    drop(book(&home, 3));
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["stop"], 0, &[]);
    for (name, mark) in [
        ("book.sqlite3", "i"),
        ("book.sqlite3", "a"),
        ("key", "i"),
        ("key/last-signed", "i"),
        ("log/onionmeter.log", "i"),
        ("run", "a"),
        ("", "i"),
    ] {
        let path = match name {
            "" => home.root(),
            name => home.root().join(name),
        };
        let Some(frozen) = Frozen::new(path.clone(), mark) else {
            println!("not checked: nothing can be marked here");
            return;
        };
        let words = [
            &format!("{} is marked as unchangeable", path.display()),
            "sudo chattr -R -i -a",
        ];
        let said = check(&home, &["doctor"], 1, &words);
        assert!(!said.contains("chmod"), "{name}: {said}");
        check(&home, &["reports"], 0, &["13.725"]);
        drop(frozen);
    }
    // A person may want this; the program only reads it.
    let key = Frozen::new(home.root().join("key/device.key"), "i");
    let said = text(&home.run(&["doctor"]));
    assert!(!said.contains("unchangeable"), "{said}");
    drop(key);
}

#[test]
fn a_manifest_or_a_program_that_is_marked_as_unchangeable_is_named() {
    let home = TestHome::new();
    fs::create_dir_all(home.user().join(".config/chromium")).expect("a browser");
    check(&home, &["install"], 0, &["registered"]);
    let hosts = ".config/chromium/NativeMessagingHosts/org.onionmeter.host.json";
    for path in [home.user().join(hosts), home.root().join("bin/onionmeter")] {
        let Some(frozen) = Frozen::new(path.clone(), "i") else {
            println!("not checked: nothing can be marked here");
            return;
        };
        let words = [
            "NOT removed",
            &format!("{} is marked as unchangeable", path.display()),
        ];
        check(&home, &["uninstall"], 73, &words);
        drop(frozen);
    }
    check(&home, &["install"], 0, &["registered"]);
    let program = home.root().join("bin/onionmeter");
    fs::write(&program, "an older one").expect("ours");
    if let Some(_frozen) = Frozen::new(program, "i") {
        let words = ["bin/onionmeter", "is marked as unchangeable"];
        check(&home, &["install"], 73, &words);
    }
}

/// `install` cannot do it, so it is no way out.
#[test]
fn what_is_in_the_place_of_a_browsers_folder_is_named_by_doctor_too() {
    let home = TestHome::new();
    let chromium = home.user().join(".config/chromium");
    fs::create_dir_all(&chromium).expect("a browser");
    let hosts = chromium.join("NativeMessagingHosts");
    let make_file = |path: &Path| fs::write(path, "mine").expect("written");
    let make_link = |path: &Path| std::os::unix::fs::symlink("/nowhere/n", path).expect("a link");
    for (put, what) in [
        (&make_file as &dyn Fn(&Path), "is a file, not a folder"),
        (&make_link, "is a link that leads nowhere"),
    ] {
        put(&hosts);
        let words = [&format!("{} {what}", hosts.display()), "move it away"];
        check(&home, &["install"], 73, &words[..1]);
        check(&home, &["doctor"], 1, &words);
        fs::remove_file(&hosts).expect("moved away");
        Said::from(&home.run(&["install"])).expect(0, &["registered"]);
        check(&home, &["uninstall"], 0, &[]);
    }
}

/// A lock of the home that this process has, and how a command names both.
fn held(home: &TestHome, name: &str) -> (File, String) {
    let path = home.root().join(name);
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.expect("ours");
    file.lock().expect("free");
    let own = std::process::id();
    (
        file,
        format!("{} is locked by process {own}", path.display()),
    )
}

#[test]
fn a_lock_of_settings_that_another_program_keeps_is_named_with_that_program() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    let (lock, named) = held(&home, "run/settings.lock");
    let words = ["Another program changes the settings", &named];
    for command in [
        &["config", "set", "log.level", "warn"][..],
        &["tor", "use", "managed"],
    ] {
        check(&home, command, 75, &words);
    }
    drop(lock);
    check(&home, &["config", "set", "log.level", "warn"], 0, &[]);
}

#[test]
fn an_install_says_for_whom_it_waits_and_goes_on_when_that_has_ended() {
    let home = TestHome::new();
    check(&home, &["install"], 4, &[]);
    let (lock, named) = held(&home, "run/registration.lock");
    let mut install = home.command(&["install"]);
    let install = install.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut install = install.expect("it starts");
    let mut said = BufReader::new(install.stderr.take().expect("piped")).lines();
    let line = said.next().expect("it says so").expect("text");
    assert!(
        line.starts_with("waiting for") && line.contains(&named),
        "{line}"
    );
    drop(lock);
    assert_eq!(install.wait().expect("ours").code(), Some(4));
}

#[test]
fn an_install_behind_a_lock_that_stays_ends_soon_and_names_its_holder() {
    let home = TestHome::new();
    check(&home, &["install"], 4, &[]);
    let (_lock, named) = held(&home, "run/registration.lock");
    thread::scope(|threads| {
        for command in [&["install"][..], &["uninstall"], &["uninstall", "--json"]] {
            let (home, named) = (&home, &named);
            threads.spawn(move || {
                let begun = Instant::now();
                check(home, command, 75, &["does not end", named]);
                assert!(begun.elapsed() < SOON, "{command:?}: {:?}", begun.elapsed());
            });
        }
    });
}

#[test]
fn a_disk_that_takes_no_further_file_is_told_as_that_and_not_as_a_full_one() {
    let home = TestHome::new();
    let line = r#"
        mount -t tmpfs -o size=9m,nr_inodes=20,mode=700 none "$ONIONMETER_HOME"
        touch "$ONIONMETER_HOME/.onionmeter"; i=0
        while touch "$ONIONMETER_HOME/$i" 2>/dev/null; do i=$((i + 1)); done
        "$P" doctor || true"#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    let said = text(&output);
    assert!(said.contains("takes no further file"), "{said}");
    assert!(!said.contains("is full"), "{said}");
}

#[test]
fn policies_of_one_browser_that_cannot_be_written_or_removed_do_not_hold_up_the_others() {
    let home = TestHome::new();
    let root = home.user().join("root");
    let chromium = root.join("etc/chromium");
    fs::create_dir_all(&chromium).expect("ours");
    let root_name = root.to_str().expect("UTF-8");
    let harden = ["harden", "--all", "--yes", "--root", root_name];
    let Some(frozen) = Frozen::new(chromium, "i") else {
        println!("not checked: nothing can be marked here");
        return;
    };
    let said = check(&home, &harden, 73, &["NOT written", "etc/chromium"]);
    let written = said.matches(": written").count();
    assert!(written > 1, "{said}");
    drop(frozen);
    let _frozen = Frozen::new(root.join("etc/firefox/policies"), "i").expect("as before");
    let unharden = ["unharden", "--yes", "--root", root_name];
    let said = check(&home, &unharden, 73, &["NOT removed", "etc/firefox"]);
    assert_eq!(said.matches(": removed").count(), written - 1, "{said}");
}
