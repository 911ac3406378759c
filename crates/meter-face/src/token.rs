//! The bearer token, and links that hand it to the page once.
//!
//! A link carries a code: a random number, the time at which it was made, and a keyed hash of both
//! with the token as its key. So every reader of the token's file can make a link, nobody else can,
//! and the server need not be asked for one.

use hmac::{Hmac, KeyInit as _, Mac as _};
use meter_core::UnixMs;
use sha2::Sha256;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// How long a link can be used, in milliseconds: ten minutes.
pub const LINK_MS: u64 = 600_000;

const NUMBER_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const HASH_BYTES: usize = 32;
const CODE_BYTES: usize = NUMBER_BYTES + TIME_BYTES + HASH_BYTES;

/// Separates these hashes from any other use of the token as a key.
const PURPOSE: &[u8] = b"onionmeter serve link v1\n";

/// The secret that a request has to show: 32 random bytes, as text.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// A text that is no token, or no random bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// The text is not 64 hexadecimal digits in lower case.
    #[error("not 64 hexadecimal digits")]
    Form,
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn random() -> Result<Self, TokenError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(TokenError::Random)?;
        Ok(Self(Zeroizing::new(hex::encode(bytes.as_ref()))))
    }

    /// The token of a file. Whitespace around it is ignored.
    ///
    /// # Errors
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.len() == 64 && text.bytes().all(is_hex) {
            true => Ok(Self(Zeroizing::new(text.to_owned()))),
            false => Err(TokenError::Form),
        }
    }

    /// As it stands in its file and in a request.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A code for the page's link, which can be used once within [`LINK_MS`].
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn link(&self, now: UnixMs) -> Result<String, TokenError> {
        let mut number = [0; NUMBER_BYTES];
        getrandom::fill(&mut number).map_err(TokenError::Random)?;
        let made = now.get().to_be_bytes();
        let hash = self.keyed(&number, &made).finalize().into_bytes();
        Ok(hex::encode([&number[..], &made, &hash].concat()))
    }

    /// Whether a request shows this token. Takes the same time for every wrong text, since it
    /// compares keyed hashes.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let hash = |text: &str| {
            let mut hash = self.mac();
            hash.update(text.as_bytes());
            hash
        };
        let own = hash(&self.0).finalize().into_bytes();
        hash(shown).verify_slice(&own).is_ok()
    }

    fn keyed(&self, number: &[u8], made: &[u8]) -> Hmac<Sha256> {
        let mut hash = self.mac();
        hash.update(PURPOSE);
        hash.update(number);
        hash.update(made);
        hash
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

/// The links that were used on this server.
#[derive(Debug)]
pub(crate) struct Links {
    /// A link from before may have been used on the server before.
    since: UnixMs,
    /// Numbers with the time at which their link was made.
    used: Mutex<BTreeMap<[u8; NUMBER_BYTES], u64>>,
}

impl Links {
    pub(crate) fn new(since: UnixMs) -> Self {
        Self {
            since,
            used: Mutex::default(),
        }
    }

    /// Uses a link. `false`: it was not made with this token, is too old, or was used before.
    pub(crate) fn open(&self, token: &Token, code: &str, now: UnixMs) -> bool {
        let mut bytes = [0; CODE_BYTES];
        if hex::decode_to_slice(code, &mut bytes).is_err() {
            return false;
        }
        let Some((number, rest)) = bytes.split_first_chunk::<NUMBER_BYTES>() else {
            return false;
        };
        let Some((made, hash)) = rest.split_first_chunk::<TIME_BYTES>() else {
            return false;
        };
        if token.keyed(number, made).verify_slice(hash).is_err() {
            return false;
        }
        let (made, now) = (u64::from_be_bytes(*made), now.get());
        let is_fresh = |made: u64| made <= now && now.saturating_sub(made) < LINK_MS;
        if !is_fresh(made) || made < self.since.get() {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, made| is_fresh(*made));
        used.insert(*number, made).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> UnixMs {
        UnixMs::new(ms).expect("in range")
    }

    #[test]
    fn a_link_opens_once_within_ten_minutes_and_only_with_its_own_token() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        let (start, links) = (at(1_000_000), Links::new(at(1_000_000)));
        let code = token.link(start).unwrap();
        assert!(!links.open(&other, &code, start), "another token");
        assert!(links.open(&token, &code, at(1_000_000 + LINK_MS - 1)));
        assert!(!links.open(&token, &code, start), "twice");
        let late = token.link(start).unwrap();
        assert!(
            !links.open(&token, &late, at(1_000_000 + LINK_MS)),
            "too late"
        );
        let early = token.link(at(999_999)).unwrap();
        assert!(!links.open(&token, &early, start), "of an earlier server");
        let ahead = token.link(at(2_000_000)).unwrap();
        assert!(!links.open(&token, &ahead, start), "made later than now");
        for broken in ["", "00", code.split_at(2).1, &format!("{code}00"), "x"] {
            assert!(!links.open(&token, broken, start), "{broken}");
        }
    }

    #[test]
    fn a_link_whose_time_was_changed_does_not_open() {
        let (token, links) = (Token::random().unwrap(), Links::new(at(0)));
        let code = token.link(at(5)).unwrap();
        let later = code.replacen("0000000000000005", "0000000000000006", 1);
        assert_ne!(code, later);
        assert!(!links.open(&token, &later, at(6)));
    }

    #[test]
    fn h_03_only_the_whole_token_is_the_token() {
        let token = Token::random().unwrap();
        assert!(token.is(token.text()));
        let longer = format!("{}0", token.text());
        for wrong in [
            "",
            "0",
            token.text().split_at(1).1,
            &longer,
            &"0".repeat(64),
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn a_token_has_one_form() {
        let text = "0123456789abcdef".repeat(4);
        assert_eq!(Token::parse(&format!("{text}\n")).unwrap().text(), text);
        for wrong in [
            "",
            "0",
            &text.to_uppercase(),
            text.split_at(1).1,
            &format!("{text}0"),
        ] {
            assert_eq!(Token::parse(wrong).err(), Some(TokenError::Form), "{wrong}");
        }
    }
}
