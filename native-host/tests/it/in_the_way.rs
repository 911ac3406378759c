//! Another process has the daemon's lock, its socket or its process number. The program names it
//! and never sends it a signal.

use crate::{
    stand_in::{Part, StandIn},
    support::TestHome,
};
use meter_wire::{
    ErrorCode, FromDaemon, HelloReply, Notice, Outcome, Problem, ProtocolRange, Reply, Success,
    parse_request, write_message,
};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

#[track_caller]
fn says(home: &TestHome, args: &[&str], code: i32, parts: &[&str]) {
    let output = home.run(args);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("text");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    for part in parts {
        assert!(text.contains(part), "{args:?} says {part:?}: {text}");
    }
}

/// A home in which a daemon has run before.
fn used_home() -> TestHome {
    let home = TestHome::new();
    says(&home, &["monitor", "start"], 0, &[]);
    says(&home, &["stop"], 0, &["is stopped"]);
    home
}

/// A process of ours that is unrelated to the daemon.
struct Bystander(Child);

impl Bystander {
    fn start() -> Self {
        Self(Command::new("sleep").arg("600").spawn().expect("it starts"))
    }

    #[track_caller]
    fn assert_lives(&mut self) {
        assert_eq!(self.0.try_wait().expect("ours"), None, "it was ended");
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn stop_signals_no_process_that_only_a_file_names() {
    let home = used_home();
    let lock = home.root().join("run/daemon.lock");
    let mut bystander = Bystander::start();
    for number in [
        bystander.0.id().to_string(),
        "-1".to_owned(),
        "0".to_owned(),
    ] {
        fs::write(&lock, format!("{number}\n")).expect("ours");
        says(&home, &["stop"], 0, &["not running"]);
        says(&home, &["stop", "--force"], 0, &["not running"]);
        bystander.assert_lives();
    }
    says(&home, &["monitor", "start"], 0, &[]);
    fs::write(&lock, format!("{}\n", bystander.0.id())).expect("ours");
    says(&home, &["stop"], 0, &["is stopped"]);
    bystander.assert_lives();
    says(&home, &["status"], 3, &["not running"]);
}

#[test]
fn a_program_that_holds_the_lock_is_named_and_left_alone() {
    let home = used_home();
    let mut other = StandIn::start(&home, Part::Lock);
    let process = format!("process {}", other.pid());
    let lock = home.root().join("run/daemon.lock");
    let parts = [lock.to_str().expect("UTF-8"), &process];
    let all: [(&[&str], i32); 6] = [
        (&["status"], 7),
        (&["doctor"], 1),
        (&["monitor", "start"], 7),
        (&["tor", "stop"], 7),
        (&["stop"], 7),
        (&["stop", "--force"], 7),
    ];
    thread::scope(|scope| {
        for (args, code) in all {
            let home = &home;
            scope.spawn(move || says(home, args, code, &parts));
        }
    });
    let mut bridge = home.bridge();
    let Some(FromDaemon::Notice(Notice::Problem(problem))) = bridge.receive() else {
        panic!("no problem was told");
    };
    assert_eq!(problem.code, ErrorCode::DaemonPlaceTaken);
    assert_eq!(bridge.wait().code(), Some(69));
    other.assert_lives();
    let log = fs::read_to_string(home.root().join("log/onionmeter.log")).expect("there");
    assert_eq!(log.matches("daemon ready").count(), 1, "none but the first");
    drop(other);
    says(&home, &["monitor", "start"], 0, &[]);
}

#[test]
fn a_program_that_has_the_socket_is_named_and_left_alone() {
    for part in [Part::Silence, Part::Garbage] {
        let home = used_home();
        let mut other = StandIn::start(&home, part);
        let process = format!("process {}", other.pid());
        let parts = ["daemon.sock", &process, "no Onionmeter daemon"];
        thread::scope(|scope| {
            for args in [&["status"][..], &["monitor", "start"], &["stop"]] {
                let home = &home;
                scope.spawn(move || says(home, args, 7, &parts));
            }
        });
        other.assert_lives();
    }
}

#[test]
fn a_daemon_that_hangs_is_named_and_ended_by_force_alone() {
    let home = used_home();
    let mut hung = StandIn::start(&home, Part::Hung);
    let process = format!("process {}", hung.pid());
    let parts = ["does not answer", &process, "stop --force"];
    thread::scope(|scope| {
        for (args, code) in [(&["status"][..], 7), (&["doctor"], 1), (&["stop"], 7)] {
            let (home, parts) = (&home, &parts[1..]);
            scope.spawn(move || says(home, args, code, parts));
        }
    });
    says(&home, &["status"], 7, &parts);
    hung.assert_lives();
    says(&home, &["stop", "--force"], 0, &["is stopped"]);
    hung.wait();
    says(&home, &["monitor", "start"], 0, &[]);
}

#[test]
fn a_daemon_that_cannot_start_says_why_to_who_started_it() {
    let home = used_home();
    let socket = home.root().join("run/daemon.sock");
    fs::create_dir_all(socket.join("something")).expect("ours");
    let socket = socket.to_str().expect("UTF-8");
    says(&home, &["status"], 3, &["not running"]);
    let words = ["cannot be started", socket, "it is a folder; move it away"];
    says(&home, &["monitor", "start"], 7, &words);
    fs::remove_dir_all(socket).expect("ours");
    says(&home, &["monitor", "start"], 0, &[]);
}

#[test]
fn a_client_of_a_daemon_that_is_just_ending_gets_the_next_one() {
    let home = used_home();
    let socket = home.root().join("run/daemon.sock");
    for is_bridge in [false, true] {
        drop(fs::remove_file(&socket));
        let ending = UnixListener::bind(&socket).expect("free");
        let path = socket.clone();
        // It closes with the hello unread, which causes a reset. Then it is gone.
        let ends = thread::spawn(move || {
            drop(ending.accept().expect("a client"));
            fs::remove_file(path).expect("ours");
        });
        if is_bridge {
            let hello = home.bridge().hello(false);
            assert!(hello.key.is_some());
        } else {
            says(&home, &["monitor", "start"], 0, &[]);
        }
        ends.join().expect("a client came");
        says(&home, &["stop"], 0, &["is stopped"]);
    }
}

#[test]
fn a_lock_that_a_backup_shares_is_named_with_its_holder_and_its_place() {
    let home = used_home();
    let me = format!("process {}", std::process::id());
    for place in [home.root(), home.root().join("run/daemon.lock")] {
        let held = fs::File::open(&place).expect("there");
        flock(&held, FlockOperation::LockShared).expect("free");
        let name = format!("{} is locked by {me}", place.display());
        says(&home, &["monitor", "start"], 7, &[&name]);
        drop(held);
    }
    says(&home, &["monitor", "start"], 0, &[]);
}

/// A daemon that is ending when it is asked anything, or says so to the hello already.
fn ending(socket: &Path, greets: bool) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).expect("free");
    let socket = socket.to_path_buf();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let hello = HelloReply {
            protocol: ProtocolRange::OURS.max,
            version: "0.1.0".to_owned(),
            capabilities: Vec::new(),
            key: None,
            chain: None,
            parts: None,
        };
        let ending = Problem::with_detail(ErrorCode::DaemonUnreachable, "the daemon is ending");
        let greeting = Outcome::Ok(Success::Hello(hello));
        let outcomes = [greeting, Outcome::Error(ending)];
        for outcome in outcomes.into_iter().skip(usize::from(!greets)) {
            let mut length = [0; 4];
            client.read_exact(&mut length).expect("a request");
            let length = usize::try_from(u32::from_ne_bytes(length)).expect("64 bit");
            let mut request = vec![0; length];
            client.read_exact(&mut request).expect("a request");
            let request = parse_request(&request).expect("a request");
            let id = Some(request.id);
            let reply = write_message(&FromDaemon::Reply(Reply { id, outcome }));
            // It is gone before the client knows.
            drop(fs::remove_file(&socket));
            let length = u32::try_from(reply.len()).expect("small");
            client.write_all(&length.to_ne_bytes()).expect("written");
            client.write_all(reply.as_ref()).expect("written");
        }
    })
}

