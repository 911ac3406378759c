//! A Tor of ours without the daemon: its configuration, as the daemon makes it.

use crate::stage::program;
use anyhow::{Result, bail};
use meter_core::Backend;
use meter_testkit::tor_network::TorNetwork;
use meter_tor::{Embedded, TorConfig};
use std::path::Path;

/// What such a Tor is told about its network: lines of a torrc, or Arti's configuration.
///
/// # Errors
/// The network has no such configuration.
pub fn network_lines(network: &TorNetwork, backend: Backend) -> Result<String> {
    match backend {
        Backend::Existing => bail!("not ours"),
        Backend::Managed => Ok(network.client_torrc().join("\n")),
        Backend::Embedded => network.arti_config(),
    }
}

/// The configuration of a Tor below `folder`, which exists. `lines` describe the network; the Tor
/// looks for nothing else.
///
/// # Errors
/// The backend is not one of ours, or the program is not built.
pub fn config(backend: Backend, folder: &Path, lines: &str) -> Result<TorConfig> {
    let mut config = TorConfig::new(folder.join("data"), folder.join("run"));
    config.existing_candidates = Vec::new();
    config.backend = Some(backend);
    match backend {
        Backend::Existing => bail!("not ours"),
        Backend::Managed => {
            config.extra_torrc = lines.lines().map(str::to_owned).collect();
        }
        Backend::Embedded => {
            config.embedded = Some(Embedded {
                program: program()?,
                arguments: vec!["embedded-tor".into()],
                data_dir: folder.join("arti"),
                arti: lines.to_owned(),
                log_level: "warn".into(),
            });
        }
    }
    Ok(config)
}
