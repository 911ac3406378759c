//! G-20: a row that somebody has edited by hand is shown as such, and the ledger goes on.

use crate::place::{Place, text};
use onionmeter_ledger::audit;
use rusqlite::Connection;

const NOTICE: &str = "<strong>Under audit.</strong>";

fn edit(place: &Place, statement: &str) {
    let connection = Connection::open(place.file()).expect("ours");
    let changed = connection.execute(statement, []).expect("a statement");
    assert_eq!(changed, 1, "{statement}");
}

#[tokio::test(flavor = "multi_thread")]
async fn g_20_the_account_of_a_wrong_row_is_under_audit_and_no_other_one() {
    let place = Place::new();
    let (mut one, first) = place.enrolled(1);
    let (mut other, second) = place.enrolled(2);
    place
        .take(&[one.report(45_000, 150_000), other.report(45_000, 150_000)])
        .await;
    let mut owner = place.signed_in(Some((first, &one))).await;
    let mut stranger = place.signed_in(Some((second, &other))).await;
    let mut operator = place.signed_in(None).await;
    edit(
        &place,
        "UPDATE reports SET policy = 7 WHERE chain_no = 1 AND seq = 1",
    );
    assert!(!owner.page("/").await.contains(NOTICE));
    let found = audit::run(place.ledger.store(), &|| true).expect("an audit");
    place
        .ledger
        .note_audit(&found, place.ledger.now().expect("a time"));
    for path in ["/", "/account", "/sessions", "/devices"] {
        let page = owner.page(path).await;
        assert!(page.contains(NOTICE), "{path}");
        assert!(page.contains("A stored row of this account"), "{path}");
        assert!(!stranger.page(path).await.contains(NOTICE), "{path}");
    }
    assert!(
        !operator
            .page("/operator")
            .await
            .contains(&hex::encode(first.0))
    );
    // The next audit finds it mended.
    edit(
        &place,
        "UPDATE reports SET policy = 1 WHERE chain_no = 1 AND seq = 1",
    );
    let found = audit::run(place.ledger.store(), &|| true).expect("an audit");
    place
        .ledger
        .note_audit(&found, place.ledger.now().expect("a time"));
    assert!(!owner.page("/").await.contains(NOTICE));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_20_numbers_that_contradict_each_other_are_not_shown_and_the_page_says_so() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    place.take(&[device.report(45_000, 150_000)]).await;
    let mut owner = place.signed_in(Some((account, &device))).await;
    edit(&place, "UPDATE reports SET award = award + 1");
    let answer = owner.get("/").await;
    assert_eq!(answer.status, 500);
    let page = text(&answer);
    assert!(page.contains("<h1 id=\"title\">Under audit</h1>"), "{page}");
    assert!(page.contains("onionmeter-ledger audit"));
    edit(&place, "UPDATE reports SET award = award - 1");
    edit(&place, "UPDATE reports SET receipt = zeroblob(264)");
    for path in ["/sessions", "/sessions.csv"] {
        let answer = owner.get(path).await;
        assert!(text(&answer).contains("Under audit"), "{path}");
    }
    owner.page("/").await;
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_20_a_ledger_that_only_reads_says_why_to_its_operator_and_that_it_does_to_everybody() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut owner = place.signed_in(Some((account, &device))).await;
    let mut operator = place.signed_in(None).await;
    let place = place.restarted(Some("chain_no 7 & more")).await;
    (owner.to, operator.to) = (place.to, place.to);
    for path in ["/", "/account", "/policy"] {
        let page = owner.page(path).await;
        assert!(page.contains(NOTICE), "{path}");
        assert!(page.contains("it takes no reports for now"), "{path}");
        assert!(!page.contains("chain_no 7"), "{path}");
    }
    assert!(place.browser().page("/").await.contains(NOTICE));
    let page = operator.page("/operator").await;
    assert!(page.contains("Under audit: this ledger only reads."));
    assert!(page.contains("Why: chain_no 7 &#38; more"), "{page}");
    place.ended().await;
}
