//! The words of the pages: `_locales`, and who names their messages. Decision 38 has the reasons.

mod directions;
mod literals;
mod messages;
mod used;

use crate::absent::product_code;
use crate::files::{Tracked, read, tracked};
use messages::{Messages, PLURALS, base, english, languages, placeholders};
use meter_wire::ErrorCode;
use std::collections::BTreeSet;
use used::{families, named, quoted};

/// The pages and their scripts.
fn pages(end: &str) -> Vec<Tracked> {
    let mut files = tracked(end);
    let folders = [
        "popup/",
        "options/",
        "dashboard/",
        "welcome/",
        "extension-wasm/js/",
    ];
    files.retain(|file| folders.iter().any(|folder| file.path.starts_with(folder)));
    files
}

#[test]
fn every_message_that_is_named_is_there() {
    let english = english();
    let missing: Vec<_> = named()
        .into_iter()
        .filter(|(_, key)| !has(&english, key))
        .collect();
    assert!(missing.is_empty(), "not in _locales/en: {missing:#?}");
    let bad: Vec<_> = families()
        .into_iter()
        .filter(|key| !has(&english, key))
        .collect();
    assert!(
        bad.is_empty(),
        "of a family, and not in _locales/en: {bad:#?}"
    );
}

fn has(messages: &Messages, key: &str) -> bool {
    messages.contains_key(key) || messages.contains_key(&format!("{key}_other"))
}

#[test]
fn every_message_is_named_somewhere() {
    let used: BTreeSet<_> = quoted().into_iter().chain(families()).collect();
    let english = english();
    let is_used = |key: &&String| used.contains(*key) || used.contains(base(&english, key));
    let unused: Vec<_> = english.keys().filter(|key| !is_used(key)).collect();
    assert!(unused.is_empty(), "nothing names these: {unused:#?}");
}

#[test]
fn every_language_has_every_message_and_the_plurals_that_it_needs() {
    let english = english();
    for (language, messages) in languages() {
        let forms = PLURALS.iter().find(|(name, _)| *name == language);
        let forms = forms
            .unwrap_or_else(|| panic!("the plurals of {language} are not known"))
            .1;
        let mut expected = BTreeSet::new();
        for key in english.keys() {
            match base(&english, key) {
                of if of == key => drop(expected.insert(key.clone())),
                of => expected.extend(forms.iter().map(|form| format!("{of}_{form}"))),
            }
        }
        let found: BTreeSet<_> = messages.keys().cloned().collect();
        let missing: Vec<_> = expected.difference(&found).collect();
        let more: Vec<_> = found.difference(&expected).collect();
        assert!(missing.is_empty(), "{language} lacks {missing:#?}");
        assert!(
            more.is_empty(),
            "{language} has more than English: {more:#?}"
        );
    }
}

#[test]
fn every_message_has_its_placeholders_in_every_language() {
    let english = english();
    for (language, messages) in languages() {
        for (key, message) in &messages {
            let (used, declared) = placeholders(message);
            assert_eq!(used, declared, "{language}: {key} declares what it uses");
            let of = base(&english, key);
            let is_plural = of != key;
            let model = match is_plural {
                true => format!("{of}_other"),
                false => of.to_owned(),
            };
            let model = placeholders(english.get(&model).expect("the test before")).0;
            // "1 tab" needs no number.
            let fits = match is_plural && key.ends_with("_one") {
                true => used.is_subset(&model),
                false => used == model,
            };
            assert!(
                fits,
                "{language}: {key} has {used:?}, and English {model:?}"
            );
            let text = message["message"].as_str().expect("a text");
            assert!(
                !text.trim().is_empty() && text.trim() == text,
                "{language}: {key}"
            );
        }
    }
}

/// Persian is the one that `dashboard/words.js` writes from right to left.
#[test]
fn in_persian_what_reads_from_left_to_right_keeps_its_direction() {
    let turned = |(key, entry): (&String, &serde_json::Value)| {
        let text = entry["message"].as_str().expect("a text");
        let found = directions::turned(text);
        (!found.is_empty()).then(|| format!("{key}: {found:?}"))
    };
    let all = languages();
    let found: Vec<_> = all["fa"].iter().filter_map(turned).collect();
    assert!(found.is_empty(), "isolate these: {found:#?}");
}

#[test]
fn the_list_of_languages_is_that_of_the_folders() {
    let script = read("dashboard/words.js");
    let (_, list) = script
        .split_once("export const LANGUAGES = {")
        .expect("the list");
    let (list, _) = list.split_once('}').expect("its end");
    let names = list
        .split(',')
        .filter_map(|entry| Some(entry.split_once(':')?.0.trim()));
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(names, languages().into_keys().collect());
}

#[test]
fn no_page_has_a_literal() {
    let mut found = Vec::new();
    for file in pages(".html") {
        for text in literals::of_html(&file.text) {
            found.push(format!("{}: {text}", file.path));
        }
    }
    for file in pages(".js") {
        for text in literals::of_script(&file.text) {
            found.push(format!("{}: {text}", file.path));
        }
    }
    assert!(
        found.is_empty(),
        "words that no message file has: {found:#?}"
    );
}

#[test]
fn what_views_are_made_of_holds_no_sentence() {
    let mut files = product_code();
    files.retain(|file| {
        let part = file
            .path
            .strip_prefix("extension-wasm/src/")
            .unwrap_or_default();
        let parts = ["view", "history", "options"];
        parts.iter().any(|name| part.starts_with(name))
    });
    assert!(files.len() > 20, "the views are read");
    let mut found = Vec::new();
    for file in files {
        for text in literals::of_rust(&file.text) {
            found.push(format!("{}: {text}", file.path));
        }
    }
    assert!(found.is_empty(), "a view has keys and values: {found:#?}");
}

#[test]
fn pages_and_command_line_say_the_same_about_an_error_in_english() {
    let english = english();
    for code in ErrorCode::ALL {
        let name = serde_json::to_value(code).expect("a name");
        let name = name.as_str().expect("a name");
        let said = |family: &str| english[&format!("{family}_{name}")]["message"].clone();
        assert_eq!(said("error"), code.sentence());
        if let Some(action) = code.tor_action() {
            assert_eq!(said("action"), action);
        }
    }
}