#[test]
fn a_command_that_meets_a_daemon_just_ending_asks_the_next_one_or_says_that_none_runs() {
    let home = used_home();
    let socket = home.root().join("run/daemon.sock");
    for (args, code, words) in [
        (&["status"][..], 3, "not running"),
        (&["monitor", "stop"], 0, "not running"),
        (&["tor", "stop"], 0, "not running"),
        (&["monitor", "start"], 0, "is open"),
    ] {
        for greets in [true, false] {
            let daemon = ending(&socket, greets);
            says(&home, args, code, &[words]);
            daemon.join().expect("it was asked");
            says(&home, &["stop"], 0, &[]);
        }
    }
}

#[test]
fn a_stop_amid_starts_ends_the_daemon_that_it_met_whoever_comes_next() {
    let home = used_home();
    for _ in 0..8 {
        let mut starts: Vec<_> = (0..3)
            .map(|_| {
                let mut command = home.command(&["monitor", "start"]);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command.spawn().expect("it starts")
            })
            .collect();
        for _ in 0..4 {
            says(&home, &["stop"], 0, &["daemon is"]);
        }
        for start in &mut starts {
            start.wait().expect("it ends");
        }
    }
}

#[test]
fn a_daemon_that_lost_its_place_to_another_leaves_the_other_its_socket() {
    let home = used_home();
    let run = home.root().join("run");
    let mut first = home.command(&["daemon"]).spawn().expect("it starts");
    while UnixStream::connect(run.join("daemon.sock")).is_err() {
        assert_eq!(first.try_wait().expect("ours"), None, "it ended");
        thread::sleep(Duration::from_millis(10));
    }
    // The lock and socket of another process replace the daemon's own at once. This is possible
    // where the disk has no locks for folders.
    let others = home.user().join("run of another");
    fs::create_dir(&others).expect("a folder");
    fs::set_permissions(&others, fs::Permissions::from_mode(0o700)).expect("ours");
    let lock = fs::File::create(others.join("daemon.lock")).expect("ours");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("free");
    let _listener = UnixListener::bind(others.join("daemon.sock")).expect("free");
    renameat_with(CWD, &others, CWD, &run, RenameFlags::EXCHANGE).expect("exchanged");

    assert!(first.wait().expect("ours").success());
    UnixStream::connect(run.join("daemon.sock")).expect("the other's is there");
}
