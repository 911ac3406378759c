//! A rule of the extension's style sheets stands once: what popup and pages draw alike is in
//! `dashboard/base.css` and `dashboard/parts.css`, which all of them load.

use crate::files::tracked;
use std::collections::BTreeMap;

/// A style sheet without its comments, and with one space in place of each gap.
fn plain(sheet: &str) -> String {
    let mut text = String::new();
    for (index, part) in sheet.split("/*").enumerate() {
        text.push_str(match index {
            0 => part,
            _ => part.split_once("*/").expect("the comment ends").1,
        });
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every rule of a style sheet with its selector. A rule inside of `@media` is part of that block.
fn rules(sheet: &str) -> Vec<String> {
    let (mut rules, mut rule, mut depth) = (Vec::new(), String::new(), 0_usize);
    for letter in plain(sheet).chars() {
        rule.push(letter);
        match letter {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.checked_sub(1).expect("an end of an open rule"),
            _ => continue,
        }
        if depth == 0 {
            rules.push(rule.trim().to_owned());
            rule.clear();
        }
    }
    assert!(depth == 0 && rule.trim().is_empty(), "open: {rule}");
    rules
}

/// Rules that stand more than once, with the sheets.
fn twins<'a>(sheets: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Vec<&'a str>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (path, sheet) in sheets {
        for rule in rules(sheet) {
            places.entry(rule).or_default().push(path);
        }
    }
    places.retain(|_, paths| paths.len() > 1);
    places
}

#[test]
fn no_rule_of_the_extension_stands_in_two_style_sheets() {
    let mut sheets = tracked(".css");
    // The pages of a ledger load none of the extension's sheets but the colours.
    sheets.retain(|sheet| !sheet.path.starts_with("ledger-server/"));
    assert!(sheets.len() > 8, "{}", sheets.len());
    let sheets = sheets.iter();
    let found = twins(sheets.map(|sheet| (sheet.path.as_str(), sheet.text.as_str())));
    assert!(found.is_empty(), "keep one of each: {found:#?}");
}

#[test]
fn a_rule_is_found_again_whatever_stands_around_it() {
    let one =
        "/* why */\n.a,\n.b {\n  top: 0;\n}\n\n@media print {\n  .c {\n    top: 1px;\n  }\n}\n";
    let other = ".c {\n  top: 1px;\n}\n.a, .b { /* here, too */ top: 0; }\n";
    let found = twins([("one", one), ("other", other)].into_iter());
    let expected = BTreeMap::from([(".a, .b { top: 0; }".to_owned(), vec!["one", "other"])]);
    assert_eq!(found, expected);
}
