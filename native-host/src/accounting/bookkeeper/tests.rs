//! Tests books that are replaced by copies, removed or refuse writes, with real files. The tests
//! set time and counters.

mod conservation;
mod earlier;
mod new_key;
mod other_chain;
mod replaced;

use super::{
    recovery::{KeyOfChain, begin_anew, exchange, open_bookkeeper},
    *,
};
use crate::home::Home;
use meter_core::Signed;
use rusqlite::Connection;
use std::{fs, path::PathBuf};

/// Several processes, one after the other, with one home.
struct Scene {
    folder: tempfile::TempDir,
    bookkeeper: Option<Bookkeeper>,
    ms: u64,
    bytes: u64,
}

/// A session of [`SESSION_S`] seconds closes because of its bytes.
const SESSION_S: u64 = 10;
const BYTES_A_SECOND: u64 = 2_000;

fn thresholds() -> Thresholds {
    Thresholds::new(10_000, SESSION_S * 1_000, 600_000).expect("within their limits")
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scene = Self {
            folder,
            bookkeeper: None,
            ms: 0,
            bytes: 0,
        };
        scene.open();
        scene
    }

    fn home(&self) -> Home {
        Home::at(self.folder.path().join("home"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts another process.
    fn open(&mut self) {
        self.bookkeeper = None;
        self.bytes = 0;
        self.bookkeeper = Some(Bookkeeper::open(&self.home(), thresholds()).expect("opened"));
    }

    fn close(&mut self) {
        self.bookkeeper = None;
    }

    fn bookkeeper(&mut self) -> &mut Bookkeeper {
        self.bookkeeper.as_mut().expect("open")
    }

    /// Passes one second in which these bytes move. Returns the report that was signed in it, as a
    /// client fetches it.
    fn second(&mut self, bytes: u64) -> Option<WireReport> {
        self.ms += 1_000;
        self.bytes += bytes;
        let counted = CounterSnapshot {
            bytes_up: self.bytes,
            ..CounterSnapshot::default()
        };
        let now = MonotonicMs::new(self.ms).expect("fits");
        let wall = UnixMs::new(1_800_000_000_000 + self.ms).expect("fits");
        let bookkeeper = self.bookkeeper();
        let before = bookkeeper.head().sequence;
        bookkeeper.tick(now, wall, counted, true);
        (bookkeeper.head().sequence > before).then(|| {
            let page = bookkeeper.reports(before, 1).expect("read");
            page.reports.into_iter().next().expect("the one signed now")
        })
    }

    /// Moves bytes until a session is signed.
    #[track_caller]
    fn sign(&mut self) -> WireReport {
        let signed = (0..SESSION_S + 2).find_map(|_| self.second(BYTES_A_SECOND));
        signed.unwrap_or_else(|| panic!("not signed: {:?}", self.bookkeeper().problem()))
    }

    /// Moves bytes for longer than any session takes, and expects that nothing is signed.
    #[track_caller]
    fn signs_nothing(&mut self, code: ErrorCode) {
        for second in 0..SESSION_S * 3 {
            assert_eq!(self.second(BYTES_A_SECOND), None, "{second}");
            assert_eq!(self.code(), Some(code), "{second}");
        }
        assert!(self.bookkeeper().session().is_some(), "it stays open");
    }

    fn code(&mut self) -> Option<ErrorCode> {
        self.bookkeeper().problem().map(|problem| problem.code)
    }

    /// Copies book and log as they are now, like a backup.
    fn back_up(&self, name: &str) {
        for suffix in ["", "-wal"] {
            let from = self.home().root().join(format!("book.sqlite3{suffix}"));
            if from.is_file() {
                fs::copy(from, self.file(&format!("{name}{suffix}"))).expect("copied");
            }
        }
    }

    /// Replaces the book by a backup while no process has it open.
    fn put_back(&mut self, name: &str) {
        self.close();
        self.lose_book();
        for suffix in ["", "-wal"] {
            let to = self.home().root().join(format!("book.sqlite3{suffix}"));
            if self.file(&format!("{name}{suffix}")).is_file() {
                fs::copy(self.file(&format!("{name}{suffix}")), to).expect("copied");
            }
        }
    }

    /// Lets another program write a backup into the file of the open book.
    fn set_back(&self, name: &str) {
        let other = Connection::open(self.home().book()).expect("a second program");
        other
            .execute("ATTACH ?1 AS backup", [self.file(name).to_str()])
            .expect("attached");
        other.execute_batch(SET_BACK).expect("changed");
    }

    fn lose_book(&mut self) {
        self.close();
        for suffix in ["", "-wal", "-shm"] {
            let path = self.home().root().join(format!("book.sqlite3{suffix}"));
            drop(fs::remove_file(path));
        }
    }

    /// All signed reports in the book, verified from its beginning.
    #[track_caller]
    fn verified(&mut self) -> Vec<SessionReport> {
        let bookkeeper = self.bookkeeper();
        let mut head = ChainHead::genesis(bookkeeper.head.chain, bookkeeper.head.key);
        let page = bookkeeper.reports(0, 500).expect("read").reports;
        let verify = |report: &WireReport| {
            let verified = Signed::from(report).verify(head.key).expect("ours");
            head = head.follow(&verified).expect("the next one");
            *verified.value()
        };
        page.iter().map(verify).collect()
    }
}

fn number(report: &WireReport) -> u64 {
    let sequence = report.body.0[56..64].try_into().expect("eight bytes");
    u64::from_be_bytes(sequence)
}

#[test]
fn a_book_that_was_put_back_signs_no_number_twice_and_heals_with_what_a_browser_knows() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.sign();
    }
    // The backup contains the beginning of the session that becomes the fourth report.
    scene.second(700);
    scene.second(700);
    scene.back_up("backup");
    let later = [scene.sign(), scene.sign()];
    assert_eq!(number(&later[1]), 5);
    let before: u64 = scene.bytes;

    scene.put_back("backup");
    scene.open();
    assert_eq!(scene.code(), Some(ErrorCode::BookBehind));
    scene.signs_nothing(ErrorCode::BookBehind);
    let since = scene.bytes;
    scene.open();
    assert_eq!(
        scene.code(),
        Some(ErrorCode::BookBehind),
        "also after a restart"
    );
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(scene.code(), None);
    let sixth = scene.sign();
    assert_eq!(number(&sixth), 6);
    let reports = scene.verified();
    let signed: u64 = reports.iter().map(|report| report.bytes().get()).sum();
    assert_eq!(signed, before + since + scene.bytes, "every byte once");
    scene.bookkeeper().book.audit().expect("sound");
}

