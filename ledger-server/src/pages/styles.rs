//! The one stylesheet and the icon, compiled in.

use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The stylesheet of all pages: what they share with the extension's pages, then their own.
pub const STYLES: &str = concat!(
    include_str!("../../../dashboard/tokens.css"),
    "\n",
    include_str!("../../templates/ledger.css"),
    "\n",
    include_str!("../../templates/history.css"),
    "\n",
    include_str!("../../templates/controls.css"),
    "\n",
    include_str!("../../templates/policy.css")
);
/// The icon, the same as the extension's.
pub const ICON: &str = include_str!("../../templates/icon.svg");
/// The icon's address.
pub const ICON_PATH: &str = "/icon.svg";

/// The stylesheet's address. It contains a hash of the content, so a browser may keep the file for
/// ever, and a new version of the program has a new address.
#[must_use]
pub fn styles_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let hash = hex::encode(Sha256::digest(STYLES));
        format!("/ledger-{}.css", hash.get(..16).unwrap_or_default())
    });
    &PATH
}
