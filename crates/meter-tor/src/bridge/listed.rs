//! Finds the lines that may each be a bridge in a text: a mail, a torrc, a list as a bot or a
//! program shows it, or bridges that copying put behind each other.

use std::net::{IpAddr, SocketAddr};

use super::{
    pasted::{is_around, is_mark, unwrapped},
    transport::Transport,
    words::{begins, is_fingerprint, is_label},
    written,
};

/// The lines of a text. Blank lines, comments and code fences hold no bridge.
pub(super) fn lines(text: &str) -> Vec<String> {
    let text = written::out(text);
    let text = text.trim_matches(is_around);
    if let Some(listed) = list(text).or_else(|| answer(text)) {
        return listed;
    }
    // Three of these together begin a block of lines instead.
    let quotes = ['"', '\'', '`'].into_iter();
    let mut quotes = quotes.filter(|quote| *quote != '`' || !text.contains("```"));
    if let Some(strings) = quotes.find_map(|quote| strings(text, quote)) {
        return strings.iter().flat_map(|string| lines(string)).collect();
    }
    let text = written::with_line_ends(text);
    let lines = split(&text).filter(|line| !is_comment(line));
    let whole = joined(lines.filter(|line| !is_fence(line)));
    whole.iter().flat_map(|line| parted(line)).collect()
}

/// Whether a text is an object of JSON that names no place, such as an answer of Tor's service for
/// bridges that has none.
pub(super) fn is_object_without_bridge(text: &str) -> bool {
    let text = text.trim_matches(is_around);
    let words = text.replace(['"', '{', '}', '[', ']'], " ");
    text.starts_with('{') && text.ends_with('}') && is_prose(&words)
}

