//! Books of another chain that the same key signs.

use super::*;
use crate::last_signed::LastSigned;
use meter_core::ChainId;

impl Scene {
    /// Starts another process that cannot use the book. Returns why.
    #[track_caller]
    fn refuses(&mut self) -> Problem {
        self.close();
        match Bookkeeper::open(&self.home(), thresholds()) {
            Ok(_) => panic!("taken up"),
            Err(problem) => problem,
        }
    }

    fn begin_anew(&mut self) {
        let bookkeeper = Ok(self.bookkeeper.take().expect("open"));
        let (bookkeeper, outcome) = begin_anew(
            bookkeeper,
            KeyOfChain::Same,
            &self.home(),
            thresholds(),
            &mut None,
        );
        outcome.expect("begun");
        self.bookkeeper = bookkeeper.ok();
    }

    fn bytes_of_book(&self) -> Vec<u8> {
        fs::read(self.home().book()).expect("there")
    }
}

/// A home with a chain of two reports in the backup "first" and with one of one report in use.
fn with_two_chains() -> (Scene, [ChainId; 2]) {
    let mut scene = Scene::new();
    let first = scene.bookkeeper().head.chain;
    scene.sign();
    scene.sign();
    scene.second(700);
    scene.close();
    scene.back_up("first");
    scene.open();
    scene.begin_anew();
    let second = scene.bookkeeper().head.chain;
    scene.sign();
    scene.close();
    scene.back_up("second");
    (scene, [first, second])
}

#[test]
fn a_book_of_another_chain_is_not_taken_up_and_nothing_is_written_into_it() {
    let (mut scene, [first, second]) = with_two_chains();
    scene.put_back("first");
    let before = scene.bytes_of_book();
    let problem = scene.refuses();
    assert_eq!(problem.code, ErrorCode::BookOther);
    let detail = problem.detail.expect("which");
    assert!(detail.chars().count() <= 256, "a popup cuts it: {detail}");
    for chain in [first, second] {
        let short = hex::encode(&chain.0[..4]);
        assert!(detail.contains(&short), "{detail}");
    }
    assert!(
        detail.contains("2 reports") && detail.contains("report 1 of"),
        "{detail}"
    );
    assert!(scene.bytes_of_book() == before, "it was written to");

    scene.put_back("second");
    scene.open();
    assert_eq!(scene.code(), None);
    assert_eq!(scene.bookkeeper().head.chain, second);
    assert_eq!(number(&scene.sign()), 2);
}

#[test]
fn a_book_of_another_chain_goes_on_when_a_person_chooses_it() {
    let (mut scene, [first, second]) = with_two_chains();
    scene.put_back("first");
    let mut record = LastSigned::load(&scene.home().last_signed()).expect("ours");
    record.leave_others(first).expect("written");
    scene.open();
    assert_eq!(scene.bookkeeper().head.chain, first);
    assert_eq!(
        scene.bookkeeper().session().expect("goes on").bytes_up,
        U64Text(700)
    );
    assert_eq!(number(&scene.sign()), 3);
    scene.put_back("second");
    assert_eq!(scene.refuses().code, ErrorCode::BookOther);
    let record = LastSigned::load(&scene.home().last_signed()).expect("ours");
    let kept = record.of(second).map(|entry| entry.sequence);
    assert_eq!(kept, Some(1), "its number is still used up");
}

#[test]
fn a_chain_whose_book_is_lost_goes_on_when_the_other_book_is_moved_away() {
    let (mut scene, [_, second]) = with_two_chains();
    scene.put_back("first");
    assert_eq!(scene.refuses().code, ErrorCode::BookOther);
    scene.lose_book();
    scene.open();
    assert_eq!(scene.bookkeeper().head.chain, second);
    assert_eq!(scene.code(), Some(ErrorCode::BookBehind));
}

#[test]
fn a_book_of_another_chain_in_the_place_of_the_open_one_changes_no_number() {
    let (mut scene, [_, second]) = with_two_chains();
    scene.open();
    scene.second(900);
    let balance = scene.bookkeeper().balance();
    let new = scene.file("new");
    fs::copy(scene.file("first"), &new).expect("copied");
    fs::rename(scene.home().book(), scene.file("away")).expect("moved");
    fs::rename(&new, scene.home().book()).expect("replaced");
    let before = scene.bytes_of_book();
    scene.second(900);
    let now = MonotonicMs::new(scene.ms).expect("fits");
    let tried = scene.bookkeeper().look_at_replacement(now);
    let code = tried.map(|tried| tried.map_err(|problem| problem.code));
    assert_eq!(code, Some(Err(ErrorCode::BookOther)));
    assert_eq!(scene.code(), Some(ErrorCode::BookMoved));
    assert_eq!(scene.bookkeeper().balance(), balance);
    assert!(scene.bytes_of_book() == before, "it was written to");
    fs::rename(scene.file("away"), scene.home().book()).expect("put back");
    scene.second(900);
    assert_eq!(scene.code(), None);
    assert_eq!(scene.bookkeeper().head.chain, second);
    let open = scene.bookkeeper().session().expect("goes on").bytes_up;
    assert_eq!(open, U64Text(2_700), "every byte once");
}
