//! The drivers: `chromedriver` and `geckodriver`.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;

use super::{Kind, LaunchOptions};
use crate::{
    process::{Environment, Guarded},
    program,
};

/// A running driver; the browser it starts is in its process group.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Guarded,
    port: u16,
    log: PathBuf,
}

impl Driver {
    /// Starts the driver on a port of its own choice and waits until it says which.
    pub(crate) async fn start(kind: Kind, options: &LaunchOptions) -> Result<Self> {
        for folder in [&options.home, &options.profile] {
            fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        let mut starts = 1;
        loop {
            match Self::start_once(kind, options).await {
                Err(error) if starts < STARTS_MAX && has_met_a_taken_port(&error) => starts += 1,
                outcome => return outcome,
            }
        }
    }

    async fn start_once(kind: Kind, options: &LaunchOptions) -> Result<Self> {
        let (program, arguments, announcement) = match kind {
            Kind::Chromium => (
                &program::CHROMEDRIVER,
                CHROMEDRIVER,
                "successfully on port ",
            ),
            Kind::Firefox => (
                &program::GECKODRIVER,
                GECKODRIVER,
                "Listening on 127.0.0.1:",
            ),
        };
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let log = options.home.join("webdriver.log");
        let process = Guarded::spawn(&program.find()?, &arguments, &environment(options)?, &log)?;
        let mut driver = Self {
            process,
            port: 0,
            log,
        };
        driver.port = driver.announced_port(announcement).await?;
        Ok(driver)
    }

    /// Starts the browser.
    pub(crate) async fn session(&self, capabilities: Capabilities) -> Result<Client> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{}", self.port);
        let connected = tokio::time::timeout(SESSION_LIMIT, builder.connect(&address)).await;
        let session = connected.with_context(|| {
            let log = self.last_words();
            format!("the browser did not start within {SESSION_LIMIT:?}; its log: {log}")
        })?;
        session.with_context(|| format!("start the browser; its log: {}", self.last_words()))
    }

    /// The end of what driver and browser have printed.
    pub(crate) fn last_words(&self) -> String {
        last_words(&self.log)
    }

    pub(crate) fn group_id(&self) -> u32 {
        self.process.group_id()
    }

    async fn announced_port(&mut self, announcement: &str) -> Result<u16> {
        let waited = tokio::time::timeout(START_LIMIT, async {
            loop {
                if let Some(port) = port_after(announcement, &fs::read_to_string(&self.log)?) {
                    return Ok(port);
                }
                if let Some(status) = self.process.exit_status()? {
                    bail!("the driver ended with {status}: {}", last_words(&self.log));
                }
                tokio::time::sleep(POLL).await;
            }
        });
        waited.await.with_context(|| {
            let log = last_words(&self.log);
            format!("the driver did not say its port within {START_LIMIT:?}; its log: {log}")
        })?
    }
}

/// chromedriver takes a free port of one family of addresses, and then the same of the other, where
/// somebody may be.
fn has_met_a_taken_port(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("port not available")
}

/// The number after `announcement`, once the line is whole.
fn port_after(announcement: &str, log: &str) -> Option<u16> {
    let (_, rest) = log.split_once(announcement)?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest.get(..end)?.parse().ok()
}

fn environment(options: &LaunchOptions) -> Result<Environment<'static>> {
    let fixed = [
        // Neither browser shall find a session bus, nor start one that outlives it.
        ("DBUS_SESSION_BUS_ADDRESS", "disabled:"),
        ("MOZ_CRASHREPORTER_DISABLE", "1"),
        // Without it Firefox ignores the preference that moves its settings server.
        ("MOZ_REMOTE_SETTINGS_DEVTOOLS", "1"),
    ];
    let mut set = vec![(
        "HOME".into(),
        std::path::absolute(&options.home)?.into_os_string(),
    )];
    set.extend(fixed.map(|(name, value)| (name.into(), value.into())));
    set.extend(
        options
            .env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    Ok(Environment {
        set,
        unset: NOT_INHERITED.to_vec(),
    })
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(8))
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

const CHROMEDRIVER: &[&str] = &["--port=0"];
/// System access: without it Firefox (since 138) refuses to navigate to pages of extensions and to
/// run privileged scripts.
const GECKODRIVER: &[&str] = &[
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--allow-system-access",
];
/// They would lead a browser to another home, or make it use a proxy that nobody set in it.
const NOT_INHERITED: &[&str] = &[
    "CHROME_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// Ports are chosen by chance. With every second one taken, ten starts fail once in a thousand.
const STARTS_MAX: u32 = 10;
/// Only upper bounds, on a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(60);
const SESSION_LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(20);
