//! Chromium that has no worker of the extension to start. It comes to that by itself when it is
//! killed within seconds after its start, on a busy machine: then it registers the worker anew and
//! never runs it, whatever wakes it, until the browser or the extension starts again.

use super::{LIMIT, Product, floor, windows::open_popup};
use anyhow::{Result, ensure};
use checks::{
    defaults::{Chromium, inside},
    stage::extension_id,
};
use serde_json::{Value, json};

/// Long enough to be asked for outside, if it went there.
const ASKS: &str = "fetch('http://unstarted.test/', { mode: 'no-cors' }).then(
    () => true, () => true)";

const TELLS: &str = "(() => {
    const shown = (name) => !document.querySelector(`[data-testid=${name}]`).hidden;
    const words = document.querySelector('[data-testid=broken]').innerText;
    return shown('broken') && !shown('broken-restart') && shown('broken-off')
        && words.includes('Restart the browser') && !words.includes('by itself');
})()";

#[test]
fn a_worker_that_the_browser_never_starts_is_told_and_nothing_goes_out() -> Result<()> {
    let name = "by_default::unstarted::\
                a_worker_that_the_browser_never_starts_is_told_and_nothing_goes_out";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        let mut browser = product.start(&world, false).await?;
        floor::protected(&mut browser).await?;
        let popup = open_popup(&mut browser).await?;
        world.forget().await?;
        forget_worker(&mut browser, &popup).await?;

        let open = open_popup(&mut browser).await?;
        browser.wait_until(&open, LIMIT, TELLS).await?;
        browser.evaluate(&open, ASKS).await?;
        let seen = world.arrivals().await?;
        ensure!(
            !seen.iter().any(|one| one.to.ends_with("test")),
            "{seen:#?}"
        );
        browser.close().await?;

        let mut browser = product.start(&world, false).await?;
        floor::protected(&mut browser).await?;
        browser.close().await
    })
}

/// Makes the browser forget the worker, as `chrome://serviceworker-internals` can.
async fn forget_worker(browser: &mut Chromium, page: &str) -> Result<Value> {
    let scope = format!("chrome-extension://{}/", extension_id()?);
    let commands = [
        ("ServiceWorker.enable", json!({})),
        ("ServiceWorker.stopAllWorkers", json!({})),
        ("ServiceWorker.unregister", json!({ "scopeURL": scope })),
    ];
    browser.call_in(page, &commands).await
}
