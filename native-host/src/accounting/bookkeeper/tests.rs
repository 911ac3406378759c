//! Tests books that are replaced by copies, removed or refuse writes, with real files. The tests
//! set time and counters.

mod conservation;
mod earlier;
mod key_file;
mod new_key;
mod other_chain;
mod put_back;
mod replaced;
mod scene;

use super::{
    recovery::{KeyOfChain, begin_anew, open_bookkeeper},
    *,
};
use meter_core::Signed;
use rusqlite::Connection;
use scene::{BYTES_A_SECOND, SESSION_S, Scene, thresholds};
use std::fs;

fn number(report: &WireReport) -> u64 {
    let sequence = report.body.0[56..64].try_into().expect("eight bytes");
    u64::from_be_bytes(sequence)
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
