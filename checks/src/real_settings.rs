//! The settings of the real program, for a host in place of ours: its own bridge and daemon answer,
//! in a home of their own.

use crate::stage::{extension_id, program};
use anyhow::{Context as _, Result, ensure};
use meter_wire::{
    Client, FRAME_OUT_MAX, FromDaemon, Hello, Outcome, ProtocolRange, Request, RequestEnvelope,
    parse_from_daemon, write_request,
};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

/// The home below the folder of a test.
#[must_use]
pub fn home(folder: &Path) -> PathBuf {
    folder.join("om")
}

/// A home with settings. Dropping it ends its daemon.
pub struct RealSettings(PathBuf);

impl RealSettings {
    /// Makes the home with this `config.toml`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn make(folder: &Path, config: &str) -> Result<Self> {
        let home = home(folder);
        fs::DirBuilder::new().mode(0o700).create(&home)?;
        fs::write(home.join("config.toml"), config)?;
        Ok(Self(home))
    }

    /// `config.toml` as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn config(&self) -> Result<String> {
        Ok(fs::read_to_string(self.0.join("config.toml"))?)
    }

    /// Makes `config.toml` anew, as a person's editor does.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_config(&self, config: &str) -> Result<()> {
        Ok(fs::write(self.0.join("config.toml"), config)?)
    }
}

impl Drop for RealSettings {
    fn drop(&mut self) {
        let mut stop = Command::new(program().expect("it was built for the test"));
        stop.args(["stop", "--force"])
            .env("ONIONMETER_HOME", &self.0);
        drop(stop.output());
    }
}

/// Asks the real program.
///
/// # Errors
/// It does not start, or does not answer.
pub fn ask(folder: &Path, request: &Request) -> Result<Outcome> {
    let mut bridge = Command::new(program()?)
        .arg(format!("chrome-extension://{}/", extension_id()?))
        .env("ONIONMETER_HOME", home(folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = bridge.stdin.take().context("piped")?;
    let mut stdout = bridge.stdout.take().context("piped")?;
    let client = Client {
        name: "stand-in".to_owned(),
        version: "0".to_owned(),
    };
    let hello = Request::Hello(Hello {
        protocol: ProtocolRange::OURS,
        client,
        notices: false,
    });
    exchange(&mut stdin, &mut stdout, 1, hello)?;
    let outcome = exchange(&mut stdin, &mut stdout, 2, request.clone());
    drop(stdin);
    bridge.wait()?;
    outcome
}

fn exchange(
    stdin: &mut ChildStdin,
    stdout: &mut ChildStdout,
    id: u32,
    request: Request,
) -> Result<Outcome> {
    let json = write_request(&RequestEnvelope { id, request });
    stdin.write_all(&u32::try_from(json.len())?.to_ne_bytes())?;
    stdin.write_all(&json)?;
    stdin.flush()?;
    loop {
        let mut length = [0; 4];
        stdout.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_ne_bytes(length))?;
        ensure!(length <= FRAME_OUT_MAX, "a frame of {length} bytes");
        let mut json = vec![0; length];
        stdout.read_exact(&mut json)?;
        let message = parse_from_daemon(&json).ok().context("a message")?;
        if let FromDaemon::Reply(reply) = message
            && reply.id == Some(id)
        {
            return Ok(reply.outcome);
        }
    }
}
