//! G-19: while the ledger only reads, its pages can still be reached, and each link works once.

use crate::place::{Place, text};
use meter_testkit::ledger_client::LedgerClient;
use meter_wire::ledger::Login;

/// A ledger that only reads, with an account in it and a session of it.
async fn held() -> (Place, meter_testkit::device::Device, meter_core::AccountId) {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    place.take(&[device.report(45_000, 150_000)]).await;
    (
        place.restarted(Some("a test holds it")).await,
        device,
        account,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn g_19_a_ledger_that_only_reads_lets_its_people_in_once_with_each_link() {
    let (place, device, account) = held().await;
    let of = Some((account, device.key()));
    let login = place.ledger.new_login(of).expect("a link");
    let link = format!("/login/{}", login.token.text());
    let mut browser = place.browser();
    let page = browser.page(&link).await;
    assert!(page.contains("Under audit.") && page.contains("Check words"));
    for word in login.words.split(' ') {
        assert!(page.contains(&format!("<span>{word}</span>")), "{page}");
    }
    let answer = browser.post(&link, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    for path in [
        "/",
        "/sessions",
        "/devices",
        "/account",
        "/policy",
        "/sessions.csv",
    ] {
        browser.page(path).await;
    }
    assert!(browser.page("/account").await.contains("this browser"));
    for _ in 0..2 {
        let again = place.browser().post(&link, "").await;
        assert_eq!(again.status, 410);
        assert!(text(&again).contains("This link is used up"));
        assert_eq!(place.browser().get(&link).await.status, 410);
    }
    // What would change something says that it cannot be done now.
    assert_eq!(browser.post("/account/recovery", "").await.status, 503);
    let cookie = browser.cookie.clone();
    browser.post("/logout", "").await;
    assert_eq!(browser.cookie, None);
    browser.cookie = cookie;
    assert_eq!(browser.get("/account").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_19_a_sign_in_from_before_ends_when_its_browser_signs_out_of_a_ledger_that_only_reads() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    let place = place.restarted(Some("a test holds it")).await;
    browser.to = place.to;
    browser.page("/account").await;
    let cookie = browser.cookie.clone();
    browser.post("/logout", "").await;
    browser.cookie = cookie;
    assert_eq!(browser.get("/account").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_19_the_operator_sees_why_a_ledger_only_reads() {
    let (place, ..) = held().await;
    let mut operator = place.signed_in(None).await;
    let page = operator.page("/operator").await;
    assert!(page.contains("Why: a test holds it"));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_19_a_device_gets_a_link_from_a_ledger_that_only_reads_and_signs_for_each() {
    let (place, device, _) = held().await;
    let client = LedgerClient::new(place.to);
    let answered = client
        .signed(&device, http::Method::POST, "/api/login", b"")
        .await
        .expect("an answer");
    let login: Login = answered.message().expect("a link");
    let (_, path) = login.link.split_once("/login/").expect("a link");
    let link = format!("/login/{path}");
    let mut browser = place.browser();
    browser.page(&link).await;
    assert_eq!(browser.post(&link, "").await.status, 303);
    browser.page("/").await;
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_19_a_link_that_somebody_has_changed_is_unknown() {
    let (place, device, account) = held().await;
    let link = place.link(Some((account, &device)));
    let (start, last) = link.split_at(link.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    let changed = format!("{start}{other}");
    assert_eq!(place.browser().get(&changed).await.status, 404);
    assert_eq!(place.browser().post(&changed, "").await.status, 404);
    assert_eq!(place.browser().post(&link, "").await.status, 303);
    place.ended().await;
}
