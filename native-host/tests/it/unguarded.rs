//! A sandbox keeps the daemon from finding out which user a connection belongs to. The relay still
//! refuses other users, or it stays closed and says why.

use crate::{
    said::text,
    support::{TestHome, connect},
};
use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Takes AF_NETLINK from a program and starts it (seccomp(2)), as systemd's RestrictAddressFamilies
/// does.
const WITHOUT_NETLINK: &str = r#"
    my ($prctl, $socket) = (shift, shift);
    my @program = ([0x20,0,0,0], [0x15,0,3,$socket], [0x20,0,0,16], [0x15,0,1,16],
                   [6,0,0,0x50061], [6,0,0,0x7fff0000]);
    my $filter = join '', map { pack 'SCCL', @$_ } @program;
    my $described = pack 'S x6 P', scalar @program, $filter;
    syscall($prctl, 38, 1, 0, 0, 0);
    syscall($prctl, 22, 2, $described) == 0 or die $!;
    exec @ARGV or die $!;"#;

/// Numbers of prctl(2) and socket(2).
const CALLS: [&str; 2] = if cfg!(target_arch = "aarch64") {
    ["167", "198"]
} else {
    ["157", "41"]
};

/// Hides the files of one process in /proc from it, its list of sockets too. The process keeps its
/// number.
const WITHOUT_LISTS: &str = r#"mount -t tmpfs none "/proc/$$" && exec "$@""#;

/// A daemon in a sandbox; dropping it ends the daemon.
struct Boxed(Child);

impl Boxed {
    fn start(home: &TestHome, wrapper: &[&str]) -> Self {
        let daemon = home.command(&["daemon"]);
        let mut command = match wrapper {
            [] => Command::new("perl"),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg("perl");
                command
            }
        };
        command.args(["-e", WITHOUT_NETLINK]).args(CALLS);
        command.arg(daemon.get_program()).args(daemon.get_args());
        for (name, value) in daemon.get_envs() {
            command.env(name, value.expect("set"));
        }
        let mut started = Self(command.stdin(Stdio::null()).spawn().expect("it starts"));
        while home.daemon_pid().is_none() {
            let ended = started.0.try_wait().expect("its status");
            assert_eq!(
                ended, None,
                "{wrapper:?} ended instead of the daemon's start"
            );
            thread::sleep(Duration::from_millis(10));
        }
        started
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn said(home: &TestHome, args: &[&str]) -> String {
    text(&home.run(args))
}

fn is_served(home: &TestHome) -> bool {
    let mut client = connect(([127, 0, 0, 1], home.relay_port).into());
    client.write_all(b"\x05\x01\x00").expect("it listens");
    let mut answer = Vec::new();
    let mut taken = client.take(2);
    taken.read_to_end(&mut answer).is_ok() && answer == [5, 0]
}

fn stranger(home: &TestHome) -> Vec<u8> {
    let mut stranger = Command::new("setpriv");
    stranger.args(["--reuid", "65534", "--clear-groups", "bash", "-c"]);
    stranger.args(["exec 3<>/dev/tcp/127.0.0.1/$0; printf '\\005\\001\\000' >&3; head -c 2 <&3"]);
    stranger.arg(home.relay_port.to_string());
    let output = stranger.stderr(Stdio::null()).output();
    output.expect("it starts").stdout
}

#[test]
fn where_the_kernel_may_not_be_asked_another_user_is_still_kept_out() {
    if !rustix::process::geteuid().is_root() {
        println!("not checked: only root can act as another user and hide files");
        return;
    }
    let home = TestHome::new();
    let _boxed = Boxed::start(&home, &[]);
    let text = said(&home, &["monitor", "start"]);
    assert!(text.contains("open and counts"), "{text}");
    assert!(is_served(&home));
    assert_eq!(stranger(&home), b"", "not a word");
    while !said(&home, &["status"]).contains("other users of this computer") {
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn where_nobody_can_be_asked_the_relay_stays_closed_until_the_settings_say_otherwise() {
    if !rustix::process::geteuid().is_root() {
        println!("not checked: only root can act as another user and hide files");
        return;
    }
    let home = TestHome::new();
    let _boxed = Boxed::start(&home, &["unshare", "-m", "sh", "-c", WITHOUT_LISTS, "sh"]);
    let closed = "does not tell which user a connection belongs to";
    let remedy = "relay.serve_unidentified = true";
    for args in [&["monitor", "start"][..], &["status"], &["doctor"]] {
        let text = said(&home, args);
        assert!(
            text.contains(closed) && text.contains(remedy),
            "{args:?}: {text}"
        );
    }
    home.configure(&format!(
        "[relay]\nport = {}\nserve_unidentified = true\n[tor]\nbackend = 'managed'\nprogram = \
            '/nowhere/tor'\n",
        home.relay_port
    ));
    let text = said(&home, &["monitor", "start"]);
    assert!(text.contains("open and counts"), "{text}");
    assert!(is_served(&home));
    while !said(&home, &["status"]).contains("the owner of a connection was unknown once") {
        thread::sleep(Duration::from_millis(50));
    }
    let text = said(&home, &["doctor"]);
    assert!(
        text.contains("it was served, and counted as yours"),
        "{text}"
    );
}
