//! The name of an option, for a reason that shows it.

use std::fmt;

/// The name of an option that is not known, if it looks like one; `Display` puts it into quotation
/// marks. Anything else may be a password in a wrong place, so it is not stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OptionName {
    /// The name, then zeros.
    bytes: [u8; NAME_BYTES_MAX],
}

/// No option of the programs above has a longer name.
const NAME_BYTES_MAX: usize = 32;

impl OptionName {
    pub(super) fn of(key: &str) -> Self {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || b"_-.".contains(&byte);
        let is_name = key.len() <= NAME_BYTES_MAX
            && key.to_ascii_lowercase().bytes().all(is_letter)
            && !key.is_empty();
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
