//! Other files in the place of an open book.

use super::*;

impl Scene {
    /// Passes a second as the engine does. Returns whether the file in the book's place was opened,
    /// with the result.
    fn looks(&mut self) -> Option<Result<(), ErrorCode>> {
        self.second(0);
        let now = MonotonicMs::new(self.ms).expect("fits");
        let tried = self.bookkeeper().open_replacement(now);
        tried.map(|tried| tried.map_err(|problem| problem.code))
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
