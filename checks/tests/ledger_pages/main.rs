//! The ledger's pages in real browsers: what a browser decides about other sites (rows W-01 to
//! W-05), and what axe-core finds.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod member;

use checks::axe;
use member::Member;
use meter_testkit::{
    browser::{Kind, Size},
    site::Site,
};

/// A page of another site, and one of another port of the same host: cookies do not tell those
/// apart.
const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w_02_w_04_w_05_no_page_of_another_origin_acts_for_a_person_or_frames_the_ledger() {
    let site = Site::start().await.unwrap();
    for kind in Kind::ALL {
        let member = Member::signed_in(kind).await;
        let cookie = "return document.cookie";
        let cookie = member.browser.call(cookie, Vec::new()).await.unwrap();
        assert_eq!(cookie, "", "no script of a page reads it");
        for host in HOSTS {
            let page = site.url(host, "/");
            for (attack, script) in attacks(&member.origin) {
                member.browser.goto(&page).await.unwrap();
                let (before, told) = (member.refused().await, format!("{kind:?} {host}: {attack}"));
                // The driver runs it once more where it led to another page.
                let once = format!("if (location.origin === '{}') return; ", member.origin);
                // It may fail, or lead away; what counts is what the ledger saw.
                drop(member.browser.call(&(once + &script), Vec::new()).await);
                member.is_refused_more_than(before, &told).await;
                member.is_still_signed_in(&told).await;
            }
            member.browser.goto(&page).await.unwrap();
            member.cannot_be_framed().await;
            member.browser.goto(&page).await.unwrap();
            member.keeps_no_opener().await;
        }
        member.end().await;
    }
}

/// What a page may try to sign a person out or to delete the account.
fn attacks(origin: &str) -> Vec<(&'static str, String)> {
    let post = "method: 'POST', credentials: 'include', mode: 'no-cors'";
    vec![
        (
            "an image",
            format!(
                "await new Promise((done) => {{ const image = new Image(); \
             image.onload = image.onerror = done; image.src = '{origin}/logout' }})"
            ),
        ),
        (
            "a request without an answer",
            format!("await fetch('{origin}/logout', {{ {post} }})"),
        ),
        (
            "the same with a form's body",
            format!(
                "await fetch('{origin}/account/delete', {{ {post}, \
             body: new URLSearchParams({{ sure: 'yes' }}) }})"
            ),
        ),
        (
            "a form",
            format!(
                "document.body.innerHTML = `<form method='post' action='{origin}/logout'></form>`; \
             document.forms[0].submit(); await new Promise((done) => setTimeout(done, 500))"
            ),
        ),
        (
            "a form of a frame that has no origin",
            format!(
                "const frame = document.createElement('iframe'); frame.sandbox = 'allow-forms \
             allow-scripts'; frame.srcdoc = `<form method='post' \
             action='{origin}/logout'></form><script>document.forms[0].submit()\
             </scr` + `ipt>`; document.body.append(frame); \
             await new Promise((done) => setTimeout(done, 500))"
            ),
        ),
    ]
}

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
