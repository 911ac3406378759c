//! Findings about the detour of Tor's own connections, for networks where Tor is blocked.

use super::finding::Finding::{self, Bad, Good};
use crate::{config::Config, home::Home, problems, tor_supervisor};
use meter_tor::TorProblem;

/// Returns no finding if Tor connects directly, as most do.
pub(super) fn findings(config: &Config, home: &Home) -> Vec<Finding> {
    let detour = tor_supervisor::detour(home, config);
    match detour.check(tor_supervisor::own_backend(config)) {
        Ok(None) => Vec::new(),
        Ok(Some(words)) => vec![Good(words)],
        Err(problem) => vec![Bad {
            what: problems::chain(&problem),
            remedy: match (&problem, &detour.shadowsocks) {
                (TorProblem::ShadowsocksRefused(_), Some(file)) => {
                    format!("correct {}, then `onionmeter tor start`", file.display())
                }
                _ => remedy(&problem).to_owned(),
            },
        }],
    }
}

const fn remedy(problem: &TorProblem) -> &'static str {
    match problem {
        TorProblem::ShadowsocksRefused(_) => {
            "correct the file that tor.shadowsocks names, then `onionmeter tor start`"
        }
        TorProblem::TransportMissing(_) => {
            "install it (for obfs4 `sudo apt install obfs4proxy`), then `onionmeter tor start`"
        }
        TorProblem::TransportUnsafe(..) => {
            "install it from your system's packages, or `chmod o-w` it, then `onionmeter tor start`"
        }
        TorProblem::BridgeWithoutFingerprint => {
            "write the fingerprint into its line or install `tor`, then `onionmeter tor start`"
        }
        _ => "correct config.toml, then `onionmeter tor start`",
    }
}
