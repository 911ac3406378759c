//! Every link and path in a document leads to something that exists.

use crate::{
    files::{Tracked, read, root, tracked},
    markdown,
};
use std::path::Path;

#[test]
fn every_relative_link_resolves_with_its_anchor() {
    let mut checked = 0;
    for page in tracked(".md") {
        let folder = Path::new(&page.path)
            .parent()
            .unwrap_or_else(|| Path::new(""));
        for link in markdown::links(&page.text) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = match path.is_empty() {
                true => root().join(&page.path),
                false => root().join(folder).join(path),
            };
            let there = target.try_exists().is_ok_and(|there| there);
            assert!(there, "{}: {link} leads nowhere", page.path);
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect("a page");
                let anchors = markdown::anchors(&text);
                let known = anchors.iter().any(|known| known == anchor);
                assert!(known, "{}: {link}: {anchors:?}", page.path);
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

/// With one number for two decisions, a reference to it would be ambiguous.
#[test]
fn every_decision_has_a_number_of_its_own_and_its_title_says_it() {
    let mut numbers = std::collections::BTreeSet::new();
    for page in tracked(".md") {
        let Some(name) = page.path.strip_prefix("docs/decisions/") else {
            continue;
        };
        let (number, _) = name.split_once('-').expect("a number before its words");
        let number: u32 = number.parse().expect("a number before its words");
        let title = format!("# {number}. ");
        assert!(page.text.starts_with(&title), "{name} begins with {title}");
        assert!(numbers.insert(number), "{number} is taken by another");
    }
    assert!(numbers.len() > 10, "{numbers:?}");
}

/// A path as it stands in a text: up to the first character that does not occur in our paths.
fn path_at(text: &str) -> &str {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    let end = text.find(|letter| !is_path(letter)).unwrap_or(text.len());
    text.split_at(end).0.trim_end_matches('.')
}

#[test]
fn every_document_that_a_file_names_is_there() {
    let mut checked = 0;
    for file in tracked("") {
        for (at, _) in file.text.match_indices("docs/") {
            let (before, rest) = file.text.split_at(at);
            // `net/docs/proxy.md` belongs to another project.
            if before.ends_with(|letter: char| letter.is_alphanumeric() || "/.".contains(letter)) {
                continue;
            }
            let path = path_at(rest);
            let there = root().join(path).try_exists().is_ok_and(|there| there);
            assert!(there, "{} names {path}", file.path);
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn every_place_on_the_map_is_there() {
    let map = read("ARCHITECTURE.md");
    let folders = [
        "checks/",
        "crates/",
        "docs/",
        "extension-wasm/",
        "native-host/",
        "popup/",
    ];
    let spans = markdown::code_spans(&map);
    let named = spans.iter().map(String::as_str);
    let listed = markdown::section(&map, "## Where what is").lines();
    let listed = listed.filter_map(|line| line.split(' ').next());
    let paths: Vec<_> = named
        .chain(listed)
        .filter(|path| folders.iter().any(|folder| path.starts_with(folder)))
        .collect();
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        let there = root().join(path).try_exists().is_ok_and(|there| there);
        assert!(there, "{path}");
    }
}

/// The table of the registered browsers and the page about them, row by row.
#[test]
fn every_registered_browser_stands_on_its_page_and_no_other() {
    let mut sources = tracked(".rs");
    sources.retain(|file| file.path.starts_with("native-host/src/registration/table/"));
    assert_eq!(sources.len(), 3, "one for each system");
    let literals = |file: &Tracked| -> Vec<String> {
        let quoted = file.text.split('"').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    let literals: Vec<_> = sources.iter().flat_map(literals).collect();
    let page = read("docs/browsers.md");
    let manifests = markdown::section(&page, "## Manifests");
    let rows = markdown::rows(manifests);
    let shown: Vec<_> = rows.iter().map(|row| (row[0].as_str(), &row[1])).collect();
    let mut expected = 0;
    let mut literals = literals.into_iter();
    while let Some(name) = literals.next() {
        if name.starts_with("~/") {
            continue;
        }
        let footprint = literals.next().expect("a name and its footprint");
        let stands = |(row, cell): &(&str, &String)| {
            *row == name && cell.as_str() == format!("`{footprint}`")
        };
        assert!(shown.iter().any(stands), "{name}: {footprint}");
        expected += 1;
    }
    assert_eq!(shown.len(), expected);
}
