//! Other files in the place of an open book.

use super::{super::recovery::exchange, *};

impl Scene {
    /// Passes a second as the engine does. Returns whether the file in the book's place was opened,
    /// with the result.
    fn looks(&mut self) -> Option<Result<(), ErrorCode>> {
        self.second(0);
        let now = MonotonicMs::new(self.ms).expect("fits");
        let tried = self.bookkeeper().look_at_replacement(now)?;
        if tried.is_ok() {
            let before = self.bookkeeper.take().expect("open");
            let after = exchange(before, thresholds(), &mut None).expect("it fits");
            self.bookkeeper = Some(after);
        }
        Some(tried.map_err(|problem| problem.code))
    }

    fn replace_book(&self, with: &[u8]) {
        let new = self.file("new");
        fs::write(&new, with).expect("written");
        fs::rename(new, self.home().book()).expect("replaced");
    }
}

#[test]
fn an_unusable_file_in_the_books_place_is_opened_every_ten_seconds_or_when_it_changes() {
    let mut scene = Scene::new();
    scene.sign();
    scene.close();
    let book = fs::read(scene.home().book()).expect("read");
    scene.open();
    assert_eq!(scene.looks(), None, "it is the book");

    let damaged = Some(Err(ErrorCode::BookDamaged));
    scene.replace_book(b"no book");
    for _ in 0..2 {
        assert_eq!(scene.looks(), damaged);
        for second in 1..10 {
            assert_eq!(scene.looks(), None, "{second}");
        }
    }
    assert_eq!(scene.looks(), damaged);
    scene.replace_book(b"no book either");
    assert_eq!(scene.looks(), damaged, "another file is not waited for");
    assert_eq!(scene.looks(), None);
    scene.replace_book(&book);
    assert_eq!(scene.looks(), Some(Ok(())));
    assert_eq!(scene.code(), None);
    assert_eq!(number(&scene.sign()), 2);
}

/// SQLite knows a log only by its path, and would read that of the old book into the new one.
#[test]
fn a_newer_copy_in_the_place_of_the_open_book_is_opened_without_the_log_of_the_old_one() {
    let mut scene = Scene::new();
    scene.sign();
    scene.close();
    let old = fs::read(scene.home().book()).expect("read");
    scene.open();
    let reports = [scene.sign(), scene.sign()];
    scene.close();
    let newer = fs::read(scene.home().book()).expect("read");
    // The older copy is open, and its log holds what a browser handed back.
    fs::write(scene.home().book(), old).expect("put back");
    scene.open();
    scene.bookkeeper().take_back(&reports).expect("whole");
    assert!(scene.home().root().join("book.sqlite3-wal").is_file());
    scene.second(700);
    scene.replace_book(&newer);
    assert_eq!(scene.looks(), Some(Ok(())));
    assert_eq!(scene.code(), None);
    scene.bookkeeper().book.audit().expect("sound");
    assert_eq!(number(&scene.sign()), 4);
    // Everything is in the file and the log at its path, for a process that is killed now.
    scene.back_up("killed");
    let copy = Book::open_to_read(&scene.file("killed")).expect("opened");
    assert_eq!(copy.audit().expect("sound").reports, 4);
    scene.open();
    assert_eq!(scene.verified().len(), 4);
}

/// The log that came with the new book has its last report.
#[test]
fn a_book_that_is_put_in_place_with_its_own_log_keeps_that_log() {
    let mut scene = Scene::new();
    scene.sign();
    scene.close();
    let old = fs::read(scene.home().book()).expect("read");
    scene.open();
    scene.sign();
    scene.back_up("newer");
    scene.close();
    fs::write(scene.home().book(), old).expect("put back");
    scene.open();
    scene.second(700);
    for suffix in ["-wal", ""] {
        let to = scene.home().root().join(format!("book.sqlite3{suffix}"));
        fs::rename(scene.file(&format!("newer{suffix}")), to).expect("put in place");
    }
    assert_eq!(scene.looks(), Some(Ok(())));
    assert_eq!(scene.bookkeeper().head.sequence, 2);
    assert_eq!(scene.code(), None);
    scene.bookkeeper().book.audit().expect("sound");
    assert_eq!(number(&scene.sign()), 3);
}
