//! A ledger of its own: the real program, on a data folder that ends with the test.

use crate::{processes::signal_all, stage::built};
use anyhow::{Context as _, Result, ensure};
use meter_testkit::{ledger_client::LedgerClient, ports::HeldPort};
use rustix::process::Signal;
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A running ledger on an SQLite file. Dropping it kills the program.
pub struct Ledger {
    folder: TempDir,
    port: HeldPort,
    origins: Vec<String>,
    child: Child,
    vkey: String,
}

impl Ledger {
    /// Starts a ledger that listens on `port` and answers under these addresses, such as
    /// `http://NAME.onion`. Returns once it serves.
    ///
    /// # Errors
    /// The program is not built or does not start.
    pub fn start(port: HeldPort, origins: &[String]) -> Result<Self> {
        let folder = TempDir::new()?;
        let (child, vkey) = serve(&folder, &port, origins)?;
        Ok(Self {
            folder,
            port,
            origins: origins.to_vec(),
            child,
            vkey,
        })
    }

    /// Its key, as it tells it to people.
    #[must_use]
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Asks it on loopback. It must have been started with that address among its origins.
    #[must_use]
    pub fn client(&self) -> LedgerClient {
        LedgerClient::new(self.port.address())
    }

    /// Kills it and waits until it is gone. Connections to its port are refused from now on.
    ///
    /// # Errors
    /// It cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Holds it, or lets it go on. Meanwhile it accepts connections and answers nothing.
    ///
    /// # Errors
    /// It has ended.
    pub fn hold(&self, held: bool) -> Result<()> {
        let signal = if held { Signal::STOP } else { Signal::CONT };
        signal_all(&[self.child.id()], signal)
    }

    /// Starts it again on the same data and port.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_again(&mut self) -> Result<()> {
        self.kill()?;
        (self.child, self.vkey) = serve(&self.folder, &self.port, &self.origins)?;
        Ok(())
    }

    /// Runs another command of the program on its data, and gives its standard output.
    ///
    /// # Errors
    /// It exits with a status other than 0; the text has what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(built("onionmeter-ledger")?);
        command
            .args(arguments)
            .arg("--data")
            .arg(data(&self.folder));
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?}: {text}{error}");
        Ok(text)
    }

    /// The folder with its data and its log.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The secret half of its key.
    ///
    /// # Errors
    /// The file cannot be read, or has another length.
    pub fn key_seed(&self) -> Result<[u8; 32]> {
        let key = fs::read(data(&self.folder).join("receipt-key"))?;
        Ok(key.as_slice().try_into()?)
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // It may have been killed before.
        drop(self.kill());
    }
}

/// Returns once it serves, with its key.
fn serve(folder: &TempDir, port: &HeldPort, origins: &[String]) -> Result<(Child, String)> {
    let mut command = Command::new(built("onionmeter-ledger")?);
    command.args(["serve", "--json", "--listen", &port.address().to_string()]);
    for origin in origins {
        command.args(["--origin", origin]);
    }
    command.arg("--data").arg(data(folder));
    let stderr = folder.path().join(LOG);
    let log = File::options().create(true).append(true).open(&stderr)?;
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
    let out = child.stdout.take().context("a pipe")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let told: Value = serde_json::from_str(&line).unwrap_or_default();
    let log = fs::read_to_string(stderr).unwrap_or_default();
    ensure!(told["state"] == "serving", "{line}{log}");
    let vkey = told["vkey"].as_str().unwrap_or_default().to_owned();
    Ok((child, vkey))
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("ledger")
}

const LOG: &str = "stderr";
