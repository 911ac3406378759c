//! After a newer program was installed, the older daemon ends for it, or the program says that it
//! did not.

use crate::{
    programs::copy_program,
    support::{PROGRAM, TestHome, connect},
};
use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    thread,
    time::Duration,
};

/// Another build of the program, of the same version: bytes after the end of an ELF file do not
/// change what it does.
fn another_build(home: &TestHome) -> PathBuf {
    let path = home.user().join("newer");
    copy_program(PROGRAM.as_ref(), &path, "newer");
    path
}

fn run(home: &TestHome, program: &Path, args: &[&str]) -> String {
    let asked = home.command(args);
    let mut command = Command::new(program);
    command.args(args).env_clear();
    for (name, value) in asked.get_envs() {
        command.env(name, value.expect("set"));
    }
    let output = command.output().expect("it starts");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("text")
}

#[test]
fn an_idle_daemon_of_another_build_ends_when_a_program_is_installed() {
    let home = TestHome::new();
    home.run(&["install"]);
    let installed = home.root().join("bin/onionmeter");
    assert!(run(&home, &installed, &["monitor", "start"]).contains("counts"));
    let again = run(&home, Path::new(PROGRAM), &["install"]);
    assert!(!again.contains("Daemon:"), "the same program: {again}");
    assert!(home.daemon_pid().is_some());
    let newer = another_build(&home);
    let said = run(&home, &newer, &["install"]);
    assert!(said.contains("was idle and is ended"), "{said}");
    assert!(home.daemon_pid().is_none());
    assert!(run(&home, &installed, &["monitor", "start"]).contains("counts"));
    let said = run(&home, &newer, &["status"]);
    assert!(
        !said.contains("Notice"),
        "a copy is the same program: {said}"
    );
}

/// Holds connections that send the SOCKS greeting and no more. The relay cuts each after some
/// seconds, so the next one comes before that.
fn keep_in_use(home: &TestHome, has_begun: &Sender<()>, is_over: &AtomicBool) {
    let mut open = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let mut client = connect(([127, 0, 0, 1], home.relay_port).into());
        client.write_all(b"\x05\x01\x00").expect("it listens");
        client.read_exact(&mut [0; 2]).expect("it is served");
        open.push(client);
        if open.len() == 1 {
            has_begun.send(()).expect("the test waits for it");
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_daemon_in_use_is_left_and_every_look_says_that_it_is_not_the_installed_one() {
    let home = TestHome::new();
    home.run(&["install"]);
    let installed = home.root().join("bin/onionmeter");
    assert!(run(&home, &installed, &["monitor", "start"]).contains("counts"));
    let newer = another_build(&home);
    let ((begins, has_begun), is_over) = (mpsc::channel(), AtomicBool::new(false));
    let said = thread::scope(|scope| {
        let (home, is_over) = (&home, &is_over);
        scope.spawn(move || keep_in_use(home, &begins, is_over));
        // It also returns when the other thread has panicked; what that said is then shown.
        has_begun.recv().expect("connections are kept open");
        let said = run(home, &newer, &["install"]);
        is_over.store(true, Ordering::Relaxed);
        said
    });
    assert!(
        said.contains("goes on with the program that was there before"),
        "{said}"
    );
    let process = home.daemon_pid().expect("it goes on");
    let process = format!("(process {})", process.as_raw_nonzero());
    for command in ["status", "doctor"] {
        let said = run(&home, &installed, &[command]);
        assert!(said.contains("was replaced since"), "{said}");
        assert!(
            said.contains(&process) && said.contains("`onionmeter stop`"),
            "{said}"
        );
    }
    assert!(run(&home, &installed, &["stop"]).contains("is stopped"));
    assert!(run(&home, &installed, &["monitor", "start"]).contains("counts"));
    assert!(!run(&home, &installed, &["status"]).contains("was replaced"));
}
