//! The configuration that makes Arti a client of the network.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};

use super::keys::Authority;

/// The configuration as TOML; see [`super::TorNetwork::arti_config`].
pub(crate) fn config(folder: &Path, authorities: &[Authority]) -> Result<String> {
    let mut text = String::new();
    // Only the authorities: the plain relay has no directory cache, and asking it takes seconds.
    for authority in authorities {
        let (rsa, ed) = (&authority.relay_identity, ed_identity(folder, authority)?);
        writeln!(text, "[[tor_network.fallback_caches]]")?;
        writeln!(text, "rsa_identity = \"{rsa}\"\ned_identity = \"{ed}\"")?;
        writeln!(text, "orports = [\"127.0.0.1:{}\"]", authority.or_port)?;
    }
    let all = |line: &dyn Fn(&Authority) -> String| -> String {
        authorities.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    let identities = all(&|authority| format!("\"{}\"", authority.voting_identity));
    let directories = all(&|authority| format!("[\"127.0.0.1:{}\"]", authority.directory_port));
    writeln!(text, "[tor_network.authorities]\nv3idents = [{identities}]")?;
    for use_of in ["uploads", "downloads", "votes"] {
        writeln!(text, "{use_of} = [{directories}]")?;
    }
    Ok(text + FIXED)
}

/// `tor` writes it next to the other fingerprint, as "nickname base64".
fn ed_identity(folder: &Path, authority: &Authority) -> Result<String> {
    let path = folder.join(&authority.name).join("fingerprint-ed25519");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let identity = text.split_whitespace().nth(1);
    Ok(identity.context("a name and an identity")?.to_owned())
}

/// All nodes have one address: without the prefixes, no two of them could be in one path. The site
/// is on this computer, too. In a test network `tor` uses the same length for a period of onion
/// services and for a run of shared randomness, 24 votings of 30 s; Arti must be told that it is 12
/// minutes.
const FIXED: &str = "\
[path_rules]
ipv4_subnet_family_prefix = 33
ipv6_subnet_family_prefix = 129
[address_filter]
allow_local_addrs = true
[override_net_params]
hsdir_interval = 12
";
