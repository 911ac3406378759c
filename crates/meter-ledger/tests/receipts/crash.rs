//! Tests the end of the process, or a failure of the disk, between any two steps.

use crate::support::{CHAIN, Folder, answers, at, audited, enrolled};
use meter_ledger::{FileError, Receipts, ReceiptsError};
use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

/// Everything is one transaction, and writes only to the log, from front to back. So a crash can
/// leave the file only in the states that a shortened log gives.
#[test]
fn every_beginning_of_the_log_is_the_file_after_some_whole_call() {
    let folder = Folder::new();
    let path = folder.receipts();
    let state = |receipts: &Receipts| {
        let members = receipts.memberships().unwrap();
        let left = members
            .iter()
            .map(|member| member.left_at)
            .collect::<Vec<_>>();
        let answered = receipts
            .answered(CHAIN)
            .map(|answered| answered.sequence)
            .ok();
        (left, answered, receipts.contradictions().unwrap().len())
    };
    let mut states = vec![(Vec::new(), None, 0)];
    let mut receipts = enrolled(&path);
    states.push(state(&receipts));
    for number in 1..=3 {
        receipts.add(&answers(1..=number * 2)).unwrap();
        states.push(state(&receipts));
    }
    let kind = meter_core::ContradictionKind::Second;
    receipts.keep_contradiction(kind, &[1; 400], at(3)).unwrap();
    states.push(state(&receipts));
    receipts.leave(at(9)).unwrap();
    states.push(state(&receipts));
    let (main, log) = (
        fs::read(&path).unwrap(),
        fs::read(folder.file("receipts.sqlite3-wal")).unwrap(),
    );
    // 32 bytes of header, then frames with a header of 24 bytes and a page.
    let frame = 24 + 4096;
    let frames = (log.len() - 32) / frame;
    assert!(frames >= states.len() - 1, "{frames} frames");
    let mut reached = 0;
    for cut in (0..=frames).flat_map(|n| [32 + n * frame, 32 + n * frame + 2_000]) {
        let copy = Folder::new();
        fs::write(copy.receipts(), &main).unwrap();
        fs::write(
            copy.file("receipts.sqlite3-wal"),
            &log[..cut.min(log.len())],
        )
        .unwrap();
        let copied = Receipts::open(&copy.receipts()).unwrap().unwrap();
        audited(&copied).unwrap();
        let found = state(&copied);
        let at = states[reached..].iter().position(|state| *state == found);
        let step = at.unwrap_or_else(|| panic!("cut at {cut}: {found:?} is half a call"));
        assert!(step <= 1, "one more frame completes at most one more call");
        reached += step;
    }
    assert_eq!(reached, states.len() - 1, "the whole log is the whole file");
}

const CHILD: &str = "METER_LEDGER_TEST_CHILD";
/// As many receipts as a child adds at most.
const MOST: u64 = 200;

/// Adds receipts one by one, and prints a line after each. Ends when the disk refuses.
fn child(path: &Path) {
    let mut receipts = match Receipts::open(path).unwrap() {
        Some(receipts) => receipts,
        None => enrolled(path),
    };
    let first = receipts.answered(CHAIN).unwrap().sequence + 1;
    let all = answers(1..=MOST);
    for answer in &all[usize::try_from(first).unwrap() - 1..] {
        let sequence = answer.receipt.value().sequence;
        let added = receipts.add(std::slice::from_ref(answer));
        let word = match added {
            Ok(_) => "stored",
            Err(ReceiptsError::File(FileError::Disk { .. })) => "refused",
            Err(error) => panic!("{error:?}"),
        };
        let mut out = std::io::stdout().lock();
        // The line break in front ends whatever the test harness wrote there.
        write!(out, "\n{word} {sequence}\n").unwrap();
        out.flush().unwrap();
        if word == "refused" {
            assert_eq!(receipts.answered(CHAIN).unwrap().sequence, sequence - 1);
            return;
        }
    }
}

fn this_test(name: &str) -> Vec<String> {
    let exact = format!("crash::{name}");
    vec![exact, "--exact".into(), "--nocapture".into()]
}

fn number(line: &str, word: &str) -> Option<u64> {
    let rest = line.strip_prefix(word)?.strip_prefix(' ')?;
    Some(rest.parse().unwrap())
}

#[test]
fn a_killed_process_loses_and_doubles_no_receipt_that_it_acknowledged() {
    if let Some(path) = env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    let folder = Folder::new();
    let mut stored = 0;
    for lines in [0, 1, 2, 3, 5, 8, 13, 4, 7, 1, 11, 6] {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(this_test(
                "a_killed_process_loses_and_doubles_no_receipt_that_it_acknowledged",
            ))
            .env(CHILD, folder.receipts())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .filter_map(|line| number(&line, "stored"));
        for sequence in said.by_ref().take(lines) {
            stored = sequence;
        }
        process.kill().unwrap();
        // Lines that it printed before the kill reached it were acknowledged, too.
        for sequence in said {
            stored = sequence;
        }
        assert!(!process.wait().unwrap().success(), "killed, not ended");
        let Some(receipts) = Receipts::open(&folder.receipts()).unwrap() else {
            assert_eq!(stored, 0, "killed before the first enrolment");
            continue;
        };
        receipts.audit(|_, _| None).unwrap();
        let found = match receipts.answered(CHAIN) {
            Ok(answered) => answered.sequence,
            Err(ReceiptsError::NotEnrolled) => 0,
            Err(error) => panic!("{error:?}"),
        };
        let possible = found == stored || found == stored + 1;
        assert!(possible, "{stored} acknowledged, {found} found");
        stored = found;
        if receipts.membership().unwrap().is_none() {
            // Killed between the file and the enrolment: an empty file is enrolled the same way.
            drop(receipts);
            enrolled(&folder.receipts()).close().unwrap();
        }
    }
    assert!(stored > 20, "{stored}");
}

#[test]
#[cfg(unix)]
fn a_disk_that_refuses_to_write_stops_between_two_whole_calls() {
    if let Some(path) = env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    // Limits files to this many blocks. The signal for that (25, SIGXFSZ) is ignored, so write()
    // fails as on a broken disk.
    for blocks in ["500", "607", "900"] {
        let folder = Folder::new();
        let output = Command::new("sh")
            .args(["-c", "trap '' 25; ulimit -f \"$0\"; exec \"$@\"", blocks])
            .arg(env::current_exe().unwrap())
            .args(this_test(
                "a_disk_that_refuses_to_write_stops_between_two_whole_calls",
            ))
            .env(CHILD, folder.receipts())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let stored = said
            .lines()
            .filter_map(|line| number(line, "stored"))
            .next_back();
        let refused = said.lines().find_map(|line| number(line, "refused"));
        assert!(output.status.success(), "{said}");
        assert_eq!(refused, stored.map(|stored| stored + 1), "{said}");
        let receipts = Receipts::open(&folder.receipts()).unwrap().unwrap();
        receipts.audit(|_, _| None).unwrap();
        assert_eq!(Some(receipts.answered(CHAIN).unwrap().sequence), stored);
    }
}
