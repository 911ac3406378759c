//! Makes text of a peer safe to show: short, and without characters that change how the text around
//! it reads.
//!
//! Every text of [`crate::FromDaemon`] is read through this module. So popup, badge and command
//! line do not have to do it themselves.

use serde::{Deserialize, Deserializer};

/// Most characters of a one-line text. The longest name of a site fits.
const LINE_CHARS_MAX: usize = 256;

/// Most characters of a text with several lines: the last output of a program.
const TEXT_CHARS_MAX: usize = 2_000;

/// Most lines of a text with several lines.
const TEXT_LINES_MAX: usize = 20;

/// Most marks on one letter. No written language uses more.
const MARKS_MAX: usize = 2;

/// Replaces what was removed.
const REPLACEMENT: char = '\u{FFFD}';

/// Cleans a text for one line, of at most [`LINE_CHARS_MAX`] characters.
///
/// Line ends and other white space become spaces. Each run of invisible characters (control and
/// format characters, including those that change the direction of writing) becomes one `U+FFFD`.
fn plain_line(text: &str) -> String {
    let mut cleaner = Cleaner::default();
    for found in text.chars() {
        if cleaner.chars >= LINE_CHARS_MAX {
            return cut(cleaner.clean);
        }
        cleaner.take(found);
    }
    cleaner.clean
}

/// Cleans a text as [`plain_line`] does, but keeps line ends. The limits are [`TEXT_CHARS_MAX`] and
/// [`TEXT_LINES_MAX`].
fn plain_text(text: &str) -> String {
    let mut cleaner = Cleaner::default();
    let mut lines = 1;
    for found in text.chars() {
        if found == '\n' {
            lines += 1;
        }
        if cleaner.chars >= TEXT_CHARS_MAX || lines > TEXT_LINES_MAX {
            return cut(cleaner.clean);
        }
        match found {
            '\n' => cleaner.push('\n'),
            other => cleaner.take(other),
        }
    }
    cleaner.clean
}

fn cut(mut text: String) -> String {
    text.pop();
    text.push('…');
    text
}

#[derive(Default)]
struct Cleaner {
    clean: String,
    chars: usize,
    marks: usize,
    replaced: bool,
}

impl Cleaner {
    fn take(&mut self, found: char) {
        if found.is_whitespace() && !is_separator(found) {
            return self.push(' ');
        }
        if is_among(&MARKS, found) {
            self.marks += 1;
            if self.marks <= MARKS_MAX {
                self.keep(found);
            }
            return;
        }
        if !found.is_control() && !is_separator(found) && !is_among(&UNSEEN, found) {
            return self.push(found);
        }
        if !self.replaced {
            self.push(REPLACEMENT);
            self.replaced = true;
        }
    }

    fn push(&mut self, found: char) {
        self.marks = 0;
        self.replaced = false;
        self.keep(found);
    }

    fn keep(&mut self, found: char) {
        self.clean.push(found);
        self.chars += 1;
    }
}

/// The two line ends that exist in Unicode only.
const fn is_separator(found: char) -> bool {
    matches!(found, '\u{2028}' | '\u{2029}')
}

fn is_among(ranges: &[(char, char)], found: char) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&found))
}

/// Invisible characters of Unicode 16: the format characters (general category Cf), letters and
/// marks that are drawn as nothing (`Default_Ignorable_Code_Point`), and private use. Control
/// characters (Cc) are missing here because the standard library knows them.
const UNSEEN: [(char, char); 30] = [
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{E000}', '\u{F8FF}'),
    ('\u{FDD0}', '\u{FDEF}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFB}'),
    ('\u{FFFE}', '\u{FFFF}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
    ('\u{F0000}', '\u{10FFFF}'),
];

/// Marks that stand above or below a letter and can be stacked: the blocks of combining marks, and
/// the marks of those scripts in which marks are stacked.
const MARKS: [(char, char); 21] = [
    ('\u{300}', '\u{34E}'),
    ('\u{350}', '\u{36F}'),
    ('\u{483}', '\u{489}'),
    ('\u{591}', '\u{5C7}'),
    ('\u{610}', '\u{61A}'),
    ('\u{64B}', '\u{65F}'),
    ('\u{6D6}', '\u{6DC}'),
    ('\u{6DF}', '\u{6ED}'),
    ('\u{E31}', '\u{E31}'),
    ('\u{E34}', '\u{E3A}'),
    ('\u{E47}', '\u{E4E}'),
    ('\u{EB1}', '\u{EB1}'),
    ('\u{EB4}', '\u{EBC}'),
    ('\u{EC8}', '\u{ECE}'),
    ('\u{F71}', '\u{F84}'),
    ('\u{F8D}', '\u{FBC}'),
    ('\u{1AB0}', '\u{1AFF}'),
    ('\u{1DC0}', '\u{1DFF}'),
    ('\u{20D0}', '\u{20FF}'),
    ('\u{302A}', '\u{302F}'),
    ('\u{FE20}', '\u{FE2F}'),
];

pub(crate) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| plain_line(&text))
}

pub(crate) fn some_line<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| plain_line(&text)))
}

pub(crate) fn lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().map(|text| plain_line(text)).collect())
}

pub(crate) fn some_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| plain_text(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain_line(text), expected, "{text:?}");
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "",
            "Tor 0.4.8.16 · run by Onionmeter",
            "/home/jürgen/Übung 🧅/config.toml, line 2",
            "“quoted” – …",
            "שלום",
            "日本語",
            "e\u{301}",
            "ที่นี่",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_turns_or_hides_words_is_replaced_once() {
        check("off\u{202E}detcetorP", "off\u{FFFD}detcetorP");
        check("a\u{2066}\u{2069}\u{200F}b", "a\u{FFFD}b");
        check("\u{61C}\u{0}\u{1B}[31m", "\u{FFFD}[31m");
        for hidden in [
            '\u{7F}',
            '\u{85}',
            '\u{9B}',
            '\u{AD}',
            '\u{200B}',
            '\u{200D}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{FEFF}',
            '\u{E0041}',
            '\u{3164}',
            '\u{FFFF}',
        ] {
            let clean = plain_text(&format!("a{hidden}b"));
            assert!(!clean.contains(hidden), "{hidden:?}");
            assert!(clean == "a\u{FFFD}b" || clean == "a b", "{clean:?}");
        }
    }

    #[test]
    fn line_ends_are_spaces_on_a_line_and_stay_in_a_text() {
        check("a\nb\r\nc\td\u{a0}e", "a b  c d e");
        assert_eq!(plain_text("a\nb"), "a\nb");
    }

    #[test]
    fn marks_cannot_be_piled_up() {
        check(&format!("a{}b", "\u{30D}".repeat(500)), "a\u{30D}\u{30D}b");
        let thai = plain_line(&"\u{E48}".repeat(500));
        assert_eq!(thai.chars().count(), MARKS_MAX);
    }

    #[test]
    fn a_text_of_any_length_ends_with_an_ellipsis_where_it_was_cut() {
        let whole = "x".repeat(LINE_CHARS_MAX);
        check(&whole, &whole);
        let cut = plain_line(&"x".repeat(100_000));
        assert_eq!(cut.chars().count(), LINE_CHARS_MAX);
        assert!(cut.ends_with("x…"));
        let cut = plain_text(&"\n".repeat(100_000));
        assert_eq!(
            cut.chars().filter(|found| *found == '\n').count(),
            TEXT_LINES_MAX - 2
        );
        assert!(plain_text(&"ü".repeat(100_000)).chars().count() == TEXT_CHARS_MAX);
    }
}
