//! The chains whose books are kept: what they claim, and their last reports.

use super::*;
use crate::accounting::earlier::EarlierChains;
use meter_core::ChainId;

fn earlier(scene: &Scene, in_use: ChainId) -> EarlierChains {
    EarlierChains::read(&scene.home(), Some(in_use))
}

/// Ends the chain in use after this many reports; returns what it claims.
fn end_chain(scene: &mut Scene, reports: u64) -> u64 {
    for _ in 0..reports {
        scene.sign();
    }
    let claimed = scene.bookkeeper().balance().0;
    let before = scene.bookkeeper.take().ok_or_else(problems::shutting_down);
    let (after, outcome) = begin_anew(
        before,
        KeyOfChain::Same,
        &scene.home(),
        thresholds(),
        &mut None,
    );
    outcome.expect("begun");
    scene.bookkeeper = Some(after.expect("opened"));
    claimed
}

#[test]
fn every_kept_book_counts_once_with_its_last_report_and_the_one_in_use_does_not() {
    let mut scene = Scene::new();
    let chain = scene.bookkeeper().head().chain;
    assert_eq!(
        earlier(&scene, chain).sum(),
        meter_wire::EarlierSum::default()
    );
    let claimed = end_chain(&mut scene, 2) + end_chain(&mut scene, 1);
    scene.sign();
    let chain = scene.bookkeeper().head().chain;
    // A copy of a kept book, and a book without a report, claim nothing more.
    let root = scene.home().root().to_path_buf();
    fs::copy(
        root.join("book.old-1.sqlite3"),
        root.join("book.old-7.sqlite3"),
    )
    .expect("copied");
    drop(Book::open(&root.join("book.old-8.sqlite3")).expect("made"));
    fs::write(root.join("book.old-9.sqlite3"), "not a book").expect("written");
    fs::write(root.join("book.old-summer.sqlite3"), "somebody else's").expect("written");

    let found = earlier(&scene, chain);
    let sum = found.sum();
    assert_eq!((sum.chains, sum.amount.0), (2, claimed));
    assert!(claimed > 0);
    let page = found.page(|_| None, 0, 10).expect("reports");
    let sequence = |report: &WireReport| report.body.0[63];
    let numbers: Vec<_> = page
        .chains
        .iter()
        .map(|chain| sequence(&chain.last))
        .collect();
    assert_eq!((numbers, page.total), (vec![2, 1], 2));
    assert!(page.chains.iter().all(|chain| chain.answered.is_none()));
    let page = found.page(|_| None, 1, 10).expect("reports");
    assert_eq!((page.chains.len(), page.total), (1, 2));

    let first = found.claimed(|_| false);
    assert_eq!(first.0, 0, "of no chain");
}

#[test]
fn of_two_copies_of_one_chain_the_longer_one_counts() {
    let mut scene = Scene::new();
    scene.sign();
    scene.back_up("older");
    let claimed = end_chain(&mut scene, 2);
    let root = scene.home().root().to_path_buf();
    fs::rename(
        root.join("book.old-1.sqlite3"),
        root.join("book.old-2.sqlite3"),
    )
    .expect("moved");
    for end in ["", "-wal"] {
        let from = scene.file(&format!("older{end}"));
        if from.is_file() {
            fs::copy(from, root.join(format!("book.old-1.sqlite3{end}"))).expect("copied");
        }
    }
    let chain = scene.bookkeeper().head().chain;
    let sum = earlier(&scene, chain).sum();
    assert_eq!((sum.chains, sum.amount.0), (1, claimed));
}
