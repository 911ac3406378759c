//! Tests what the book accepts, what it refuses, and what it answers.

use crate::support::{CHAIN, Folder, begun, key, next, post, session, session_of, signer};
use meter_core::{
    Amount, ChainError, ChainHead, ChainId, DeviceSigner, OpenSession, SessionReport, Tariff,
};
use meter_ledger::{Book, BookError, Posted};
use proptest::prelude::*;

#[test]
fn a_report_is_posted_with_its_amount() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    assert_eq!(book.balance().unwrap(), Amount::ZERO);
    let report = next(&book, &session_of(45_000, 50_000, 100_000));
    assert_eq!(book.post(&report).unwrap(), Posted::New);
    assert_eq!(book.balance().unwrap().get(), 4_575_000_000);
    let head = book.head(CHAIN, key()).unwrap();
    assert_eq!(
        head,
        ChainHead::genesis(CHAIN, key()).follow(&report).unwrap()
    );
    assert_eq!(book.reports(0, 10).unwrap(), [report.signed().clone()]);
    assert_eq!(book.audit().unwrap().totals, report.value().totals);
}

/// A process that reads between any two steps of a writing process must see no damage.
#[test]
fn a_book_that_is_read_while_reports_are_posted_is_never_called_damaged() {
    let folder = Folder::new();
    let path = folder.book();
    let mut book = begun(&path);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| post(&mut book, 1..=300));
        while !writer.is_finished() {
            Book::open_to_read(&path).unwrap();
        }
    });
    assert_eq!(book.audit().unwrap().reports, 300);
}

#[test]
fn everything_is_there_after_opening_again() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=3);
    book.checkpoint(Some(&session(4))).unwrap();
    let before = (book.head(CHAIN, key()).unwrap(), book.balance().unwrap());
    drop(book);
    let book = Book::open(&folder.book()).unwrap();
    assert_eq!(book.chain().unwrap(), Some((CHAIN, key())));
    assert_eq!(
        (book.head(CHAIN, key()).unwrap(), book.balance().unwrap()),
        before
    );
    assert_eq!(book.open_session().unwrap(), Some(session(4)));
    assert_eq!(book.audit().unwrap().reports, 3);
}

#[test]
fn the_same_report_again_changes_nothing() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=2);
    let third = next(&book, &session(3));
    post(&mut book, 3..=4);
    book.checkpoint(Some(&session(5))).unwrap();
    let balance = book.balance().unwrap();
    assert_eq!(book.post(&third).unwrap(), Posted::Already);
    assert_eq!(book.balance().unwrap(), balance);
    assert_eq!(book.audit().unwrap().reports, 4);
    let open = book.open_session().unwrap();
    assert_eq!(open, Some(session(5)), "it belongs to a later report");
}

#[test]
fn another_report_at_a_used_number_is_a_fork() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    let first = next(&book, &session(1));
    let other = next(&book, &session(9));
    book.post(&first).unwrap();
    let refused = book.post(&other);
    assert!(
        matches!(refused, Err(BookError::Fork { sequence: 1 })),
        "{refused:?}"
    );
    assert_eq!(book.reports(0, 9).unwrap(), [first.signed().clone()]);
    assert_eq!(book.balance().unwrap(), first.value().amount);
}

#[test]
fn a_report_that_is_not_the_next_one_is_refused() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    let first = next(&book, &session(1));
    let after = ChainHead::genesis(CHAIN, key()).follow(&first).unwrap();
    let second = after
        .next_report(&session(2).totals(), &Tariff::V1)
        .unwrap();
    let early = book.post(&signer().sign(&second).unwrap());
    let gap = ChainError::Sequence {
        expected: 1,
        found: 2,
    };
    assert!(
        matches!(early, Err(BookError::NotNext(error)) if error == gap),
        "{early:?}"
    );

    book.post(&first).unwrap();
    let mut unlinked = second;
    unlinked.previous.0[0] ^= 1;
    let unlinked = book.post(&signer().sign(&unlinked).unwrap());
    let link = ChainError::Link { sequence: 2 };
    assert!(
        matches!(unlinked, Err(BookError::NotNext(error)) if error == link),
        "{unlinked:?}"
    );
    assert_eq!(book.audit().unwrap().reports, 1);
}