#[test]
fn a_book_that_was_put_back_with_its_record_is_noticed_by_what_a_browser_knows() {
    let mut scene = Scene::new();
    scene.sign();
    for _ in 0..SESSION_S {
        scene.second(1_100);
    }
    scene.close();
    let (home, copy) = (scene.home().root().to_path_buf(), scene.file("snapshot"));
    let copy_tree = |from: &PathBuf, to: &PathBuf| {
        let mut cp = std::process::Command::new("cp");
        assert!(
            cp.arg("-a")
                .arg(from)
                .arg(to)
                .status()
                .expect("cp")
                .success()
        );
    };
    copy_tree(&home, &copy);
    scene.open();
    let later = [scene.sign(), scene.sign()];

    scene.close();
    fs::remove_dir_all(&home).expect("ours");
    copy_tree(&copy, &home);
    scene.open();
    assert_eq!(scene.code(), None, "nothing in this home tells");
    // The continued session is due at once, and waits for a browser.
    assert_eq!(scene.second(BYTES_A_SECOND), None);
    scene
        .bookkeeper()
        .take_back(&later[1..])
        .expect_err("number 2 is missing");
    assert_eq!(scene.code(), Some(ErrorCode::BookBehind));
    scene.signs_nothing(ErrorCode::BookBehind);
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
    scene.verified();
}

