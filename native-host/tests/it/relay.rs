//! `onionmeter relay`: the relay alone, between a client and a stand-in for Tor.

use crate::support::{PROGRAM, connect};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Only an upper bound, to find a test that hangs.
const HANG: Duration = Duration::from_secs(60);

struct Running {
    child: Child,
    words: BufReader<ChildStdout>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("relay")
            .args(args)
            .env_clear() // no home to find, nor to make
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let words = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, words }
    }

    /// The address on the next line, after its name.
    fn hears(&mut self, name: &str) -> SocketAddr {
        let mut line = String::new();
        self.words.read_line(&mut line).expect("a line");
        let address = line.strip_prefix(name).expect("the line's name");
        address.trim().parse().expect("an address")
    }

    fn stops(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it runs");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn stats(address: SocketAddr) -> String {
    let mut line = String::new();
    connect(address).read_to_string(&mut line).expect("text");
    line
}

fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut received = vec![0; bytes.len()];
    stream.read_exact(&mut received).expect("enough");
    assert_eq!(received, bytes);
}

const SUCCESS: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const REQUEST: [u8; 18] = *b"\x05\x01\x00\x03\x0bexample.com\x00\x50";

/// A running relay with a client and Tor's side of its stream; the next bytes on both are payload.
struct Open {
    relay: Running,
    asked: SocketAddr,
    client: TcpStream,
    stream: TcpStream,
}

impl Open {
    fn new() -> Self {
        let tor = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let upstream = tor.local_addr().expect("an address").to_string();
        let any = "127.0.0.1:0";
        let mut relay = Running::start(&["--listen", any, "--upstream", &upstream, "--stats", any]);
        let (listen, asked) = (relay.hears("relay "), relay.hears("stats "));
        assert_eq!(
            stats(asked),
            "{\"bytes_up\":\"0\",\"bytes_down\":\"0\",\"connections\":\"0\",\"active\":\"0\"}\n"
        );

        let mut client = connect(listen);
        client.write_all(&[5, 1, 0]).expect("sent");
        expect(&mut client, &[5, 0]);
        client.write_all(&REQUEST).expect("sent");
        let (mut stream, _) = tor.accept().expect("the relay dials");
        expect(&mut stream, &[5, 1, 0]);
        stream.write_all(&[5, 0]).expect("sent");
        expect(&mut stream, &REQUEST);
        stream.write_all(&SUCCESS).expect("sent");
        expect(&mut client, &SUCCESS);
        Self {
            relay,
            asked,
            client,
            stream,
        }
    }

    /// Asks until the totals are these: a counter is updated an instruction after its socket.
    fn shows(&self, up: usize, down: usize) {
        let line = format!(
            "{{\"bytes_up\":\"{up}\",\"bytes_down\":\"{down}\",\
         \"connections\":\"1\",\"active\":\"1\"}}\n"
        );
        let deadline = Instant::now() + HANG;
        while stats(self.asked) != line {
            assert!(
                Instant::now() < deadline,
                "{} is not {line}",
                stats(self.asked)
            );
        }
    }
}

#[test]
fn it_relays_counts_and_tells_the_exact_totals() {
    let mut open = Open::new();
    open.client.write_all(b"up").expect("sent");
    expect(&mut open.stream, b"up");
    open.stream.write_all(b"down").expect("sent");
    expect(&mut open.client, b"down");
    open.shows(2, 4);
    open.relay.stops();
}

#[test]
fn totals_are_told_to_the_byte_while_a_transfer_runs() {
    let mut open = Open::new();
    let (block, mut down) = (vec![7; 200_000], 0);
    for _ in 0..20 {
        // A thread of its own sends it: the socket buffers do not hold this much.
        let mut stream = open.stream.try_clone().expect("another handle");
        std::thread::scope(|scope| {
            scope.spawn(|| stream.write_all(&block).expect("sent"));
            expect(&mut open.client, &block);
        });
        down += block.len();
        open.shows(0, down);
    }
    open.relay.stops();
}

#[test]
fn it_serves_and_dials_this_machine_only() {
    let run = |listen: &str, upstream: &str| -> Output {
        Command::new(PROGRAM)
            .args(["relay", "--listen", listen, "--upstream", upstream])
            .output()
            .expect("the program starts")
    };
    for (listen, upstream) in [
        ("0.0.0.0:0", "127.0.0.1:9050"),
        ("127.0.0.1:0", "192.0.2.1:9050"),
        ("127.0.0.1:0", "localhost:9050"),
        // It would connect to itself without end, or to nothing.
        ("127.0.0.1:19170", "127.0.0.1:19170"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ] {
        let output = run(listen, upstream);
        assert_eq!(output.status.code(), Some(64), "{listen} {upstream}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_taken_port_is_named() {
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = stranger.local_addr().expect("an address").to_string();
    let output = Command::new(PROGRAM)
        .args(["relay", "--listen", &taken, "--upstream", "127.0.0.1:9050"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(71));
    let words = String::from_utf8_lossy(&output.stderr);
    let port = stranger
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    assert!(words.contains(&port), "{words}");
}
