//! Invitations and recovery codes, as people type them.

use bip39::{Language, Mnemonic};

/// The 128 bits of an invitation or recovery code: twelve words (BIP 39, English) or 32 hexadecimal
/// digits, in any case and with any white space between words. `None` when it is neither, or when a
/// word is wrong: the last one checks the others.
#[must_use]
pub fn code_bytes(text: &str) -> Option<[u8; 16]> {
    let text = text.trim().to_lowercase();
    let mut code = [0; 16];
    if hex::decode_to_slice(&text, &mut code).is_ok() {
        return Some(code);
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words).ok()?;
    mnemonic.to_entropy().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector of BIP 39: the entropy 00…00.
    const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                         abandon abandon about";

    #[test]
    fn words_and_digits_are_read_however_they_are_written() {
        assert_eq!(code_bytes(ZEROS), Some([0; 16]));
        let shouted = format!("\n  {}  ", ZEROS.to_uppercase().replace(' ', "\t "));
        assert_eq!(code_bytes(&shouted), Some([0; 16]));
        assert_eq!(code_bytes(&"0A".repeat(16)), Some([10; 16]));
    }

    #[test]
    fn a_wrong_word_and_another_length_are_none() {
        for text in [
            "",
            "abandon",
            &ZEROS.replace("about", "abandon"),
            &ZEROS.replace("about", "abouts"),
            &format!("{ZEROS} about"),
            &"0a".repeat(15),
            &"0g".repeat(16),
        ] {
            assert_eq!(code_bytes(text), None, "{text}");
        }
    }
}
