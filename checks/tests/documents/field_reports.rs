//! The log of what users met (`docs/field-reports.md`): every row says which test protects it, and
//! every test that it names is there.

use crate::files::{read, tracked};
use std::collections::BTreeSet;

/// The cells of each row.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let rows = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    // The first is the head; the line below it begins otherwise.
    rows.filter(|cells: &Vec<_>| !cells[0].starts_with("---"))
        .skip(1)
        .collect()
}

/// Names in backquotes of a cell.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_row_names_tests_that_exist_and_no_report_stands_there_twice() {
    let code: Vec<_> = tracked(".rs");
    let has_test = |name: &str| {
        let head = format!("fn {name}(");
        code.iter().any(|file| file.text.contains(&head))
    };
    let is_there = |name: &str| {
        let file = |file: &str| {
            let inside = format!("/{file}");
            let is_it = |path: &str| path == file || path.ends_with(&inside);
            let is_folder = |path: &str| path.starts_with(&format!("{file}/"));
            code.iter()
                .any(|code| is_it(&code.path) || is_folder(&code.path))
        };
        let last = name.rsplit("::").next().unwrap_or(name);
        match name.contains(['/', '.']) {
            true => file(name),
            // A module of tests, or one test.
            false => has_test(last) || last == "tests",
        }
    };
    let page = read("docs/field-reports.md");
    let mut seen = BTreeSet::new();
    let rows = rows(&page);
    assert!(rows.len() > 80, "{}", rows.len());
    for cells in rows {
        let [_, met, does, test] = cells[..] else {
            panic!("four cells: {cells:?}");
        };
        assert!(seen.insert(met), "twice: {met}");
        for name in named(test) {
            assert!(is_there(name), "{name} is no test: {met}");
        }
        let is_by_hand = test.contains("by hand") || test.starts_with("none");
        assert!(
            named(test).next().is_some() || is_by_hand,
            "no test: {does}"
        );
    }
}
