//! A mistake in `config.toml` in plain words: the line, the setting, what it must be, an example.

use std::net::SocketAddr;

/// Each setting with what its value must be, and an example.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("listen", ADDRESS, "\"127.0.0.1:3443\""),
    (
        "origins",
        "a list of addresses in quotes",
        "[\"http://yourledger.onion\"]",
    ),
    ("monitor", ADDRESS, "\"127.0.0.1:3444\""),
    (
        "database",
        "a file or an address of PostgreSQL, in quotes",
        "\"ledger.sqlite3\"",
    ),
    (
        "enrolment",
        "\"open\" or \"by-invitation\"",
        "\"by-invitation\"",
    ),
    ("new_accounts_per_hour", COUNT, "100"),
    ("tls_cert", "a file in quotes", "\"cert.pem\""),
    ("tls_key", "a file in quotes", "\"key.pem\""),
    ("export_circuit_id", "true or false", "true"),
    ("keep_reports_days", COUNT, "90"),
    ("audit_every_hours", COUNT, "24"),
    (
        "log",
        "\"error\", \"warn\", \"info\" or \"debug\"",
        "\"info\"",
    ),
];

const ADDRESS: &str = "an IP address and a port, in quotes (a name such as localhost is none)";
const COUNT: &str = "a whole number, not below 0";

/// The sentence for an error in this text.
pub(super) fn sentence(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let number = before.matches('\n').count().saturating_add(1);
    let line = text.lines().nth(number.saturating_sub(1)).unwrap_or("");
    let key = line.split('=').next().unwrap_or(line).trim();
    let message = error.message();
    if message.starts_with("unknown field") {
        return format!(
            "line {number}: there is no setting {key}; the settings are {}",
            names()
        );
    }
    let known = SETTINGS.iter().find(|(name, ..)| *name == key);
    match known {
        Some((name, wanted, example)) => {
            format!("line {number}: {name} must be {wanted}, for example: {name} = {example}")
        }
        None => format!(
            "line {number} cannot be read ({}): each line is a setting and its value, for \
             example: log = \"info\"",
            message.trim_end()
        ),
    }
}

fn names() -> String {
    let names: Vec<_> = SETTINGS.iter().map(|(name, ..)| *name).collect();
    names.join(", ")
}

/// Reads the address of an option.
///
/// # Errors
/// What it must be, with an example.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "it must be an IP address and a port, for example 127.0.0.1:3443; a name such as localhost \
         is none"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_mistake_names_line_setting_what_it_must_be_and_an_example() {
        for (text, said) in [
            (
                "listen = \"localhost:3443\"",
                "line 1: listen must be an IP address and a port",
            ),
            (
                "\nmonitor = 5",
                "line 2: monitor must be an IP address and a port",
            ),
            ("enrolment = \"closed\"", "\"open\" or \"by-invitation\""),
            ("log = info", "for example: log = \"info\""),
            ("log = 7", "for example: log = \"info\""),
            ("keep_reports_days = -1", "a whole number, not below 0"),
            ("origins = \"a\"", "a list of addresses in quotes"),
            ("# all\n???", "line 2 cannot be read"),
            (
                "port = 1",
                "line 1: there is no setting port; the settings are listen, origins",
            ),
        ] {
            let error = Config::parse(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let said = address("localhost:3777").expect_err("a name");
        assert!(said.contains("127.0.0.1:3443"), "{said}");
    }

    #[test]
    fn every_setting_has_a_sentence_and_its_example_is_taken() {
        let example = include_str!("../../config.example.toml");
        for (name, _, value) in SETTINGS {
            assert!(example.contains(&format!("{name} = ")), "{name}");
            Config::parse(&format!("{name} = {value}")).expect(name);
        }
    }
}
