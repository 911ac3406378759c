//! A damaged home is told as what it is, and each way out that is named leads out.

use crate::{
    book::{book, book_of},
    said::{Said, check, text},
    support::TestHome,
};
use meter_core::ChainId;
use std::{
    fs,
    io::Write as _,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

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

/// A home with a chain of three reports in use, in whose place lies a book of another chain of
/// five. Returns where the first book is now.
fn with_another_chain() -> (TestHome, PathBuf) {
    let home = TestHome::new();
    drop(book(&home, 3));
    check(&home, &["monitor", "start"], 0, &[]);
    let record = home.root().join("key/last-signed");
    while !fs::read_to_string(&record).is_ok_and(|text| text.contains(" 3 ")) {
        thread::sleep(Duration::from_millis(10));
    }
    check(&home, &["stop"], 0, &[]);
    let (path, away) = (home.root().join("book.sqlite3"), home.user().join("away"));
    fs::rename(&path, &away).expect("ours");
    drop(book_of(ChainId([0xd5; 16]), &home, 5));
    (home, away)
}

#[test]
fn a_book_of_another_chain_is_told_with_both_and_either_can_go_on() {
    let (home, away) = with_another_chain();
    let path = home.root().join("book.sqlite3");
    let words = ["d5d5d5d5 with 5 reports", "report 3 of chain c4c4c4c4"];
    let way = "onionmeter new-chain --keep-book";
    check(&home, &["monitor", "start"], 65, &[words[0], words[1], way]);
    let said = check(&home, &["status"], 0, &["not known", "another chain"]);
    assert!(!said.contains("in 5 reports"), "{said}");
    check(&home, &["doctor"], 1, &[words[0], words[1], way, "lost"]);
    check(&home, &["stop"], 0, &[]);
    let other = fs::read(&path).expect("there");
    fs::rename(&path, home.user().join("other")).expect("ours");
    fs::rename(&away, &path).expect("put back");
    check(&home, &["monitor", "start"], 0, &[]);
    check(&home, &["status"], 0, &["13.725 credits in 3 reports"]);
    check(
        &home,
        &["new-chain", "--keep-book"],
        64,
        &["in use already"],
    );

    check(&home, &["stop"], 0, &[]);
    fs::write(&path, other).expect("ours");
    let kept = check(&home, &["new-chain", "--keep-book"], 0, &["in 5 reports"]);
    assert!(kept.contains("22.875 credits"), "{kept}");
    check(&home, &["status"], 0, &["in 5 reports"]);
    check(&home, &["stop"], 0, &[]);
    check(&home, &["monitor", "start"], 0, &[]);
    let doctor = text(&home.run(&["doctor"]));
    assert!(doctor.contains("ok     book: 5 reports"), "{doctor}");
}

#[test]
fn a_new_chain_keeps_a_book_of_another_chain_too() {
    let (home, away) = with_another_chain();
    let kept = "book.old-1.sqlite3";
    check(&home, &["new-chain"], 0, &["5 reports is kept", kept]);
    let away = away.to_str().expect("UTF-8");
    check(&home, &["reports", "--book", away], 0, &["13.725 credits"]);
    let earlier = "22.875 credits: 0.0 in 0 reports of this chain, 22.875 in earlier chains";
    check(&home, &["status"], 0, &[earlier]);
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
