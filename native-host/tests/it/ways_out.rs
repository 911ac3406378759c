//! A damaged home is told as what it is, and each way out that is named leads out.

use crate::{
    book::book,
    said::{Said, check, text},
    support::TestHome,
};
use std::{fs, io::Write as _, os::unix::net::UnixStream, path::Path, process::Stdio};

/// A home with so many reports and a daemon that was stopped.
fn home_with(reports: u32) -> TestHome {
    let home = TestHome::new();
    drop(book(&home, reports));
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["stop"], 0, &[]);
    home
}

#[test]
fn a_key_that_is_not_the_books_is_told_with_both_and_seen_without_a_daemon() {
    let home = home_with(3);
    let key = home.root().join("key/device.key");
    let own = fs::read(&key).expect("there");
    fs::write(&key, [7; 32]).expect("ours");
    let name = key.to_str().expect("UTF-8");
    let words = [name, "the book is signed by", "onionmeter new-chain --yes"];
    let refused = check(&home, &["monitor", "start"], 65, &words);
    let json = text(&home.run(&["reports", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let signer = json["key"].as_str().expect("a key");
    assert!(refused.contains(signer), "{refused}");
    check(&home, &["stop"], 0, &[]);
    check(&home, &["doctor"], 1, &words);
    fs::write(&key, own).expect("ours");
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["status"], 0, &["in 3 reports"]);
}

#[test]
fn what_a_book_holds_that_cannot_be_read_is_not_said_to_be_nothing() {
    let home = home_with(3);
    let path = home.root().join("book.sqlite3");
    let whole = fs::read(&path).expect("there");
    fs::write(&path, &whole[..5_000]).expect("cut off");
    check(&home, &["monitor", "start"], 65, &["cannot be read"]);
    let said = check(&home, &["status"], 0, &["not known", "cannot be read"]);
    assert!(!said.contains("0.0 credits"), "{said}");
    fs::write(&path, whole).expect("put back");
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["status"], 0, &["13.725 credits in 3 reports"]);
}

#[test]
fn a_new_chain_counts_the_reports_of_the_book_that_it_keeps_though_no_daemon_could() {
    let home = home_with(3);
    fs::remove_file(home.root().join("key/device.key")).expect("ours");
    // Left over by somebody who moved one of two files.
    fs::write(home.root().join("book.old-1.sqlite3-wal"), "").expect("written");
    let kept = home.root().join("book.old-2.sqlite3");
    let kept = kept.to_str().expect("UTF-8");
    check(&home, &["new-chain"], 0, &["3 reports is kept", kept]);
    check(&home, &["reports", "--book", kept], 0, &["13.725 credits"]);

    check(&home, &["stop"], 0, &[]);
    for end in ["", "-wal", "-shm"] {
        drop(fs::remove_file(
            home.root().join(format!("book.sqlite3{end}")),
        ));
    }
    fs::create_dir(home.root().join("book.sqlite3")).expect("a folder in its place");
    let said = check(
        &home,
        &["new-chain"],
        0,
        &["is kept as", "book.old-3.sqlite3"],
    );
    assert!(!said.contains("0 reports"), "{said}");
}

#[test]
fn reports_are_put_back_from_a_pipe_and_from_a_file_with_a_byte_order_mark() {
    let home = home_with(3);
    let json = home.run(&["reports", "--json"]).stdout;
    let path = home.root().join("book.sqlite3");
    let marked = home.user().join("marked.json");
    fs::write(&marked, ["\u{feff}".as_bytes(), &json].concat()).expect("written");
    let marked = marked.to_str().expect("UTF-8");
    check(&home, &["verify", marked], 0, &["All 3 reports verify"]);
    for file in ["-", "/dev/stdin", marked] {
        check(&home, &["stop"], 0, &[]);
        for end in ["", "-wal", "-shm"] {
            let name = format!("{}{end}", path.display());
            drop(fs::remove_file(name));
        }
        let mut command = home.command(&["restore", file]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("piped");
        // One that names a file reads nothing of it.
        drop(stdin.write_all(&json));
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let words = ["3 reports were taken", "holds 3"];
        Said::from(&output).expect(0, &words);
    }
}

#[test]
fn a_report_that_does_not_verify_is_named_with_its_book() {
    let home = home_with(3);
    let json = text(&home.run(&["reports", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let signature = json["reports"][1]["signature"].as_str().expect("text");
    let signature = hex::decode(signature).expect("hexadecimal");
    let path = home.root().join("book.sqlite3");
    let mut bytes = fs::read(&path).expect("there");
    let mut windows = bytes.windows(signature.len());
    let at = windows.position(|window| window == signature);
    bytes[at.expect("in the book")] ^= 1;
    fs::write(&path, bytes).expect("ours");
    let name = path.to_str().expect("UTF-8");
    let words = [name, "report 2 does not verify", "onionmeter doctor"];
    check(&home, &["reports"], 65, &words);
    check(&home, &["doctor"], 1, &["report 2 does not verify"]);
}

#[test]
fn a_socket_of_a_program_that_takes_no_connections_is_told_as_that() {
    let home = home_with(0);
    let path = home.root().join("run/daemon.sock");
    let socket = bound(&path);
    rustix::net::listen(&socket, 0).expect("listens");
    let waiting = UnixStream::connect(&path).expect("one has room");
    let name = path.to_str().expect("UTF-8");
    for args in [&["status"][..], &["monitor", "start"], &["stop"]] {
        let words = [name, "takes no connections"];
        let said = check(&home, args, 7, &words);
        assert!(!said.contains("daemon.lock"), "{said}");
    }
    drop((waiting, socket));
    fs::remove_file(&path).expect("ours");
    check(&home, &["monitor", "start"], 0, &[]);
}

fn bound(path: &Path) -> rustix::fd::OwnedFd {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, socket};
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddrUnix::new(path).expect("short")).expect("free");
    socket
}
