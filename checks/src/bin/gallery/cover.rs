//! The picture with which the README opens: popup and dashboard side by side.

use crate::{index::folder, pages::Pages};
use anyhow::Result;
use meter_testkit::browser::Size;
use serde_json::json;
use std::{fs, path::Path};

const SIZE: Size = Size {
    width: 1_240,
    height: 740,
};

/// Puts two pictures of the gallery side by side.
pub(crate) async fn make(pages: &Pages, file: &Path) -> Result<()> {
    let browser = &pages.fixture().browser;
    let page = folder().join("cover.html");
    fs::write(&page, COVER)?;
    let page = page.canonicalize()?;
    browser.set_dark(false).await?;
    browser.open_tab().await?;
    browser.goto(&format!("file://{}", page.display())).await?;
    let there =
        "return [...document.images].every((image) => image.complete && image.naturalWidth)";
    let limit = std::time::Duration::from_secs(10);
    browser.wait_until(limit, there).await?;
    browser.cdp("Page.bringToFront", json!({})).await?;
    browser.screenshot(file, SIZE).await
}

const COVER: &str = "<!doctype html><meta charset=utf-8><style>
html { overflow: hidden; background: #efeaf6 }
body { margin: 0; height: 740px; position: relative }
img { position: absolute; border-radius: 10px; box-shadow: 0 4px 20px #211c2b38 }
.dashboard { left: 32px; top: 32px; width: 860px }
.popup { right: 28px; top: 96px; width: 330px }
</style><img class=dashboard alt='' src=dashboard-credits-en-light.png>
<img class=popup alt='' src=popup-protected-en-light.png>
";
