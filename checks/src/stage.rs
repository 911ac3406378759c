//! A private Tor network, a site, a home and a registered host, for any browser.

use crate::{asked, reports::Reports};
use anyhow::{Context as _, Result, bail, ensure};
use meter_core::Backend;
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions},
    ports::HeldPort,
    site::Site,
    tor_network::{ClientPorts, TorClient, TorNetwork},
};
use meter_wire::{ReportsFile, Status};
use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// The shortest thresholds that are allowed: 10 kB, 10 s, and 20 s at the latest.
pub const QUICK: &str =
    "[session]\nmin_bytes = 10000\nmin_duration_ms = 10000\nmax_duration_ms = 20000\n";

const POLL: Duration = Duration::from_millis(100);

/// Everything but the browser. Dropping it ends the daemon, the network and the site.
pub struct Stage {
    /// The network; the product's own `tor` is a client of it.
    pub network: TorNetwork,
    /// The site to browse.
    pub site: Site,
    _theirs: Option<TorClient>,
    folder: tempfile::TempDir,
    program: PathBuf,
    relay_port: HeldPort,
}

impl Stage {
    /// Boots the network and the site, and configures a home whose managed Tor joins the network.
    /// `session` is the `[session]` part of `config.toml`.
    ///
    /// # Errors
    /// The program or the extension is not built, or the network does not come up.
    pub async fn set(session: &str) -> Result<Self> {
        Self::set_with(session, Backend::Managed).await
    }

    /// Like [`Self::set`], with another backend. A Tor of another program has just been started and
    /// is not connected yet.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub async fn set_with(session: &str, backend: Backend) -> Result<Self> {
        Self::set_with_relays(session, backend, 1).await
    }

    /// Like [`Self::set_with`], in a network with so many relays: onion services need 4.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub async fn set_with_relays(session: &str, backend: Backend, relays: usize) -> Result<Self> {
        let program = program()?;
        ensure!(
            extension().join("manifest.json").is_file(),
            "dist/extension is missing; run ./build.sh build"
        );
        // The path of a socket has little room, so it must not lie below a build folder.
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let network = TorNetwork::boot_with_relays(&folder.path().join("network"), relays).await?;
        let relay_port = HeldPort::take()?;
        let site = Site::start().await?;
        let (tor, theirs) = tor_section(&network, backend)?;
        let stage = Self {
            network,
            site,
            _theirs: theirs,
            folder,
            program,
            relay_port,
        };
        fs::DirBuilder::new().mode(0o700).create(stage.home())?;
        let port = stage.relay_port();
        let text = format!("{session}\n[relay]\nport = {port}\n{tor}");
        fs::write(stage.home().join("config.toml"), text)?;
        Ok(stage)
    }

    /// The product's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("om")
    }

    /// The folder that is a person's home folder for browser and program.
    #[must_use]
    pub fn user(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// The relay's port.
    #[must_use]
    pub const fn relay_port(&self) -> u16 {
        self.relay_port.number()
    }

    /// The log of the daemon, for a failed check to show.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.home().join("log/onionmeter.log")).unwrap_or_default()
    }

    /// Registers the host and starts a browser with the extension.
    ///
    /// # Errors
    /// `onionmeter install` fails, or the browser does not start.
    pub async fn launch(&self, kind: Kind, dark: bool) -> Result<Browser> {
        let mut options = self.options("profile")?;
        options.dark = dark;
        Browser::launch(kind, &options).await
    }

    /// Registers the host for a browser with the extension and a profile of this name.
    ///
    /// # Errors
    /// `onionmeter install` fails.
    pub fn options(&self, profile: &str) -> Result<LaunchOptions> {
        let profile = self.folder.path().join(profile);
        let mut options = LaunchOptions::new(&self.user(), &profile);
        options.extension = Some(extension());
        fs::create_dir_all(self.user().join(".mozilla"))?;
        fs::create_dir_all(&profile)?;
        fs::write(profile.join("First Run"), "")?;
        self.run(&[
            "install",
            "--browser-dir",
            profile.to_str().context("UTF-8")?,
        ])?;
        Ok(options)
    }

    /// Runs a command of the program and gives its standard output.
    ///
    /// # Errors
    /// It exits with a status other than 0; the text has what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        asked::until_answered(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("ONIONMETER_HOME", self.home())
            .env("HOME", self.user());
        command.env_remove("XDG_CONFIG_HOME");
        command
    }

    /// `onionmeter status --json`; `None` while no daemon runs.
    ///
    /// # Errors
    /// The output is no status.
    pub fn status(&self) -> Result<Option<Status>> {
        let object = self.command(&["status", "--json"]).output()?.stdout;
        let object: serde_json::Value = serde_json::from_slice(&object)?;
        if object["state"] == "not_running" {
            return Ok(None);
        }
        let said = object.to_string();
        let status = serde_json::from_value(object);
        status
            .map(Some)
            .with_context(|| format!("no status: {said}"))
    }

    /// Waits until a status is as wanted, and returns it. A daemon that does not answer yet is
    /// asked again.
    ///
    /// # Errors
    /// No status is within `limit`; the text has the last status and the log.
    pub async fn wait_for(
        &self,
        limit: Duration,
        wanted: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let status = match self.status() {
                Ok(Some(status)) if wanted(&status) => return Ok(status),
                status => status,
            };
            if tokio::time::Instant::now() > deadline {
                bail!("still not as wanted: {status:#?}\n{}", self.log());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// All reports, each verified here.
    ///
    /// # Errors
    /// One does not verify, or the chain is broken.
    pub fn reports(&self) -> Result<Reports> {
        let object = self.command(&["reports", "--json"]).output()?.stdout;
        let object: serde_json::Value = serde_json::from_slice(&object)?;
        if object["state"] == "no_reports" {
            return Ok(Reports::none());
        }
        Reports::verify(&serde_json::from_value::<ReportsFile>(object)?)
    }

    /// Kills the daemon as a crash would. The guard holds the lock that every daemon needs, so no
    /// other daemon starts until the guard is dropped.
    ///
    /// # Errors
    /// No daemon runs.
    pub fn kill_daemon(&self) -> Result<DaemonAway> {
        let path = self.home().join("run/daemon.lock");
        let lock = File::open(&path)?;
        // The file outlives its daemon, and another process may have the number in it by then.
        let free = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        ensure!(free.is_err(), "no daemon runs");
        let number = fs::read_to_string(&path)?.trim().parse()?;
        let daemon = rustix::process::Pid::from_raw(number).context("a process number")?;
        rustix::process::kill_process(daemon, rustix::process::Signal::KILL)?;
        // The kernel frees the lock when the process has ended completely.
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(DaemonAway(lock))
    }

    /// Configures a Tor that runs already instead of one of the program's own. To be called before
    /// a daemon runs.
    ///
    /// # Errors
    /// The configuration cannot be written.
    pub fn use_existing_tor(&self, ports: &ClientPorts) -> Result<()> {
        let path = self.home().join("config.toml");
        let text = fs::read_to_string(&path)?;
        let (before, _) = text.split_once("[tor]").context("a part for Tor")?;
        let tor = format!("[tor]\nbackend = \"existing\"\n{}", ports.settings());
        fs::write(path, format!("{before}{tor}"))?;
        Ok(())
    }

    /// Hides `tor` from the program. It changes the configuration, because the browser chooses
    /// PATH.
    ///
    /// # Errors
    /// The configuration cannot be written.
    pub fn without_tor(&self) -> Result<()> {
        let path = self.home().join("config.toml");
        let text = fs::read_to_string(&path)?;
        fs::write(
            path,
            text.replace(
                "backend = \"managed\"",
                "backend = \"managed\"\nprogram = \"/nowhere/tor\"",
            ),
        )?;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.kill_daemon());
    }
}

