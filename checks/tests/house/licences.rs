//! Licences of everything that is built, against the list in `deny.toml`, without a tool or the
//! network.

use crate::{
    crates::{PRODUCTS, built_in, metadata, metadata_with_embedded},
    files::read,
};
use std::collections::BTreeSet;

/// The list of `deny.toml`: licences allowed everywhere, and licences allowed for one crate only.
fn allowed() -> (BTreeSet<String>, Vec<(String, String)>) {
    let deny: toml::Table = read("deny.toml").parse().expect("TOML");
    let strings = |list: &toml::Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let licences = &deny["licenses"];
    let mut exceptions = Vec::new();
    for exception in licences["exceptions"].as_array().expect("a list") {
        let name = exception["crate"].as_str().expect("a name");
        let extra = strings(&exception["allow"]).into_iter();
        exceptions.extend(extra.map(|licence| (name.to_owned(), licence)));
    }
    (
        strings(&licences["allow"]).into_iter().collect(),
        exceptions,
    )
}

/// Whether the licences for which `may` is true satisfy an SPDX expression. A slash is the old form
/// of OR. `A WITH B` is one licence.
fn is_met(expression: &str, may: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any(&words, may);
    assert!(rest.is_empty(), "not an SPDX expression: {expression}");
    met
}

fn any<'a>(words: &'a [&'a str], may: &dyn Fn(&str) -> bool) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all(words, may);
    while let Some((&"OR", after)) = rest.split_first() {
        let (other, left) = all(after, may);
        (met, rest) = (met | other, left);
    }
    (met, rest)
}

fn all<'a>(words: &'a [&'a str], may: &dyn Fn(&str) -> bool) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = one(words, may);
    while let Some((&"AND", after)) = rest.split_first() {
        let (other, left) = one(after, may);
        (met, rest) = (met & other, left);
    }
    (met, rest)
}

fn one<'a>(words: &'a [&'a str], may: &dyn Fn(&str) -> bool) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => {
            let (met, rest) = any(inner, may);
            let after = rest.strip_prefix(&[")"]).expect("a closing parenthesis");
            (met, after)
        }
        [licence, "WITH", exception, rest @ ..] => {
            (may(&format!("{licence} WITH {exception}")), rest)
        }
        [licence, rest @ ..] => (may(licence), rest),
        [] => (false, &[]),
    }
}

#[test]
fn expressions_are_judged_as_spdx_means_them() {
    let may = |licence: &str| ["MIT", "Zlib"].contains(&licence);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 / MIT", true),
        ("(MIT OR Apache-2.0) AND Zlib", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", false),
        ("MIT WITH Strings", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("GPL-3.0-only OR MIT AND Zlib", true),
    ] {
        assert_eq!(is_met(expression, &may), expected, "{expression}");
    }
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let (allowed, exceptions) = allowed();
    let mut used = BTreeSet::new();
    for metadata in metadata() {
        assert!(metadata.packages.len() > 100);
        for package in &metadata.packages {
            let name = package.name.to_string();
            let expression = package.license.as_deref().unwrap_or_default();
            let may = |licence: &str| allowed.contains(licence);
            if is_met(expression, &may) {
                continue;
            }
            let excepted = |licence: &str| {
                let one = (name.clone(), licence.to_owned());
                may(licence) || exceptions.contains(&one)
            };
            assert!(is_met(expression, &excepted), "{name}: {expression:?}");
            for product in PRODUCTS {
                let inside = built_in(&metadata, product).contains(&package.id);
                assert!(!inside, "{product} contains {name}: {expression}");
            }
            used.insert(name);
        }
    }
    let named: BTreeSet<_> = exceptions.into_iter().map(|(name, _)| name).collect();
    assert_eq!(used, named, "an exception that nobody needs goes");
}

/// Weak copyleft in what people get: two small crates that Arti uses, unchanged.
#[test]
fn the_embedded_tor_brings_two_crates_of_weak_copyleft_and_no_more() {
    let (allowed, _) = allowed();
    let metadata = metadata_with_embedded();
    let built = built_in(&metadata, "onionmeter");
    let inside = metadata
        .packages
        .iter()
        .filter(|package| built.contains(&package.id));
    let may = |licence: &str| allowed.contains(licence);
    let others = inside.filter(|package| {
        let expression = package.license.as_deref().unwrap_or_default();
        !is_met(expression, &may)
    });
    let others: BTreeSet<_> = others.map(|package| package.name.to_string()).collect();
    assert_eq!(
        others,
        ["option-ext", "priority-queue"].map(str::to_owned).into()
    );
}

#[test]
fn everything_comes_from_crates_io_or_from_here() {
    for metadata in metadata() {
        for package in &metadata.packages {
            let from = package.source.as_ref().map(|source| source.repr.as_str());
            let known = [
                None,
                Some("registry+https://github.com/rust-lang/crates.io-index"),
            ];
            assert!(known.contains(&from), "{}: {from:?}", package.name);
        }
    }
}

#[test]
fn both_licences_are_here_in_full() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let licence = &manifest["workspace"]["package"]["license"];
    assert_eq!(licence.as_str(), Some("MIT OR Apache-2.0"));
    for (path, parts) in [
        ("LICENSE-MIT", ["Permission is hereby granted", "AS IS"]),
        (
            "LICENSE-APACHE",
            ["Version 2.0, January 2004", "END OF TERMS AND CONDITIONS"],
        ),
    ] {
        let text = read(path);
        for part in parts.iter().chain(&["the Onionmeter authors"]) {
            assert!(text.contains(part), "{path}: {part}");
        }
    }
}
