//! Writes every page of the dashboard in every state to `dist/ledger`, for looking at its design:
//! `cargo run -p onionmeter-ledger --example pages`. Open `dist/ledger/index.html` in a browser.

#[path = "../tests/pages/samples.rs"]
mod samples;

use onionmeter_ledger::pages::{ICON, ICON_PATH, STYLES, styles_path};
use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/ledger");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ledger.css"), STYLES)?;
    fs::write(folder.join("icon.svg"), ICON)?;
    let mut links = String::new();
    for (name, text) in samples::all() {
        // The pages lie in one folder; a ledger serves both files from its root.
        let text = text
            .replace(styles_path(), "ledger.css")
            .replace(ICON_PATH, "icon.svg");
        fs::write(folder.join(format!("{name}.html")), text)?;
        links.push_str(&format!("<li><a href=\"{name}.html\">{name}</a></li>\n"));
    }
    let index =
        format!("<!doctype html>\n<title>Pages of the ledger</title>\n<ul>\n{links}</ul>\n");
    fs::write(folder.join("index.html"), index)
}
