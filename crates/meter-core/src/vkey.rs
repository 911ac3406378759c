//! A ledger's key as one line of text: the *vkey* of C2SP signed-note 1.0,
//! `NAME+HASH+BASE64`. HASH is the key's number: the first four bytes of
//! SHA-256(NAME ‖ `0A` ‖ `01` ‖ key) in hexadecimal; BASE64 holds `01` and the key. `01` stands for
//! Ed25519.

use crate::{LedgerKey, hash::plain_hash};
use std::{fmt, str::FromStr};

const ED25519: u8 = 1;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A ledger's name and key, as a person copies them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vkey {
    name: String,
    key: LedgerKey,
}

/// Why a text is not the vkey of a ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VkeyError {
    /// The name is empty, or contains white space or a plus sign.
    #[error("the name of a ledger is not empty and contains no white space and no +")]
    Name,
    /// The text does not have the form `NAME+8 hexadecimal digits+44 base64 characters`.
    #[error("this is not a vkey line: NAME+8 hexadecimal digits+44 base64 characters")]
    Form,
    /// The key is of another algorithm than Ed25519.
    #[error("algorithm {0} is not known here; a ledger's key is Ed25519, algorithm 1")]
    Algorithm(u8),
    /// The number in the line does not belong to its name and key: a character was changed.
    #[error("the digits between the two + do not belong to this name and key")]
    Number,
}

impl Vkey {
    /// Names a key.
    ///
    /// # Errors
    /// When the name is empty or contains white space or a plus sign.
    pub fn new(name: &str, key: LedgerKey) -> Result<Self, VkeyError> {
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+')
        {
            return Err(VkeyError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The name: the host of the ledger's address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> LedgerKey {
        self.key
    }

    fn number(&self) -> u32 {
        let text = [self.name.as_bytes(), b"\n", &[ED25519], &self.key.0].concat();
        let hash = plain_hash(&text);
        let (number, _) = hash.split_first_chunk().expect("a hash is longer");
        u32::from_be_bytes(*number)
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [ED25519; 33];
        for (place, byte) in bytes.iter_mut().skip(1).zip(self.key.0) {
            *place = byte;
        }
        write!(f, "{}+{:08x}+{}", self.name, self.number(), base64(&bytes))
    }
}

impl FromStr for Vkey {
    type Err = VkeyError;

    fn from_str(line: &str) -> Result<Self, VkeyError> {
        let (name, rest) = line.split_once('+').ok_or(VkeyError::Form)?;
        // The base64 text may contain a plus sign itself.
        let (_, text) = rest.split_once('+').ok_or(VkeyError::Form)?;
        let bytes = from_base64(text).ok_or(VkeyError::Form)?;
        let (&algorithm, key) = bytes.split_first().ok_or(VkeyError::Form)?;
        if algorithm != ED25519 {
            return Err(VkeyError::Algorithm(algorithm));
        }
        let key = key.try_into().map_err(|_| VkeyError::Form)?;
        let vkey = Self::new(name, LedgerKey(key))?;
        // One key has one line: digits in another spelling are refused, too.
        if vkey.to_string() == line {
            Ok(vkey)
        } else {
            Err(VkeyError::Number)
        }
    }
}

/// Base64 of 33 bytes: exactly 44 characters, no padding.
fn base64(bytes: &[u8; 33]) -> String {
    let mut text = String::with_capacity(44);
    for group in bytes.as_chunks::<3>().0 {
        let [a, b, c] = *group;
        let word = u32::from_be_bytes([0, a, b, c]);
        for shift in [18, 12, 6, 0] {
            let sextet = usize::try_from((word >> shift) & 63).expect("six bits");
            text.push(char::from(*ALPHABET.get(sextet).expect("six bits")));
        }
    }
    text
}

fn from_base64(text: &str) -> Option<[u8; 33]> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(33);
    for group in groups {
        let mut word = 0_u32;
        for letter in group {
            let sextet = ALPHABET.iter().position(|known| known == letter)?;
            word = (word << 6) | u32::try_from(sextet).ok()?;
        }
        let [_, triple @ ..] = word.to_be_bytes();
        bytes.extend(triple);
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of C2SP signed-note: the key of the Go checksum database.
    const GO: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

    #[test]
    fn the_key_of_a_public_log_is_read_and_written_as_its_operator_writes_it() {
        let vkey: Vkey = GO.parse().expect("a vkey");
        assert_eq!(vkey.name(), "sum.golang.org");
        assert_eq!(vkey.key().0[0], 0xce);
        assert_eq!(vkey.to_string(), GO);
    }

    #[test]
    fn a_line_with_a_changed_character_is_refused() {
        for (line, error) in [
            ("", VkeyError::Form),
            ("sum.golang.org", VkeyError::Form),
            (
                "sum.golang.org+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
                VkeyError::Form,
            ),
            (GO.strip_suffix('8').expect("the end"), VkeyError::Form),
            (&GO.replace('8', "="), VkeyError::Form),
            (&GO.replace("sum", "sun"), VkeyError::Number),
            (&GO.replace("033de0ae", "033DE0AE"), VkeyError::Number),
            (&GO.replace("033de0ae", "33de0ae"), VkeyError::Number),
            (&GO.replace("Ac4z", "Ac4y"), VkeyError::Number),
            (&GO.replace("+Ac4z", "+Bs4z"), VkeyError::Algorithm(6)),
            (&GO.replace("sum.", "sum ."), VkeyError::Name),
            (&GO.replace("sum.golang.org", ""), VkeyError::Name),
        ] {
            assert_eq!(line.parse::<Vkey>(), Err(error), "{line}");
        }
    }

    #[test]
    fn a_name_that_would_break_the_line_is_refused() {
        for name in ["", "a b", "a+b", "a\n", "a\u{a0}b"] {
            assert_eq!(Vkey::new(name, LedgerKey([7; 32])), Err(VkeyError::Name));
        }
    }

    proptest! {
        #[test]
        fn every_key_survives_its_line(key: [u8; 32], name in "[a-z0-9.-]{1,30}") {
            let vkey = Vkey::new(&name, LedgerKey(key)).unwrap();
            prop_assert_eq!(vkey.to_string().parse::<Vkey>(), Ok(vkey));
        }

        #[test]
        fn no_text_panics(text in "\\PC*\\+\\PC*\\+\\PC*") {
            if let Ok(vkey) = text.parse::<Vkey>() {
                prop_assert_eq!(vkey.to_string(), text);
            }
        }
    }
}
