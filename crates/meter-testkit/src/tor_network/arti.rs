//! What Arti needs to know to be a client of the network.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};

use super::keys::Authority;

/// The configuration as TOML; see [`super::TorNetwork::arti_config`].
pub(crate) fn config(folder: &Path, authorities: &[Authority]) -> Result<String> {
    let mut text = String::new();
    // Only the authorities: the plain relay caches no directory, and asking it costs seconds.
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

/// `tor` writes it beside the other fingerprint, as "nickname base64".
fn ed_identity(folder: &Path, authority: &Authority) -> Result<String> {
    let path = folder.join(&authority.name).join("fingerprint-ed25519");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let identity = text.split_whitespace().nth(1);
    Ok(identity.context("a name and an identity")?.to_owned())
}

/// All nodes are on one address: without the prefixes no two of them could be on one path. The site
/// is on this computer, too. In a test network `tor` takes as long for a period of onion services
/// as for a run of shared randomness, 24 votings of 30 s; Arti has to be told that it is 12
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
