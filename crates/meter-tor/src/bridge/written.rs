//! Undoes how mail, web pages and programs write a text down: quoted-printable, percent signs,
//! HTML, and escapes in quoted strings. What a bridge line can hold itself is left as it is.

/// Elements that stand inside a line. Every other known one ends it.
const INLINE: [&str; 9] = ["a", "b", "em", "font", "i", "mark", "strong", "u", "wbr"];

/// Elements that end a line, of pages and of the settings that programs keep as XML.
const BLOCKS: [&str; 29] = [
    "array",
    "blockquote",
    "body",
    "br",
    "code",
    "dict",
    "div",
    "h1",
    "h2",
    "h3",
    "html",
    "key",
    "li",
    "map",
    "ol",
    "p",
    "plist",
    "pre",
    "resources",
    "samp",
    "set",
    "span",
    "string",
    "table",
    "tbody",
    "td",
    "tr",
    "tt",
    "ul",
];

/// The text as its reader sees it.
pub(super) fn out(text: &str) -> String {
    let text = out_of_mail(text);
    let text = out_of_a_link(&text);
    out_of_html(&text)
}

/// Quoted-printable, as the source of a mail has it. A certificate may begin with `3D` by chance,
/// so only keys whose values never do are taken for its sign.
fn out_of_mail(text: &str) -> String {
    // A mail's line may end within a sign.
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    let mut signs = ["iat-mode=3D", "url=3Dh"].iter();
    match signs.any(|sign| joined.contains(sign)) {
        true => decoded(&joined, '='),
        false => text.to_owned(),
    }
}

/// Percent signs in place of spaces, as a link carries a text.
fn out_of_a_link(text: &str) -> String {
    if text.contains(char::is_whitespace) || !text.contains("%20") {
        return text.to_owned();
    }
    decoded(text, '%')
}

/// A text with a mark and two hexadecimal digits in place of a character of ASCII.
fn decoded(text: &str, mark: char) -> String {
    read_after(text, mark.encode_utf8(&mut [0; 4]), two_digits)
}

/// Two hexadecimal digits as the character that they stand for, and what follows.
fn two_digits(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    Some((ascii(digits, 16)?, rest))
}

/// Puts the character that `read` finds after each mark in the place of both. A mark after which it
/// finds none stays.
fn read_after(text: &str, mark: &str, read: impl Fn(&str) -> Option<(char, &str)>) -> String {
    let mut parts = text.split(mark);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match read(part) {
            Some((letter, rest)) => {
                plain.push(letter);
                plain.push_str(rest);
            }
            None => {
                plain.push_str(mark);
                plain.push_str(part);
            }
        }
    }
    plain
}

fn ascii(digits: &str, radix: u32) -> Option<char> {
    let number = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(number).filter(char::is_ascii)
}

/// Without the tags that HTML knows, and with its entities as themselves. A bridge or an address in
/// angle brackets is no tag.
fn out_of_html(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let tag = after
            .split_once('>')
            .and_then(|(tag, after)| Some((line_of(tag)?, after)));
        let (written, after) = tag.unwrap_or(("<", after));
        plain.push_str(written);
        rest = after;
    }
    plain.push_str(rest);
    without_entities(&plain)
}

/// What a tag does to the line it stands in; `None` if it is no tag.
fn line_of(tag: &str) -> Option<&'static str> {
    let name = tag.trim_start_matches('/');
    let name = name
        .split(|letter: char| letter.is_whitespace() || letter == '/')
        .next()?;
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(&INLINE) {
        return Some("");
    }
    // Declarations and comments.
    (is_in(&BLOCKS) || name.starts_with(['?', '!'])).then_some("\n")
}

fn without_entities(text: &str) -> String {
    read_after(text, "&", |part| {
        let (name, rest) = part.split_once(';')?;
        Some((entity(name)?, rest))
    })
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "nbsp" | "#160" | "#xa0" | "#xA0" => ' ',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix('#')? {
            number if number.starts_with(['x', 'X']) => ascii(number.get(1..)?, 16)?,
            number => ascii(number, 10)?,
        },
    })
}

/// A string of JSON or of a program without its escapes. Unknown ones stay.
pub(super) fn out_of_quotes(text: &str) -> String {
    let text = text.replace("\\/", "/");
    with_line_ends(&read_after(&text, "\\u00", two_digits))
}

/// With line ends where a program wrote `\n`, and without those that a `\` takes back.
pub(super) fn with_line_ends(text: &str) -> String {
    text.replace("\\\r\n", " ")
        .replace("\\\n", " ")
        .replace("\\r", "")
        .replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_its_reader_sees_it() {
        for (text, expected) in [
            ("a=\r\nb iat-mode=3D0 cert=3D/", "ab iat-mode=0 cert=/"),
            ("cert=3Dab iat-mode=0", "cert=3Dab iat-mode=0"),
            ("a%20b%2Bc", "a b+c"),
            ("a b%20c", "a b%20c"),
            ("<p class=\"x\">a<BR/>b</p>", "\na\nb\n"),
            (
                "<b>a</b> <https://b.example> <c d>",
                "a <https://b.example> <c d>",
            ),
            ("a&#43;b&#x2F;c&nbsp;d&amp;e&f;", "a+b/c d&e&f;"),
            (
                "<?xml version=\"1.0\"?><string name=\"x\">a&#10;b</string>",
                "\n\na\nb\n",
            ),
            ("1 < 2 & 3", "1 < 2 & 3"),
            ("=", "="),
            ("%", "%"),
        ] {
            assert_eq!(out(text), expected, "{text:?}");
        }
        assert_eq!(out_of_quotes("a\\u002Bb\\/c\\nd\\u00"), "a+b/c\nd\\u00");
        assert_eq!(with_line_ends("a\\r\\nb \\\nc"), "a\nb  c");
    }
}
