//! A real PostgreSQL for tests: its own data folder, its own port, durable settings.
//!
//! `fsync`, `full_page_writes` and `synchronous_commit` stay on, as PostgreSQL has them by itself,
//! unless a test sets them otherwise. Everything here blocks; none of it needs a runtime.

mod changes;
mod processes;
mod programs;
mod shared;

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    ports::HeldPort,
    process::{Environment, Guarded, ignore_because},
};
use programs::Programs;

/// A PostgreSQL of the test. Dropping it ends all its processes and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    /// `None` while it does not run. Declared before the folder, so it is dropped first.
    running: Option<Guarded>,
    folder: TempDir,
    port: HeldPort,
    starts: u32,
}

/// How [`Postgres::stop_by`] ends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// Transactions are rolled back, then a checkpoint is written (`SIGINT`, "fast").
    Fast,
    /// All processes at once by `SIGKILL`, as a crash would.
    Kill,
}

impl Postgres {
    /// Makes an empty cluster and starts it.
    ///
    /// # Errors
    /// PostgreSQL is not installed (the text says how to install it), or it does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more settings, as on the command line: `("fsync", "off")`.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        let new = Self::without_data()?;
        let password = new.folder.path().join("password");
        fs::write(&password, PASSWORD)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o644))?;
        let mut arguments = vec!["--pwfile".into(), password.into_os_string()];
        arguments.extend(INITDB_OPTIONS.iter().map(OsString::from));
        arguments.extend(["-D".into(), new.data().into_os_string()]);
        new.run_to_end(&new.programs.initdb, arguments, "initdb")?;
        let mut new = new;
        new.start_again_with(settings)?;
        Ok(new)
    }

    /// A copy of this one, made by `pg_basebackup` while it runs, and started as its standby: it
    /// follows over a replication connection, without holding up the first, and takes no writes
    /// until [`promote`](Self::promote).
    ///
    /// # Errors
    /// The copy cannot be made or does not start.
    pub fn start_standby(&self) -> Result<Self> {
        let mut new = Self::without_data()?;
        let source = self.connection_words();
        let arguments = vec![
            "--checkpoint=fast".into(),
            "--write-recovery-conf".into(),
            "--no-sync".into(),
            "--dbname".into(),
            source.into(),
            "--pgdata".into(),
            new.data().into_os_string(),
        ];
        new.run_to_end(&new.programs.basebackup, arguments, "pg_basebackup")?;
        new.start_again_with(&[])?;
        // It takes queries before it follows.
        self.wait_for("SELECT count(*) > 0 FROM pg_stat_replication")?;
        Ok(new)
    }

    fn without_data() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir()?;
        // PostgreSQL's user has to reach its folders through this one.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        let new = Self {
            programs,
            running: None,
            folder,
            port: HeldPort::take()?,
            starts: 0,
        };
        for folder in [new.data(), new.socket_folder()] {
            fs::DirBuilder::new().mode(0o700).create(&folder)?;
            new.programs.give(&folder)?;
        }
        Ok(new)
    }

    /// Runs a program to its end. Its output goes to the file NAME.log.
    fn run_to_end(&self, program: &Path, arguments: Vec<OsString>, name: &str) -> Result<()> {
        let log = self.folder.path().join(format!("{name}.log"));
        let mut child = self.spawn(program, arguments, &log)?;
        child.wait(START_LIMIT);
        let status = child.exit_status()?;
        ensure!(
            status.is_some_and(|status| status.success()),
            "{name} ended with {status:?}:\n{}",
            fs::read_to_string(&log).unwrap_or_default()
        );
        Ok(())
    }

    fn spawn(&self, program: &Path, arguments: Vec<OsString>, log: &Path) -> Result<Guarded> {
        let (program, arguments) = self.programs.as_its_user(program, arguments);
        let environment = Environment {
            set: vec![("LC_ALL".into(), "C".into())],
            unset: vec!["PGDATA", "PGPORT", "PGHOST", "PGOPTIONS"],
        };
        Guarded::spawn(&program, &arguments, &environment, log)
    }

    /// Starts it again on the same data and the same port, after [`stop_by`](Self::stop_by).
    ///
    /// # Errors
    /// It runs already, or it does not start: the text has the end of its log.
    pub fn start_again(&mut self) -> Result<()> {
        self.start_again_with(&[])
    }

    /// The same with more settings. Those of earlier starts are forgotten.
    ///
    /// # Errors
    /// As for [`start_again`](Self::start_again).
    pub fn start_again_with(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        ensure!(self.running.is_none(), "PostgreSQL runs already");
        let own = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.number().to_string()),
            (
                "unix_socket_directories",
                self.socket_folder().display().to_string(),
            ),
            // A killed cluster leaves nothing outside its folder.
            ("dynamic_shared_memory_type", "mmap".to_owned()),
            ("log_error_verbosity", "verbose".to_owned()),
            ("log_line_prefix", "%e %d ".to_owned()),
        ];
        let given = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut arguments = vec!["-D".into(), self.data().into_os_string()];
        for (name, value) in own.into_iter().chain(given) {
            arguments.extend(["-c".into(), format!("{name}={value}").into()]);
        }
        let before = processes::postmaster(&self.data());
        self.starts += 1;
        let child = self.spawn(&self.programs.postgres, arguments, &self.log_file())?;
        self.running = Some(child);
        self.wait_until_ready(before)
    }

    fn wait_until_ready(&mut self, before: Option<processes::Postmaster>) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START_LIMIT {
            let now = processes::postmaster(&self.data());
            if now != before && now.is_some_and(|found| found.ready) {
                return Ok(());
            }
            let child = self.running.as_mut().context("it was started")?;
            if let Some(status) = child.exit_status()? {
                self.running = None;
                bail!("PostgreSQL ended with {status}:\n{}", self.last_log());
            }
            std::thread::sleep(POLL);
        }
        bail!(
            "PostgreSQL is not ready after {START_LIMIT:?}:\n{}",
            self.last_log()
        )
    }

    /// Ends it, and returns when all its processes have ended.
    ///
    /// # Errors
    /// It does not run, or it does not end.
    pub fn stop_by(&mut self, how: Stop) -> Result<()> {
        let mut child = self.running.take().context("PostgreSQL does not run")?;
        match how {
            Stop::Fast => {
                let found = processes::postmaster(&self.data()).context("no postmaster.pid")?;
                processes::signal(found.pid, Signal::INT)?;
                child.wait(START_LIMIT);
            }
            Stop::Kill => {}
        }
        processes::kill_all_in(&self.data())?;
        child.wait(START_LIMIT);
        Ok(())
    }

    /// Stops all its processes where they are (`SIGSTOP`): it accepts connections and answers
    /// nothing.
    ///
    /// # Errors
    /// It does not run.
    pub fn pause(&self) -> Result<()> {
        processes::signal_all_in(&self.data(), Signal::STOP)
    }

    /// Continues all its processes.
    ///
    /// # Errors
    /// It does not run.
    pub fn resume(&self) -> Result<()> {
        processes::signal_all_in(&self.data(), Signal::CONT)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Errors
    /// It does not run, or the database is there already.
    pub fn create_database(&self, name: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(name))
    }

    /// `postgres://…` of a database over TCP, with user and password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_through(self.address(), database)
    }

    /// The same through a proxy that listens on `address`.
    #[must_use]
    pub fn url_through(&self, address: SocketAddr, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@{address}/{database}")
    }

    /// The same over its Unix socket.
    #[must_use]
    pub fn url_over_socket(&self, database: &str) -> String {
        let folder = self.socket_folder().display().to_string();
        let folder = folder.replace('/', "%2F");
        let port = self.port.number();
        format!("postgres://{USER}:{PASSWORD}@{folder}:{port}/{database}")
    }

    /// Its address on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Runs statements with `psql` and returns what they print: rows as lines, columns separated
    /// by `|`.
    ///
    /// # Errors
    /// PostgreSQL does not answer, or refuses a statement; the text has its words.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut psql = Command::new(&self.programs.psql)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url(database)])
            .env("PGCONNECT_TIMEOUT", "20")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")?;
        let mut input = psql.stdin.take().context("psql has an input")?;
        match input.write_all(statements.as_bytes()) {
            // A psql that cannot connect ends without reading; its words follow.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
        drop(input);
        let output = psql.wait_with_output()?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "psql: {}", words.trim());
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Everything that it logged, of all its starts. Each line begins with SQLSTATE and database.
    #[must_use]
    pub fn log(&self) -> String {
        let mut all = String::new();
        for start in 1..=self.starts {
            let text = fs::read_to_string(self.log_of(start)).unwrap_or_default();
            all.push_str(&text);
        }
        all
    }

    fn last_log(&self) -> String {
        let mut text = String::new();
        let all = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = all.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(12)) {
            ignore_because("a String takes every line", writeln!(text, "{line}"));
        }
        text
    }

    fn connection_words(&self) -> String {
        let port = self.port.number();
        format!("host=127.0.0.1 port={port} user={USER} password={PASSWORD}")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn socket_folder(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn log_file(&self) -> PathBuf {
        self.log_of(self.starts)
    }

    fn log_of(&self, start: u32) -> PathBuf {
        self.folder.path().join(format!("postgres.{start}.log"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // "Immediate": it leaves no shared memory behind, and writes no checkpoint.
            let found = processes::postmaster(&self.data());
            ignore_because("it may be gone already", self.resume());
            if let Some(found) = found {
                ignore_because("the same", processes::signal(found.pid, Signal::QUIT));
                child.wait(GRACE);
            }
        }
        ignore_because("the same", processes::kill_all_in(&self.data()));
    }
}

const USER: &str = "postgres";
const PASSWORD: &str = "correct-horse";
/// The small WAL segments save disk; `--no-sync` is about the empty cluster only.
const INITDB_OPTIONS: [&str; 8] = [
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--wal-segsize=1",
    "--no-instructions",
    "--data-checksums",
];
const POLL: Duration = Duration::from_millis(10);
/// Only an upper bound, on a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(180);
/// It usually ends within 20 ms.
const GRACE: Duration = Duration::from_secs(5);
