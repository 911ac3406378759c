//! What axe-core finds in the page in front: nothing, in any look. It knows the rules of WCAG 2.2
//! that a program can check: names, roles, contrast, what a keyboard reaches.

use crate::desk::Desk;
use meter_testkit::browser::Size;
use serde_json::{Value, json};
use std::{env, fs, path::PathBuf};

/// Where `./build.sh` puts it.
fn script() -> String {
    let tools = match env::var_os("ONIONMETER_TOOLS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("HOME").unwrap()).join(".cache/onionmeter/tools"),
    };
    let file = tools.join("axe/axe_playwright_python/axe.min.js");
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `./build.sh test` fetches it: `pip3 install --no-deps --target {} \
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

/// Chromium only: light and dark, the colours of the system in both, and as narrow as a phone.
pub(crate) async fn finds_nothing(desk: &Desk, page: &str) {
    let body = format!("{}\n;{RUN}", script());
    let narrow = Some(Size {
        width: 320,
        height: 640,
    });
    for (scheme, forced, viewport) in [
        ("light", "none", None),
        ("dark", "none", None),
        ("light", "active", None),
        ("dark", "active", None),
        ("light", "none", narrow),
    ] {
        desk.browser.set_viewport(viewport).await.unwrap();
        media(desk, scheme, forced).await;
        let found = desk.run(&body).await;
        assert_eq!(
            found,
            json!([]),
            "{page}, {scheme}, forced colours {forced}"
        );
    }
    desk.browser.set_viewport(None).await.unwrap();
    media(desk, "light", "none").await;
}

pub(crate) async fn media(desk: &Desk, scheme: &str, forced: &str) {
    let feature = |name: &str, value: &str| -> Value { json!({"name": name, "value": value}) };
    let features = [
        feature("prefers-color-scheme", scheme),
        feature("forced-colors", forced),
        // Otherwise colours are still on their way when they are looked at.
        feature("prefers-reduced-motion", "reduce"),
    ];
    let all = json!({ "features": features });
    let set = "Emulation.setEmulatedMedia";
    desk.browser.cdp(set, all).await.unwrap();
}
