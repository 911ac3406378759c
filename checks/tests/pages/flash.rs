//! What a session brought stands on the badge for a moment, and then the sum again.

use crate::fixture::{Fixture, LIMIT};
use checks::popup::Popup;
use meter_testkit::browser::Kind;
use serde_json::{Value, json};

/// The texts of the badge until it stands still again, and whether one that begins with a plus
/// stood for a moment.
const TEXTS: &str = "const texts = [...args];
    const begun = performance.now();
    let [from, until] = [undefined, undefined];
    while (performance.now() - begun < 50_000) {
        const text = await browser.action.getBadgeText({});
        if (text !== texts.at(-1)) texts.push(text);
        if (text.startsWith('+')) from ??= performance.now();
        else if (from !== undefined || texts.length > 1) {
            until = performance.now();
            break;
        }
    }
    return { texts, stood: from !== undefined && until - from > 1_500 && until - from < 6_000 }";

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
    assert_eq!(
        seen,
        json!({"texts": [before, "+4.5", after], "stood": true})
    );
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
    assert_eq!(seen, json!({"texts": [after, last], "stood": false}));
    fixture.browser.close().await;
}
