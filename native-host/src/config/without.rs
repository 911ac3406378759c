//! The text of `config.toml` without one of its keys. Everything else stays as it was written, the
//! comment behind the value included.

use std::ops::Range;
use toml_edit::{Document, Key};

/// The text without `section.key`; the same text if it does not set the key. `None` if the key does
/// not stand on lines of its own, or the text is not TOML.
pub(super) fn without(text: &str, section: &str, key: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let table = document.get(section).and_then(|item| item.as_table_like());
    let Some((name, item)) = table.and_then(|table| table.get_key_value(key)) else {
        return Some(text.to_owned());
    };
    let (lines, comment) = line(text, section, &name.span()?, &item.span()?)?;
    let (before, after) = (text.get(..lines.start)?, text.get(lines.end..)?);
    Some(format!("{before}{comment}{after}"))
}

/// The whole lines of a key that stands alone on them, and the comment behind its value, which
/// becomes a line of its own.
fn line(
    text: &str,
    section: &str,
    name: &Range<usize>,
    value: &Range<usize>,
) -> Option<(Range<usize>, String)> {
    let start = text.get(..name.start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(start..name.start)?.trim_start_matches('\u{feff}');
    let dotted = before.trim().strip_suffix('.').map(str::trim_end);
    let is_alone = before.trim().is_empty() || dotted.is_some_and(|word| is_key(word, section));
    let rest = text.get(value.end..)?;
    let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let behind = rest.get(..length)?;
    let comment = behind.trim_start_matches([' ', '\t']);
    let is_end = comment.starts_with('#') || comment.trim().is_empty();
    if !is_alone || !is_end {
        return None;
    }
    let mark = match text.get(start..)?.starts_with('\u{feff}') {
        true => '\u{feff}'.len_utf8(),
        false => 0,
    };
    let comment = match comment.starts_with('#') {
        true => comment.to_owned(),
        false => String::new(),
    };
    Some((start + mark..value.end + length, comment))
}

fn is_key(word: &str, name: &str) -> bool {
    Key::parse(word).is_ok_and(|keys| matches!(&*keys, [key] if key.get() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_and_every_other_byte_stays() {
        for (text, expected) in [
            ("[relay]\nport = 9200\n", "[relay]\n"),
            ("[relay]\nport = 9200", "[relay]\n"),
            (
                "# a\r\n[relay] # b\r\n# c\r\n  port = 9200  # d\r\noptimistic = true\r\n",
                "# a\r\n[relay] # b\r\n# c\r\n# d\r\noptimistic = true\r\n",
            ),
            ("\u{feff}relay.port = 9200\n# x\n", "\u{feff}# x\n"),
            (
                "relay . port = 9200 # x\nlog.level = 'warn'",
                "# x\nlog.level = 'warn'",
            ),
            ("\"relay\".\"port\" = 9200\n", ""),
            ("[log]\nlevel = \"warn\"\n", "[log]\nlevel = \"warn\"\n"),
        ] {
            let left = without(text, "relay", "port");
            assert_eq!(left.as_deref(), Some(expected), "{text:?}");
        }
        for beside_others in ["relay = { port = 9200 } # x\n", "no TOML"] {
            assert_eq!(without(beside_others, "relay", "port"), None);
        }
    }

    #[test]
    fn a_list_of_several_lines_leaves_with_all_of_them() {
        let text = "[tor]\nbridges = [\n  \"a\", # one\n  \"b\",\n] # both\nprogram = \"tor\"\n";
        let expected = "[tor]\n# both\nprogram = \"tor\"\n";
        assert_eq!(without(text, "tor", "bridges").as_deref(), Some(expected));
    }
}
