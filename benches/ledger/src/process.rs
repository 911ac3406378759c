//! The real program: a data folder, its commands, and a serving process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A data folder, and the database that belongs to it.
pub(crate) struct Home {
    program: PathBuf,
    folder: TempDir,
    /// `None`: an SQLite file in the folder.
    database: Option<String>,
}

/// A serving process. Dropping it kills it.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process until it has told its address.
    pub(crate) start: Duration,
}

impl Home {
    pub(crate) fn new(program: &Path, database: Option<String>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-ledger").tempdir()?;
        let program = program.to_owned();
        Ok(Self {
            program,
            folder,
            database,
        })
    }

    /// Another folder for the same database, with the same receipt key.
    pub(crate) fn beside(&self) -> Result<Self> {
        let other = Self::new(&self.program, self.database.clone())?;
        let folder = other.path();
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        fs::copy(self.path().join("receipt-key"), folder.join("receipt-key"))?;
        other.admit_all()?;
        Ok(other)
    }

    /// The devices of the load join in one hour.
    fn admit_all(&self) -> Result<()> {
        let settings = "new_accounts_per_hour = 4294967295\n";
        Ok(fs::write(self.path().join("config.toml"), settings)?)
    }

    /// The data folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--json");
        command.arg("--data").arg(self.path());
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command
    }

    /// Runs a command to its end and returns the object that it prints.
    pub(crate) fn run(&self, words: &[&str]) -> Result<Value> {
        let output = self.command(words).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{words:?}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Makes a new ledger whose policy does not limit the load.
    pub(crate) fn make(&self) -> Result<()> {
        self.serve()?.end()?;
        self.admit_all()?;
        let set = [
            &["policy", "set"][..],
            &["--reports-per-minute", "1000000000"],
            &["--devices-per-account", "1000000"],
        ];
        self.run(&set.concat()).map(drop)
    }

    /// Starts a server. What it logs goes to the file `log` beside the data folder.
    pub(crate) fn serve(&self) -> Result<Serving> {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?;
        command.stdout(Stdio::piped()).stderr(log);
        let began = Instant::now();
        let mut child = command.spawn()?;
        let out = child.stdout.take().context("a pipe")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let start = began.elapsed();
        let told: Value = serde_json::from_str(&line)
            .with_context(|| format!("it does not serve: {line}{}", self.log()))?;
        let listen = told["listen"].as_str().context("an address")?;
        ensure!(told["read_only"].is_null(), "{line}");
        Ok(Serving {
            child,
            address: listen.parse()?,
            start,
        })
    }

    /// What servers of this folder have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Serving {
    /// Ends it properly.
    pub(crate) fn end(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Kills it at once.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Bytes of memory that are resident.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        for line in status.lines() {
            if let Some(rest) = line.strip_prefix("VmRSS:") {
                let kib = rest.split_whitespace().next().context("a number")?;
                return Ok(kib.parse::<u64>()? * 1024);
            }
        }
        bail!("the server has ended")
    }

    /// Processor time that it has used.
    pub(crate) fn used(&self) -> Result<Duration> {
        used(&self.child.id().to_string())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Processor time that a process has used, with its threads that have ended (proc_pid_stat(5)).
/// `self` is this process.
pub(crate) fn used(pid: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat
        .rsplit_once(") ")
        .context("the fields after the name")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |place: usize| -> Result<u64> { Ok(fields.get(place).context("ticks")?.parse()?) };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * TICK_MS))
}

/// Linux counts this time in hundredths of a second for every program.
const TICK_MS: u64 = 10;
