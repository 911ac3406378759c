//! Converts the daemon's setup to Arti's configuration. Unknown keys are refused: an ignored
//! mistake could mean another network than the intended one, or another way to it.

use std::path::Path;

use arti_client::config::{CfgPath, TorClientConfig, TorClientConfigBuilder};
use meter_embedded::{EmbeddedError, EmbeddedSetup};

use crate::{
    storage::{CACHE, STATE},
    way,
};

/// Sections of Arti's configuration that users may set. Sections about file paths, programs to run
/// and memory limits are not among them.
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
/// [`EmbeddedError::BadConfig`] with the reason.
pub(crate) fn client_config(setup: &EmbeddedSetup) -> Result<TorClientConfig, EmbeddedError> {
    let mut builder = parse(&setup.arti, way::may_have_proxy(&setup.way))?;
    let folder = Path::new(&setup.data_dir);
    builder
        .storage()
        .state_dir(CfgPath::new_literal(folder.join(STATE)))
        .cache_dir(CfgPath::new_literal(folder.join(CACHE)));
    way::keep(&mut builder, &setup.way)?;
    builder.build().map_err(|error| bad(&error.to_string()))
}

fn parse(text: &str, may_have_proxy: bool) -> Result<TorClientConfigBuilder, EmbeddedError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The full text of the error would quote the line.
        bad(error.message())
    })?;
    let known = |section: &&String| SECTIONS.contains(&section.as_str());
    if let Some(section) = table.keys().find(|section| !known(section)) {
        return Err(bad(&format!("{section} is not a section that can be set")));
    }
    let channel = table.get("channel");
    if !may_have_proxy && channel.is_some_and(|channel| channel.get("outbound_proxy").is_some()) {
        return Err(bad(
            "channel > outbound_proxy cannot be set beside bridges or Shadowsocks",
        ));
    }
    let mut unknown = None;
    let builder = serde_ignored::deserialize(table, |path| {
        // With dots, the key would look like the name of a site, and names of sites are hidden in
        // output.
        unknown.get_or_insert_with(|| path.to_string().replace('.', " > "));
    });
    let builder = builder.map_err(|error: toml::de::Error| bad(error.message()))?;
    match unknown {
        Some(key) => Err(bad(&format!("Arti knows no option {key}"))),
        None => Ok(builder),
    }
}

fn bad(reason: &str) -> EmbeddedError {
    EmbeddedError::BadConfig(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use meter_embedded::{EmbeddedTransport, EmbeddedWay};

    use super::*;

    fn on(arti: &str, way: EmbeddedWay) -> Result<TorClientConfig, EmbeddedError> {
        client_config(&EmbeddedSetup {
            data_dir: "/nowhere/data".into(),
            socks: "/nowhere/socks".into(),
            arti: arti.into(),
            log_level: "warn".into(),
            way,
        })
    }

    fn of(arti: &str) -> Result<TorClientConfig, EmbeddedError> {
        on(arti, EmbeddedWay::Straight)
    }

    #[track_caller]
    fn is_refused(built: Result<TorClientConfig, EmbeddedError>, part: &str) {
        match built {
            Err(EmbeddedError::BadConfig(reason)) => {
                assert!(reason.contains(part), "{reason}");
                assert!(
                    !reason.contains("192.0.2") && !reason.contains("canary"),
                    "{reason}"
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refused(arti: &str, part: &str) {
        is_refused(of(arti), part);
    }

    const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";
    const PROXY: &str = "[channel]\noutbound_proxy = \"socks5://127.0.0.1:1080\"\n";

    fn bridges(lines: &[&str], programs: &[&str]) -> EmbeddedWay {
        let transport = |name: &&str| EmbeddedTransport {
            name: (*name).into(),
            program: "/usr/bin/obfs4proxy".into(),
        };
        EmbeddedWay::Bridges {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            transports: programs.iter().map(transport).collect(),
        }
    }

    fn proxy(address: &str, user: &str) -> EmbeddedWay {
        EmbeddedWay::Proxy {
            address: address.parse().unwrap(),
            user: user.into(),
            password: "canary-password".into(),
        }
    }

    #[test]
    fn a_way_is_taken_in_place_of_the_straight_one() {
        let straight = of("").unwrap();
        let plain = format!("192.0.2.1:443 {FINGERPRINT}");
        let obfs4 = format!("obfs4 192.0.2.2:443 {FINGERPRINT} cert=AbC iat-mode=0");
        for way in [
            proxy("127.0.0.1:1080", "user"),
            bridges(&[&plain], &[]),
            bridges(&[&plain, &obfs4], &["obfs4"]),
        ] {
            assert_ne!(on("", way).unwrap(), straight);
        }
    }

    #[test]
    fn a_way_that_cannot_be_kept_is_refused_and_not_quoted() {
        is_refused(on("", bridges(&[], &[])), "bridges");
        let unnamed = "192.0.2.1:443";
        is_refused(on("", bridges(&[unnamed], &[])), "one of the bridges");
        is_refused(on("", bridges(&["canary"], &[])), "one of the bridges");
        let obfs4 = format!("obfs4 192.0.2.2:443 {FINGERPRINT} cert=AbC iat-mode=0");
        is_refused(on("", bridges(&[&obfs4], &[])), "pluggable transport");
        is_refused(on("", bridges(&[&obfs4], &["a b"])), "transport's name");
        is_refused(on("", proxy("192.0.2.3:1080", "user")), "on this computer");
        is_refused(on("", proxy("127.0.0.1:1080", "/")), "cannot be used");
    }

    #[test]
    fn the_rest_of_the_configuration_cannot_lead_off_the_way() {
        let plain = format!("192.0.2.1:443 {FINGERPRINT}");
        for way in [proxy("127.0.0.1:1081", "user"), bridges(&[&plain], &[])] {
            is_refused(on(PROXY, way.clone()), "outbound_proxy");
            is_refused(
                on("channel = { outbound_proxy = \"x\" }", way),
                "outbound_proxy",
            );
        }
        refused("[bridges]\nenabled = false", "bridges is not a section");
    }

    #[test]
    fn nothing_set_and_sections_of_the_list_are_taken() {
        assert!(of("").is_ok());
        assert!(of("[path_rules]\nipv4_subnet_family_prefix = 33\n").is_ok());
        assert!(of(PROXY).is_ok());
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
