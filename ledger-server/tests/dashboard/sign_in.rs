//! The way in and out.

use crate::{
    client::ask,
    place::{Place, text},
};

#[tokio::test(flavor = "multi_thread")]
async fn w_01_looking_at_a_link_has_no_effect_and_its_button_works_once() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let link = place.link(Some((account, &device)));
    let mut browser = place.browser();
    for _ in 0..3 {
        let page = browser.page(&link).await;
        assert!(page.contains("Check words") && page.contains(&format!("action=\"{link}\"")));
        assert_eq!(browser.cookie, None);
    }
    let head = format!(
        "HEAD {link} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        place.to
    );
    let mut client = crate::client::Client::connect(place.to).await;
    client.send(head).await;
    assert!(client.closed().await);

    let answer = browser.post(&link, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    assert!(browser.page("/").await.contains("id=\"credited-title\""));

    let again = place.browser().post(&link, "").await;
    assert_eq!(again.status, 410);
    assert!(text(&again).contains("This link is used up"));
    assert_eq!(place.browser().get(&link).await.status, 410);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w_03_w_04_a_sign_in_makes_a_new_secret_and_ends_the_one_before() {
    let place = Place::new();
    let (one, first) = place.enrolled(1);
    let (other, second) = place.enrolled(2);
    let mut browser = place.signed_in(Some((first, &one))).await;
    let before = browser.cookie.clone();
    let link = place.link(Some((second, &other)));
    assert!(browser.page(&link).await.contains("is signed in as"));
    assert!(
        browser
            .page("/account")
            .await
            .contains(&hex::encode(first.0))
    );

    browser.post(&link, "").await;
    assert_ne!(browser.cookie, before);
    assert!(
        browser
            .page("/account")
            .await
            .contains(&hex::encode(second.0))
    );
    browser.cookie = before;
    let answer = browser.get("/account").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    place.ended().await;
}

/// A value that somebody else put into the browser before the sign-in is worth nothing after it.
#[tokio::test(flavor = "multi_thread")]
async fn w_04_a_cookie_from_before_the_sign_in_is_not_the_one_after_it() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    let own = browser.cookie.clone().expect("a cookie");
    let (name, _) = own.split_once('=').expect("a name");
    browser.cookie = Some(format!("{name}={}", "ab".repeat(16)));
    let planted = browser.cookie.clone();
    browser
        .post(&place.link(Some((account, &device))), "")
        .await;
    assert!(browser.cookie.is_some() && browser.cookie != planted);
    browser.cookie = planted;
    assert_eq!(browser.get("/account").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w_05_signing_out_needs_a_post_and_ends_the_sign_in() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    let cookie = browser.cookie.clone();
    assert_eq!(browser.get("/logout").await.status, 405);
    browser.page("/account").await;

    let answer = browser.post("/logout", "").await;
    assert_eq!(answer.header("location"), Some("/signed-out"));
    assert_eq!(browser.cookie, None);
    assert!(
        browser
            .page("/signed-out")
            .await
            .contains("You are signed out.")
    );
    browser.cookie = cookie;
    assert_eq!(browser.get("/account").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w_09_what_is_foreign_and_what_is_unknown_are_the_same_answer() {
    let place = Place::new();
    let (mut one, _) = place.enrolled(1);
    let (other, second) = place.enrolled(2);
    place.take(&[one.report(45_000, 150_000)]).await;
    let mut browser = place.signed_in(Some((second, &other))).await;
    let mut chain = [0xc4; 16];
    chain[..8].copy_from_slice(&1_u64.to_be_bytes());
    let foreign = format!("/sessions/{}-1/receipt", hex::encode(chain));
    let mut answers = Vec::new();
    let unknown = format!("/sessions/{}-1/receipt", "00".repeat(16));
    for path in [
        &*foreign,
        &*unknown,
        "/sessions/x/receipt",
        "/operator",
        "/none",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        answers.push(text(&answer));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_no_account_and_an_account_not_the_operators_view() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut operator = place.signed_in(None).await;
    let view = operator.page("/operator").await;
    assert!(view.contains("Commits succeed") && !view.contains(&hex::encode(account.0)));
    assert_eq!(
        operator.get("/").await.header("location"),
        Some("/operator")
    );
    for path in ["/account", "/devices", "/sessions", "/sessions.csv"] {
        assert_eq!(operator.get(path).await.status, 404, "{path}");
    }
    for path in ["/account/delete", "/account/recovery", "/account/invite"] {
        assert_eq!(operator.post(path, "sure=yes").await.status, 404, "{path}");
    }
    let mut person = place.signed_in(Some((account, &device))).await;
    assert_eq!(person.get("/operator").await.status, 404);
    assert_eq!(place.browser().get("/operator").await.status, 404);
    place.ended().await;
}

/// W-02, W-06: the checks around the routes refuse before a route runs, and say it as a page.
#[tokio::test(flavor = "multi_thread")]
async fn w_02_w_06_a_refusal_is_a_page_for_a_browser_and_json_for_a_program() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let link = place.link(Some((account, &device)));
    let head = |origin: &str, accept: &str| {
        format!(
            "POST {link} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\n{accept}\
             Content-Length: 0\r\n\r\n",
            place.to
        )
    };
    let html = "Accept: text/html\r\n";
    for origin in ["https://evil.test", "null"] {
        let answer = ask(place.to, head(origin, html)).await;
        assert_eq!(answer.status, 403);
        assert!(text(&answer).contains("Not from this page"));
        assert_eq!(
            ask(place.to, head(origin, "")).await.code(),
            "foreign_origin"
        );
    }
    let at_evil = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: evil.test\r\n{html}\r\n");
    let answer = ask(place.to, at_evil("/")).await;
    assert_eq!(answer.status, 421);
    let page = text(&answer);
    assert!(page.contains("Not this ledger"));
    // It looks like a page, and says to nobody where the ledger is.
    for look in [onionmeter_ledger::pages::styles_path(), "/icon.svg"] {
        assert!(page.contains(look), "{look}");
        assert_eq!(ask(place.to, at_evil(look)).await.status, 200, "{look}");
    }
    assert!(!page.contains(&place.to.to_string()), "{page}");
    assert!(
        !page.contains("href=\"/\"") && !page.contains("<nav"),
        "{page}"
    );
    for path in ["/policy", &link, "/api/ledger", "/icon.svg/"] {
        assert_eq!(ask(place.to, at_evil(path)).await.status, 421, "{path}");
    }
    // The link was not used by any of them.
    assert_eq!(place.browser().post(&link, "").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_and_a_wrong_method_are_pages_with_a_way_home_and_json_for_a_program() {
    let place = Place::new();
    let mut browser = place.browser();
    for (path, status, words) in [
        ("/nowhere", 404, "Nothing here"),
        ("/sessions/x/y/z", 404, "Nothing here"),
        ("/logout", 405, "This address shows nothing"),
        ("/account/delete", 405, "This address shows nothing"),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let page = text(&answer);
        assert!(page.contains(words), "{path}: {page}");
        assert!(page.contains("href=\"/\">To the overview"), "{path}");
        let program = ask(place.to, crate::client::get(path, place.to)).await;
        let code = if status == 404 { "not_found" } else { "method" };
        assert_eq!((program.status, &*program.code()), (status, code), "{path}");
    }
    assert_eq!(browser.get("/api/nowhere").await.code(), "not_found");
    assert_eq!(browser.get("/api/login").await.code(), "method");
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w_08_every_answer_carries_the_policy_for_content() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    let styles = onionmeter_ledger::pages::styles_path();
    for path in [
        "/",
        "/policy",
        "/account",
        "/none",
        "/icon.svg",
        styles,
        "/sessions.csv",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert_eq!(
            policy,
            Some(onionmeter_ledger::pages::CONTENT_SECURITY_POLICY),
            "{path}"
        );
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            Some("same-origin")
        );
        let is_kept = [styles, "/icon.svg"].contains(&path);
        let cache = answer.header("cache-control").expect("a rule");
        assert_eq!(cache.contains("max-age"), is_kept, "{path}: {cache}");
    }
    place.ended().await;
}
