//! The pictures of each product's parts in `ARCHITECTURE.md`, "Parts and their layers": every part
//! stands in its picture once, and uses only parts of lines below its own.
//!
//! A part is a file right below `src`, together with the folder of the same name. `lib.rs` and
//! `main.rs` are none: they declare the others.

use crate::{circles::PRODUCTS, files::read};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// From a crate's folder to its parts, and from each part to those that it uses.
type Crates = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The crate's folder, and the part in it.
fn place(path: &str) -> (String, String) {
    let (folder, file) = path.split_once("/src/").expect("a file of a crate");
    let part = file.split('/').next().expect("a first piece");
    let part = part.strip_suffix(".rs").unwrap_or(part);
    (folder.to_owned(), part.to_owned())
}

fn parts() -> Crates {
    let (arrows, files) = &*PRODUCTS;
    let mut crates = Crates::new();
    let is_root = |part: &str| part == "lib" || part == "main";
    for file in files {
        let (folder, part) = place(file);
        if is_root(&part) {
            continue;
        }
        let parts = crates.entry(folder).or_default();
        let used = parts.entry(part.clone()).or_default();
        let to = arrows.get(file).into_iter().flat_map(BTreeMap::keys);
        used.extend(
            to.map(|to| place(to).1)
                .filter(|to| *to != part && !is_root(to)),
        );
    }
    crates
}

/// The pictures of the document: a fenced block whose first line is `crate FOLDER`.
fn pictures(document: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut pictures = BTreeMap::new();
    for block in document.split("```").skip(1).step_by(2) {
        let mut lines = block.lines().skip(1);
        let Some(folder) = lines.next().and_then(|line| line.strip_prefix("crate ")) else {
            continue;
        };
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        pictures.insert(folder.to_owned(), lines.map(words).collect());
    }
    pictures
}

/// What is wrong with a picture, one line each.
fn wrong(picture: &[Vec<String>], parts: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut depths = BTreeMap::new();
    let mut found = Vec::new();
    for (depth, line) in picture.iter().enumerate() {
        for part in line {
            if depths.insert(part.as_str(), depth).is_some() {
                found.push(format!("{part} stands twice"));
            }
            if !parts.contains_key(part) {
                found.push(format!("{part} is no part"));
            }
        }
    }
    for (part, used) in parts {
        let Some(own) = depths.get(part.as_str()) else {
            found.push(format!("{part} is missing"));
            continue;
        };
        for below in used {
            if depths.get(below.as_str()).is_some_and(|depth| depth <= own) {
                found.push(format!(
                    "{part} uses {below}, which does not stand below it"
                ));
            }
        }
    }
    found
}

/// The lowest lines on which the parts can stand, for who has to mend a picture.
fn drawn(parts: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut left = parts.clone();
    let mut lines = Vec::new();
    while !left.is_empty() {
        let is_free = |used: &BTreeSet<String>| !used.iter().any(|part| left.contains_key(part));
        let free: Vec<_> = left.iter().filter(|(_, used)| is_free(used)).collect();
        let line: Vec<_> = free.into_iter().map(|(part, _)| part.clone()).collect();
        if line.is_empty() {
            lines.push(format!("on a circle: {left:?}"));
            break;
        }
        lines.push(line.join(" "));
        left.retain(|part, _| !line.contains(part));
    }
    lines.reverse();
    lines.join("\n")
}

/// The crates that are large enough to need a picture.
const SHOWN: [&str; 4] = [
    "crates/meter-relay",
    "crates/meter-tor",
    "extension-wasm",
    "native-host",
];

#[test]
fn every_picture_shows_every_part_once_above_what_it_uses() {
    let (crates, pictures) = (parts(), pictures(&read("ARCHITECTURE.md")));
    assert_eq!(
        pictures.keys().collect::<Vec<_>>(),
        SHOWN.iter().collect::<Vec<_>>()
    );
    let mut bad = String::new();
    for (folder, picture) in &pictures {
        let parts = crates.get(folder).expect("a product");
        let wrong = wrong(picture, parts);
        if !wrong.is_empty() {
            let drawn = drawn(parts);
            writeln!(bad, "{folder}: {wrong:#?}\nThis would do:\n{drawn}").expect("a string");
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

/// Commands, the bridge and the HTTP face reach the daemon's owners through `api` alone.
#[test]
fn only_the_interface_and_the_process_use_the_engine() {
    let crates = parts();
    let host = crates.get("native-host").expect("a product");
    let users = host.iter().filter(|(_, used)| used.contains("engine"));
    let users: Vec<_> = users.map(|(part, _)| part.as_str()).collect();
    assert_eq!(users, ["api", "daemon"]);
}

#[test]
fn a_picture_that_is_wrong_is_told() {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let parts = BTreeMap::from([
        ("a".to_owned(), set(&["b", "c"])),
        ("b".to_owned(), set(&["c"])),
        ("c".to_owned(), set(&[])),
    ]);
    let of = |text: &str| {
        let all = pictures(&format!("```text\ncrate x\n{text}\n```\n"));
        wrong(&all["x"], &parts)
    };
    assert_eq!(of("a\nb\nc"), Vec::<String>::new());
    assert_eq!(of("a\nb c"), ["b uses c, which does not stand below it"]);
    assert_eq!(of("a\nb"), ["c is missing"]);
    assert_eq!(of("a b\nb\nc d"), ["b stands twice", "d is no part"]);
    assert_eq!(drawn(&parts), "a\nb\nc");
    let circle = BTreeMap::from([("a".to_owned(), set(&["b"])), ("b".to_owned(), set(&["a"]))]);
    assert!(drawn(&circle).contains("on a circle"));
}
