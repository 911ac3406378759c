//! The forms: what they change, and that nothing else does.

use crate::place::{Place, text};

/// The addresses in an attribute of a page.
fn addresses<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = page.split(&start).skip(1);
    parts.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_on_the_pages_has_a_route() {
    let place = Place::new();
    let (mut device, account) = place.enrolled(1);
    place.take(&[device.report(45_000, 150_000)]).await;
    let mut browser = place.signed_in(Some((account, &device))).await;
    let (mut seen, mut forms) = (0, Vec::new());
    for path in ["/", "/sessions", "/devices", "/account", "/policy"] {
        let page = browser.page(path).await;
        for address in addresses(&page, "href") {
            let is_here = address.starts_with('/') && !address.starts_with("/api/");
            if is_here || address.starts_with('?') {
                let address = address.replacen('?', "/?", usize::from(!is_here));
                assert_eq!(browser.get(&address).await.status, 200, "{address}");
                seen += 1;
            }
        }
        forms.extend(addresses(&page, "action").into_iter().map(str::to_owned));
    }
    assert!(seen > 30, "{seen}");
    forms.sort();
    forms.dedup();
    assert_eq!(forms.len(), 5, "{forms:?}");
    for form in forms {
        // A route takes a form by POST only.
        assert_eq!(browser.get(&form).await.status, 405, "{form}");
    }
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_removes_something_has_to_say_that_it_is_sure() {
    let place = Place::new();
    let (own, account) = place.enrolled(1);
    let device = place.joined(2, account);
    let mut browser = place.signed_in(Some((account, &own))).await;
    let remove = format!("/devices/{}/remove", hex::encode(device.key().0));
    for path in ["/account/delete", &remove] {
        for body in ["", "sure=", "sure=no", "sure=yes&sure=no"] {
            assert_eq!(browser.post(path, body).await.status, 400, "{path} {body}");
        }
    }
    assert_eq!(
        place.ledger.account_of(device.key()).expect("read"),
        Some(account)
    );

    assert_eq!(
        browser.post(&remove, "sure=yes").await.header("location"),
        Some("/devices")
    );
    assert_eq!(place.ledger.account_of(device.key()).expect("read"), None);
    assert!(browser.page("/devices").await.contains("Removed devices"));
    assert_eq!(browser.post(&remove, "sure=yes").await.status, 404);

    let answer = browser.post("/account/delete", "sure=yes").await;
    assert_eq!(answer.header("location"), Some("/signed-out"));
    assert_eq!(browser.cookie, None);
    let standing = place.ledger.standing(account, |now| now).expect("read");
    assert_eq!(standing, None);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_another_account_cannot_be_removed() {
    let place = Place::new();
    let (one, first) = place.enrolled(1);
    let (other, second) = place.enrolled(2);
    let mut browser = place.signed_in(Some((first, &one))).await;
    let remove = format!("/devices/{}/remove", hex::encode(other.key().0));
    let foreign = browser.post(&remove, "sure=yes").await;
    let unknown = format!("/devices/{}/remove", "00".repeat(32));
    let unknown = browser.post(&unknown, "sure=yes").await;
    assert_eq!((foreign.status, text(&foreign)), (404, text(&unknown)));
    assert_eq!(
        place.ledger.account_of(other.key()).expect("read"),
        Some(second)
    );
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_device_takes_its_browsers_with_it_and_leaves_those_of_others() {
    let place = Place::new();
    let (own, account) = place.enrolled(1);
    let lost = place.joined(2, account);
    let mut here = place.signed_in(Some((account, &own))).await;
    let mut there = place.signed_in(Some((account, &lost))).await;
    let mut operator = place.signed_in(None).await;
    there.page("/account").await;
    let remove = format!("/devices/{}/remove", hex::encode(lost.key().0));
    here.post(&remove, "sure=yes").await;
    assert_eq!(there.get("/account").await.status, 303);
    let page = here.page("/account").await;
    assert!(!page.contains("Sign out the others"), "{page}");
    operator.page("/operator").await;
    // The device that signed this browser in: the page after it is that of nobody.
    let remove = format!("/devices/{}/remove", hex::encode(own.key().0));
    here.post(&remove, "sure=yes").await;
    assert_eq!(here.get("/devices").await.header("location"), Some("/"));
    assert!(here.page("/").await.contains("Sign in with your device"));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_ends_the_sign_in_of_each_of_its_browsers() {
    let place = Place::new();
    let (own, account) = place.enrolled(1);
    let other = place.joined(2, account);
    let mut here = place.signed_in(Some((account, &own))).await;
    let mut there = place.signed_in(Some((account, &other))).await;
    here.post("/account/delete", "sure=yes").await;
    assert_eq!(there.get("/account").await.status, 303);
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_shown_once_and_never_again() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let mut browser = place.signed_in(Some((account, &device))).await;
    let made = browser.post("/account/recovery", "").await;
    assert_eq!(made.status, 200);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made = text(&made);
    let words = made.split("<ol class=\"words\">").nth(1).expect("words");
    let words = words
        .split("</ol>")
        .next()
        .expect("an end")
        .matches("<li>")
        .count();
    assert_eq!(words, 12);
    assert!(!browser.page("/account").await.contains("class=\"words\""));

    let invited = text(&browser.post("/account/invite", "").await);
    let command = format!("onionmeter enroll http://{} --code", place.to);
    assert!(invited.contains(&command));
    assert!(!browser.page("/account").await.contains("--code"));
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_browsers_are_signed_out_and_this_one_stays() {
    let place = Place::new();
    let (device, account) = place.enrolled(1);
    let (stranger, elsewhere) = place.enrolled(2);
    let mut here = place.signed_in(Some((account, &device))).await;
    let mut there = place.signed_in(Some((account, &device))).await;
    let mut foreign = place.signed_in(Some((elsewhere, &stranger))).await;
    let page = here.page("/account").await;
    assert_eq!(page.matches("this browser").count(), 1);
    assert!(page.contains("Sign out the others"));
    here.post("/account/sign-out-others", "").await;
    assert!(!here.page("/account").await.contains("Sign out the others"));
    assert_eq!(there.get("/account").await.status, 303);
    foreign.page("/account").await;
    place.ended().await;
}