#[test]
fn two_histories_are_told_and_end_only_with_a_new_chain_that_keeps_both() {
    let mut scene = Scene::new();
    scene.sign();
    let record = scene.home().last_signed();
    scene.back_up("backup");
    fs::copy(&record, scene.file("record")).expect("copied");
    let other_second = scene.sign();
    scene.put_back("backup");
    fs::copy(scene.file("record"), &record).expect("copied");
    scene.open();
    let second = scene.sign();
    assert_ne!(second, other_second);

    scene
        .bookkeeper()
        .take_back(std::slice::from_ref(&other_second))
        .expect_err("a fork");
    scene.signs_nothing(ErrorCode::BookForked);
    scene.open();
    scene.signs_nothing(ErrorCode::BookForked);
    scene.bookkeeper().open_again().expect("opened");
    assert_eq!(scene.code(), Some(ErrorCode::BookForked));

    let chain = scene.bookkeeper().head.chain;
    let open = scene.bookkeeper().session().expect("open").bytes_up;
    let bookkeeper = Ok(scene.bookkeeper.take().expect("open"));
    let (bookkeeper, outcome) = begin_anew(
        bookkeeper,
        KeyOfChain::Same,
        &scene.home(),
        thresholds(),
        &mut None,
    );
    outcome.expect("begun");
    scene.bookkeeper = bookkeeper.ok();
    assert_ne!(scene.bookkeeper().head.chain, chain);
    assert_eq!(scene.code(), None);
    assert_eq!(
        scene.bookkeeper().session().expect("goes on").bytes_up,
        open
    );
    assert_eq!(number(&scene.sign()), 1);
    let old = Book::open_to_read(&scene.home().root().join("book.old-1.sqlite3"));
    assert_eq!(old.expect("kept").audit().expect("sound").reports, 2);
    scene.open();
    assert_eq!(number(&scene.sign()), 2);
}

#[test]
fn a_book_that_is_gone_while_its_key_is_there_is_no_new_beginning() {
    let mut scene = Scene::new();
    let reports = [scene.sign(), scene.sign(), scene.sign()];
    let chain = scene.bookkeeper().head.chain;
    scene.lose_book();
    scene.open();
    assert_eq!(scene.bookkeeper().head.chain, chain);
    scene.signs_nothing(ErrorCode::BookBehind);
    scene
        .bookkeeper()
        .take_back(&reports[1..])
        .expect_err("the first is missing");
    scene.bookkeeper().take_back(&reports).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
    assert_eq!(scene.verified().len(), 4);
}

#[test]
fn a_book_that_was_put_back_without_its_log_is_noticed() {
    let mut scene = Scene::new();
    scene.sign();
    scene.open();
    // The last reports are only in the log.
    let later = [scene.sign(), scene.sign()];
    fs::copy(scene.home().book(), scene.file("backup")).expect("copied");
    scene.put_back("backup");
    scene.open();
    scene.signs_nothing(ErrorCode::BookBehind);
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
}

#[test]
fn a_process_that_died_between_book_and_record_is_no_doubt() {
    let mut scene = Scene::new();
    scene.sign();
    let record = scene.home().last_signed();
    let before = fs::read(&record).expect("there");
    scene.sign();
    scene.close();
    fs::write(&record, before).expect("ours");
    scene.open();
    assert_eq!(scene.code(), None);
    assert_eq!(number(&scene.sign()), 3);
    // The same is true for a home of a version without a record.
    scene.close();
    fs::remove_file(&record).expect("ours");
    scene.open();
    scene.second(0);
    assert!(record.is_file(), "it is made");
    assert_eq!(number(&scene.sign()), 4);
}

