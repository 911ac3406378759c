//! The same reasons as words of a closed set, for a client that speaks another language.

use super::fault::BridgeFault;

/// Lists the words once, and gives each reason its own.
macro_rules! causes {
    ($($reason:pat => $word:literal,)+) => {
        impl BridgeFault {
            /// Every word that [`Self::cause`] may begin with.
            pub const CAUSES: &[&str] = &[$($word),+];

            const fn word(&self) -> &'static str {
                match self {
                    $($reason => $word,)+
                }
            }
        }
    };
}

causes! {
    Self::Empty => "bridge_empty",
    Self::Comment => "bridge_comment",
    Self::TooLong => "bridge_too_long",
    Self::Arguments(_) => "bridge_arguments",
    Self::LineBreak => "bridge_line_break",
    Self::Torrc(_) => "bridge_torrc",
    Self::Link => "bridge_page",
    Self::OtherLink => "bridge_other_link",
    Self::OnlyTransport => "bridge_only_transport",
    Self::OtherTransport(_) => "bridge_other_transport",
    Self::Character('\u{2010}'..='\u{2015}' | '\u{2212}') => "bridge_dash",
    Self::Character('\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}') => "bridge_quote",
    Self::Character('\u{ff01}'..='\u{ff5e}') => "bridge_wide",
    Self::Character('\u{2026}') => "bridge_dots",
    Self::Character(_) => "bridge_character",
    Self::Transport => "bridge_beginning",
    Self::OldTransport => "bridge_old_transport",
    Self::Name => "bridge_name",
    Self::Address => "bridge_address",
    Self::NoPort => "bridge_no_port",
    Self::Port => "bridge_port",
    Self::Brackets => "bridge_brackets",
    Self::Fingerprint => "bridge_fingerprint",
    Self::NoFingerprint => "bridge_no_fingerprint",
    Self::Argument => "bridge_argument",
    Self::Second => "bridge_second",
    Self::NoTransport => "bridge_no_transport",
    Self::Twice(_) => "bridge_twice",
    Self::Value { .. } => "bridge_value",
    Self::Lacks(_) => "bridge_lacks",
}

impl BridgeFault {
    /// The reason as a word; behind a space the one value that its sentence names.
    #[must_use]
    pub fn cause(&self) -> String {
        let word = self.word();
        match self {
            Self::Torrc(name) | Self::OtherTransport(name) => format!("{word} {name}"),
            Self::Twice(key) | Self::Value { key, .. } | Self::Lacks(key) => {
                format!("{word} {key}")
            }
            Self::Character(letter @ '!'..='~') => format!("{word} {letter}"),
            Self::Character(letter) => format!("{word} U+{:04X}", u32::from(*letter)),
            _ => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bridge;

    #[test]
    fn a_reason_is_a_word_with_the_value_that_its_sentence_names() {
        for (line, cause) in [
            ("192.0.2.1", "bridge_no_port"),
            ("192.0.2.1:1 a#b", "bridge_character #"),
            ("192.0.2.1:1 a\u{2011}b", "bridge_dash U+2011"),
            ("192.0.2.1:1 a\u{0}b", "bridge_character U+0000"),
            ("UseBridges 1", "bridge_torrc UseBridges"),
            ("obfs4 192.0.2.1:1 iat-mode=0", "bridge_lacks cert"),
        ] {
            let fault = Bridge::parse(line).expect_err(line);
            assert_eq!(fault.cause(), cause, "{line}");
            assert!(BridgeFault::CAUSES.contains(&fault.word()));
        }
    }
}
