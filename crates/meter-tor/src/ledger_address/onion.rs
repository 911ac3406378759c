//! The name of an onion service, version 3 (Tor's rend-spec-v3, section 6, "Encoding onion
//! addresses"): base32 of the service's key (32 bytes), a checksum (2) and the version (1).

use sha3::{Digest, Sha3_256};
use std::{fmt, str::FromStr};

/// The name of an onion service: 56 lower-case letters and digits, whose checksum is right, and
/// `.onion`. Its `Debug` hides it: addresses are not logged.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct OnionName(String);

/// Why a text is not the name of an onion service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OnionNameError {
    /// There are not exactly 56 letters a to z and digits 2 to 7 before `.onion`.
    #[error(
        "the name of an onion service has exactly 56 letters and digits (a to z, 2 to 7) before \
         .onion; copy it again"
    )]
    Form,
    /// It is an address of version 2.
    #[error("onion addresses of 16 characters have not worked since 2021; ask for the new address")]
    Version2,
    /// It has the form, but another version than 3.
    #[error("the onion address has a version that is not known here; only version 3 is")]
    Version,
    /// The checksum does not belong to the key: a character is another one than it should be.
    #[error("the onion address has a wrong character; copy it again")]
    Checksum,
}

impl OnionName {
    /// The name, with `.onion`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OnionName {
    type Err = OnionNameError;

    fn from_str(text: &str) -> Result<Self, OnionNameError> {
        let name = text.to_ascii_lowercase();
        let label = name.strip_suffix(".onion").ok_or(OnionNameError::Form)?;
        let is_base32 = label.bytes().all(|byte| quintet(byte).is_some());
        if label.len() == VERSION_2_CHARACTERS && is_base32 {
            return Err(OnionNameError::Version2);
        }
        let bytes = decode(label).ok_or(OnionNameError::Form)?;
        let [key @ .., first, second, version] = bytes;
        if version != VERSION {
            return Err(OnionNameError::Version);
        }
        if checksum(&key) != [first, second] {
            return Err(OnionNameError::Checksum);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for OnionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OnionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnionName(..)")
    }
}

/// The checksum of a key: the first two bytes of SHA3-256(".onion checksum" ‖ key ‖ version).
fn checksum(key: &[u8; KEY_BYTES]) -> [u8; 2] {
    let mut hash = Sha3_256::new();
    hash.update(b".onion checksum");
    hash.update(key);
    hash.update([VERSION]);
    let [first, second, ..] = hash.finalize().0;
    [first, second]
}

/// The five bits of a character of base32 (RFC 4648 §6) in lower case.
fn quintet(character: u8) -> Option<u64> {
    let place = ALPHABET.iter().position(|known| *known == character)?;
    u64::try_from(place).ok()
}

/// Exactly 56 characters: seven groups of eight, each for five bytes, without padding.
fn decode(label: &str) -> Option<[u8; NAME_BYTES]> {
    let (groups, rest) = label.as_bytes().as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(NAME_BYTES);
    for group in groups {
        let mut word = 0;
        for character in group {
            word = (word << 5) | quintet(*character)?;
        }
        let [_, _, _, five @ ..] = word.to_be_bytes();
        bytes.extend_from_slice(&five);
    }
    bytes.try_into().ok()
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const KEY_BYTES: usize = 32;
const NAME_BYTES: usize = KEY_BYTES + 2 + 1;
const VERSION: u8 = 3;
const VERSION_2_CHARACTERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first three are the examples of rend-spec-v3, the last one is DuckDuckGo's.
    const KNOWN: [&str; 4] = [
        "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
        "sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion",
        "xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd.onion",
        "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
    ];

    fn encode(bytes: [u8; NAME_BYTES]) -> String {
        let mut name = String::new();
        for five in bytes.as_chunks::<5>().0 {
            let [a, b, c, d, e] = *five;
            let word = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
            for shift in [35, 30, 25, 20, 15, 10, 5, 0] {
                let place = usize::try_from((word >> shift) & 31).unwrap();
                name.push(char::from(ALPHABET[place]));
            }
        }
        name + ".onion"
    }

    fn name_of(key: [u8; KEY_BYTES], version: u8) -> String {
        let mut bytes = [version; NAME_BYTES];
        bytes[..32].copy_from_slice(&key);
        bytes[32..34].copy_from_slice(&checksum(&key));
        encode(bytes)
    }

    #[test]
    fn the_addresses_of_the_specification_are_taken() {
        for name in KNOWN {
            let taken: OnionName = name.parse().expect(name);
            assert_eq!(taken.as_str(), name);
            assert_eq!(name.to_uppercase().parse(), Ok(taken), "{name}");
        }
    }

    #[test]
    fn every_wrong_character_is_noticed() {
        let name = KNOWN[0];
        for place in 0..56 {
            let mut bytes = name.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'q' { b'r' } else { b'q' };
            let wrong = String::from_utf8(bytes).unwrap();
            let error = wrong.parse::<OnionName>().expect_err(&wrong);
            let expected = [OnionNameError::Checksum, OnionNameError::Version];
            assert!(expected.contains(&error), "{wrong}: {error:?}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let [name, ..] = KNOWN;
        for wrong in [
            "",
            ".onion",
            "onion",
            name.strip_prefix('p').unwrap(),
            &format!("a{name}"),
            &format!("www.{name}"),
            &name.replace('p', "1"),
            &name.replace('p', "é"),
            name.strip_suffix(".onion").unwrap(),
            &format!("{name}."),
        ] {
            assert_eq!(
                wrong.parse::<OnionName>(),
                Err(OnionNameError::Form),
                "{wrong}"
            );
        }
        let old = "3g2upl4pq6kufc4m.onion";
        assert_eq!(old.parse::<OnionName>(), Err(OnionNameError::Version2));
        for version in [0, 2, 4, 255] {
            let name = name_of([7; 32], version);
            let refused = name.parse::<OnionName>();
            assert_eq!(refused, Err(OnionNameError::Version), "{name}");
        }
    }

    #[test]
    fn a_name_is_not_shown_where_values_are_printed_for_programmers() {
        let name: OnionName = KNOWN[0].parse().unwrap();
        assert_eq!(format!("{name:?}"), "OnionName(..)");
    }

    proptest! {
        #[test]
        fn every_key_has_a_name_that_is_taken(key: [u8; 32]) {
            let name = name_of(key, VERSION);
            prop_assert_eq!(name.parse::<OnionName>().map(|name| name.to_string()), Ok(name));
        }
    }
}