/// Whether a text holds bridges in its comments alone.
pub(super) fn is_all_comments(text: &str) -> bool {
    let mut comments = split(text).filter(|line| is_comment(line));
    comments.any(|line| line.split(char::is_whitespace).any(is_address))
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |letter: char| {
        matches!(
            letter,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let lines = text.split(is_end).map(|line| line.trim_matches(is_around));
    lines.filter(|line| !line.is_empty())
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#')
}

/// Whether a line only begins or ends a block of code, at most with the name of a language.
fn is_fence(line: &str) -> bool {
    line.starts_with("```") && !line.contains(char::is_whitespace)
}

/// Whether a line that is no bridge is a part of the letter around bridges: nothing in it could
/// belong to one.
pub(super) fn is_prose(line: &str) -> bool {
    let is_place = |word: &str| {
        let (host, port) = word.rsplit_once(':').unwrap_or((word, ""));
        let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_host = host.parse::<IpAddr>().is_ok() || has_port && host.contains(['.', ']']);
        is_host || is_mistyped(word)
    };
    let line = in_ascii(line);
    let mut words = line.split(char::is_whitespace).map(bare);
    !words.any(|word| is_address(word) || is_place(word) || goes_on(word))
}

/// Whether a word has the five numbers of an address, with another sign between two of them:
/// `192.0.2.9.9001`.
fn is_mistyped(word: &str) -> bool {
    let mut numbers = word.split(['.', ',', ';', ':', '-']);
    let is_number = |part: &str| (1..=5).contains(&part.len()) && part.parse::<u32>().is_ok();
    word.contains(['.', ',', ';', ':']) && numbers.clone().count() == 5 && numbers.all(is_number)
}

/// A line with plain digits and marks in place of those of other alphabets, to judge what it may
/// be.
fn in_ascii(line: &str) -> String {
    const ZEROS: [u32; 4] = [0x660, 0x6F0, 0x966, 0xFF10];
    let plain = |letter: char| match letter {
        '\u{FF1A}' | '\u{FE55}' | '\u{2236}' => ':',
        '\u{FF0E}' | '\u{3002}' => '.',
        letter => {
            let number = u32::from(letter);
            let value = ZEROS
                .iter()
                .find_map(|zero| number.checked_sub(*zero).filter(|v| *v < 10));
            value
                .and_then(|value| char::from_digit(value, 10))
                .unwrap_or(letter)
        }
    };
    line.chars().map(plain).collect()
}

fn is_address(word: &str) -> bool {
    bare(word).parse::<SocketAddr>().is_ok()
}

/// A word without the marks that end up beside it. A bracket may belong to an address.
fn bare(word: &str) -> &str {
    let is_mark = |letter: char| is_around(letter) || "`\"'*<>(),;|".contains(letter);
    word.trim_matches(is_mark)
}

/// The texts of a list in brackets, each in quotation marks, as the codes of Tor's own bots hold
/// them; `None` where anything else is in it.
fn list(text: &str) -> Option<Vec<String>> {
    let (texts, rest) = quoted(text)?;
    (rest.is_empty() && !texts.is_empty()).then_some(texts)
}

/// The bridges in an answer of Tor's service for them, which is JSON ("moat").
fn answer(text: &str) -> Option<Vec<String>> {
    const MEMBER: &str = "\"bridge_strings\"";
    let lists = text.strip_prefix('{')?.split(MEMBER).skip(1);
    let lists = lists.map(|after| {
        let after = after.trim_start_matches(|letter| is_around(letter) || letter == ':');
        quoted(after).map(|(texts, _)| texts)
    });
    let all = lists.collect::<Option<Vec<_>>>()?.concat();
    let all: Vec<_> = all
        .iter()
        .map(|line| written::out_of_quotes(line))
        .collect();
    (!all.is_empty()).then_some(all)
}

/// The texts of the list in brackets at the beginning, and what stands behind it.
fn quoted(text: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = text.strip_prefix('[')?;
    let mut texts = Vec::new();
    loop {
        rest = rest.trim_start_matches(|letter| is_around(letter) || letter == ',');
        if let Some(after) = rest.strip_prefix(']') {
            return Some((texts, after));
        }
        let quote = rest.chars().next()?;
        if !matches!(quote, '\'' | '"') {
            return None;
        }
        let (one, after) = rest.get(1..)?.split_once(quote)?;
        texts.push(one.to_owned());
        rest = after;
    }
}

/// The bridges in quotation marks, if they stand nowhere else: settings of programs, tables. What
/// may be a bridge that is wrong is among them, to be refused. None where a table has the parts of
/// a bridge in fields of their own: an address alone would be another bridge.
fn strings(text: &str, quote: char) -> Option<Vec<String>> {
    let is_bridge = |text: &str| {
        let mut words = text
            .split(char::is_whitespace)
            .filter(|word| !is_label(word));
        words.next().and_then(Transport::named).is_some() && words.next().is_some()
            || text.split(char::is_whitespace).any(is_address)
    };
    let (mut bridges, mut around) = (Vec::new(), String::new());
    for (part, number) in text.split(quote).zip(0_usize..) {
        let string = written::out_of_quotes(part);
        let is_meant = is_bridge(&string) || string.contains(char::is_whitespace);
        match number % 2 == 1 && is_meant && !is_prose(&string) {
            true => bridges.push(string),
            false => around.push_str(part),
        }
        around.push(' ');
    }
    let is_cut = bridges.iter().any(|bridge| is_address(bridge)) && has_part(&around);
    let is_alone = is_prose(&without_names(&around)) && !is_cut;
    (bridges.iter().any(|text| is_bridge(text)) && is_alone).then_some(bridges)
}

/// What stands around texts in quotation marks, without the names of settings: they end at the
/// mark, so nothing stands behind their `=`.
fn without_names(around: &str) -> String {
    let is_name = |word: &&str| word.trim_end_matches(['[', '{', '(']).ends_with('=');
    let words = around.split(char::is_whitespace);
    words
        .filter(|word| !is_name(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a text holds what belongs before or behind the address of a bridge.
fn has_part(text: &str) -> bool {
    let between = |letter: char| letter.is_whitespace() || "{}[]:".contains(letter);
    let mut words = text.split(between).map(bare);
    words.any(|word| Transport::named(word).is_some() || goes_on(word))
}

/// Joins what mail programs broke into several lines at its spaces: no bridge begins with its
/// fingerprint or with an argument.
fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for line in lines {
        let rest = unwrapped(line);
        let first = rest.split(char::is_whitespace).next().unwrap_or_default();
        match whole.last_mut() {
            Some(begun) if goes_on(first) && !is_foreign(first) => {
                begun.push(' ');
                begun.push_str(rest);
            }
            _ => whole.push(line.to_owned()),
        }
    }
    whole
}

/// Whether a word stands in a bridge line, but never at its beginning.
fn goes_on(word: &str) -> bool {
    let digits = word.strip_prefix('$').unwrap_or(word);
    let key = word.split_once('=').map_or("", |(key, _)| key);
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    is_fingerprint(digits) || !key.is_empty() && key.bytes().all(is_key)
}

/// What transports are told, in all their programs.
const KEYS: [&str; 26] = [
    "addr",
    "ampcache",
    "cert",
    "covertdtls-config",
    "fingerprint",
    "front",
    "fronts",
    "iat-mode",
    "ice",
    "max",
    "node-id",
    "phantom",
    "proxy",
    "public-key",
    "registrar",
    "servername",
    "sni",
    "sqscreds",
    "sqsqueue",
    "stun",
    "transport",
    "url",
    "utls",
    "utls-imitate",
    "utls-nosni",
    "ver",
];

/// Whether a word is `key=value` with a key that no transport knows, as the line of a letter behind
/// a bridge may be: it must not become a part of that bridge.
fn is_foreign(word: &str) -> bool {
    let key = word.split_once('=').map(|(key, _)| key);
    key.is_some_and(|key| !KEYS.contains(&key.to_ascii_lowercase().as_str()))
}

/// Takes bridges apart that stand behind each other on one line, as a field for one line makes of
/// several. A line with one bridge stays as it is, without what a chat program puts before it.
fn parted(line: &str) -> Vec<String> {
    let (mut parts, mut part, mut has_address) = (Vec::new(), Vec::<&str>::new(), false);
    let mut words = line.split(char::is_whitespace).peekable();
    while let Some(word) = words.next() {
        let address = is_address(word);
        let is_transport = Transport::named(bare(word).trim_end_matches(':')).is_some();
        if has_address && (address || begins(bare(word))) {
            // The mark of a list, such as `2)`, belongs to what follows.
            part.pop_if(|last| is_mark(last));
            parts.push(part.join(" "));
            (part, has_address) = (Vec::new(), false);
        } else if is_transport
            && words.peek().is_some_and(|next| is_address(next))
            && !part.iter().all(|word| is_label(word))
        {
            // What a chat program puts before a bridge, or a bridge that is wrong.
            let before = std::mem::take(&mut part).join(" ");
            if !is_prose(&before) {
                parts.push(before);
            }
        }
        has_address |= address;
        part.push(word);
    }
    parts.push(part.join(" "));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_is_taken_apart_however_it_lists_them() {
        for text in [
            "a\r\n\r\n b \n",
            "# mine\na\u{2028}b",
            "```\na\nb\n```",
            "['a', 'b']",
            "[\"a\",\"b\"]\n",
            "['a', \"b\"]",
            "[\n  'a',\n  'b',\n]",
            "a<br>b<br/>",
            "{\"settings\": [{\"bridge_strings\": [\"a\"]}, {\"bridge_strings\" :[\"b\"]}]}",
        ] {
            assert_eq!(lines(text), ["a", "b"], "{text:?}");
        }
        // Nothing of a list that is broken may be lost.
        assert_eq!(lines("['a', b]"), ["['a', b]"]);
        assert_eq!(lines("['a'] b"), ["['a'] b"]);
        assert_eq!(lines("[2001:db8::1]:443"), ["[2001:db8::1]:443"]);
        assert!(lines(" \n# none\n").is_empty());
        let escaped = "{\"bridge_strings\":[\"x [2001:db8::1]:1 url=https:\\/\\/a.example\"]}";
        assert_eq!(lines(escaped), ["x [2001:db8::1]:1 url=https://a.example"]);
    }

    #[test]
    fn bridges_behind_each_other_are_taken_apart_and_a_broken_line_is_joined() {
        let one = "obfs4 192.0.2.1:443 cert=x iat-mode=0";
        let other = "192.0.2.2:443";
        for text in [
            format!("{one} {other}"),
            format!("{one} 2) {other}"),
            format!("{one} vanilla {other}"),
            format!("{one} Bridge {other}"),
            format!("obfs4 192.0.2.1:443\ncert=x\niat-mode=0\n{other}"),
            format!("> obfs4 192.0.2.1:443\n> cert=x iat-mode=0\n> {other}"),
        ] {
            let found = lines(&text);
            assert_eq!(found.len(), 2, "{text:?}: {found:?}");
            assert!(found[0].ends_with(one), "{found:?}");
            assert!(found[1].ends_with(other), "{found:?}");
        }
        for alone in [one, "Bridge obfs4 192.0.2.1:443", "obfs4 vanilla", "a: b"] {
            assert_eq!(lines(alone), [alone]);
        }
        assert_eq!(lines("iat-mode=0\nb").len(), 2, "nothing is before it");
    }
}