#[test]
fn a_report_that_the_book_refuses_is_told_until_one_is_taken() {
    let mut scene = Scene::new();
    scene.sign();
    let other = Connection::open(scene.home().book()).expect("a second program");
    other
        .execute_batch(
            "CREATE TRIGGER no BEFORE INSERT ON reports BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .expect("changed");
    for _ in 0..SESSION_S {
        assert_eq!(scene.second(BYTES_A_SECOND), None);
    }
    scene.second(BYTES_A_SECOND);
    scene.signs_nothing(ErrorCode::BookDamaged);
    other.execute_batch("DROP TRIGGER no").expect("undone");
    let report = scene.second(BYTES_A_SECOND).expect("taken at last");
    assert_eq!(number(&report), 2);
    assert_eq!(scene.code(), None);
    let bytes: u64 = scene
        .verified()
        .iter()
        .map(|report| report.bytes().get())
        .sum();
    assert_eq!(bytes, scene.bytes, "every byte once");
}

#[test]
fn a_book_that_another_program_holds_is_told_and_goes_on_by_itself() {
    let mut scene = Scene::new();
    scene.sign();
    scene.second(BYTES_A_SECOND);
    let other = Connection::open(scene.home().book()).expect("a second program");
    other.execute_batch("BEGIN IMMEDIATE").expect("held");
    assert_eq!(scene.second(BYTES_A_SECOND), None);
    assert_eq!(scene.code(), Some(ErrorCode::BookBusy));
    other.execute_batch("ROLLBACK").expect("given back");
    scene.second(BYTES_A_SECOND);
    assert_eq!(scene.code(), None);
    assert_eq!(number(&scene.sign()), 2);
}

#[test]
fn a_book_that_is_moved_away_while_it_is_open_is_told_and_nothing_is_lost_in_it() {
    let mut scene = Scene::new();
    scene.sign();
    fs::rename(scene.home().book(), scene.file("away")).expect("moved");
    scene.signs_nothing(ErrorCode::BookMoved);
    fs::rename(scene.file("away"), scene.home().book()).expect("put back");
    assert_eq!(number(&scene.sign()), 2);
    assert_eq!(scene.code(), None);
}

#[test]
fn an_older_book_that_takes_the_place_of_the_open_one_is_noticed() {
    let mut scene = Scene::new();
    scene.sign();
    let before = scene.bytes;
    scene.close();
    scene.back_up("backup");
    scene.open();
    let later = [scene.sign(), scene.sign()];
    scene.second(BYTES_A_SECOND);
    for suffix in ["-wal", "-shm", ""] {
        let path = scene.home().root().join(format!("book.sqlite3{suffix}"));
        drop(fs::remove_file(path));
    }
    fs::copy(scene.file("backup"), scene.home().book()).expect("put back");
    assert_eq!(scene.second(BYTES_A_SECOND), None);
    assert_eq!(scene.code(), Some(ErrorCode::BookMoved));
    assert_eq!(scene.bookkeeper().book.place(), Place::Replaced);
    scene.bookkeeper().open_again().expect("opened");
    assert_eq!(scene.code(), Some(ErrorCode::BookBehind));
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
    let bytes: u64 = scene
        .verified()
        .iter()
        .map(|report| report.bytes().get())
        .sum();
    assert_eq!(bytes, before + scene.bytes, "every byte once");
}

#[test]
fn what_is_handed_back_is_believed_only_when_this_key_signed_it() {
    let mut scene = Scene::new();
    let mut report = scene.sign();
    report.body.0[100] ^= 1;
    let refused = scene
        .bookkeeper()
        .take_back(&[report])
        .expect_err("one bit");
    assert_eq!(refused.code, ErrorCode::BadRequest);
    let mut stranger = Scene::new();
    stranger.sign();
    let theirs = stranger.sign();
    let refused = scene
        .bookkeeper()
        .take_back(&[theirs])
        .expect_err("another key");
    assert_eq!(refused.code, ErrorCode::BadRequest);
    assert_eq!(scene.code(), None);
    assert_eq!(number(&scene.sign()), 2);
}

#[test]
fn a_book_that_is_behind_still_is_after_it_was_moved_away_and_back() {
    let mut scene = Scene::new();
    scene.sign();
    scene.close();
    scene.back_up("backup");
    scene.open();
    let later = [scene.sign(), scene.sign()];
    scene.put_back("backup");
    scene.open();
    assert_eq!(scene.code(), Some(ErrorCode::BookBehind));

    fs::rename(scene.home().book(), scene.file("away")).expect("moved");
    scene.signs_nothing(ErrorCode::BookMoved);
    let refused = scene
        .bookkeeper()
        .take_back(&later)
        .expect_err("it is away");
    assert_eq!(refused.code, ErrorCode::BookMoved);
    fs::rename(scene.file("away"), scene.home().book()).expect("moved back");
    scene.signs_nothing(ErrorCode::BookBehind);
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
    scene.verified();
}

#[test]
fn a_new_chain_that_fails_half_way_loses_no_byte_and_counts_none_twice() {
    let mut scene = Scene::new();
    let key = scene.bookkeeper().head.key;
    scene.sign();
    scene.sign();
    scene.second(700);
    let file = scene.home().key();
    let seed = fs::read(&file).expect("there");
    fs::write(&file, "no key").expect("ours");

    let mut carried = None;
    let mut bookkeeper = Ok(scene.bookkeeper.take().expect("open"));
    for _ in 0..2 {
        let outcome;
        (bookkeeper, outcome) = begin_anew(
            bookkeeper,
            KeyOfChain::Same,
            &scene.home(),
            thresholds(),
            &mut carried,
        );
        let refused = outcome.expect_err("no key, no chain");
        assert_eq!(refused.code, ErrorCode::KeyRefused);
    }
    // The relay continues meanwhile.
    scene.bytes += 5_000;
    scene.ms += 60_000;
    fs::write(&file, seed).expect("ours");
    let opened = open_bookkeeper(&scene.home(), thresholds(), &mut carried);
    scene.bookkeeper = Some(opened.expect("repaired"));
    assert_eq!(number(&scene.sign()), 1);

    let reports = scene.verified();
    let old = Book::open_to_read(&scene.home().root().join("book.old-1.sqlite3"));
    let old = old.expect("kept").reports(0, 500).expect("read");
    let verified = |report: Signed<SessionReport>| *report.verify(key).expect("ours").value();
    let old: Vec<SessionReport> = old.into_iter().map(verified).collect();
    assert_eq!((old.len(), reports.len()), (2, 1));
    let signed = old.iter().chain(&reports);
    let signed: u64 = signed.map(|report| report.bytes().get()).sum();
    assert_eq!(signed, scene.bytes, "every byte once");
    let duration = reports[0].duration.get();
    assert_eq!(duration, SESSION_S * 1_000, "no time without a book");
}

#[test]
fn a_book_that_another_program_sets_back_while_it_is_open_is_told_as_it_is_and_heals() {
    let mut scene = Scene::new();
    scene.sign();
    let balance = scene.bookkeeper().balance();
    scene.close();
    scene.back_up("backup");
    scene.open();
    let later = [scene.sign(), scene.sign()];

    scene.set_back("backup");
    let signed = (0..SESSION_S + 2).find_map(|_| scene.second(BYTES_A_SECOND));
    assert_eq!(signed, None, "the book does not take number 4");
    scene.signs_nothing(ErrorCode::BookBehind);
    assert_eq!(scene.bookkeeper().report_count(), U64Text(1));
    assert_eq!(scene.bookkeeper().balance(), balance);
    let refused = scene
        .bookkeeper()
        .take_back(&[])
        .expect_err("nothing came back");
    assert_eq!(refused.code, ErrorCode::BookBehind, "no second history");
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
    assert_eq!(scene.verified().len(), 4);
}

#[test]
fn a_book_that_is_set_back_while_no_record_can_be_kept_stays_behind() {
    let mut scene = Scene::new();
    scene.sign();
    scene.close();
    scene.back_up("backup");
    scene.open();
    let record = scene.home().last_signed();
    fs::remove_file(&record).expect("ours");
    fs::create_dir(&record).expect("in its place");
    let later = [scene.sign(), scene.sign()];
    scene.set_back("backup");
    let signed = (0..SESSION_S + 2).find_map(|_| scene.second(BYTES_A_SECOND));
    assert_eq!(signed, None, "the book does not take number 4");
    scene.signs_nothing(ErrorCode::BookBehind);
    let refused = scene
        .bookkeeper()
        .take_back(&later[..1])
        .expect_err("one lacks");
    assert_eq!(refused.code, ErrorCode::BookBehind);
    scene.bookkeeper().take_back(&later).expect("whole again");
    assert_eq!(number(&scene.sign()), 4);
}

/// The commands of a tool that writes an older copy into the file itself.
const SET_BACK: &str = "
    BEGIN IMMEDIATE;
    DROP TRIGGER reports_are_never_removed;
    DROP TRIGGER postings_are_never_removed;
    DELETE FROM postings WHERE report > (SELECT max(sequence) FROM backup.reports);
    DELETE FROM reports WHERE sequence > (SELECT max(sequence) FROM backup.reports);
    CREATE TRIGGER reports_are_never_removed BEFORE DELETE ON reports
BEGIN SELECT RAISE(ABORT, 'reports are never removed'); END;
    CREATE TRIGGER postings_are_never_removed BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never removed'); END;
    COMMIT;";
