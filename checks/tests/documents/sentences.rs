//! Every sentence that the README quotes from the popup is a sentence of the popup.

use crate::files::{read, tracked};
use meter_wire::ErrorCode;

/// The texts between “ and ”.
fn quoted(text: &str) -> Vec<String> {
    let rest = text.split('“').skip(1);
    let quoted = rest.map(|rest| rest.split('”').next().unwrap_or_default());
    quoted.map(|quoted| quoted.replace('\n', " ")).collect()
}

/// Joins lines as the compiler does for a literal that continues in the next line.
fn joined(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

#[test]
fn every_sentence_that_the_readme_quotes_is_one_of_the_program() {
    let codes = ErrorCode::ALL.iter().map(|code| code.sentence());
    let codes: Vec<_> = codes.collect();
    let shown: Vec<_> = tracked("")
        .into_iter()
        .filter(|file| {
            ["_locales/en/", "extension-wasm/js/"]
                .iter()
                .any(|folder| file.path.starts_with(folder))
        })
        .map(|file| joined(&file.text))
        .collect();
    let quotes = quoted(&read("README.md"));
    assert!(quotes.len() > 30, "{quotes:?}");
    for quote in quotes {
        let literals = [format!("\"{quote}\""), format!(">{quote}<")];
        let drawn = |text: &String| literals.iter().any(|literal| text.contains(literal));
        assert!(
            codes.contains(&quote.as_str()) || shown.iter().any(drawn),
            "no part of the program says “{quote}”"
        );
    }
}

#[test]
fn the_readme_tells_what_to_do_about_every_sentence_that_a_person_can_meet() {
    let quotes = quoted(&read("README.md"));
    let own = [
        "A request went out directly, past Tor.",
        "The program's balance is not the sum of the reports verified here.",
        "Tabs that were open before protection began may still be connected past Tor.",
        "This browser refused to switch off WebRTC or DNS prefetching, which go past Tor.",
    ];
    let codes = ErrorCode::ALL.iter().map(|code| code.sentence());
    for sentence in codes.chain(own) {
        assert!(quotes.iter().any(|quote| quote == sentence), "{sentence}");
    }
}
