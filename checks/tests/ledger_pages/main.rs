//! The ledger's pages in real browsers: a link that signs in (rows W-01 and W-03), and what
//! axe-core finds.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod member;

use checks::axe;
use member::Member;
use meter_testkit::browser::{Kind, Size};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w_01_w_03_a_link_acts_by_its_button_alone_and_once() {
    for kind in Kind::ALL {
        let member = Member::enrolled(kind).await;
        let link = member.link().await;
        // Looking has no effect, however often.
        for _ in 0..3 {
            member.browser.goto(&link).await.unwrap();
            member.shows("form button.primary").await;
        }
        member
            .browser
            .goto(&format!("{}/", member.origin))
            .await
            .unwrap();
        member.shows(".door").await;
        member.sign_in(&link).await;
        // Another link names its account, and an account is not replaced by looking.
        let other = member.link().await;
        member.browser.goto(&other).await.unwrap();
        member.shows("form button.primary").await;
        member
            .is_still_signed_in("after a look at another link")
            .await;
        member.browser.goto(&link).await.unwrap();
        let text = member.browser.text().await.unwrap();
        let button = "return document.querySelector('form button.primary') === null";
        let gone = member.browser.call(button, Vec::new()).await.unwrap();
        assert_eq!(gone, true, "{text}");
        member.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_in_any_page_of_the_ledger_and_each_fits_a_phone() {
    let member = Member::enrolled(Kind::Chromium).await;
    let link = member.link().await;
    for path in ["/", "/policy", "/signed-out", "/nowhere", "/account"] {
        finds_nothing(&member, &format!("{}{path}", member.origin)).await;
    }
    finds_nothing(&member, &link).await;
    member.sign_in(&link).await;
    for path in [
        "/",
        "/?days=7",
        "/sessions",
        "/devices",
        "/account",
        "/policy",
    ] {
        finds_nothing(&member, &format!("{}{path}", member.origin)).await;
    }
    let operator = member.operators_link();
    finds_nothing(&member, &operator).await;
    member.press(&operator).await;
    member.shows("h1").await;
    finds_nothing(&member, &format!("{}/operator", member.origin)).await;
    member.end().await;
}

const FITS: &str = "return document.documentElement.scrollWidth <= innerWidth";

async fn finds_nothing(member: &Member, page: &str) {
    member.browser.goto(page).await.unwrap();
    let findings = axe::findings(&member.browser).await.unwrap();
    assert!(findings.is_empty(), "{page}: {findings:?}");
    let phone = Size {
        width: 320,
        height: 640,
    };
    member.browser.set_viewport(Some(phone)).await.unwrap();
    let fits = member.browser.call(FITS, Vec::new()).await.unwrap();
    assert_eq!(fits, true, "{page}");
    member.browser.set_viewport(None).await.unwrap();
}
