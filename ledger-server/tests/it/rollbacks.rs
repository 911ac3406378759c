//! A database that is older than what was signed.

use crate::{
    program::{Home, Reporter, fill},
    support::{receipt_bytes, submit},
};
use onionmeter_ledger::{audit, committer::Answer, ledger::Outcome};
use std::fs;

/// A ledger with three reports in a copy, and three more in the database.
async fn with_an_older_copy(home: &Home) -> (Reporter, String) {
    let opened = home.open();
    let mut reporter = fill(&opened.ledger, 1, 3).await.remove(0);
    let file = home.outer.path().join("yesterday.sqlite3");
    let name = file.to_str().expect("text").to_owned();
    home.told(&["backup", &name]);
    reporter.report(&opened.ledger, 3).await;
    (reporter, name)
}

#[tokio::test]
async fn g_21_d_07_a_restored_older_copy_only_reads_until_it_is_accepted_and_then_heals() {
    let home = Home::new();
    let (reporter, copy) = with_an_older_copy(&home).await;
    let opened = home.open();
    let before = opened.ledger.balance(reporter.account).expect("a balance");
    drop(opened);
    let told = home.told(&["restore", &copy]);
    assert_eq!(
        (&told["reports"], &told["read_only"]),
        (&"3".into(), &true.into())
    );
    // It stays so at every start, and commands see it, too.
    for _ in 0..2 {
        let opened = home.open();
        let why = opened.ledger.held().expect("read-only").to_owned();
        assert!(why.contains("3 receipts are missing"), "{why}");
        assert!(why.contains("serve --accept-rollback"), "{why}");
        let outcomes = reporter.submit_again(&opened.ledger).await;
        assert!(matches!(outcomes[0], Outcome::Answered(Answer::Replay(_))));
        assert!(matches!(outcomes[3], Outcome::Answered(Answer::Busy)));
        opened.ledger.balance(reporter.account).expect("still read");
    }
    assert!(home.serve(&[]).word("read_only").contains("are missing"));
    home.refused(&["policy", "set", "--session-cap", "1h"], 69);
    // Accepted once, it goes on.
    drop(home.try_open(true).expect("accepted"));
    let opened = home.open();
    assert_eq!(opened.ledger.held(), None);
    let outcomes = reporter.submit_again(&opened.ledger).await;
    for (outcome, receipt) in outcomes.iter().zip(&reporter.receipts) {
        assert_eq!(receipt_bytes(outcome), *receipt);
    }
    let is_healed = |outcome: &&Outcome| matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
    assert_eq!(outcomes.iter().filter(is_healed).count(), 3);
    let after = opened.ledger.balance(reporter.account).expect("a balance");
    assert_eq!(after, before);
    let audit = audit::run(opened.ledger.store(), &|| true).expect("an audit");
    assert_eq!(audit.findings.count(), 0, "{:?}", audit.findings);
}

#[tokio::test]
async fn an_older_file_that_was_put_there_by_hand_is_noticed() {
    let home = Home::new();
    let (_, copy) = with_an_older_copy(&home).await;
    fs::copy(&copy, home.database()).expect("ours");
    let opened = home.open();
    assert!(
        opened
            .ledger
            .held()
            .expect("read-only")
            .contains("3 receipts are missing")
    );
}

#[tokio::test]
async fn the_newest_copy_is_taken_without_a_word() {
    let home = Home::new();
    let (mut reporter, _) = with_an_older_copy(&home).await;
    let file = home.outer.path().join("today.sqlite3");
    let name = file.to_str().expect("text");
    home.told(&["backup", name]);
    assert_eq!(home.told(&["restore", name])["read_only"], false);
    let opened = home.open();
    assert_eq!(opened.ledger.held(), None);
    reporter.report(&opened.ledger, 1).await;
}

#[tokio::test]
async fn a_copy_in_a_new_folder_is_read_only_because_nobody_can_tell_how_old_it_is() {
    let home = Home::new();
    let (reporter, copy) = with_an_older_copy(&home).await;
    let other = Home::new();
    assert_eq!(other.told(&["restore", &copy])["read_only"], true);
    fs::copy(
        home.path().join("receipt-key"),
        other.path().join("receipt-key"),
    )
    .expect("ours");
    for _ in 0..2 {
        let opened = other.open();
        assert!(
            opened
                .ledger
                .held()
                .expect("read-only")
                .contains("was restored")
        );
    }
    let opened = other.try_open(true).expect("accepted");
    reporter.submit_again(&opened.ledger).await;
    drop(opened);
    assert_eq!(other.open().ledger.held(), None);
    assert_eq!(other.told(&["audit"])["reports"], "6");
}

#[tokio::test]
async fn a_deleted_account_does_not_look_like_an_older_copy() {
    let home = Home::new();
    let opened = home.open();
    let reporters = fill(&opened.ledger, 2, 5).await;
    drop(opened);
    let account = hex::encode(reporters[1].account.0);
    home.told(&["account", "delete", &account, "--yes"]);
    let opened = home.open();
    assert_eq!(opened.ledger.held(), None);
    let audit = audit::run(opened.ledger.store(), &|| true).expect("an audit");
    assert_eq!((audit.reports, audit.findings.count()), (5, 0));
}

#[tokio::test]
async fn a_database_before_the_last_restore_is_kept() {
    let home = Home::new();
    let (reporter, copy) = with_an_older_copy(&home).await;
    let told = home.told(&["restore", &copy]);
    let old = told["old"].as_str().expect("a file");
    fs::rename(old, home.database()).expect("ours");
    let opened = home.open();
    assert_eq!(opened.ledger.held(), None);
    let again = submit(&opened.ledger, &reporter.reports).await;
    assert!(
        again
            .iter()
            .all(|o| matches!(o, Outcome::Answered(Answer::Replay(_))))
    );
}
