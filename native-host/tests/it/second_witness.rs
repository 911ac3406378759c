//! `daemon.desktop_notice`: a notification of the desktop when an extension leaves. A program in
//! place of `notify-send` notes what it is asked to show.

use crate::support::{Bridge, PROGRAM, TestHome};
use meter_fixtures::script;
use meter_wire::{Client, Hello, ProtocolRange, Request};
use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// Only an upper bound: the daemon waits 40 s for the extension.
const LIMIT: Duration = Duration::from_secs(240);

/// A home whose desktop notes its notifications in a file.
struct Desktop {
    home: TestHome,
}

impl Desktop {
    fn new(notice: &str) -> Self {
        let home = TestHome::new();
        let config = fs::read_to_string(home.root().join("config.toml")).expect("there");
        home.configure(&format!("{config}[daemon]\n{notice}\n"));
        let programs = home.user().join("programs");
        fs::create_dir(&programs).expect("a folder");
        let program = programs.join("notify-send");
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >>{:?}\n", shown(&home));
        script::put(&program, &text).expect("a script");
        Self { home }
    }

    fn with_programs(&self, mut command: Command) -> Command {
        let path = format!("{}/programs:/usr/bin:/bin", self.home.user().display());
        command.env("PATH", path);
        command
    }

    /// An extension whose browser is this test. With `wants`, pages are wanted through Tor.
    fn extension(&self, wants: bool) -> Bridge {
        let origin = onionmeter_host::ids::chromium_origin();
        let command = self.with_programs(self.home.command(&[&origin]));
        let mut bridge = Bridge::start(command);
        greet(&mut bridge);
        if wants {
            bridge.ask(2, Request::Witness).expect("a name");
        }
        bridge
    }

    fn shown(&self) -> String {
        fs::read_to_string(shown(&self.home)).unwrap_or_default()
    }
}

fn shown(home: &TestHome) -> PathBuf {
    home.user().join("shown")
}

fn greet(bridge: &mut Bridge) {
    let client = Client {
        name: "extension".to_owned(),
        version: "0".to_owned(),
    };
    let hello = Hello {
        protocol: ProtocolRange::OURS,
        client,
        notices: false,
    };
    bridge.ask(1, Request::Hello(hello)).expect("greeted");
}

/// A browser of its own that ends: a shell that starts the bridge and takes it along.
fn browser_that_ends(desktop: &Desktop) {
    let mut shell = Command::new("/bin/sh");
    let origin = onionmeter_host::ids::chromium_origin();
    // The last word keeps the shell from becoming the bridge.
    shell.args(["-c", "\"$0\" \"$1\"; exit 0", PROGRAM, &origin]);
    shell.env_clear().env("HOME", desktop.home.user());
    shell.env("ONIONMETER_HOME", desktop.home.root());
    let mut bridge = Bridge::start(desktop.with_programs(shell));
    greet(&mut bridge);
    bridge.ask(2, Request::Witness).expect("a name");
    assert!(bridge.close().success());
}

#[test]
fn an_extension_that_leaves_a_running_browser_is_told_by_the_desktop_if_that_was_asked_for() {
    let on = "desktop_notice = true";
    let [told, returned, unwanted, ended] = [(); 4].map(|()| Desktop::new(on));
    let off = Desktop::new("idle_exit_s = 120");
    // Each leaves before the one that is told, so that its time is over when that one is.
    drop(off.extension(true));
    drop(unwanted.extension(false));
    browser_that_ends(&ended);
    drop(returned.extension(true));
    let back = returned.extension(true);
    let bridge = told.extension(true);
    // Killed, as by a person or a lack of memory; the extension, which would start another, is
    // away.
    let pid = i32::try_from(bridge.pid()).expect("small");
    let pid = rustix::process::Pid::from_raw(pid).expect("a number");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("ours");
    let deadline = Instant::now() + LIMIT;
    while !told.shown().contains("close the browser") {
        assert!(Instant::now() < deadline, "nothing is shown");
        assert!(told.home.daemon_pid().is_some(), "the daemon goes on");
        std::thread::sleep(Duration::from_millis(100));
    }
    let text = told.shown();
    assert!(text.starts_with("--app-name=Onionmeter\n"), "{text}");
    assert!(text.contains("pages are wanted through Tor"), "{text}");
    for quiet in [&off, &unwanted, &ended, &returned] {
        assert_eq!(quiet.shown(), "");
    }
    drop((bridge, back));
}

/// A notification needs a program that may hang or be missing; the daemon serves on.
#[test]
fn a_desktop_that_hangs_or_is_missing_blocks_nothing() {
    let [hangs, missing] = [(); 2].map(|()| Desktop::new("desktop_notice = true"));
    let program = |desktop: &Desktop| desktop.home.user().join("programs/notify-send");
    script::put(&program(&hangs), "#!/bin/sh\nexec sleep 600\n").expect("a script");
    fs::remove_file(program(&missing)).expect("ours");
    for desktop in [&hangs, &missing] {
        drop(desktop.extension(true));
    }
    let deadline = Instant::now() + LIMIT;
    for desktop in [&hangs, &missing] {
        let log = || fs::read_to_string(desktop.home.root().join("log/onionmeter.log"));
        while !log().unwrap_or_default().contains("notify-send") {
            assert!(Instant::now() < deadline, "the log says nothing");
            std::thread::sleep(Duration::from_millis(100));
        }
        let mut bridge = desktop.home.bridge();
        bridge.hello(false);
        bridge.ask(3, Request::Ping).expect("it serves");
    }
}
