//! Another extension, written for one test.

use anyhow::Result;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Its id in Firefox.
pub(crate) const GECKO_ID: &str = "rival@fixture.test";

/// Writes an extension with this background script.
pub(crate) fn write(folder: &Path, script: &str) -> Result<PathBuf> {
    let manifest = json!({
        "manifest_version": 3,
        "name": "Rival",
        "version": "1",
        "browser_specific_settings": { "gecko": { "id": GECKO_ID, "strict_min_version": "128.0" } },
        "background": { "service_worker": "rival.js", "scripts": ["rival.js"] },
        "permissions": ["privacy", "proxy"],
        "host_permissions": ["<all_urls>"],
    });
    fs::create_dir_all(folder)?;
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    fs::write(folder.join("rival.js"), script)?;
    fs::write(
        folder.join("rival.html"),
        "<!doctype html><title>Rival</title>",
    )?;
    Ok(folder.to_owned())
}
