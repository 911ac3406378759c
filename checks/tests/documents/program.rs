//! The program and `build.sh` know every command that a document tells a person to type.

use crate::{
    files::{read, root, tracked},
    markdown,
};
use meter_wire::ErrorCode;
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, process::Command};

/// The program from the same build as this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let built = test.ancestors().map(|folder| folder.join("onionmeter"));
    let mut built = built.filter(|program| program.is_file());
    built
        .next()
        .expect("the program is not built; run cargo build -p onionmeter")
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(program())
        .args(arguments)
        .arg("--help")
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The names below `Commands:`, without `help`.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

/// Every line with which a document tells a person to start the program, without its name.
fn calls() -> Vec<(String, String)> {
    let mut texts: Vec<_> = tracked(".md")
        .into_iter()
        .map(|page| (page.path, page.text))
        .collect();
    let sentences = ErrorCode::ALL.iter().map(|code| code.sentence().to_owned());
    texts.extend(sentences.map(|sentence| ("an error's sentence".to_owned(), sentence)));
    let mut calls = Vec::new();
    for (place, text) in texts {
        let mut code = markdown::code_spans(&text);
        code.extend(markdown::blocks(&text, "sh"));
        for line in code.iter().flat_map(|code| code.lines()) {
            let begin = ["onionmeter ", "target/release/onionmeter "];
            let call = begin.iter().find_map(|begin| line.strip_prefix(begin));
            let call = call.filter(|call| call.starts_with(|first: char| first.is_lowercase()));
            calls.extend(call.map(|call| (place.clone(), call.to_owned())));
        }
    }
    calls
}

#[test]
fn every_command_that_a_document_names_exists_with_its_options() {
    let known = commands(&help(&[]));
    assert!(known.len() >= 10, "{known:?}");
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let calls = calls();
    assert!(calls.len() > 20, "{calls:?}");
    for (place, call) in calls {
        let mut words = call.split(' ');
        let mut name = words.next().unwrap_or_default().to_owned();
        if name == "help" {
            name = words.next().unwrap_or_default().to_owned();
        }
        assert!(known.contains(&name), "{place}: onionmeter {call}");
        let help = helps.entry(name.clone()).or_insert_with(|| help(&[&name]));
        let inner = commands(help);
        for (index, word) in words.enumerate() {
            let option = word.starts_with("--");
            let fits = match (option, inner.is_empty(), index) {
                (true, _, _) => help.contains(&format!("{word} ")),
                (false, false, 0) => word.split('|').all(|word| inner.iter().any(|i| i == word)),
                _ => true,
            };
            assert!(fits, "{place}: onionmeter {call}: {word}");
        }
    }
}

#[test]
fn the_readme_has_a_line_for_every_command() {
    let readme = read("README.md");
    let rows = markdown::rows(markdown::section(&readme, "## The commands"));
    let named = |call: &str| rows.iter().flatten().any(|cell| cell.contains(call));
    for command in commands(&help(&[])) {
        let inner = commands(&help(&[&command]));
        assert!(named(&format!("`onionmeter {command}")), "{command}");
        for inner in inner {
            let call = format!("`onionmeter {command} {inner}`");
            assert!(named(&call), "{call}");
        }
    }
}

/// The program's own description, from `--json`.
fn object(arguments: &[&str]) -> Value {
    let output = Command::new(program())
        .args(arguments)
        .arg("--json")
        .output()
        .expect("it starts");
    serde_json::from_slice(&output.stdout).expect("an object")
}

#[test]
fn every_exit_status_stands_in_the_page_with_its_meaning() {
    let page = read("docs/spec/command-line-json.md");
    let shown = markdown::rows(markdown::section(&page, "## Exit statuses"));
    let object = object(&["exit-codes"]);
    let statuses = object["exit_codes"].as_array().expect("a list").iter();
    let expected: Vec<_> = statuses
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            let name = format!("`{}`", text("name"));
            vec![row["code"].to_string(), name, text("meaning")]
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn every_command_stands_in_the_page_of_its_objects() {
    let page = read("docs/spec/command-line-json.md");
    let rows = markdown::rows(markdown::section(&page, "## States"));
    let shown: Vec<_> = rows
        .iter()
        .flat_map(|row| markdown::code_spans(&row[0]))
        .collect();
    // The daemon reports by its log and its status.
    for command in commands(&help(&[])).iter().filter(|name| *name != "daemon") {
        let inner = commands(&help(&[command]));
        let calls = if inner.is_empty() {
            vec![command.clone()]
        } else {
            inner
                .iter()
                .map(|inner| format!("{command} {inner}"))
                .collect()
        };
        for call in calls {
            assert!(shown.contains(&call), "{call}");
        }
    }
}

#[test]
fn build_sh_knows_what_documents_name_and_the_readme_names_what_it_knows() {
    let output = Command::new("bash")
        .args(["build.sh", "help"])
        .current_dir(root())
        .output()
        .expect("bash is installed");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let words = |text: &str| -> Vec<String> {
        let rest = text.split("./build.sh ").skip(1);
        let words = rest.filter_map(|rest| rest.split(|end: char| !end.is_lowercase()).next());
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let known: Vec<_> = help
        .lines()
        .filter(|line| line.starts_with("./build.sh "))
        .flat_map(words)
        .collect();
    assert!(known.len() >= 5, "{help}");
    for page in tracked(".md") {
        let mut code = markdown::code_spans(&page.text);
        code.extend(markdown::blocks(&page.text, "sh"));
        for word in code.iter().flat_map(|code| words(code)) {
            assert!(known.contains(&word), "{}: ./build.sh {word}", page.path);
        }
    }
    let readme = read("README.md");
    for word in known {
        assert!(readme.contains(&format!("`./build.sh {word}`")), "{word}");
    }
}

#[test]
fn the_newest_entry_of_the_changelog_is_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## "));
    let newest = newest.expect("an entry");
    assert_eq!(newest.split([',', ' ']).next(), Some(version));
    let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    assert_eq!(manifest["version"], version, "the extension's");
}
