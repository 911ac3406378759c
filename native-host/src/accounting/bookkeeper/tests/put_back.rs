//! Books that were put back, moved away or set back by another program, and what heals them.

use super::{
    super::*,
    number,
    scene::{BYTES_A_SECOND, SESSION_S, Scene},
};
use std::{fs, path::PathBuf};

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
