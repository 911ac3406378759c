//! Chromium that registers the extension's worker and never runs it. It does so now and then after
//! a kill on a busy machine, and not on demand, so its two interfaces that show it are replaced.

use super::Show;
use serde_json::json;

/// As Chromium 156 behaves then: a port is open and silent, and a registration has no worker.
const UNSTARTED: &str = "const heard = { addListener() {} };
    const port = { postMessage() {}, disconnect() {}, onMessage: heard, onDisconnect: heard };
    for (const api of [globalThis.browser, globalThis.chrome]) {
        if (api?.runtime !== undefined) api.runtime.connect = () => port;
    }
    const none = { active: null, waiting: null, installing: null };
    ServiceWorkerContainer.prototype.getRegistration = async () => none;";

const TELLS: &str = "const by = (id) => document.querySelector(`[data-testid=${id}]`);
    const words = by('broken').innerText;
    return !by('broken').hidden && by('broken-restart').hidden && !by('broken-off').hidden
        && words.includes('Restart the browser') && !words.includes('by itself')";

impl Show {
    pub(crate) async fn a_worker_that_chromium_never_starts_is_told_and_shut(&self) {
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let script = json!({ "source": UNSTARTED });
        let add = "Page.addScriptToEvaluateOnNewDocument";
        let added = self.browser.cdp(add, script).await.unwrap();
        self.open_anew().await;
        self.wait_until(TELLS).await;
        self.broken_pictures("unstarted").await;
        let remove = "Page.removeScriptToEvaluateOnNewDocument";
        self.browser.cdp(remove, added).await.unwrap();
        self.open_anew().await;
        self.state("protected").await;
    }
}
