//! Writes the list of the page's files, which the program contains. `./build.sh` assembles them
//! before; without them the program says so at its address.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Path below the server's root, and the file in the folder of the page.
const FILES: [(&str, &str); 23] = [
    ("", "dashboard.html"),
    ("tokens.css", "tokens.css"),
    ("base.css", "base.css"),
    ("parts.css", "parts.css"),
    ("dashboard.css", "dashboard.css"),
    ("cards.css", "cards.css"),
    ("sessions.css", "sessions.css"),
    ("opened.css", "opened.css"),
    ("dashboard.js", "dashboard.js"),
    ("calendar.js", "calendar.js"),
    ("choice.js", "choice.js"),
    ("dom.js", "dom.js"),
    ("kept.js", "kept.js"),
    ("ledger.js", "ledger.js"),
    ("opened.js", "opened.js"),
    ("picture.js", "picture.js"),
    ("rate.js", "rate.js"),
    ("sessions.js", "sessions.js"),
    ("source.js", "source.js"),
    ("transport.js", "transport.js"),
    ("words.js", "words.js"),
    ("onionmeter.js", "onionmeter.js"),
    ("onionmeter_bg.wasm", "onionmeter_bg.wasm"),
];

/// The folder of the page, as `./build.sh` sets it after it has assembled the page.
const FOLDER: &str = "ONIONMETER_PAGE";

/// The messages of each language, below the folder of the page.
const LOCALES: &str = "_locales";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={FOLDER}");
    let mut text = "/// The files of the page; none in a program that was built without them.\n\
        pub const PAGE: Page = Page(&["
        .to_owned();
    if let Some(folder) = env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        for (path, name) in FILES {
            add(&mut text, path, &folder.join(name))?;
        }
        for messages in messages(folder)? {
            let path = messages.strip_prefix(folder).map_err(io::Error::other)?;
            add(&mut text, &path.to_string_lossy(), &messages)?;
        }
    }
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("page.rs"), text + "]);\n")
}

fn add(text: &mut String, path: &str, file: &Path) -> io::Result<()> {
    let file = file.canonicalize()?.display().to_string();
    println!("cargo::rerun-if-changed={file}");
    let line = format!("PageFile {{ path: {path:?}, bytes: include_bytes!({file:?}) }},");
    writeln!(text, "{line}").map_err(io::Error::other)
}

/// The file of each language, in the order of their names.
fn messages(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = folder.join(LOCALES);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path().join("messages.json")))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
