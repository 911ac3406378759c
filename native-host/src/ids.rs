//! The extension's ids. They are written only in `extension-ids.json`.

use std::sync::OnceLock;

#[derive(serde::Deserialize)]
struct Ids {
    chromium: String,
    firefox: String,
}

fn ids() -> &'static Ids {
    static IDS: OnceLock<Ids> = OnceLock::new();
    IDS.get_or_init(|| {
        serde_json::from_str(include_str!("../../extension-ids.json"))
            .expect("the file is part of the source and tested")
    })
}

/// `chrome-extension://<id>/`, with the slash that Chromium requires.
#[must_use]
pub fn chromium_origin() -> String {
    format!("chrome-extension://{}/", ids().chromium)
}

/// The add-on's id in Firefox.
#[must_use]
pub fn firefox_id() -> &'static str {
    &ids().firefox
}
