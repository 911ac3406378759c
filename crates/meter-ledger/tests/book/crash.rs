//! Tests the end of the process, or a failure of the disk, between any two steps.

use crate::support::{CHAIN, Folder, begun, key, next, post, session};
use meter_core::{Amount, ChainId, DeviceKey, OpenSession};
use meter_ledger::{Book, BookError, FileError, Posted};
use std::{
    env, fs,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

/// Everything that can be read from a book.
#[derive(Clone, Debug, PartialEq)]
struct State {
    chain: Option<(ChainId, DeviceKey)>,
    sequence: u64,
    balance: Amount,
    open: Option<OpenSession>,
}

fn state(book: &Book) -> State {
    State {
        chain: book.chain().unwrap(),
        sequence: book.head(CHAIN, key()).unwrap().sequence,
        balance: book.balance().unwrap(),
        open: book.open_session().unwrap(),
    }
}

/// A post or a checkpoint writes only to the log, from front to back. So a crash can leave the book
/// only in the states that a shortened log gives.
#[test]
fn every_beginning_of_the_log_is_the_book_after_some_whole_call() {
    let folder = Folder::new();
    let path = folder.book();
    let mut book = Book::open(&path).unwrap();
    let mut states = vec![state(&book)];
    book.begin_chain(CHAIN, key()).unwrap();
    states.push(state(&book));
    for number in 1..=3 {
        book.checkpoint_in_memory(&session(number + 20)).unwrap();
        states.push(state(&book));
        book.checkpoint(Some(&session(number))).unwrap();
        states.push(state(&book));
        post(&mut book, [number]);
        states.push(state(&book));
    }
    let (main, log) = (
        fs::read(&path).unwrap(),
        fs::read(folder.file("book.sqlite-wal")).unwrap(),
    );
    // 32 bytes of header, then frames with a header of 24 bytes and a page.
    let frame = 24 + 4096;
    let frames = (log.len() - 32) / frame;
    assert!(frames >= states.len(), "{frames} frames");
    let mut reached = 0;
    for cut in (0..=frames).flat_map(|n| [32 + n * frame, 32 + n * frame + 2_000]) {
        let copy = Folder::new();
        fs::write(copy.book(), &main).unwrap();
        fs::write(copy.file("book.sqlite-wal"), &log[..cut.min(log.len())]).unwrap();
        let copied = Book::open(&copy.book()).unwrap();
        copied.audit().unwrap();
        let found = state(&copied);
        let at = states[reached..].iter().position(|state| *state == found);
        let step = at.unwrap_or_else(|| panic!("cut at {cut}: {found:?} is half a call"));
        assert!(step <= 1, "one more frame completes at most one more call");
        reached += step;
    }
    assert_eq!(reached, states.len() - 1, "the whole log is the whole book");
}

const CHILD: &str = "METER_LEDGER_TEST_CHILD";

/// Makes checkpoints and posts without end, and prints a line after each. Ends when the disk
/// refuses.
fn child(path: &Path) {
    let mut book = begun(path);
    let first = book.head(CHAIN, key()).unwrap().sequence + 1;
    for number in first.. {
        let report = next(&book, &session(number));
        let kept = book.checkpoint(Some(&session(number)));
        let went_on = say("kept", number, &kept) && {
            let posted = book.post(&report);
            say(
                "posted",
                number,
                &posted.map(|posted| assert_eq!(posted, Posted::New)),
            )
        };
        if !went_on {
            let head = book.head(CHAIN, key()).unwrap();
            assert_eq!(head.sequence, number - 1, "nothing of the refused call");
            return;
        }
    }
}

fn say(done: &str, number: u64, result: &Result<(), BookError>) -> bool {
    let word = match result {
        Ok(()) => done,
        Err(BookError::File(FileError::Disk { .. })) => "refused",
        Err(error) => panic!("{error:?}"),
    };
    let mut out = std::io::stdout().lock();
    // The line break in front ends whatever the test harness wrote there.
    write!(out, "\n{word} {number}\n").unwrap();
    out.flush().unwrap();
    result.is_ok()
}

/// The calls of a child that were acknowledged, according to its own output.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    posted: u64,
    kept: u64,
    refused: bool,
}

