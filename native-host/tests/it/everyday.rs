//! `up`, `down`, waiting and watching, as a person or a script uses them.

mod hung;

use crate::{said::check, scripts::object, support::TestHome};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpListener,
    process::{Child, ChildStdout, Stdio},
    thread,
};

/// A port that answers like the SOCKS port of a Tor without a control port.
struct SomebodysTor(u16);

impl SomebodysTor {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mut stream, mut bytes) = (stream, [0; 512]);
                if matches!(stream.read(&mut bytes), Ok(1..)) {
                    let answer =
                        "HTTP/1.0 501 Tor is not an HTTP Proxy\r\nContent-Type: text/html\r\n\r\n";
                    drop(stream.write_all(answer.as_bytes()));
                }
            }
        });
        Self(port)
    }

    fn configure(&self, home: &TestHome) {
        home.configure(&format!(
            "[relay]\nport = {}\n[tor]\nbackend = \"existing\"\nsocks_port = {}\n",
            home.relay_port, self.0
        ));
    }
}

#[test]
fn up_waits_until_all_is_ready_and_down_says_what_that_means_for_browsers() {
    let home = TestHome::new();
    let tor = SomebodysTor::start();
    tor.configure(&home);
    let port = format!("127.0.0.1:{}", home.relay_port);
    check(&home, &["up"], 0, &["Ready", &port, "found running"]);
    check(&home, &["status", "--check"], 0, &[]);
    assert_eq!(
        home.run(&["status", "--check"]).stdout,
        b"",
        "the status says it all"
    );
    let again = object(&home.run(&["up", "--json"]));
    assert_eq!(again["state"], "ready", "twice is no mistake: {again}");
    check(&home, &["tor", "start", "--wait"], 0, &["Tor is ready"]);
    check(&home, &["tor", "start"], 0, &["Tor is ready"]);
    check(&home, &["down"], 0, &["Stopped", "nothing goes direct"]);
    assert!(home.daemon_pid().is_none());
    check(&home, &["down"], 0, &["nothing to stop"]);
    check(&home, &["status", "--check"], 3, &[]);
}

#[test]
fn up_says_why_it_cannot_and_never_waits_for_what_will_not_come() {
    let home = TestHome::new();
    check(&home, &["up"], 69, &["Tor is not installed"]);
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    check(&home, &["down"], 0, &[]);
    home.relay_at(taken.local_addr().expect("bound").port());
    check(
        &home,
        &["up"],
        71,
        &["Another program has the relay's port"],
    );
    check(&home, &["down"], 0, &[]);
    home.configure("[relay\n");
    check(&home, &["up"], 78, &["config.toml, line 1"]);
}

/// The real `tor`, which cannot reach any network.
fn configure_tor_without_network(home: &TestHome) {
    let nobody = format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40));
    home.configure(&format!(
        "[relay]\nport = {}\n[tor]\nbackend = 'managed'\nextra_torrc = [\"{nobody}\", \
         \"OutboundBindAddress 127.0.0.1\"]\n",
        home.relay_port
    ));
}

#[test]
fn a_wait_has_an_end_and_tells_how_far_it_came() {
    let home = TestHome::new();
    configure_tor_without_network(&home);
    let args = ["tor", "start", "--wait", "--timeout", "4s"];
    check(
        &home,
        &args,
        124,
        &["not done within 4s", " %  ", "Last heard"],
    );
    let late = object(&home.run(&[&args[..4], &["1s", "--json"]].concat()));
    assert_eq!(late["error"]["code"], "timed_out");
    check(&home, &["status"], 0, &["connecting"]);
    check(
        &home,
        &["tor", "start", "--timeout", "soon"],
        64,
        &["write it like 500ms, 30s"],
    );
}

/// A command that keeps running, read line by line.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(home: &TestHome, args: &[&str]) -> Self {
        let mut child = home
            .command(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("piped");
        let lines = BufReader::new(stdout).lines();
        Self { child, lines }
    }

    fn until(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.next().expect("it goes on").expect("text");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Closes the reading end of the output.
    fn hang_up(mut self) {
        drop(self.lines);
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

#[test]
fn a_watch_tells_each_change_in_a_line_and_ends_when_nobody_reads() {
    let home = TestHome::new();
    let mut lines = Watch::start(&home, &["status", "--watch"]);
    let mut objects = Watch::start(&home, &["status", "--watch", "--json"]);
    lines.until("not_running");
    objects.until("\"not_running\"");
    check(&home, &["monitor", "start"], 0, &[]);
    let line = lines.until("tor_failed");
    assert!(
        !line.contains('\x1b') && line.contains("Tor is not installed"),
        "{line}"
    );
    let object: Value = serde_json::from_str(&objects.until("\"tor_failed\"")).expect("one a line");
    assert_eq!(object["relay"]["listening"]["port"], home.relay_port);
    check(&home, &["stop"], 0, &[]);
    lines.until("not_running");
    objects.until("\"not_running\"");
    lines.hang_up();
    objects.hang_up();
}

#[test]
fn the_log_is_followed_until_nobody_reads() {
    let home = TestHome::new();
    check(&home, &["logs"], 66, &["there is no log yet"]);
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["logs"], 0, &["daemon ready"]);
    assert_eq!(
        check(&home, &["logs", "-n", "1"], 0, &[]).lines().count(),
        1
    );
    let mut watch = Watch::start(&home, &["logs", "-f", "-n", "0"]);
    let path = home.root().join("log/onionmeter.log");
    let mut log = OpenOptions::new().append(true).open(&path).expect("ours");
    // The command may read the log for the first time before or after this line is written.
    log.write_all(b"one more\n").expect("written");
    let said = thread::spawn(move || {
        let line = watch.until("more");
        watch.hang_up();
        line
    });
    while !said.is_finished() {
        log.write_all(b"and one more\n").expect("written");
        thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(said.join().expect("it ended").contains("one more"));
    fs::remove_file(path).expect("ours");
    check(&home, &["logs"], 66, &["there is no log yet"]);
}
