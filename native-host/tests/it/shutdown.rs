//! The end of a daemon, whatever it ends by: in its order, with nothing lost.

use crate::{
    long_requests::DeafTor,
    support::{Bridge, TestHome, connect},
};
use meter_ledger::Book;
use meter_wire::{FromDaemon, Request, Success, TorState};
use rustix::{
    fs::{FlockOperation, flock},
    process::{Signal, kill_process},
};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What the log says of the steps, in their order.
const STEPS: [&str; 6] = [
    "no client is taken any more",
    "the relay has ended and what it counted is booked",
    "tor has ended",
    "the book is closed",
    "the clients have left",
    "the lock is given back",
];

/// Waits until the daemon has given its lock back, and holds what must be so by then.
#[track_caller]
fn assert_ended_in_order(home: &TestHome, reason: &str) {
    let run = home.root().join("run");
    let lock = File::open(run.join("daemon.lock")).expect("there");
    flock(&lock, FlockOperation::LockShared).expect("free in the end");
    let left = |name: &str| home.root().join(name).try_exists().expect("ours");
    assert!(!left("run/daemon.sock"), "no socket is left");
    assert!(left("book.sqlite3"));
    assert!(!left("book.sqlite3-wal"), "its log is in the book");
    let log = fs::read_to_string(home.root().join("log/onionmeter.log")).expect("a log");
    let mut rest = log.as_str();
    for step in [reason].iter().chain(&STEPS) {
        let (_, after) = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("\"{step}\" is not where it belongs in\n{log}"));
        rest = after;
    }
}

/// A SOCKS port that answers as Tor's does, and sends back what it is sent.
pub(crate) fn echoing_tor() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who only looks is gone before its answer.
            thread::spawn(move || drop(echo(stream)));
        }
    });
    address
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let version = byte(&mut stream)?;
    if version != 5 {
        return stream.write_all(b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n\r\n");
    }
    let methods = byte(&mut stream)?;
    skip(&mut stream, methods)?;
    stream.write_all(&[5, 2])?;
    // Version, name and password, each with its length.
    skip(&mut stream, 1)?;
    for _ in ["name", "password"] {
        let length = byte(&mut stream)?;
        skip(&mut stream, length)?;
    }
    stream.write_all(&[1, 0])?;
    skip(&mut stream, 4)?;
    let name = byte(&mut stream)?;
    skip(&mut stream, name + 2)?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let mut back = stream.try_clone()?;
    io::copy(&mut stream, &mut back).map(drop)
}

fn byte(stream: &mut TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn skip(stream: &mut TcpStream, length: u8) -> io::Result<()> {
    stream.read_exact(&mut vec![0; usize::from(length)])
}

pub(crate) fn wait_until_ready(bridge: &mut Bridge) {
    let mut id = 10;
    loop {
        id += 1;
        match bridge.ask(id, Request::Status) {
            Ok(Success::Status(status)) if status.tor.state == TorState::Ready => return,
            Ok(Success::Status(_)) => thread::sleep(Duration::from_millis(20)),
            other => panic!("no status: {other:?}"),
        }
    }
}

/// A page that is just being loaded.
pub(crate) fn open_page(home: &TestHome) -> TcpStream {
    let mut page = connect(([127, 0, 0, 1], home.relay_port).into());
    page.write_all(&[5, 1, 0]).expect("it listens");
    page.read_exact(&mut [0; 2]).expect("it is served");
    page.write_all(b"\x05\x01\x00\x03\x0cexample.test\x00\x50")
        .expect("it reads");
    page.read_exact(&mut [0; 10]).expect("tor answers");
    page
}

#[test]
fn stop_books_what_moved_until_the_last_moment() {
    let home = TestHome::new();
    home.configure(&format!(
        "[relay]\nport = {}\n[tor]\nbackend = 'existing'\nsocks_port = {}\n\
         [log]\nlevel = 'debug'\n",
        home.relay_port,
        echoing_tor().port()
    ));
    let mut bridge = home.bridge();
    bridge.hello(false);
    wait_until_ready(&mut bridge);
    let mut page = open_page(&home);
    page.write_all(&[7; 1_000]).expect("it reads");
    page.read_exact(&mut [0; 1_000]).expect("it comes back");
    assert!(home.run(&["stop"]).status.success());
    assert_ended_in_order(&home, "asked to end");

    let book = Book::open_to_read(&home.root().join("book.sqlite3")).expect("in order");
    let open = book.open_session().expect("readable").expect("one is open");
    assert_eq!((open.bytes_up.get(), open.bytes_down.get()), (1_000, 1_000));
    assert_eq!(page.read(&mut [0]).unwrap_or(0), 0, "nothing goes on");
}

#[test]
fn sigterm_answers_what_was_begun_and_ends_tor() {
    let home = TestHome::new();
    let tor = DeafTor::of(&home);
    let config = home.root().join("config.toml");
    let text = fs::read_to_string(&config).expect("written");
    home.configure(&(text + "[log]\nlevel = 'debug'\n"));
    let mut bridge = home.bridge();
    bridge.hello(false);
    tor.wait();
    bridge.send(2, Request::TorStart);
    assert_eq!(
        bridge.ask(3, Request::Ping),
        Ok(Success::Done),
        "2 has begun"
    );
    kill_process(home.daemon_pid().expect("one runs"), Signal::TERM).expect("ours");
    let mut answered = false;
    while let Some(message) = bridge.receive() {
        answered |= matches!(message, FromDaemon::Reply(reply) if reply.id == Some(2));
    }
    assert!(answered, "a request that had begun got no reply");
    assert_ended_in_order(&home, "asked to end");
}

#[test]
fn a_daemon_that_nobody_needs_ends_in_the_same_order() {
    let home = TestHome::new();
    home.configure(&format!(
        "[relay]\nport = {}\n[tor]\nbackend = 'managed'\nprogram = '/nowhere/tor'\n\
         [daemon]\nidle_exit_s = 1\n[log]\nlevel = 'debug'\n",
        home.relay_port
    ));
    let mut bridge = home.bridge();
    bridge.hello(false);
    assert!(bridge.close().success());
    assert_ended_in_order(&home, "nobody is left");
}
