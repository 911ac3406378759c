//! An extension whose worker loads an empty module and sets the badge, and whose popup is one word:
//! what a browser needs in any case.

use anyhow::{Context as _, Result};
use checks::stage::root;
use meter_testkit::browser::{Browser, Kind, LaunchOptions};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// A browser of its own with that extension, and a page of it in front.
pub(crate) struct Bare {
    pub(crate) browser: Browser,
    _folder: tempfile::TempDir,
}

const WORKER: &str = "const api = globalThis.browser ?? globalThis.chrome;
api.runtime.onConnect.addListener(() => {});
fetch('bare.wasm')
  .then((answer) => answer.arrayBuffer())
  .then((bytes) => WebAssembly.instantiate(bytes))
  .then(() => api.action.setBadgeText({ text: '1' }));
";

/// The smallest module: magic number and version.
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

impl Bare {
    pub(crate) async fn open(kind: Kind) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let extension = folder.path().join("extension");
        write(&extension)?;
        let (user, profile) = (folder.path().join("user"), folder.path().join("profile"));
        let mut options = LaunchOptions::new(&user, &profile);
        options.extension = Some(extension);
        let browser = Browser::launch(kind, &options).await?;
        browser.open_extension_page("page.html").await?;
        Ok(Self {
            browser,
            _folder: folder,
        })
    }
}

/// With the identity of ours, because the driver of Firefox knows the address of no other.
fn write(folder: &Path) -> Result<()> {
    let ours = fs::read_to_string(root().join("manifest.json"))?;
    let ours: Value = serde_json::from_str(&ours)?;
    let gecko = ours["browser_specific_settings"].clone();
    gecko.as_object().context("the manifest names Firefox")?;
    let manifest = json!({
        "manifest_version": 3,
        "name": "A worker that does nothing",
        "version": "1",
        "action": { "default_popup": "popup.html" },
        "background": {
            "service_worker": "worker.js",
            "scripts": ["worker.js"],
            "type": "module",
        },
        "content_security_policy": ours["content_security_policy"],
        "browser_specific_settings": gecko,
    });
    fs::create_dir_all(folder)?;
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    fs::write(folder.join("worker.js"), WORKER)?;
    fs::write(folder.join("bare.wasm"), MODULE)?;
    for page in ["page.html", "popup.html"] {
        fs::write(folder.join(page), "<!doctype html><p>bare")?;
    }
    Ok(())
}
