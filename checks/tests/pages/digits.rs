//! Numbers in the digits of the page's language, shown and typed.

use crate::{ONE_AT_A_TIME, SESSIONS, fixture::Fixture};
use meter_testkit::browser::Kind;
use serde_json::json;

/// Numbers in Latin digits on a page in another script. Addresses, versions, keys and commands stay
/// as programs write them, and so does what a person has typed.
pub(crate) const LATIN: &str = "const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const { parentElement: node, data } = texts.currentNode;
        if (!node.checkVisibility() || node.closest('code, pre, textarea, script')) continue;
        const words = data.split(/[\\s\\u2066-\\u2069]+/);
        found.push(...words.filter((word) => /^[#(+−]*\\d+([.,]\\d+)?[)%.,،؛:]*$/.test(word)));
    }
    return found";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_the_digits_of_the_language() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(Kind::Chromium, SESSIONS).await;
    are_persian(&fixture).await;
    fixture.browser.close().await;
}

/// A session's number is named in these digits, and found by them.
async fn are_persian(fixture: &Fixture) {
    fixture.page("options/options.html").await;
    let speak = "await browser.storage.local.set({ language: args[0] })";
    let (browser, persian) = (&fixture.browser, vec![json!("fa")]);
    browser.call(speak, persian).await.unwrap();
    fixture.page("dashboard/dashboard.html").await;
    fixture
        .wait(
            "return document.getElementById('sessions-found').textContent.includes('۶۰')
            && document.querySelectorAll('[data-testid=session-row]').length > 9",
        )
        .await;
    assert_eq!(fixture.run(LATIN).await, json!([]), "the list");
    let find = "const text = document.getElementById('filter-text');
        text.value = '#۱۲';
        text.dispatchEvent(new Event('input', { bubbles: true }));
        const rows = [...document.querySelectorAll('[data-testid=session-row]')];
        rows[0].click();
        return rows.map((row) => row.querySelector('[data-field=sequence]').textContent)";
    let rows = fixture.run(find).await;
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert!(rows[0].as_str().unwrap().contains("۱۲"), "{rows}");
    let title = "return document.getElementById('opened-title').textContent";
    let title = fixture.run(title).await;
    assert!(title.as_str().unwrap().contains("۱۲"), "{title}");
    assert_eq!(fixture.run(LATIN).await, json!([]), "an opened session");
    fixture.page("options/options.html").await;
    let type_it = "const field = document.getElementById('min_bytes');
        field.value = '۱٬۰۰۰٬۰۰۰';
        field.dispatchEvent(new Event('input', { bubbles: true }))";
    let shown = "return document.getElementById('min_bytes').value !== ''";
    fixture.wait(shown).await;
    fixture.run(type_it).await;
    fixture
        .wait("return !document.getElementById('thresholds-set').disabled")
        .await;
    let badge = browser.badge_text().await.unwrap();
    assert!(
        !badge.contains(|letter: char| letter.is_ascii_digit()),
        "{badge}"
    );
}
