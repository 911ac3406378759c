//! A new key begins a chain of its own; a kill between any two steps loses nothing.

use super::*;
use crate::{accounting::earlier::EarlierChains, last_signed::LastSigned};
use meter_core::{ChainId, DeviceKey};

fn renew(scene: &mut Scene) {
    let before = scene.bookkeeper.take().ok_or_else(problems::shutting_down);
    let (home, new) = (scene.home(), KeyOfChain::New);
    let (after, outcome) = begin_anew(before, new, &home, thresholds(), &mut None);
    outcome.expect("begun");
    scene.bookkeeper = Some(after.expect("opened"));
}

fn identity(scene: &mut Scene) -> (ChainId, DeviceKey) {
    let head = scene.bookkeeper().head();
    (head.chain, head.key)
}

/// The key in the file, the owner of the book and the signer are one.
fn is_one_key(scene: &mut Scene) {
    let (_, key) = identity(scene);
    let file = crate::key::load(&scene.home().key()).expect("there");
    assert_eq!(file.key(), key);
}

#[test]
fn a_new_key_signs_another_chain_and_the_reports_of_the_old_one_still_count_and_verify() {
    let mut scene = Scene::new();
    let (old_chain, old_key) = identity(&mut scene);
    let seed = fs::read(scene.home().key()).expect("there");
    scene.sign();
    scene.sign();
    scene.second(700);
    let claimed = scene.bookkeeper().balance();
    renew(&mut scene);
    let (home, (chain, key)) = (scene.home(), identity(&mut scene));
    assert!(chain != old_chain && key != old_key);
    is_one_key(&mut scene);
    let kept = home.key_folder().join("device.old-1.key");
    assert_eq!(fs::read(kept).expect("kept"), seed);
    let earlier = EarlierChains::read(&home, Some(chain));
    assert_eq!((earlier.sum().chains, earlier.sum().amount), (1, claimed));

    assert_eq!(number(&scene.sign()), 1);
    let reports = scene.verified();
    let old = Book::open_to_read(&home.root().join("book.old-1.sqlite3"));
    let old = old.expect("kept").reports(0, 500).expect("read");
    let verified =
        |report: Signed<SessionReport>| *report.verify(old_key).expect("its own").value();
    let old: Vec<SessionReport> = old.into_iter().map(verified).collect();
    let signed = old.iter().chain(&reports);
    let signed: u64 = signed.map(|report| report.bytes().get()).sum();
    assert_eq!(signed, scene.bytes, "every byte once");
    // The next process goes on with it.
    scene.open();
    assert_eq!(identity(&mut scene), (chain, key));
    assert_eq!(number(&scene.sign()), 2);
}

#[track_caller]
fn goes_on_with(scene: &mut Scene, bytes: u64) {
    let open = scene.bookkeeper().session().map(|open| open.bytes_up);
    assert_eq!(open, Some(U64Text(bytes)));
}

/// A kill between two steps is a start without the steps after it.
#[test]
fn after_a_kill_between_any_two_steps_the_next_start_has_a_book_with_its_key() {
    let steps: [fn(&Home); 3] = [
        |home| {
            let record = LastSigned::load(&home.last_signed());
            record.expect("there").leave_all().expect("written");
        },
        |home| {
            let aside = home.root().join("book.old-1.sqlite3");
            fs::rename(home.book(), aside).expect("moved");
        },
        |home| assert!(crate::key::put_aside(&home.key()).expect("moved")),
    ];
    for killed_after in 0..=steps.len() {
        let mut scene = Scene::new();
        let old = identity(&mut scene);
        scene.sign();
        scene.second(700);
        let claimed = scene.bookkeeper().balance();
        // Its log is merged, as by the step that moves it.
        scene.bookkeeper.take().expect("open").end();
        for step in &steps[..killed_after] {
            step(&scene.home());
        }
        scene.open();
        is_one_key(&mut scene);
        assert_eq!(scene.code(), None, "{killed_after}");
        goes_on_with(&mut scene, 700);
        // Whatever the kill left, the command leads to the end when it is given again.
        if identity(&mut scene).1 == old.1 {
            assert!(killed_after < 3, "{killed_after}");
            renew(&mut scene);
            is_one_key(&mut scene);
            goes_on_with(&mut scene, 700);
        }
        let (chain, key) = identity(&mut scene);
        assert!(chain != old.0 && key != old.1, "{killed_after}");
        let earlier = EarlierChains::read(&scene.home(), Some(chain)).sum();
        assert_eq!(earlier.amount, claimed, "{killed_after}");
        for kept in crate::files::kept_books(&scene.home().book()) {
            let kept = Book::open_to_read(&kept).expect("kept");
            assert_eq!(
                kept.open_session().expect("read"),
                None,
                "in one book alone"
            );
        }
        let report = Signed::<SessionReport>::from(&scene.sign());
        let signed = report.verify(key).expect("its own").value().bytes().get();
        assert_eq!(signed, 700 + scene.bytes, "{killed_after}");
    }
}

#[test]
fn a_chain_for_which_there_is_no_room_does_not_end_the_old_one() {
    for key in [KeyOfChain::Same, KeyOfChain::New] {
        let mut scene = Scene::new();
        scene.sign();
        let old = identity(&mut scene);
        let home = scene.home();
        // Where a new book is written first.
        fs::create_dir(home.root().join("book.sqlite3.new")).expect("ours");
        let before = Ok(scene.bookkeeper.take().expect("open"));
        let (after, outcome) = begin_anew(before, key, &home, thresholds(), &mut None);
        outcome.expect_err("no room");
        scene.bookkeeper = after.ok();
        assert_eq!(identity(&mut scene), old, "{key:?}");
        is_one_key(&mut scene);
        assert_eq!(crate::files::kept_books(&home.book()).len(), 0);
        assert_eq!(number(&scene.sign()), 2);
        let record = LastSigned::load(&home.last_signed()).expect("there");
        let in_use = record.in_use().map(|entry| entry.chain);
        assert_eq!(in_use, Some(old.0), "it was not left");
    }
}
