//! Writes the list of the page's files, which the program contains. `./build.sh` assembles them
//! before; without them the program says so at its address.

use std::{env, fmt::Write as _, fs, path::Path};

/// Path below the server's root, and the file in the folder of the page.
const FILES: [(&str, &str); 16] = [
    ("", "dashboard.html"),
    ("tokens.css", "tokens.css"),
    ("dashboard.css", "dashboard.css"),
    ("sessions.css", "sessions.css"),
    ("dashboard.js", "dashboard.js"),
    ("choice.js", "choice.js"),
    ("dom.js", "dom.js"),
    ("ledger.js", "ledger.js"),
    ("opened.js", "opened.js"),
    ("picture.js", "picture.js"),
    ("rate.js", "rate.js"),
    ("sessions.js", "sessions.js"),
    ("source.js", "source.js"),
    ("transport.js", "transport.js"),
    ("onionmeter.js", "onionmeter.js"),
    ("onionmeter_bg.wasm", "onionmeter_bg.wasm"),
];

/// The folder of the page, as `./build.sh` sets it after it has assembled the page.
const FOLDER: &str = "ONIONMETER_PAGE";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={FOLDER}");
    let mut text = "/// The files of the page; none in a program that was built without them.\n\
        pub const PAGE: Page = Page(&["
        .to_owned();
    if let Some(folder) = env::var_os(FOLDER) {
        for (path, name) in FILES {
            let file = Path::new(&folder).join(name).canonicalize()?;
            let file = file.display().to_string();
            println!("cargo::rerun-if-changed={file}");
            let line = format!("PageFile {{ path: {path:?}, bytes: include_bytes!({file:?}) }},");
            writeln!(text, "{line}").map_err(std::io::Error::other)?;
        }
    }
    let out = env::var("OUT_DIR").map_err(std::io::Error::other)?;
    fs::write(Path::new(&out).join("page.rs"), text + "]);\n")
}
