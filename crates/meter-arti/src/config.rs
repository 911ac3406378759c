//! From what the daemon says to Arti's configuration. What is not known is refused: a mistake that
//! were passed over could mean another network than the one that was asked for.

use std::path::Path;

use arti_client::config::{CfgPath, TorClientConfig, TorClientConfigBuilder};
use meter_wire::{EmbeddedFault, EmbeddedSetup};

/// Sections of Arti's configuration that may be set. Not among them: where files are, which
/// programs run, how much memory there is.
const SECTIONS: &[&str] = &[
    "address_filter",
    "channel",
    "circuit_timing",
    "directory_tolerance",
    "download_schedule",
    "override_net_params",
    "path_rules",
    "preemptive_circuits",
    "stream_timeouts",
    "tor_network",
    "vanguards",
];

/// Arti's configuration for `setup`.
///
/// # Errors
/// [`EmbeddedFault::BadConfig`] with the reason.
pub(crate) fn client_config(setup: &EmbeddedSetup) -> Result<TorClientConfig, EmbeddedFault> {
    let mut builder = parse(&setup.arti)?;
    let folder = Path::new(&setup.data_dir);
    builder
        .storage()
        .state_dir(CfgPath::new_literal(folder.join("state")))
        .cache_dir(CfgPath::new_literal(folder.join("cache")));
    builder.build().map_err(|error| bad(&error.to_string()))
}

fn parse(text: &str) -> Result<TorClientConfigBuilder, EmbeddedFault> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // Its full text would quote the line.
        bad(error.message())
    })?;
    let known = |section: &&String| SECTIONS.contains(&section.as_str());
    if let Some(section) = table.keys().find(|section| !known(section)) {
        return Err(bad(&format!("{section} is not a section that can be set")));
    }
    let mut unknown = None;
    let builder = serde_ignored::deserialize(table, |path| {
        // With dots it would look like a site's name, which is hidden wherever it is shown.
        unknown.get_or_insert_with(|| path.to_string().replace('.', " > "));
    });
    let builder = builder.map_err(|error: toml::de::Error| bad(error.message()))?;
    match unknown {
        Some(key) => Err(bad(&format!("Arti knows no option {key}"))),
        None => Ok(builder),
    }
}

fn bad(reason: &str) -> EmbeddedFault {
    EmbeddedFault::BadConfig(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arti: &str) -> Result<TorClientConfig, EmbeddedFault> {
        client_config(&EmbeddedSetup {
            data_dir: "/nowhere/data".into(),
            socks: "/nowhere/socks".into(),
            arti: arti.into(),
            log_level: "warn".into(),
        })
    }

    #[track_caller]
    fn refused(arti: &str, part: &str) {
        match of(arti) {
            Err(EmbeddedFault::BadConfig(reason)) => assert!(reason.contains(part), "{reason}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_set_and_sections_of_the_list_are_taken() {
        assert!(of("").is_ok());
        assert!(of("[path_rules]\nipv4_subnet_family_prefix = 33\n").is_ok());
        assert!(of("[channel]\noutbound_proxy = \"socks5://127.0.0.1:1080\"\n").is_ok());
    }

    #[test]
    fn what_is_unknown_or_not_to_be_set_is_refused_by_name() {
        refused("[storage]\ncache_dir = \"/etc\"", "storage");
        refused("[logging]\nconsole = \"trace\"", "logging");
        refused("[path_rules]\nipv4_prefix = 1", "path_rules > ipv4_prefix");
        refused("[path_rules", "");
        refused("[path_rules]\nipv4_subnet_family_prefix = \"x\"", "");
    }

    #[test]
    fn authorities_without_fallbacks_never_fall_back_to_the_public_ones() {
        let ours = format!(
            "[tor_network.authorities]\nv3idents = [\"{}\"]\nuploads = [[\"127.0.0.1:1\"]]\n",
            "A".repeat(40)
        );
        refused(&ours, "");
    }
}
