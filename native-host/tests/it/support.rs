//! A separate home for each test, and the program started in it in every possible way.

use meter_wire::{
    Client, FRAME_OUT_MAX, FromDaemon, Hello, Notice, Outcome, Problem, ProtocolRange, Request,
    RequestEnvelope, Success, parse_from_daemon, write_request,
};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio},
};
use tokio::net::TcpSocket;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_onionmeter");

/// A home with a free relay port and no Tor to find, so that nothing leaves this machine.
pub(crate) struct TestHome {
    folder: tempfile::TempDir,
    pub(crate) relay_port: u16,
    _held: TcpSocket,
}

impl TestHome {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (relay_port, held) = hold_port();
        let home = Self {
            folder,
            relay_port,
            _held: held,
        };
        fs::create_dir(home.root()).expect("a home");
        fs::set_permissions(home.root(), fs::Permissions::from_mode(0o700)).expect("ours");
        home.relay_at(relay_port);
        home
    }

    /// Configures the relay's port, and no Tor.
    pub(crate) fn relay_at(&self, port: u16) {
        self.configure(&format!(
            "[relay]\nport = {port}\n[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n"
        ));
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.root().join("config.toml"), text).expect("written");
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The person's own home folder, as the program sees it.
    pub(crate) fn user(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.user())
            .env("ONIONMETER_HOME", self.root());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Starts the bridge as Chromium starts it.
    pub(crate) fn bridge(&self) -> Bridge {
        Bridge::start(self.command(&[&onionmeter_host::ids::chromium_origin()]))
    }

    /// The daemon's process number, as long as the daemon runs and so holds its lock.
    pub(crate) fn daemon_pid(&self) -> Option<rustix::process::Pid> {
        let path = self.root().join("run/daemon.lock");
        let lock = fs::File::open(&path).ok()?;
        let free = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockShared);
        let text = fs::read_to_string(path).ok().filter(|_| free.is_err())?;
        rustix::process::Pid::from_raw(text.trim().parse().ok()?)
    }

    pub(crate) fn kill_daemon(&self) {
        if let Some(pid) = self.daemon_pid() {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("ours");
            // The kernel frees the lock when the process is gone for good.
            let lock = fs::File::open(self.root().join("run/daemon.lock")).expect("there");
            rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockShared)
                .expect("free in the end");
        }
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        self.kill_daemon();
    }
}

/// A port that the system gives to no other program while the socket lives. The socket is bound and
/// does not listen, so the relay, which sets `SO_REUSEADDR` too, can listen there. (`HeldPort` of
/// the test kit gives the reasons.)
pub(crate) fn hold_port() -> (u16, TcpSocket) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option that all have");
    let any = ([127, 0, 0, 1], 0).into();
    socket.bind(any).expect("a port is free");
    let port = socket.local_addr().expect("bound").port();
    (port, socket)
}

/// Connects to a listener of ours.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own client, on loopback"
)]
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).expect("somebody listens")
}

/// A bridge with its pipes, as a browser holds them.
pub(crate) struct Bridge {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Bridge {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        Self {
            child,
            stdin,
            stdout,
        }
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("still open");
        stdin.write_all(bytes).expect("the bridge reads");
        stdin.flush().expect("the bridge reads");
    }

    pub(crate) fn send_frame(&mut self, json: &[u8]) {
        let length = u32::try_from(json.len()).expect("small").to_ne_bytes();
        self.send_raw(&[&length, json].concat());
    }

    pub(crate) fn send(&mut self, id: u32, request: Request) {
        self.send_frame(&write_request(&RequestEnvelope { id, request }));
    }

    /// The next frame, without the bridge's own notice about its browser: there is no browser here.
    /// `None` when stdout was closed.
    pub(crate) fn receive(&mut self) -> Option<FromDaemon> {
        loop {
            match self.frame()? {
                FromDaemon::Notice(Notice::Floor { .. }) => {}
                other => return Some(other),
            }
        }
    }

    /// The next frame of any kind; `None` when stdout was closed.
    pub(crate) fn frame(&mut self) -> Option<FromDaemon> {
        let mut length = [0; 4];
        match self.stdout.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
            Err(error) => panic!("stdout broke: {error}"),
        }
        let length = usize::try_from(u32::from_ne_bytes(length)).expect("64 bit");
        assert!(
            length <= FRAME_OUT_MAX,
            "a browser would end the connection"
        );
        let mut json = vec![0; length];
        self.stdout.read_exact(&mut json).expect("a whole frame");
        Some(parse_from_daemon(&json).expect("stdout carries frames and nothing else"))
    }

    /// The reply with this number; notices before it are ignored.
    #[track_caller]
    pub(crate) fn reply(&mut self, id: Option<u32>) -> Result<Success, Problem> {
        loop {
            match self.receive().expect("the bridge is there") {
                FromDaemon::Reply(reply) if reply.id == id => {
                    return match reply.outcome {
                        Outcome::Ok(success) => Ok(success),
                        Outcome::Error(problem) => Err(problem),
                    };
                }
                FromDaemon::Reply(reply) => panic!("out of turn: {reply:?}"),
                FromDaemon::Notice(_) => {}
            }
        }
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, id: u32, request: Request) -> Result<Success, Problem> {
        self.send(id, request);
        self.reply(Some(id))
    }

    #[track_caller]
    pub(crate) fn hello(&mut self, notices: bool) -> meter_wire::HelloReply {
        let client = Client {
            name: "test".to_owned(),
            version: "0".to_owned(),
        };
        let hello = Hello {
            protocol: ProtocolRange::OURS,
            client,
            notices,
        };
        match self.ask(1, Request::Hello(hello)) {
            Ok(Success::Hello(hello)) => hello,
            other => panic!("no hello: {other:?}"),
        }
    }

    /// Closes stdin, as a browser does, and waits until the bridge ends.
    pub(crate) fn close(mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.child.wait().expect("it ends")
    }

    /// Waits until the bridge ends by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let mut rest = Vec::new();
        self.stdout
            .read_to_end(&mut rest)
            .expect("stdout is closed in the end");
        self.child.wait().expect("it ends")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
