//! Names that hid their meaning do not come back: `docs/writing.md`, "Names that were replaced".

use crate::{
    absent::product_code,
    files::{Tracked, read, tracked},
};
use proc_macro2::{TokenStream, TokenTree};

/// Everyday words: only product code has no name of them.
const EVERYDAY: [&str; 5] = ["door", "guest", "life", "sight", "told"];

/// Phrases that a reader has to read twice: pattern 4 of the page.
const RIDDLES: [&str; 8] = [
    "are none",
    "is none",
    "of its own accord",
    "there are none",
    "there is none",
    "to be had",
    "to whom",
    "whoever",
];

/// The first column of the table.
fn replaced() -> Vec<String> {
    let page = read("docs/writing.md");
    let (_, section) = page
        .split_once("## Names that were replaced")
        .expect("a section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: Vec<_> = rows
        .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for word in EVERYDAY {
        assert!(names.iter().any(|name| name == word), "{word}");
    }
    names
}

/// The words of a name, in lower case: `has_seats` and `HasSeats` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before.is_lowercase();
        if begins || !letter.is_alphabetic() {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            let word = words.last_mut().expect("never empty");
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word is this one, in any form.
fn is_form(word: &str, of: &str) -> bool {
    let rest = word.strip_prefix(of);
    rest.is_some_and(|rest| ["", "s", "es", "ed", "ing"].contains(&rest))
}

fn idents(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => found.push(name.to_string()),
            TokenTree::Group(group) => idents(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Names of Rust code that have one of these words; neither comments nor texts.
fn in_rust(files: &[Tracked], banned: &[&str]) -> Vec<String> {
    let mut bad = Vec::new();
    for file in files {
        let tokens = file.text.parse::<TokenStream>();
        let tokens = tokens.unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut names = Vec::new();
        idents(tokens, &mut names);
        names.retain(|name| has_one(name, banned));
        bad.extend(names.iter().map(|name| format!("{}: {name}", file.path)));
    }
    bad
}

fn has_one(text: &str, banned: &[&str]) -> bool {
    let words = words(text);
    let is_banned = |word: &String| banned.iter().any(|of| is_form(word, of));
    words.iter().any(is_banned)
}

#[test]
fn names_that_were_replaced_do_not_come_back() {
    let replaced = replaced();
    let all: Vec<_> = replaced.iter().map(String::as_str).collect();
    let bad = in_rust(&product_code(), &all);
    assert_eq!(bad, [""; 0], "docs/writing.md has the names to take");

    let everywhere: Vec<_> = all
        .into_iter()
        .filter(|word| !EVERYDAY.contains(word))
        .collect();
    let mut bad = in_rust(&tracked(".rs"), &everywhere);
    for ending in [".js", ".css", ".html", "/en/messages.json"] {
        for file in tracked(ending) {
            if has_one(&file.text, &everywhere) {
                bad.push(file.path);
            }
        }
    }
    assert_eq!(bad, [""; 0], "docs/writing.md has the names to take");
}

#[test]
fn a_name_is_found_in_any_form_and_not_in_another_word() {
    for name in ["Seat", "take_seat", "SEATS_MAX", "HttpSeats", "isSeated"] {
        assert!(has_one(name, &["seat"]), "{name}");
    }
    for name in ["desktop", "household", "wishful"] {
        assert!(!has_one(name, &["desk", "house", "wish"]), "{name}");
    }
    let file = Tracked {
        path: "x.rs".to_owned(),
        text: "/// The desk.\nfn f() { g(\"desk\", a.desk) }".to_owned(),
    };
    assert_eq!(in_rust(&[file], &["desk"]), ["x.rs: desk"]);
}

#[test]
fn no_comment_of_a_product_has_a_phrase_that_is_read_twice() {
    let mut bad = Vec::new();
    for file in product_code() {
        for (number, line) in file.text.lines().enumerate() {
            let line = line.trim_start().to_lowercase();
            if line.starts_with("//") && RIDDLES.iter().any(|phrase| line.contains(phrase)) {
                bad.push(format!(
                    "{}:{}: {line}",
                    file.path,
                    number.saturating_add(1)
                ));
            }
        }
    }
    assert_eq!(bad, [""; 0], "say what is true, and of which thing");
}
