//! The welcome page of an extension that Firefox loads, ends and loads again within moments, as it
//! does when a person allows it in private windows.

use super::{LIMIT, Product};
use anyhow::{Context as _, Result, ensure};
use checks::{
    defaults::{Firefox, inside},
    stage::extension,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Only some moments are bad, so many are tried.
const TIMES: u32 = 8;
const BETWEEN: Duration = Duration::from_millis(40);
const POLL: Duration = Duration::from_millis(100);

#[test]
fn a_firefox_that_loads_the_extension_again_never_leaves_an_empty_welcome_page() -> Result<()> {
    let name = "by_default::welcomes::\
                a_firefox_that_loads_the_extension_again_never_leaves_an_empty_welcome_page";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        let mut browser = product.start_firefox(&world, &product.profile).await?;
        for number in 0..TIMES {
            let id = browser.install(&extension(), false).await?;
            tokio::time::sleep(BETWEEN * number).await;
            browser.privileged(ALLOW).await?;
            is_drawn(&mut browser)
                .await
                .with_context(|| format!("try {number}"))?;
            browser.remove(&id).await?;
            browser.privileged(FIRST_TAB_ONLY).await?;
        }
        browser.close().await
    })
}

/// Waits until there is one welcome page, and a person can read it.
async fn is_drawn(browser: &mut Firefox) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let seen = texts(browser).await?;
        if matches!(&seen[..], [text] if !text.is_empty()) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{seen:?}");
        tokio::time::sleep(POLL).await;
    }
}

/// What is to be read on each welcome page.
async fn texts(browser: &mut Firefox) -> Result<Vec<String>> {
    let content = json!({ "value": "content" });
    browser.call("Marionette:SetContext", &content).await?;
    let tabs = browser
        .call("WebDriver:GetWindowHandles", &json!({}))
        .await?;
    let mut texts = Vec::new();
    for tab in tabs.as_array().context("a list")? {
        let tab = tab.as_str().context("a tab")?;
        // A tab may close at any moment.
        let read = browser.in_page(tab, READ).await;
        texts.extend(read.ok().as_ref().and_then(Value::as_str).map(String::from));
    }
    Ok(texts)
}

const READ: &str = "return location.pathname.endsWith('/welcome.html')
    ? document.body.innerText.trim() : null";

/// What the switch "Run in Private Windows" does.
const ALLOW: &str = "
    const { AddonManager } =
        ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs');
    const { ExtensionPermissions } =
        ChromeUtils.importESModule('resource://gre/modules/ExtensionPermissions.sys.mjs');
    const id = 'onionmeter@onionmeter.org';
    const permissions = ['internal:privateBrowsingAllowed'];
    await ExtensionPermissions.add(id, { permissions, origins: [] });
    await (await AddonManager.getAddonByID(id)).reload()";

const FIRST_TAB_ONLY: &str = "
    const { gBrowser } = Services.wm.getMostRecentWindow('navigator:browser');
    while (gBrowser.tabs.length > 1) gBrowser.removeTab(gBrowser.tabs.at(-1))";
