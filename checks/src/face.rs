//! `onionmeter serve` beside the daemon of a home, and what it answers.

use crate::stage::program;
use anyhow::{Context as _, Result, ensure};
use meter_testkit::ports::HeldPort;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A running server. Dropping it ends it.
pub struct Face {
    child: Child,
    _said: BufReader<ChildStdout>,
    port: HeldPort,
    home: PathBuf,
}

impl Face {
    /// Starts a server for the daemon of this home. Returns once it serves. `user` is the folder
    /// that the program takes for a person's own.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(home: &Path, user: &Path) -> Result<Self> {
        let port = HeldPort::take()?;
        let mut command = Command::new(program()?);
        command
            .args(["serve", "--port", &port.number().to_string()])
            .env("ONIONMETER_HOME", home)
            .env("HOME", user)
            .env_remove("XDG_CONFIG_HOME");
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("a pipe")?);
        let mut line = String::new();
        said.read_line(&mut line)?;
        ensure!(line.contains("Serving "), "{line}");
        Ok(Self {
            child,
            _said: said,
            port,
            home: home.to_owned(),
        })
    }

    /// Its address, as a browser opens it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// What it answers to a program that has the token.
    ///
    /// # Errors
    /// It refuses, or does not answer within half a minute.
    pub fn get(&self, target: &str) -> Result<String> {
        let output = self.curl(target, "30")?.arg("--fail-with-body").output()?;
        let text = String::from_utf8(output.stdout)?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{target}: {text}{error}");
        Ok(text)
    }

    /// What it sends within two seconds to a program that listens.
    ///
    /// # Errors
    /// `curl` does not run.
    pub fn listen(&self, target: &str) -> Result<String> {
        let output = self.curl(target, "2")?.arg("--no-buffer").output()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    fn curl(&self, target: &str, seconds: &str) -> Result<Command> {
        let token = fs::read_to_string(self.home.join("http-token"))?;
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", seconds])
            .args([
                "--header",
                &format!("Authorization: Bearer {}", token.trim()),
            ])
            .arg(format!("{}{target}", self.address()));
        Ok(curl)
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
