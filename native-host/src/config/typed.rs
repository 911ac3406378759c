//! Values as a command line or a page gives them, converted to the type of their key.

use super::{
    keys::Keys,
    pasted::bridges,
    quantity,
    refusal::{Refusal, shown},
};
use toml_edit::Value;

/// A value from a command line, converted to the type of the key's default. Numbers that count
/// bytes or time may have a unit. The parser of the file checks the limits.
///
/// # Errors
/// The reason, which names what is needed.
pub(crate) fn typed(key: &str, words: &[String]) -> Result<Value, Refusal> {
    let default = Keys::defaults().value(key);
    let default = default.ok_or_else(|| format!("there is no setting {key}"))?;
    if key == "tor.bridges" {
        return bridges(words);
    }
    if let Value::Array(_) = default {
        let lines = words.iter().flat_map(|word| listed(word));
        return Ok(Value::Array(lines.collect()));
    }
    let [word] = words else {
        let why = format!("{key} takes one value, and {} were given", words.len());
        return Err(why.into());
    };
    let word = unquoted(word);
    // Copying leaves blanks around a word; a path may end in one.
    let word = match key {
        "tor.program" | "tor.shadowsocks" => word.as_str(),
        _ => word.trim(),
    };
    let is_place = matches!(key, "tor.socks_port" | "tor.control_port");
    let shown = shown(word);
    let refused = |needed: &str| Refusal::from(format!("{key} is {shown}; it must be {needed}"));
    let no_number =
        |why: String| Refusal::caused_by(format!("{key} is {shown}: {why}"), "number".to_owned());
    match default {
        Value::Integer(_) => match word.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) if is_place => Ok(word.into()),
            Err(_) => {
                let number = number(key, word).map_err(no_number)?;
                let number = i64::try_from(number).map_err(|_| refused("at most 2^63 - 1"))?;
                Ok(number.into())
            }
        },
        Value::Boolean(_) => match word {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(refused("true or false")),
        },
        Value::InlineTable(_) => match word.parse::<Value>() {
            Ok(value @ Value::InlineTable(_)) => Ok(value),
            Ok(_) | Err(_) => Err(refused("an inline table such as { key = 1 }")),
        },
        Value::String(_) | Value::Float(_) | Value::Datetime(_) | Value::Array(_) => {
            Ok(word.into())
        }
    }
}

/// The lines in a word of a list: one, or those of a list as the file has it.
fn listed(word: &str) -> Vec<String> {
    let list = match of_the_file(word) {
        Some(Value::Array(list)) => list,
        _ if word.is_empty() => return Vec::new(),
        _ => return vec![unquoted(word)],
    };
    let texts: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
    let lines = texts.map(|texts| texts.into_iter().map(str::to_owned).collect());
    lines.unwrap_or_else(|| vec![word.to_owned()])
}

/// A word without quotation marks around the whole, as the file needs them.
fn unquoted(word: &str) -> String {
    match of_the_file(word) {
        Some(Value::String(text)) => text.into_value(),
        _ => word.to_owned(),
    }
}

/// A word as the file's parser takes it. Not with escapes: they could hide what no word may have.
fn of_the_file(word: &str) -> Option<Value> {
    let is_plain = !word.contains('\\');
    is_plain.then(|| word.trim().parse().ok()).flatten()
}

/// Parses a number with a unit, into the unit of the key.
fn number(key: &str, word: &str) -> Result<u64, String> {
    match key.rsplit('_').next() {
        Some("bytes") => quantity::bytes(word),
        Some("ms") => quantity::milliseconds(word),
        Some("s") => match quantity::milliseconds(word)? {
            ms if ms % 1_000 == 0 => Ok(ms / 1_000),
            _ => Err("it must be whole seconds".to_owned()),
        },
        _ if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err("it is too large".to_owned())
        }
        _ => Err("it must be a whole number".to_owned()),
    }
}

/// A value for people: texts without quotation marks, lists one line each.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{}\n", text.value()),
        Value::Array(lines) => lines.iter().map(plain).collect(),
        other => format!("{}\n", other.to_string().trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str, words: &[&str]) -> Result<String, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let value = typed(key, &words);
        let said = |refusal: Refusal| refusal.to_string();
        value.map(|value| value.to_string()).map_err(said)
    }

    #[test]
    fn a_value_has_the_type_of_its_key() {
        for (key, words, expected) in [
            ("relay.port", &["9200"][..], "9200"),
            ("relay.port", &[" 9200 "], "9200"),
            ("session.min_bytes", &["100kB"], "100000"),
            ("relay.optimistic", &["true"], "true"),
            ("tor.backend", &["managed"], "\"managed\""),
            ("tor.socks_port", &["/run/tor/socks"], "\"/run/tor/socks\""),
            ("tor.socks_port", &["9050"], "9050"),
            ("tor.extra_torrc", &["a b", "c"], "[\"a b\", \"c\"]"),
            (
                "tor.bridges",
                &["> 192.0.2.1:1\n192.0.2.2:1"],
                "[\"192.0.2.1:1\", \"192.0.2.2:1\"]",
            ),
            // As the file and `config get` have them.
            ("relay.port", &["\"9200\""], "9200"),
            ("relay.optimistic", &["'true'"], "true"),
            ("tor.socks_port", &["\"/run/tor/x y\""], "\"/run/tor/x y\""),
            ("tor.exit_country", &[" \"de\" "], "\"de\""),
            ("tor.exit_country", &[" de "], "\"de\""),
            ("tor.program", &["/opt/tor "], "\"/opt/tor \""),
            ("tor.program", &["\"/a\\u202e\""], "'\"/a\\u202e\"'"),
            ("tor.extra_torrc", &["[]"], "[]"),
            ("tor.extra_torrc", &[""], "[]"),
            (
                "tor.extra_torrc",
                &["['a b', \"c\"]", "'d'"],
                "[\"a b\", \"c\", \"d\"]",
            ),
            ("tor.bridges", &[""], "[]"),
            ("tor.bridges", &["[]"], "[]"),
            ("tor.bridges", &["[ \"\" ]"], "[]"),
            ("tor.arti", &["{ a = 1 }"], "{ a = 1 }"),
        ] {
            assert_eq!(of(key, words).as_deref(), Ok(expected), "{key} {words:?}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_what_is_needed() {
        for (key, words, expected) in [
            (
                "relay.port",
                &["abc"][..],
                "relay.port is abc: it must be a whole number",
            ),
            (
                "relay.port",
                &["99999999999999999999"],
                "relay.port is 99999999999999999999: it is too large",
            ),
            (
                "relay.port",
                &[" "],
                "relay.port is empty: it must be a whole number",
            ),
            (
                "tor.bridges",
                &["# no bridge"],
                "tor.bridges cannot be used: there is no bridge in it",
            ),
            (
                "relay.optimistic",
                &["yes"],
                "relay.optimistic is yes; it must be true or false",
            ),
            (
                "relay.port",
                &["1", "2"],
                "relay.port takes one value, and 2 were given",
            ),
            (
                "tor.arti",
                &["3"],
                "tor.arti is 3; it must be an inline table such as { key = 1 }",
            ),
            ("relay.prot", &["1"], "there is no setting relay.prot"),
        ] {
            assert_eq!(of(key, words), Err(expected.to_owned()));
        }
    }
}
