//! Says in words for people what the parser of TOML found and what it expected: its own words name
//! types of a programming language.

/// The beginning of the parser's words about a value of another type.
const TYPE: &str = "invalid type: ";

/// A character that a line of TOML has only in texts and comments, and has elsewhere: most of them
/// come from copying and cannot be seen.
pub(super) fn foreign(line: &str) -> Option<char> {
    let mut quoted_by = None;
    for letter in line.trim_end_matches('\r').chars() {
        match (letter, quoted_by) {
            ('#', None) => return None,
            ('"' | '\'', None) => quoted_by = Some(letter),
            (letter, Some(quote)) if letter == quote => quoted_by = None,
            (letter, None) if !letter.is_ascii() || (letter.is_control() && letter != '\t') => {
                return Some(letter);
            }
            _ => {}
        }
    }
    None
}

/// The message of the parser about this part of the text; one about a type is written anew.
pub(super) fn plainly(message: &str, about: &str) -> String {
    let types = message.strip_prefix(TYPE).and_then(|types| {
        let (found, expected) = types.rsplit_once(", expected ")?;
        Some((found, expected))
    });
    match types {
        Some((found, expected)) => {
            let (found, expected) = (is_found(found, about), is_needed(expected));
            format!("it has {found}, and {expected} is needed")
        }
        None => form(message),
    }
}

/// How a sentence about a key begins that does not exist.
pub(crate) const NO_SUCH_KEY: &str = "there is no";

/// The message about the form of a line, by its beginning.
fn form(message: &str) -> String {
    const UNKNOWN: &str = "unknown field ";
    if let Some((found, known)) = message
        .strip_prefix(UNKNOWN)
        .and_then(|rest| rest.split_once(", expected "))
    {
        let known = known.strip_prefix("one of ").unwrap_or(known);
        return format!("{NO_SUCH_KEY} {found} here, only {known}");
    }
    let plain = FORMS.iter().find(|(begin, _)| message.starts_with(begin));
    plain.map_or(message, |(_, plain)| plain).to_owned()
}

const QUOTES: &str = "a text needs quotation marks around it; a number has digits alone, and a \
    switch is true or false";
const BACKSLASH: &str = "in \"…\" the sign \\ changes what follows it; put the text between ' \
    and ', or write \\\\";
const END: &str = "the quotation mark at the end is missing";

/// What the parser says of a line with a wrong form, and what that means.
const FORMS: [(&str, &str); 17] = [
    ("string values must be quoted", QUOTES),
    ("invalid float, expected `inf`", QUOTES),
    ("invalid float, expected `nan`", QUOTES),
    ("invalid boolean", QUOTES),
    ("missing escaped value", BACKSLASH),
    ("too few unicode value digits", BACKSLASH),
    ("invalid unicode", BACKSLASH),
    ("invalid basic string", END),
    ("invalid literal string", END),
    ("key with no value", "a = is missing behind the key"),
    (
        "unclosed table",
        "the ] behind the section's name is missing",
    ),
    ("unclosed array", "the ] at the end of the list is missing"),
    (
        "missing comma between array elements",
        "a comma is missing in the list",
    ),
    ("unexpected leading zero", "a number must not begin with 0"),
    (
        "unexpected key or value",
        "a line has one key, = and one value, and no more",
    ),
    ("cannot recurse further", "it is nested too deeply"),
    (
        "invalid datetime",
        "it looks like a date; a text needs quotation marks around it",
    ),
];

/// `string "9200"`, "integer `5`", `map` and so on.
fn is_found(words: &str, about: &str) -> String {
    let (kind, value) = words.split_once(' ').unwrap_or((words, ""));
    // A number that is too great is `5` as i128.
    let number = || value.split('`').nth(1).unwrap_or(value);
    match kind {
        "string" => format!("the text {value}"),
        "integer" if value.ends_with("128") => {
            format!("the number {}, which is too large", number())
        }
        "integer" => format!("the number {}", number()),
        // "floating point `1.5`"
        "floating" => format!("the number {}", number()),
        "boolean" => number().to_owned(),
        // The parser hands dates on as maps.
        "map" if about.starts_with(|first: char| first.is_ascii_digit()) => {
            "a date or a time".to_owned()
        }
        "map" => "a section".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => words.to_owned(),
    }
}

fn is_needed(words: &str) -> &str {
    match words {
        "i64" | "u64" | "u32" | "u16" | "i32" => "a whole number",
        "a boolean" => "true or false, without quotation marks,",
        "a string" => "a text in quotation marks",
        "a sequence" => "a list in brackets",
        "a map" => "a section",
        words if words.starts_with("struct ") => "a section",
        words => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_and_what_is_needed_are_said_without_types_of_the_program() {
        for (message, said) in [
            (
                "invalid type: string \"9, expected 2\", expected i64",
                "it has the text \"9, expected 2\", and a whole number is needed",
            ),
            (
                "invalid type: integer `99999999999999999999` as i128, expected i64",
                "it has the number 99999999999999999999, which is too large, and a whole number \
                    is needed",
            ),
            (
                "invalid type: floating point `1.5`, expected i64",
                "it has the number 1.5, and a whole number is needed",
            ),
            (
                "invalid type: string \"yes\", expected a boolean",
                "it has the text \"yes\", and true or false, without quotation marks, is needed",
            ),
            (
                "invalid type: boolean `true`, expected a string",
                "it has true, and a text in quotation marks is needed",
            ),
            (
                "invalid type: integer `3`, expected struct Relay",
                "it has the number 3, and a section is needed",
            ),
            ("duplicate key", "duplicate key"),
            (
                "unknown field `prot`, expected one of `port`, `optimistic`",
                "there is no `prot` here, only `port`, `optimistic`",
            ),
            ("invalid float, expected `inf`", QUOTES),
        ] {
            assert_eq!(plainly(message, ""), said);
        }
    }
}
