//! Parses `KEY=value KEY="quoted \"value\""` in replies and events (control-spec §2.1.1 and §2.4).
//! Pure.

/// The words of one line in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Words(Vec<Word>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Word {
    /// `None` for a word without `=`.
    key: Option<String>,
    /// Bytes, because quoted values may contain any byte (a path, for instance).
    value: Vec<u8>,
}

impl Words {
    /// Splits `text`. `None` if a quoted string has no end, or if text follows it directly.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = Vec::new();
        let mut rest = text.trim_start_matches(' ').as_bytes();
        while !rest.is_empty() {
            let (word, later) = next_word(rest)?;
            words.push(word);
            rest = later.trim_ascii_start();
        }
        Some(Self(words))
    }

    /// The bytes of the first `key=…`.
    pub(crate) fn bytes(&self, key: &str) -> Option<&[u8]> {
        let found = self
            .0
            .iter()
            .find(|word| word.key.as_deref() == Some(key))?;
        Some(&found.value)
    }

    /// The text of the first `key=…`; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.bytes(key)?).into_owned())
    }

    /// Words without `=` in their order; quoted words without their quotes.
    pub(crate) fn bare(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .filter(|word| word.key.is_none())
            .map(|word| word.value.as_slice())
    }
}

fn next_word(rest: &[u8]) -> Option<(Word, &[u8])> {
    let key_end = rest
        .iter()
        .position(|byte| matches!(byte, b'=' | b' ' | b'"'));
    let (key, value) = match key_end {
        Some(end) if rest.get(end) == Some(&b'=') => {
            let (key, value) = rest.split_at(end);
            (
                Some(String::from_utf8_lossy(key).into_owned()),
                value.get(1..)?,
            )
        }
        Some(_) | None => (None, rest),
    };
    let (value, later) = match value.strip_prefix(b"\"") {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = value
                .iter()
                .position(|byte| *byte == b' ')
                .unwrap_or(value.len());
            let (value, later) = value.split_at(end);
            (value.to_vec(), later)
        }
    };
    Some((Word { key, value }, later))
}

/// Reads up to the closing quote. Resolves backslashes as Tor writes them: `\n`, `\t`, `\r`, up to
/// three octal digits, else the character itself (control-spec §2.1.1, QuotedString and CString).
fn unquote(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    loop {
        let (&byte, later) = rest.split_first()?;
        rest = later;
        match byte {
            b'"' => return (rest.is_empty() || rest.starts_with(b" ")).then_some((value, rest)),
            b'\\' => {
                let (escaped, later) = escape(rest)?;
                value.push(escaped);
                rest = later;
            }
            _ => value.push(byte),
        }
    }
}

fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, later) = rest.split_first()?;
    let simple = match first {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'0'..=b'7' => return octal(rest),
        other => other,
    };
    Some((simple, later))
}

fn octal(rest: &[u8]) -> Option<(u8, &[u8])> {
    let digits = rest
        .iter()
        .take(3)
        .take_while(|byte| matches!(byte, b'0'..=b'7'))
        .count();
    let (digits, later) = rest.split_at(digits);
    let value = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?;
    Some((value, later))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, key: &str, expected: &[u8]) {
        assert_eq!(
            Words::parse(text).unwrap().bytes(key),
            Some(expected),
            "{text}"
        );
    }

    #[test]
    fn values_are_read_with_and_without_quotes() {
        check("PROGRESS=45 TAG=conn", "TAG", b"conn");
        check(
            "A=1 SUMMARY=\"Connecting to a relay\" B=2",
            "SUMMARY",
            b"Connecting to a relay",
        );
        check("A=1 SUMMARY=\"Connecting to a relay\" B=2", "B", b"2");
        check(r#"F="a\"b\\c""#, "F", br#"a"b\c"#);
        check(r#"F="a\303\244\n""#, "F", "aä\n".as_bytes());
        check("X= Y=2", "X", b"");
        check("X=1 X=2", "X", b"1");
        check("X=a=b", "X", b"a=b");
    }

    #[test]
    fn bare_words_keep_their_order() {
        let words = Words::parse("NOTICE  \"two words\" A=1 BOOTSTRAP").unwrap();
        let expected: [&[u8]; 3] = [b"NOTICE", b"two words", b"BOOTSTRAP"];
        assert_eq!(words.bare().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn broken_quotes_are_refused() {
        for text in ["A=\"", "A=\"x", "A=\"x\\", "A=\"x\"y", "A=\"\\777\"", "\""] {
            assert_eq!(Words::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_value_survives_tors_quoting(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let quoted: String = value.iter().map(|byte| format!("\\{byte:03o}")).collect();
            let words = Words::parse(&format!("A=1 V=\"{quoted}\" B=2")).unwrap();
            prop_assert_eq!(words.bytes("V"), Some(value.as_slice()));
            prop_assert_eq!(words.bytes("B"), Some(b"2".as_slice()));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[ -~]{0,80}") {
            if let Some(words) = Words::parse(&text) {
                prop_assert!(words.bare().count() <= text.len());
            }
        }
    }
}
