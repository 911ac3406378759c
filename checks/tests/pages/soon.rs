//! A popup opens with the amounts last known, in the person's language, before it has read a file.

use crate::fixture::{Fixture, LIMIT};
use checks::popup::Popup;
use meter_testkit::browser::Kind;
use serde_json::json;

/// No file of words ever arrives. What stands when the browser has loaded the page is what it
/// paints first. Chromium waits for each module and style that a document names.
const WITHOUT_FILES: &str = "globalThis.fetch = () => new Promise(() => {});
    addEventListener('load', () => {
        const by = (id) => document.getElementById(id);
        globalThis.atLoad = {
            isOfBefore: by('popup').dataset.kept === '' && by('popup').checkVisibility(),
            balance: by('balance').textContent,
            source: by('balance-source').textContent,
            label: by('switch-label').textContent,
            lang: document.documentElement.lang,
            switch: by('switch').dataset.intent,
            modules: document.querySelectorAll('[type=module], [rel=modulepreload]').length,
            styles: document.styleSheets.length,
        };
    });";

pub(crate) async fn the_popup_opens(kind: Kind) {
    let fixture = Fixture::open(kind, 3).await;
    let popup = Popup::open(&fixture.browser).await.unwrap();
    let protected = popup.wait_for_state(&fixture.browser, LIMIT, "protected");
    protected.await.unwrap();
    fixture
        .leave("await browser.storage.local.set({ language: 'de' })")
        .await;
    fixture
        .wait(
            "return document.documentElement.lang === 'de'
            && document.getElementById('state').dataset.state === 'protected'",
        )
        .await;
    let balance = popup.text(&fixture.browser, "balance").await.unwrap();
    let script = json!({ "source": WITHOUT_FILES });
    let add = "Page.addScriptToEvaluateOnNewDocument";
    fixture.browser.cdp(add, script).await.unwrap();
    fixture.leave("location.reload()").await;
    assert_eq!(
        fixture.wait("return globalThis.atLoad").await,
        json!({
            "isOfBefore": true,
            "balance": balance,
            "source": "wie zuletzt bekannt",
            "label": "Diesen Browser schützen",
            "lang": "de",
            "switch": "turn_off",
            "modules": 0,
            "styles": 1,
        })
    );
    fixture.browser.close().await;
}
