//! The authorities' keys. The rest of the network is derived from their fingerprints.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, ensure};

use super::{Programs, private_folder, torrc};

/// A directory authority with its keys on disk.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) or_port: u16,
    pub(crate) directory_port: u16,
    /// Fingerprint of the voting identity, 40 hex digits.
    pub(crate) voting_identity: String,
    /// Fingerprint of the relay identity, 40 hex digits.
    pub(crate) relay_identity: String,
}

impl Authority {
    /// The torrc line that makes this authority known to others.
    pub(crate) fn torrc_line(&self) -> String {
        let Self {
            name,
            or_port,
            directory_port,
            voting_identity,
            relay_identity,
        } = self;
        format!(
            "DirAuthority {name} orport={or_port} no-v2 v3ident={voting_identity} \
             127.0.0.1:{directory_port} {relay_identity}"
        )
    }
}

/// Makes one authority for each pair of ports (OR, directory), all at the same time, because making
/// RSA keys takes long. Blocks for 1 to 3 s.
pub(super) fn create(programs: &Programs, folder: &Path, ports: &[u16]) -> Result<Vec<Authority>> {
    let Programs { tor, gencert } = programs;
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for (index, pair) in ports.chunks_exact(2).enumerate() {
            let &[or_port, directory_port] = pair else {
                continue;
            };
            workers.push(scope.spawn(move || {
                let name = format!("auth{index}");
                let home = folder.join(&name);
                private_folder(&home.join("keys"))?;
                Ok(Authority {
                    voting_identity: voting_identity(gencert, &home, directory_port)?,
                    relay_identity: relay_identity(tor, folder, &name, or_port)?,
                    name,
                    or_port,
                    directory_port,
                })
            }));
        }
        let joined = workers
            .into_iter()
            .map(|worker| worker.join().expect("no worker panics"));
        joined.collect()
    })
}

fn voting_identity(gencert: &Path, home: &Path, directory_port: u16) -> Result<String> {
    let keys = home.join("keys");
    let certificate = keys.join("authority_certificate");
    let mut command = Command::new(gencert);
    command.args(["--create-identity-key", "-m", "12", "--passphrase-fd", "0"]);
    command.arg("-a").arg(format!("127.0.0.1:{directory_port}"));
    command.arg("-i").arg(keys.join("authority_identity_key"));
    command.arg("-s").arg(keys.join("authority_signing_key"));
    command.arg("-c").arg(&certificate);
    output(command, b"not a secret\n")?;
    let text = fs::read_to_string(certificate)?;
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint "));
    Ok(found
        .context("the certificate has no fingerprint line")?
        .to_owned())
}

/// Asks `tor` for the fingerprint; this also makes the key.
fn relay_identity(tor: &Path, folder: &Path, name: &str, or_port: u16) -> Result<String> {
    let empty = folder.join(torrc::EMPTY);
    let mut command = Command::new(tor);
    command
        .arg("-f")
        .arg(&empty)
        .arg("--defaults-torrc")
        .arg(&empty)
        .arg("--quiet");
    command
        .arg("--DataDirectory")
        .arg(folder.join(name))
        .args(["--Nickname", name]);
    command.arg("--ORPort").arg(format!("127.0.0.1:{or_port}"));
    command.args([
        "--SocksPort",
        "0",
        "--Address",
        "127.0.0.1",
        "--AssumeReachable",
        "1",
    ]);
    // A placeholder, so that even this `tor` does not know the public authorities.
    command
        .arg("--DirAuthority")
        .arg(format!("x 127.0.0.1:1 {}", "F".repeat(40)));
    command.arg("--list-fingerprint");
    let text = output(command, b"")?;
    let fingerprint: String = text.split_whitespace().skip(1).collect();
    ensure!(
        fingerprint.len() == 40,
        "tor printed no fingerprint but: {text}"
    );
    Ok(fingerprint)
}

fn output(mut command: Command, input: &[u8]) -> Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    // Dropped, so that it closes: the program reads until the end of its input.
    child
        .stdin
        .take()
        .context("its input is a pipe")?
        .write_all(input)?;
    let done = child.wait_with_output()?;
    let errors = String::from_utf8_lossy(&done.stderr);
    ensure!(
        done.status.success(),
        "{command:?} ended with {}: {errors}",
        done.status
    );
    Ok(String::from_utf8(done.stdout)?)
}
