//! What the pages show is what the ledger awarded, the same on every page.

use crate::place::Place;
use meter_core::credits_exact;

/// The exact values of the amounts that a page shows, in order.
fn amounts(page: &str) -> Vec<&str> {
    let values = page.split("<data class=\"credits\" value=\"").skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_shows_the_ledgers_balance() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    // More time than has passed since the enrolment: the awards are smaller than the claims.
    let reports: Vec<_> = (0..30)
        .map(|n| device.report(45_000 + n, 150_000))
        .collect();
    place.take(&reports).await;
    let balance = place.ledger.balance(account).expect("read").awarded;
    let balance = credits_exact(balance);
    let mut browser = place.signed_in(Some((account, &device))).await;
    for path in ["/", "/?days=7", "/?days=365", "/sessions", "/devices"] {
        let page = browser.page(path).await;
        assert_eq!(amounts(&page).first(), Some(&&*balance), "{path}");
    }
    assert!(
        browser
            .page("/account")
            .await
            .contains(&format!("value=\"{balance}\""))
    );
    let file = browser.page("/sessions.csv").await;
    let last = file.lines().last().expect("a last line");
    assert!(last.starts_with("\"sum\",") && last.contains(&format!("\"{balance}\"")));
    assert_eq!(file.lines().count(), 32);
    let overview = browser.page("/").await;
    assert!(overview.contains("30 sessions, each with a"));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_sessions_hold_each_session_once_and_the_receipts_bytes() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    let reports: Vec<_> = (0..60).map(|_| device.report(45_000, 150_000)).collect();
    place.take(&reports).await;
    let mut browser = place.signed_in(Some((account, &device))).await;
    let (mut receipts, mut pages) = (Vec::new(), 0);
    let mut next = Some("/sessions".to_owned());
    while let Some(path) = next {
        let page = browser.page(&path).await;
        pages += 1;
        let links = page.split("<a class=\"small\" href=\"/sessions/").skip(1);
        receipts.extend(links.filter_map(|rest| Some(rest.split('"').next()?.to_owned())));
        let older = page.split("rel=\"next\" href=\"").nth(1);
        next = older.and_then(|rest| Some(rest.split('"').next()?.to_owned()));
    }
    assert_eq!((pages, receipts.len()), (3, 60));
    let first = receipts[0].clone();
    receipts.sort();
    receipts.dedup();
    assert_eq!(receipts.len(), 60);
    let answer = browser.get(&format!("/sessions/{first}")).await;
    let stored = place
        .ledger
        .sessions(account, onionmeter_ledger::ledger::Cursor::newest(), 1)
        .expect("read");
    assert_eq!(answer.body, stored[0].receipt);
    let disposition = answer.header("content-disposition").expect("a file");
    assert!(
        disposition.starts_with("attachment; filename=\"receipt-"),
        "{disposition}"
    );
    for wrong in [
        "/sessions?before=x",
        "/sessions?before=1-2",
        "/sessions?before=",
    ] {
        assert_eq!(browser.get(wrong).await.status, 404, "{wrong}");
    }
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_told_how_a_first_session_comes() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    for path in ["/", "/sessions"] {
        assert!(
            browser.page(path).await.contains("No session yet"),
            "{path}"
        );
    }
    assert!(browser.page("/devices").await.contains("No report yet"));
    place.ended().await;
}

/// A device that signed two histories: its chain is frozen, its credits stay, and the page says
/// why.
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_explained_on_the_page_of_the_devices() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    let other = device.draft(44_000, 140_000);
    let first = device.report(45_000, 150_000);
    place.take(&[first]).await;
    let claim = onionmeter_ledger::ledger::Claimed {
        report: other.signed().clone(),
        receipt: None,
    };
    place.ledger.submit(vec![claim], |_| true).await;
    let mut browser = place.signed_in(Some((account, &device))).await;
    let page = browser.page("/devices").await;
    assert!(page.contains("Frozen") && page.contains("different report number 1 arrived"));
    assert!(page.contains("What to do:"));
    let balance = place.ledger.balance(account).expect("read").awarded;
    assert_eq!(amounts(&page).first(), Some(&&*credits_exact(balance)));
    place.ended().await;
}
