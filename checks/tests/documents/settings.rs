//! Settings, files and numbers in documents are those of the program.

use crate::{files::read, markdown};
use meter_core::Thresholds;

fn keys() -> Vec<String> {
    let example: toml::Table = read("native-host/config.example.toml")
        .parse()
        .expect("TOML");
    let mut keys = Vec::new();
    for (section, inner) in &example {
        let inner = inner.as_table().expect("a section");
        keys.extend(inner.keys().map(|key| format!("{section}.{key}")));
    }
    keys
}

#[test]
fn every_setting_that_a_document_names_exists() {
    let keys = keys();
    let sections: Vec<_> = keys
        .iter()
        .filter_map(|key| Some(format!("{}.", key.split('.').next()?)))
        .collect();
    let mut checked = 0;
    for path in ["README.md", "PRIVACY.md", "ARCHITECTURE.md"] {
        for span in markdown::code_spans(&read(path)) {
            let word = span.split(' ').next().unwrap_or_default();
            if word.ends_with(".rs") || !sections.iter().any(|begin| word.starts_with(begin)) {
                continue;
            }
            assert!(keys.iter().any(|key| key == word), "{path}: {word}");
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
}

#[test]
fn every_file_of_the_home_that_a_document_names_is_one_of_the_program() {
    let source = read("native-host/src/home/paths.rs") + &read("native-host/src/home/layout.rs");
    for (path, heading) in [
        ("README.md", "## Where things are"),
        ("PRIVACY.md", "## What is stored, and where"),
    ] {
        let page = read(path);
        let rows = markdown::rows(markdown::section(&page, heading));
        assert!(rows.len() >= 7, "{path}: {rows:?}");
        for row in rows {
            let spans = markdown::code_spans(&row[0]);
            // The first of several that are numbered stands for all of them.
            let file = spans[0].trim_end_matches(['/', '1']);
            let last = file.rsplit('/').next().unwrap_or_default();
            let known = [file, last]
                .iter()
                .any(|name| source.contains(&format!("\"{name}\"")));
            assert!(known, "{path}: {file}");
        }
    }
}

/// Each is on the options' page, so that nobody has to look for a file.
#[test]
fn every_setting_is_on_the_page_of_the_options() {
    let mut page = read("extension-wasm/src/options/rows.rs");
    page.retain(|letter| !letter.is_whitespace());
    let keys = keys();
    let rows = page.matches("row(\"").count();
    assert_eq!(rows, keys.len(), "and no other");
    for key in keys {
        assert!(page.contains(&format!("row(\"{key}\",")), "{key}");
    }
}

/// The numbers of the mission, as the README gives them.
#[test]
fn the_numbers_of_the_readme_are_the_defaults() {
    let readme = read("README.md").replace('\n', " ");
    let (seconds, kilobytes, minutes) = (
        Thresholds::DEFAULT.min_duration().get() / 1_000,
        Thresholds::DEFAULT.min_bytes().get() / 1_000,
        Thresholds::DEFAULT.max_duration().get() / 60_000,
    );
    let sentence =
        format!("once {seconds} s **and** {kilobytes} kB are reached, or after {minutes} min.");
    assert!(readme.contains(&sentence), "{sentence}");
    let example: toml::Table = read("native-host/config.example.toml")
        .parse()
        .expect("TOML");
    let port = format!("`127.0.0.1:{}`", example["relay"]["port"]);
    assert!(readme.contains(&port), "{port}");
    let map = read("ARCHITECTURE.md");
    let idle = format!("for {} s", example["daemon"]["idle_exit_s"]);
    assert!(map.contains(&idle), "{idle}");
}
