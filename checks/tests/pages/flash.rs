//! What a session brought stands on the badge for a moment, and then the sum again.

use crate::fixture::{Fixture, LIMIT};
use checks::popup::Popup;
use meter_testkit::browser::Kind;
use serde_json::{Value, json};

/// The texts of the badge until a sum stands there again. How long the other one stands is tested
/// where no clock of a busy machine counts, in `extension-wasm/tests/it`.
const TEXTS: &str = "const texts = [...args];
    const begun = performance.now();
    while (performance.now() - begun < 100_000) {
        const text = await browser.action.getBadgeText({});
        if (text !== texts.at(-1)) texts.push(text);
        if (texts.length > 1 && !text.startsWith('+')) break;
    }
    return texts";

/// What the badge shows once a session is signed; this stands there before.
async fn texts_after(fixture: &Fixture, before: &str) -> Value {
    fixture.sign();
    let seen = fixture.browser.call(TEXTS, vec![before.into()]);
    seen.await.unwrap()
}

pub(crate) async fn is_shown(kind: Kind) {
    let fixture = Fixture::open(kind, 3).await;
    let popup = Popup::open(&fixture.browser).await.unwrap();
    let protected = popup.wait_for_state(&fixture.browser, LIMIT, "protected");
    protected.await.unwrap();
    let before = popup.badge(&fixture.browser).await.unwrap();
    let seen = texts_after(&fixture, &before).await;
    let after = popup.badge(&fixture.browser).await.unwrap();
    assert_ne!(before, after);
    assert_eq!(seen, json!([before, "+4.5", after]));
    // Whoever does not want it sees the sum at once.
    fixture.page("options/options.html").await;
    fixture
        .wait("return document.getElementById('badge-flashes').checked")
        .await;
    fixture
        .run("document.getElementById('badge-flashes').click()")
        .await;
    fixture
        .wait(
            "const { preferences } = await browser.storage.local.get('preferences');
        return preferences.badge_stays",
        )
        .await;
    let seen = texts_after(&fixture, &after).await;
    let last = popup.badge(&fixture.browser).await.unwrap();
    assert_eq!(seen, json!([after, last]));
    fixture.browser.close().await;
}
