//! Says in words for people what the parser of TOML found and what it expected: its own words name
//! types of a programming language.

/// The beginning of the parser's words about a value of another type.
const TYPE: &str = "invalid type: ";

/// The message of the parser; one about a type is written anew.
pub(super) fn plainly(message: &str) -> String {
    let types = message.strip_prefix(TYPE).and_then(|types| {
        let (found, expected) = types.rsplit_once(", expected ")?;
        Some((found, expected))
    });
    match types {
        Some((found, expected)) => {
            let (found, expected) = (is_found(found), is_needed(expected));
            format!("it has {found}, and {expected} is needed")
        }
        None => message.to_owned(),
    }
}

/// `string "9200"`, "integer `5`", `map` and so on.
fn is_found(words: &str) -> String {
    let (kind, value) = words.split_once(' ').unwrap_or((words, ""));
    // A number that is too great is `5` as i128.
    let number = || value.split('`').nth(1).unwrap_or(value);
    match kind {
        "string" => format!("the text {value}"),
        "integer" => format!("the number {}", number()),
        // "floating point `1.5`"
        "floating" => format!("the number {}", number()),
        "boolean" => number().to_owned(),
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
                "it has the number 99999999999999999999, and a whole number is needed",
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
        ] {
            assert_eq!(plainly(message), said);
        }
    }
}