impl Acknowledged {
    fn take(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("posted", number)) => self.posted = number.parse().unwrap(),
            Some(("kept", number)) => self.kept = number.parse().unwrap(),
            Some(("refused", _)) => self.refused = true,
            _ => {}
        }
    }

    /// Checks that the book is in the state after exactly these calls, or after one more that a
    /// killed child may have made.
    fn check(self, book: &Book, why: &str) {
        book.audit().unwrap();
        let sequence = book.head(CHAIN, key()).unwrap().sequence;
        let open = book.open_session().unwrap();
        let found = (sequence, open);
        let after = |posted: u64, kept: u64| (posted, (kept > posted).then(|| session(kept)));
        let said = after(self.posted, self.kept);
        let one_more = match self.kept > self.posted {
            true => after(self.kept, self.kept),
            false => after(self.posted, self.posted + 1),
        };
        let possible = found == said || (!self.refused && found == one_more);
        assert!(possible, "{why}: {self:?} but {found:?}");
    }
}

fn this_test(name: &str) -> Vec<String> {
    let exact = format!("crash::{name}");
    vec![exact, "--exact".into(), "--nocapture".into()]
}

#[test]
fn a_killed_process_loses_and_doubles_nothing_it_acknowledged() {
    if let Some(path) = env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    let seed = RandomState::new().hash_one(0);
    let mut random = seed | 1;
    let folder = Folder::new();
    let mut acknowledged = Acknowledged::default();
    for round in 0..20 {
        // xorshift64 chooses the line after which the kill comes. Its place within the next call is
        // random.
        for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
            random ^= if left {
                random << shift
            } else {
                random >> shift
            };
        }
        let lines = usize::try_from(random % 40).unwrap() + 1;
        let mut process = Command::new(env::current_exe().unwrap())
            .args(this_test(
                "a_killed_process_loses_and_doubles_nothing_it_acknowledged",
            ))
            .env(CHILD, folder.book())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let counts = |line: &String| line.starts_with("kept ") || line.starts_with("posted ");
        for line in said.by_ref().filter(counts).take(lines) {
            acknowledged.take(&line);
        }
        process.kill().unwrap();
        // Lines that it printed before the kill reached it were acknowledged, too.
        said.for_each(|line| acknowledged.take(&line));
        assert!(!process.wait().unwrap().success(), "killed, not ended");
        assert!(!acknowledged.refused);
        let book = Book::open(&folder.book()).unwrap();
        acknowledged.check(&book, &format!("seed {seed}, round {round}"));
        // The next child continues from here, including the call that was not acknowledged.
        acknowledged.posted = book.head(CHAIN, key()).unwrap().sequence;
        acknowledged.kept = book
            .open_session()
            .unwrap()
            .map_or(0, |_| acknowledged.posted + 1);
    }
    assert!(acknowledged.posted > 20, "{acknowledged:?}");
}

#[test]
#[cfg(unix)]
fn a_disk_that_refuses_to_write_stops_the_book_between_two_whole_calls() {
    if let Some(path) = env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    // Limits files to this many blocks. The signal for that (25, SIGXFSZ) is ignored, so write()
    // fails as on a broken disk.
    for blocks in ["900", "1007", "1500"] {
        let folder = Folder::new();
        let output = Command::new("sh")
            .args(["-c", "trap '' 25; ulimit -f \"$0\"; exec \"$@\"", blocks])
            .arg(env::current_exe().unwrap())
            .args(this_test(
                "a_disk_that_refuses_to_write_stops_the_book_between_two_whole_calls",
            ))
            .env(CHILD, folder.book())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let mut acknowledged = Acknowledged::default();
        said.lines().for_each(|line| acknowledged.take(line));
        assert!(output.status.success() && acknowledged.refused, "{said}");
        assert!(acknowledged.posted > 5, "{acknowledged:?}");
        let book = Book::open(&folder.book()).unwrap();
        acknowledged.check(&book, blocks);
    }
}
