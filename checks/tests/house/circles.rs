//! No circle of files in product code: `ARCHITECTURE.md`, "Files and their arrows".
//!
//! A file has an arrow to another file when it names an item of that file, by a `use` or by a path
//! in its code. A re-export makes no arrow of its own: the arrow leads past it, to the file that
//! defines the item. `mod child;` makes no arrow either. So a parent that uses its child is one
//! arrow, and a child that uses `super::Thing` from the parent's own file closes a circle.

mod arrows;
mod cases;
mod modules;
mod reading;

use self::{
    arrows::{Arrows, arrows},
    modules::Modules,
};
use crate::{
    absent::{is_of_tests, is_product},
    files::tracked,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::LazyLock,
};

/// The arrows between the files of the products, and the files that were read for them; read once
/// for all tests.
pub(crate) static PRODUCTS: LazyLock<(Arrows, BTreeSet<String>)> = LazyLock::new(|| {
    let tracked: BTreeMap<_, _> = tracked(".rs")
        .into_iter()
        .filter(|file| is_product(&file.path))
        .map(|file| (file.path, file.text))
        .collect();
    let read = |path: &str| tracked.get(path).cloned();
    let is_root = |path: &&String| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    let (mut all, mut seen) = (Arrows::new(), BTreeSet::new());
    for root in tracked.keys().filter(is_root) {
        let modules = Modules::of_crate(root, &read);
        all.extend(arrows(&modules));
        seen.extend(modules.0.into_iter().flat_map(|module| module.files));
    }
    (all, seen)
});

/// Every file that can be reached from `from` by at least one arrow.
fn reached(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(file) = next.pop() {
        for to in arrows.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    found
}

/// The arrows that lie on a circle, one on each line; empty where there is no circle.
fn circles(arrows: &Arrows) -> String {
    let mut lines = String::new();
    for (from, tos) in arrows {
        for (to, name) in tos {
            if reached(arrows, to).contains(from) {
                writeln!(lines, "  {from} -> {to} by {name}").expect("a string takes all");
            }
        }
    }
    lines
}

#[test]
fn no_file_of_a_product_is_on_a_circle() {
    let (arrows, _) = &*PRODUCTS;
    assert!(arrows.len() > 150, "{}", arrows.len());
    let found = circles(arrows);
    assert!(
        found.is_empty(),
        "these arrows lie on circles; move what both need into a file below them:\n{found}"
    );
}

/// A file that is not declared, or declared in a way that this test does not understand, would not
/// be read.
#[test]
fn every_file_of_a_product_is_looked_at() {
    let (_, seen) = &*PRODUCTS;
    for file in tracked(".rs").iter().filter(|file| is_product(&file.path)) {
        let is_test = is_of_tests(&file.path) || file.path.ends_with("/fuzz.rs");
        assert!(is_test || seen.contains(&file.path), "{}", file.path);
    }
}