#[test]
fn a_book_holds_one_chain_of_one_key() {
    let folder = Folder::new();
    let mut book = Book::open(&folder.book()).unwrap();
    assert_eq!(book.chain().unwrap(), None);
    let genesis = ChainHead::genesis(CHAIN, key());
    assert_eq!(
        book.head(CHAIN, key()).unwrap(),
        genesis,
        "any chain can begin"
    );
    let first = next(&book, &session(1));
    assert!(
        matches!(book.post(&first), Err(BookError::Bug(_))),
        "not begun"
    );

    book.begin_chain(CHAIN, key()).unwrap();
    book.begin_chain(CHAIN, key()).unwrap();
    let (other_chain, other_key) = (ChainId([1; 16]), DeviceSigner::from_seed(&[2; 32]));
    for (chain, key) in [(other_chain, key()), (CHAIN, other_key.key())] {
        let refused = book.begin_chain(chain, key);
        assert!(matches!(refused, Err(BookError::OtherChain)), "{refused:?}");
        let refused = book.head(chain, key);
        assert!(matches!(refused, Err(BookError::OtherChain)), "{refused:?}");
    }
    let foreign = SessionReport {
        key: other_key.key(),
        ..*first.value()
    };
    let refused = book.post(&other_key.sign(&foreign).unwrap());
    assert!(matches!(refused, Err(BookError::OtherChain)), "{refused:?}");
}

#[test]
fn a_checkpoint_is_replaced_and_ends_with_its_report() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    assert_eq!(book.open_session().unwrap(), None);
    for open in [session(1), session(2)] {
        let resumed = OpenSession {
            resumed: true,
            ..open
        };
        for open in [open, resumed] {
            book.checkpoint(Some(&open)).unwrap();
            assert_eq!(book.open_session().unwrap(), Some(open));
        }
    }
    book.checkpoint(None).unwrap();
    assert_eq!(book.open_session().unwrap(), None);
    book.checkpoint(Some(&session(1))).unwrap();
    post(&mut book, [1]);
    assert_eq!(book.open_session().unwrap(), None);
}

#[test]
fn a_session_seen_before_it_started_is_a_bug_and_is_not_kept() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    book.checkpoint(Some(&session(1))).unwrap();
    let impossible = OpenSession {
        started_at: session(1).seen_at,
        seen_at: session(1).started_at,
        ..session(1)
    };
    let refused = book.checkpoint(Some(&impossible));
    assert!(matches!(refused, Err(BookError::Bug(_))), "{refused:?}");
    assert_eq!(book.open_session().unwrap(), Some(session(1)));
}

#[test]
fn reports_are_paged_from_both_ends() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=5);
    let numbers = |reports: Result<Vec<_>, BookError>| -> Vec<u64> {
        let number = |signed: meter_core::Signed<SessionReport>| {
            signed.verify(key()).unwrap().value().sequence
        };
        reports.unwrap().into_iter().map(number).collect()
    };
    assert_eq!(numbers(book.reports(0, 2)), [1, 2]);
    assert_eq!(numbers(book.reports(2, 2)), [3, 4]);
    assert_eq!(numbers(book.reports(4, 9)), [5]);
    assert_eq!(numbers(book.reports(5, 9)), []);
    assert_eq!(numbers(book.reports(u64::MAX, 9)), []);
    assert_eq!(numbers(book.latest(2)), [5, 4]);
    assert_eq!(numbers(book.latest(0)), []);
    assert_eq!(numbers(book.latest(u32::MAX)), [5, 4, 3, 2, 1]);
}

#[test]
fn a_reader_sees_whole_transactions_while_another_connection_writes() {
    let folder = Folder::new();
    let mut writer = begun(&folder.book());
    post(&mut writer, 1..=2);
    let reader = Book::open(&folder.book()).unwrap();
    post(&mut writer, 3..=3);
    assert_eq!(reader.audit().unwrap(), writer.audit().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_balance_is_the_sum_of_the_amounts_and_the_running_total(
        sessions in proptest::collection::vec(
            (0_u64..4_000_000_000, 0_u64..100_000_000_000_000, 0_u64..100_000_000_000_000),
            1..12,
        ),
        reopen_every in 1_usize..6,
    ) {
        let folder = Folder::new();
        let mut book = begun(&folder.book());
        let mut sum = 0;
        for (index, &(ms, up, down)) in sessions.iter().enumerate() {
            let report = next(&book, &session_of(ms, up, down));
            book.post(&report).unwrap();
            sum += report.value().amount.get();
            prop_assert_eq!(sum, book.balance().unwrap().get());
            prop_assert_eq!(sum, report.value().totals.amount.get());
            if index % reopen_every == 0 {
                book = Book::open(&folder.book()).unwrap();
            }
        }
        let expected: u64 = sessions.iter().map(|s| s.0 * 100_000 + (s.1 + s.2) * 500).sum();
        prop_assert_eq!(sum, expected);
        prop_assert_eq!(book.audit().unwrap().totals.amount.get(), sum);
    }
}
