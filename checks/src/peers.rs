//! Which program has the other end of a connection on this machine (Linux, `/proc`).

use anyhow::{Context as _, Result};
use std::{fs, net::SocketAddr};

/// The name of the program that has the loopback socket bound to `address`, as long as it is open.
///
/// # Errors
/// The socket is closed already, or belongs to a process that we may not inspect.
pub fn program_at(address: SocketAddr) -> Result<String> {
    let inode = inode(address.port()).with_context(|| format!("no open socket at {address}"))?;
    let link = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc")?.flatten() {
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = descriptors
            .flatten()
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .any(|target| target.as_os_str() == link.as_str());
        if holds {
            return Ok(fs::read_to_string(process.path().join("comm"))?
                .trim()
                .to_owned());
        }
    }
    anyhow::bail!("nobody holds the socket at {address}")
}

/// proc_pid_net(5): `sl local_address rem_address st … inode`, addresses in hexadecimal.
fn inode(port: u16) -> Option<String> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let local = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let established = columns.get(3) == Some(&"01");
        let ours = columns.get(1)?.ends_with(&local);
        if established && ours {
            columns.get(9).map(ToString::to_string)
        } else {
            None
        }
    })
}
