//! Makes `dist/gallery`: a picture of every page of the extension in every state, light and dark,
//! in English, Persian and German, and an index of them. `./build.sh gallery` starts it.
//!
//! `gallery VIEWS`: the file VIEWS holds what `cargo run -p extension-wasm --example views` prints.
//! The pages are those of the extension in a real Chromium. Some show what a host in place of ours
//! has signed; the others get a view of the file, as if the worker had sent it. Light pictures of
//! texts that do not fit are named at the end, and the exit status says that there are some.
//!
//! With `--cover FILE` it also writes the picture with which the README opens.

mod cover;
mod index;
mod pages;

use anyhow::{Context as _, Result, ensure};
use index::{Index, LANGUAGES};
use pages::Pages;
use serde_json::{Map, Value};
use std::{
    fs,
    io::{Write as _, stderr},
    path::PathBuf,
};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("gallery VIEWS [--cover FILE]")?;
    let cover = match (arguments.next().as_deref(), arguments.next()) {
        (None, None) => None,
        (Some("--cover"), Some(file)) => Some(PathBuf::from(file)),
        other => anyhow::bail!("what is {other:?}? gallery VIEWS [--cover FILE]"),
    };
    let views: Map<String, Value> = serde_json::from_slice(&fs::read(file)?)?;
    let pages = Pages::open().await?;
    let mut index = Index::begin()?;
    for language in LANGUAGES {
        writeln!(stderr(), "{language}")?;
        pages.speak(language).await?;
        pages.of_a_host(language, &mut index).await?;
        for (name, views) in &views {
            pages.of_a_view(name, views, language, &mut index).await?;
        }
        pages.broken(language, &mut index).await?;
    }
    index.write()?;
    if let Some(cover) = cover {
        pages.speak("en").await?;
        cover::make(&pages, &cover).await?;
    }
    pages.close().await;
    for cut in index.cut() {
        writeln!(stderr(), "cut off: {cut}")?;
    }
    ensure!(index.cut().is_empty(), "some texts do not fit");
    Ok(())
}
