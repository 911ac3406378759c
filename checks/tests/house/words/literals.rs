//! Words in documents and scripts that a person would read.

/// Text between the tags of a document, and in attributes that are read aloud. What stands in
/// `<code>` is typed and the same in every language.
pub(super) fn of_html(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for piece in document.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else {
            continue;
        };
        in_code = tag.starts_with("code");
        if !in_code && text.chars().any(char::is_alphabetic) {
            found.push(text.trim().to_owned());
        }
        for attribute in ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""] {
            let start = format!(" {attribute}");
            let value = tag.split_once(&start).map(|(_, rest)| rest);
            let value = value.and_then(|rest| rest.split('"').next());
            // `#12`, `….onion`: forms, not words.
            let is_word = |value: &&str| value.starts_with(char::is_alphabetic);
            found.extend(value.filter(is_word).map(str::to_owned));
        }
    }
    assert!(!in_code, "a document ends in code");
    found
}

/// Names that look like a word and are none: keys of a keyboard and headers of HTTP.
const NO_WORDS: [&str; 6] = ["Enter", "Home", "End", "Escape", "Authorization", "Bearer"];

/// Strings of a script that are sentences or capitalised words.
pub(super) fn of_script(script: &str) -> Vec<String> {
    let strings = strings(script);
    strings
        .into_iter()
        .filter(|text| is_for_people(text))
        .collect()
}

fn is_for_people(text: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(char::is_alphabetic);
    let words: Vec<_> = text
        .split([' ', ',', '.', ';', ':'])
        .filter(is_word)
        .collect();
    let is_capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
    };
    match words.as_slice() {
        [] => false,
        [word] => is_capital(word) && !NO_WORDS.contains(word) && !text.contains('='),
        _ => !text.contains(['[', '=', '#', '"']),
    }
}

/// The strings of a script without its comments; of a template the parts between its values.
fn strings(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A language has its own name.
    let (before, list) = script.split_once("LANGUAGES = {").unwrap_or((script, ""));
    let after = list.split_once('}').map_or("", |(_, after)| after);
    for line in before.lines().chain(after.lines()) {
        let code = line.split("// ").next().unwrap_or_default();
        let is_comment = ["*", "/*"]
            .iter()
            .any(|start| code.trim_start().starts_with(start));
        // The text of an error is for the console of developers.
        if is_comment
            || ["Error(", "console."]
                .iter()
                .any(|word| code.contains(word))
        {
            continue;
        }
        for mark in ['"', '`'] {
            for text in code.split(mark).skip(1).step_by(2) {
                found.extend(outside_values(text));
            }
        }
    }
    found
}

fn outside_values(text: &str) -> Vec<String> {
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| {
        part.split_once('}')
            .map_or(part, |(_, after)| after)
            .to_owned()
    });
    std::iter::once(first).chain(rest).collect()
}

/// Two words in one string of Rust are a sentence, unless a person types them in a terminal. The
/// texts of `expect` are for who reads a panic.
pub(super) fn of_rust(source: &str) -> Vec<String> {
    const TYPED: [&str; 3] = ["onionmeter ", "sudo ", "Onionmeter {"];
    let mut found = Vec::new();
    for line in source.lines() {
        let code = line.split("//").next().unwrap_or_default();
        if ["expect(", "reason =", "debug_assert"]
            .iter()
            .any(|word| code.contains(word))
        {
            continue;
        }
        let strings = code.split('"').skip(1).step_by(2);
        let is_word = |word: &str| word.len() > 1 && word.chars().all(char::is_alphabetic);
        found.extend(strings.filter_map(|text| {
            let words = text.split(' ').filter(|word| is_word(word)).count();
            let is_typed = TYPED.iter().any(|start| text.starts_with(start));
            (words > 1 && !is_typed).then(|| text.to_owned())
        }));
    }
    found
}

#[test]
fn literals_are_found_where_people_read_them() {
    let found = of_html(r#"<p data-text="x"></p><p>Hello</p><code>run it</code><i title="Well">"#);
    assert_eq!(found, ["Hello", "Well"]);
    let found =
        of_script("a(\"Copied\");\nb(`${n} of them all`);\nc(\"drawn\"); // Not this one.\n");
    assert_eq!(found, ["Copied", " of them all"]);
    let found = of_rust("key(\"a_b\"); // \"A word\"\nof(\"Two words\", \"sudo make it\");\n");
    assert_eq!(found, ["Two words"]);
}
