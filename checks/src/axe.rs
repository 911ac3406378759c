//! What axe-core finds in a page: it knows the rules of WCAG 2.2 that a program can check: names,
//! roles, contrast, what a keyboard reaches.

use anyhow::{Context as _, Result};
use meter_testkit::browser::{Browser, Size};
use serde_json::{Value, json};
use std::{env, fs, path::PathBuf};

/// Where `./build.sh` puts it.
fn script() -> Result<String> {
    let tools = match env::var_os("ONIONMETER_TOOLS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("HOME").context("HOME")?).join(".cache/onionmeter/tools"),
    };
    let file = tools.join("axe/axe_playwright_python/axe.min.js");
    fs::read_to_string(&file).with_context(|| {
        format!(
            "{}: `./build.sh test` fetches it: `pip3 install --no-deps --target {} \
             axe-playwright-python==0.1.8`",
            file.display(),
            tools.join("axe").display()
        )
    })
}

const RUN: &str = "const { violations } = await axe.run(document, {
        resultTypes: ['violations'],
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])";

const NARROW: Option<Size> = Some(Size {
    width: 320,
    height: 640,
});

/// Scheme, whether the system's colours are forced, and the size of the window.
type Look = (&'static str, &'static str, Option<Size>);

const LOOKS: [Look; 5] = [
    ("light", "none", None),
    ("dark", "none", None),
    ("light", "active", None),
    ("dark", "active", None),
    ("light", "none", NARROW),
];

/// What it finds in the page in front, in Chromium, with the look in which it finds that: light and
/// dark, the colours of the system in both, and as narrow as a phone.
///
/// # Errors
/// The script is not there, or the browser failed.
pub async fn findings(browser: &Browser) -> Result<Vec<(String, Value)>> {
    findings_in(browser, &LOOKS).await
}

/// The same in light and dark alone, for the many states of one page.
///
/// # Errors
/// Those of [`findings`].
pub async fn findings_in_both_schemes(browser: &Browser) -> Result<Vec<(String, Value)>> {
    let [light, dark, ..] = LOOKS;
    findings_in(browser, &[light, dark]).await
}

async fn findings_in(browser: &Browser, looks: &[Look]) -> Result<Vec<(String, Value)>> {
    let body = format!("{}\n;{RUN}", script()?);
    let mut findings = Vec::new();
    for (scheme, forced, viewport) in looks.iter().copied() {
        browser.set_viewport(viewport).await?;
        media(browser, scheme, forced).await?;
        let found = browser.call(&body, Vec::new()).await?;
        if found != json!([]) {
            findings.push((format!("{scheme}, forced colours {forced}"), found));
        }
    }
    browser.set_viewport(None).await?;
    media(browser, "light", "none").await?;
    Ok(findings)
}

/// Shows the page in front as a person with these settings sees it, in Chromium.
///
/// # Errors
/// The browser failed.
pub async fn media(browser: &Browser, scheme: &str, forced: &str) -> Result<()> {
    let feature = |name: &str, value: &str| -> Value { json!({"name": name, "value": value}) };
    let features = [
        feature("prefers-color-scheme", scheme),
        feature("forced-colors", forced),
        // Otherwise colours are still on their way when they are looked at.
        feature("prefers-reduced-motion", "reduce"),
    ];
    let all = json!({ "features": features });
    browser
        .cdp("Emulation.setEmulatedMedia", all)
        .await
        .map(drop)
}