/// Copies a folder with everything in it.
///
/// # Errors
/// Something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// No daemon runs while this lives.
pub struct DaemonAway(#[expect(dead_code, reason = "held, not read")] File);

/// The `[tor]` part of `config.toml`, and the Tor that it names where another program runs it.
///
/// # Errors
/// That Tor does not start, or the network does not know what a client needs.
pub fn tor_section(network: &TorNetwork, backend: Backend) -> Result<(String, Option<TorClient>)> {
    Ok(match backend {
        Backend::Existing => {
            let ports = ClientPorts::hold()?;
            let text = format!("[tor]\nbackend = \"existing\"\n{}", ports.settings());
            (text, Some(network.start_client(ports)?))
        }
        Backend::Managed => {
            let torrc = serde_json::to_string(&network.client_torrc())?;
            let text = format!("[tor]\nbackend = \"managed\"\nextra_torrc = {torrc}\n");
            (text, None)
        }
        Backend::Embedded => {
            let arti = arti_tables(network)?;
            (format!("[tor]\nbackend = \"embedded\"\n{arti}"), None)
        }
    })
}

/// The text of [`TorNetwork::arti_config`], as tables below `tor.arti` of `config.toml`.
fn arti_tables(network: &TorNetwork) -> Result<String> {
    let config = network.arti_config()?;
    let nested = config.lines().map(|line| {
        let array = line
            .strip_prefix("[[")
            .map(|name| format!("[[tor.arti.{name}\n"));
        let table = || {
            line.strip_prefix('[')
                .map(|name| format!("[tor.arti.{name}\n"))
        };
        array.or_else(table).unwrap_or_else(|| format!("{line}\n"))
    });
    Ok(nested.collect())
}

/// The program from the same build as the running check.
///
/// # Errors
/// It is not built.
pub fn program() -> Result<PathBuf> {
    built("onionmeter")
}

/// A program of ours from the same build as the running check.
///
/// # Errors
/// It is not built.
pub fn built(name: &str) -> Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    while folder.pop() {
        let program = folder.join(name);
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("{name} is not built; run cargo build -p onionmeter -p onionmeter-ledger -p checks")
}

/// The assembled extension.
#[must_use]
pub fn extension() -> PathBuf {
    root().join("dist/extension")
}

/// The extension's id in Chromium.
///
/// # Errors
/// `extension-ids.json` does not name it.
pub fn extension_id() -> Result<String> {
    let ids: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("extension-ids.json"))?)?;
    Ok(ids["chromium"].as_str().context("an id")?.to_owned())
}

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
