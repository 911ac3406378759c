//! The program without a browser: a daemon in a home of its own, and its relay.

use crate::{asked, stage::program};
use anyhow::{Context as _, Result, bail, ensure};
use meter_testkit::ports::HeldPort;
use meter_wire::{Status, TorState};
use std::{
    ffi::OsString,
    fs::{self, File},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(50);
/// Only an upper bound: relay and Tor may take a few seconds to end.
const GRACE: Duration = Duration::from_secs(60);

/// A running daemon. Dropping it kills the daemon.
pub struct Host {
    folder: tempfile::TempDir,
    program: PathBuf,
    relay_port: HeldPort,
    environment: Vec<(&'static str, OsString)>,
    launcher: Vec<String>,
    daemon: Child,
}

impl Host {
    /// Starts a daemon whose `config.toml` has these lines, besides the relay's port.
    ///
    /// # Errors
    /// The program is not built or it does not start.
    pub fn start(config: &str) -> Result<Self> {
        Self::start_with(config, Vec::new())
    }

    /// Like [`Self::start`], with these variables in the daemon's environment.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(config: &str, environment: Vec<(&'static str, OsString)>) -> Result<Self> {
        Self::begin(config, environment, &[])
    }

    /// Like [`Self::start`], but another program starts the daemon, for instance `unshare`. It gets
    /// its own arguments, then the daemon's command line.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_under(launcher: &[&str], config: &str) -> Result<Self> {
        Self::begin(config, Vec::new(), launcher)
    }

    /// A copy of another host's home, as a backup that is put on a second computer, and a daemon
    /// on it. No daemon may run on the other one meanwhile. `config` is as with [`Self::start`].
    ///
    /// # Errors
    /// A file cannot be copied, or the daemon does not start.
    pub fn copy_of(other: &Self, config: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let copied = Command::new("cp")
            .arg("-a")
            .args([other.folder().join("om"), folder.path().join("om")])
            .status()?;
        ensure!(copied.success(), "the home was not copied");
        Self::begin_in(folder, config, Vec::new(), &[])
    }

    fn begin(
        config: &str,
        environment: Vec<(&'static str, OsString)>,
        launcher: &[&str],
    ) -> Result<Self> {
        // The path of a socket has little room, so it must not lie below a build folder.
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let home = folder.path().join("om");
        fs::DirBuilder::new().mode(0o700).create(home)?;
        Self::begin_in(folder, config, environment, launcher)
    }

    fn begin_in(
        folder: tempfile::TempDir,
        config: &str,
        environment: Vec<(&'static str, OsString)>,
        launcher: &[&str],
    ) -> Result<Self> {
        let program = program()?;
        let relay_port = HeldPort::take()?;
        fs::write(
            folder.path().join("om/config.toml"),
            format!("{config}\n[relay]\nport = {}\n", relay_port.number()),
        )?;
        let launcher: Vec<String> = launcher.iter().map(|&word| word.to_owned()).collect();
        let daemon = daemon(&launcher, &program, folder.path(), &environment)?;
        Ok(Self {
            folder,
            program,
            relay_port,
            environment,
            launcher,
            daemon,
        })
    }

    /// The folder that holds the home and, beside it, what the daemon printed.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the relay listens.
    #[must_use]
    pub fn relay(&self) -> SocketAddr {
        self.relay_port.address()
    }

    /// The daemon's current log, after the log of the run before.
    #[must_use]
    pub fn log(&self) -> String {
        let folder = self.folder.path().join("om/log");
        ["onionmeter.old.log", "onionmeter.log"]
            .map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default())
            .concat()
    }

    /// Runs a command of the program and gives its standard output.
    ///
    /// # Errors
    /// It exits with a status other than 0; the text has what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        asked::until_answered(self.command(arguments))
    }

    /// A command of the program in this home, to be started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.program, self.folder.path());
        command.args(arguments);
        command
    }

    /// Waits until relay and Tor are ready.
    ///
    /// # Errors
    /// They are not within `limit`; the text has the last status and the log.
    pub async fn wait_until_ready(&mut self, limit: Duration) -> Result<()> {
        let ready = |status: &Status| status.tor.state == TorState::Ready;
        self.wait_for(limit, ready).await
    }

    /// Waits until a status is as wanted.
    ///
    /// # Errors
    /// It is not within `limit`, or the daemon ended; the text has the last status and the log.
    pub async fn wait_for(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&Status) -> bool,
    ) -> Result<()> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            // Fails as long as no daemon runs.
            let status = self.run(&["status", "--json"]);
            let status: Option<Status> = status
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok());
            if status.as_ref().is_some_and(&wanted) {
                return Ok(());
            }
            let ended = self.daemon.try_wait()?;
            if ended.is_some() || tokio::time::Instant::now() > deadline {
                bail!("not as wanted ({ended:?}): {status:#?}\n{}", self.log());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Makes the daemon crash, and waits for its end. (Not by SIGSEGV: Rust's own handler takes the
    /// first one.)
    ///
    /// # Errors
    /// The daemon has ended already, or does not end.
    pub fn crash(&mut self) -> Result<ExitStatus> {
        self.signal(rustix::process::Signal::ABORT)
    }

    /// Kills the daemon, so that it cannot do anything more, and waits for its end.
    ///
    /// # Errors
    /// The daemon has ended already, or does not end.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(rustix::process::Signal::KILL)
    }

    /// The daemon's process number.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.daemon.id()
    }

    /// Starts the daemon again after its end.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.daemon = daemon(
            &self.launcher,
            &self.program,
            self.folder.path(),
            &self.environment,
        )?;
        Ok(())
    }

    /// Asks the daemon to end, and waits for its end.
    ///
    /// # Errors
    /// The daemon has ended already, or does not end.
    pub fn end(&mut self) -> Result<ExitStatus> {
        self.signal(rustix::process::Signal::TERM)
    }

    fn signal(&mut self, signal: rustix::process::Signal) -> Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.daemon);
        rustix::process::kill_process(pid, signal).context("the daemon is gone")?;
        let deadline = Instant::now() + GRACE;
        loop {
            if let Some(status) = self.daemon.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "the daemon does not go");
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.daemon.kill());
        drop(self.daemon.wait());
    }
}

/// Starts the daemon in the folder, where the system would write a core dump, and allows core
/// dumps.
fn daemon(
    launcher: &[String],
    program: &Path,
    folder: &Path,
    environment: &[(&'static str, OsString)],
) -> Result<Child> {
    let mut core = rustix::process::getrlimit(rustix::process::Resource::Core);
    core.current = core.maximum;
    rustix::process::setrlimit(rustix::process::Resource::Core, core)?;
    let said = |name| {
        File::options()
            .create(true)
            .append(true)
            .open(folder.join(name))
    };
    let mut command = match launcher {
        [] => command(program, folder),
        [launcher, arguments @ ..] => {
            let mut command = command(Path::new(launcher), folder);
            command.args(arguments).arg(program);
            command
        }
    };
    Ok(command
        .arg("daemon")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(said(STDOUT)?)
        .stderr(said(STDERR)?)
        .spawn()?)
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("ONIONMETER_HOME", folder.join("om"))
        .env("HOME", folder.join("user"))
        .env_remove("XDG_CONFIG_HOME");
    command
}

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
