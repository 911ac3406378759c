//! The name of an option, for a reason that shows it.

use std::fmt;

use zeroize::Zeroizing;

/// The name of an option that is not known, if it looks like one; `Display` puts it into quotation
/// marks. Anything else may be a password in a wrong place, so it is not stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OptionName {
    /// The name, then zeros.
    bytes: [u8; NAME_BYTES_MAX],
}

/// No option of the programs above has a longer name.
const NAME_BYTES_MAX: usize = 32;

/// Words with digits that names of options contain. Digits anywhere else may be a password's.
const WORDS: [&str; 20] = [
    "ipv4", "ipv6", "inet4", "inet6", "ip4", "ip6", "socks4", "socks5", "base64", "http1", "http2",
    "http3", "v2ray", "sha1", "sha256", "md5", "tls12", "tls13", "utf8", "0rtt",
];

impl OptionName {
    pub(super) fn of(key: &str) -> Self {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || b"_-.".contains(&byte);
        let lower = Zeroizing::new(key.to_ascii_lowercase());
        let plain = WORDS
            .iter()
            .fold(lower, |name, word| Zeroizing::new(name.replace(word, "_")));
        let is_name =
            !key.is_empty() && key.len() <= NAME_BYTES_MAX && plain.bytes().all(is_letter);
        let mut bytes = [0; NAME_BYTES_MAX];
        if is_name {
            bytes
                .iter_mut()
                .zip(key.bytes())
                .for_each(|(to, from)| *to = from);
        }
        Self { bytes }
    }

    /// The name; `None` if it may be a secret.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let bytes = self.bytes.iter().take_while(|byte| **byte != 0);
        let name: String = bytes.map(|byte| char::from(*byte)).collect();
        (!name.is_empty()).then_some(name)
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            None => f.write_str("its name may be a secret"),
            Some(name) => write!(f, "\"{name}\""),
        }
    }
}
