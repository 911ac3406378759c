//! Other processes in the daemon's place: each is this test program, started again.

use crate::support::TestHome;
use rustix::fs::{FlockOperation, fcntl_lock, flock};
use std::{
    env,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _, stdin},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

/// What the process does; the variable that starts it names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// Holds the lock that every daemon needs.
    Lock,
    /// Takes connections on the daemon's socket and says nothing.
    Silence,
    /// Takes connections on the daemon's socket and sends something that is no frame.
    Garbage,
    /// Is a daemon that speaks another protocol only.
    OtherProtocol,
    /// Is a daemon that knows the hello and no other request.
    Older,
    /// Is a daemon that answers every other request as if it were a ping.
    Confused,
    /// Does everything that a daemon does, except that it answers nothing and does not end when
    /// asked.
    Hung,
}

const PART: &str = "STAND_IN_PART";
const RUN: &str = "STAND_IN_RUN";

/// A process that plays a part until it is dropped.
pub(crate) struct StandIn(Child);

impl StandIn {
    pub(crate) fn start(home: &TestHome, part: Part) -> Self {
        let name = match part {
            Part::Lock | Part::Silence | Part::Garbage => "stranger",
            Part::OtherProtocol | Part::Older | Part::Confused | Part::Hung => "daemon",
        };
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args([name, "--exact", "--nocapture"])
            .env(PART, format!("{part:?}"))
            .env(RUN, home.root().join("run"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("text");
        assert_eq!(line, "ready\n");
        Self(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    #[track_caller]
    pub(crate) fn assert_lives(&mut self) {
        let ended = self.0.try_wait().expect("ours");
        assert_eq!(ended, None, "it was ended");
    }

    pub(crate) fn wait(&mut self) {
        self.0.wait().expect("ours");
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Plays the part that the variable names; does nothing without the variable, as in an ordinary
/// run.
pub(crate) fn act() {
    let Ok(part) = env::var(PART) else { return };
    let run = PathBuf::from(env::var_os(RUN).expect("set together"));
    let _lock = ["Lock", "Hung"].contains(&part.as_str()).then(|| {
        let lock = File::create(run.join("daemon.lock")).expect("ours");
        flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("free");
        if part == "Hung" {
            fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).expect("free");
        }
        lock
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("files");
    let entered = runtime.enter();
    let kind = tokio::signal::unix::SignalKind::terminate();
    let _deaf = tokio::signal::unix::signal(kind).expect("a handler");
    drop(entered);
    if part != "Lock" {
        drop(std::fs::remove_file(run.join("daemon.sock")));
        let listener = UnixListener::bind(run.join("daemon.sock")).expect("free");
        match part.as_str() {
            "OtherProtocol" => spawn_answering(listener, [REFUSED, REFUSED]),
            "Older" => spawn_answering(listener, [GREETING, UNKNOWN]),
            "Confused" => spawn_answering(listener, [GREETING, DONE]),
            _ => drop(thread::spawn(move || take(&listener, part == "Garbage"))),
        }
    }
    writeln!(std::io::stderr(), "ready").expect("piped");
    stdin().read_to_end(&mut Vec::new()).expect("its parent");
}

/// The outcomes that stand-ins answer with.
const GREETING: &str =
    r#""ok":{"hello":{"protocol":1,"version":"0.0.1","capabilities":[],"key":null,"chain":null}}"#;
const REFUSED: &str =
    r#""error":{"code":"unsupported_protocol","message":"older","detail":"2 to 3"}"#;
const UNKNOWN: &str = r#""error":{"code":"unknown_request","message":"what?"}"#;
const DONE: &str = r#""ok":"done""#;

/// Answers each client's hello with the first outcome, and every later request with the second.
fn spawn_answering(listener: UnixListener, outcomes: [&'static str; 2]) {
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a client");
            // A client may close the connection at any time.
            thread::spawn(move || drop(answer(client, outcomes)));
        }
    });
}

fn answer(mut client: UnixStream, [hello, other]: [&str; 2]) -> std::io::Result<()> {
    for id in 1.. {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let length = u64::from(u32::from_ne_bytes(length));
        std::io::copy(&mut (&client).take(length), &mut std::io::sink())?;
        let outcome = if id == 1 { hello } else { other };
        let frame = format!(r#"{{"reply":{{"id":{id},{outcome}}}}}"#);
        let length = u32::try_from(frame.len()).expect("short");
        client.write_all(&length.to_ne_bytes())?;
        client.write_all(frame.as_bytes())?;
    }
    Ok(())
}

fn take(listener: &UnixListener, speaks: bool) {
    let mut clients = Vec::new();
    for client in listener.incoming() {
        let mut client = client.expect("a client");
        if speaks {
            drop(client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
        clients.push(client);
    }
}
