//! The pictures, and the page that shows them.

use anyhow::Result;
use checks::stage::root;
use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

/// As the folders of `_locales`. English and Persian are shown in both looks. German has the
/// longest words: in one look, to find what is cut.
pub(crate) const LANGUAGES: [&str; 3] = ["en", "fa", "de"];

/// The looks of a language.
pub(crate) fn looks(language: &str) -> &'static [&'static str] {
    match language {
        "de" => &["light"],
        _ => &["light", "dark"],
    }
}

#[derive(Default)]
pub(crate) struct Index {
    /// Page and state, in the order of their first picture.
    scenes: Vec<(String, String)>,
    files: Vec<String>,
    /// Page, language and view of what was shown already.
    seen: BTreeSet<(String, String, String)>,
    cut: Vec<String>,
}

impl Index {
    /// Empties the folder.
    pub(crate) fn begin() -> Result<Self> {
        let folder = folder();
        if folder.is_dir() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self::default())
    }

    /// Whether no other state has shown the same on this page.
    pub(crate) fn is_new(&mut self, page: &str, language: &str, view: &str) -> bool {
        let [page, language, view] = [page, language, view].map(str::to_owned);
        self.seen.insert((page, language, view))
    }

    /// The file for a picture.
    pub(crate) fn file(&mut self, page: &str, state: &str, language: &str, look: &str) -> PathBuf {
        let scene = (page.to_owned(), state.to_owned());
        if !self.scenes.contains(&scene) {
            self.scenes.push(scene);
        }
        let name = format!("{page}-{state}-{language}-{look}.png");
        let file = folder().join(&name);
        self.files.push(name);
        file
    }

    /// Notes that something is cut off in this picture.
    pub(crate) fn note_cut(&mut self, page: &str, state: &str, language: &str, what: &str) {
        self.cut.push(format!("{page}-{state}-{language}: {what}"));
    }

    pub(crate) fn cut(&self) -> &[String] {
        &self.cut
    }

    /// Writes the page: for each page of the extension a row for each state.
    pub(crate) fn write(&self) -> Result<()> {
        let mut text = String::from(HEAD);
        let mut pages: Vec<&str> = self.scenes.iter().map(|(page, _)| page.as_str()).collect();
        pages.dedup();
        pages.sort_unstable();
        pages.dedup();
        for page in pages {
            write!(text, "<h2>{page}</h2>")?;
            let states = self.scenes.iter().filter(|(of, _)| of == page);
            for (_, state) in states {
                write!(text, "<h3>{state}</h3><div class={page}>")?;
                for language in LANGUAGES {
                    for look in looks(language) {
                        let name = format!("{page}-{state}-{language}-{look}.png");
                        if self.files.contains(&name) {
                            let label = format!("{page}, {state}, {language}, {look}");
                            write!(
                                text,
                                "<a href={name}><img loading=lazy alt='{label}' src={name}></a>"
                            )?;
                        }
                    }
                }
                text.push_str("</div>");
            }
        }
        Ok(fs::write(folder().join("index.html"), text)?)
    }
}

pub(crate) fn folder() -> PathBuf {
    root().join("dist/gallery")
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Gallery</title><style>
body { margin: 24px; background: #efeaf6; color: #211c2b; font: 15px/1.5 system-ui, sans-serif }
div { display: flex; gap: 12px; align-items: start; overflow-x: auto }
img { display: block; width: 250px; border-radius: 6px; box-shadow: 0 2px 10px #211c2b40 }
h3 { margin: 20px 0 6px; font-size: 14px }
</style><h1>Every page and state</h1>
<p>Light and dark in English and Persian, light in German. A click shows a picture alone.
";
