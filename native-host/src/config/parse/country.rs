//! `tor.exit_country`: the only country whose exits are used.

use super::reader::Reader;
use crate::config::ConfigError;
use meter_core::Backend;
use toml::Spanned;

/// Two letters, and a Tor that can be kept to them: a Tor of somebody else chooses its own
/// exits, and the built-in one has no list of countries.
pub(super) fn country(
    country: Option<&Spanned<String>>,
    backend: Option<Backend>,
    reader: &Reader<'_>,
) -> Result<Option<String>, ConfigError> {
    let Some(country) = country.filter(|country| !country.get_ref().is_empty()) else {
        return Ok(None);
    };
    let letters = country.get_ref();
    if letters.len() != 2 || !letters.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        let limit = "the two letters of a country, such as \"de\", or empty".to_owned();
        return Err(reader.refuse("tor.exit_country", country, limit));
    }
    let limit = match backend {
        None | Some(Backend::Managed) => return Ok(Some(letters.to_ascii_lowercase())),
        Some(Backend::Existing) => {
            "empty with this tor.backend, since a Tor of somebody else chooses its own exits"
        }
        Some(Backend::Embedded) => {
            "empty with this tor.backend, since the built-in Tor has no list of countries"
        }
    };
    Err(reader.refuse("tor.exit_country", country, limit.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use meter_core::Backend;
    use std::path::Path;

    #[test]
    fn a_country_is_two_letters_and_only_for_a_tor_that_can_be_kept_to_it() {
        let of = |rest: &str| {
            let text = format!("[tor]\nexit_country = {rest}\n");
            parse(&text, Path::new("config.toml")).map(|config| config.tor)
        };
        let kept = of("\"DE\"").expect("in order");
        assert_eq!(kept.exit_country.as_deref(), Some("de"));
        assert!(kept.allows(Backend::Managed));
        assert!(!kept.allows(Backend::Existing) && !kept.allows(Backend::Embedded));
        assert_eq!(of("\"\"").expect("in order").exit_country, None);
        for wrong in [
            "\"d\"",
            "\"deu\"",
            "\"{de}\"",
            "\"de,fr\"",
            "\"d\\n\"",
            "\"ü\"",
            "\"de\"\nbackend = \"existing\"",
        ] {
            let said = of(wrong).expect_err("refused").to_string();
            assert!(
                said.contains("line 2: tor.exit_country is"),
                "{wrong}: {said}"
            );
        }
    }
}
