//! One Tor under measurement, started as the daemon starts it.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use meter_core::{Backend, TorAddr};
use meter_testkit::socks::{self, Credentials};
use meter_tor::{Embedded, Tor, TorConfig};
use tempfile::TempDir;
use tokio::{net::UnixStream, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    run::Setting,
    usage::Usage,
    visit::{self, Waits},
};

/// A column of the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    Managed,
    Embedded,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Managed, Self::Embedded];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Embedded => "embedded",
        }
    }

    /// Both; each is first in every second round.
    pub(super) fn in_round(round: usize) -> [Self; 2] {
        let mut kinds = Self::ALL;
        kinds.rotate_left(round % 2);
        kinds
    }
}

/// A Tor with folders of its own, running or not. Its process ends when this is dropped.
pub(super) struct Subject {
    pub(super) kind: Kind,
    tor: Tor,
    /// The folder in which its process runs.
    data_dir: PathBuf,
    /// The site's port.
    port: u16,
    tasks: TaskTracker,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Subject {
    /// Makes it, with empty folders; nothing runs yet. With `wire`, a SOCKS5 proxy, it will reach
    /// the network only through that proxy.
    ///
    /// # Errors
    /// No folder can be made, or the program is missing.
    pub(super) fn new(kind: Kind, setting: &Setting<'_>, wire: Option<SocketAddr>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data_dir = folder.path().join("data");
        let mut config = TorConfig::new(data_dir.clone(), folder.path().join("run"));
        match kind {
            Kind::Managed => {
                config.backend = Some(Backend::Managed);
                config.extra_torrc = setting.network.client_torrc();
                config
                    .extra_torrc
                    .extend(wire.map(|wire| format!("Socks5Proxy {wire}")));
            }
            Kind::Embedded => {
                let wire =
                    wire.map(|wire| format!("[channel]\noutbound_proxy = \"socks5://{wire}\"\n"));
                config.backend = Some(Backend::Embedded);
                config.data_dir = folder.path().join("unused");
                config.embedded = Some(Embedded {
                    program: fs::canonicalize(setting.program)?,
                    arguments: vec!["embedded-tor".into()],
                    data_dir: data_dir.clone(),
                    arti: setting.network.arti_config()? + &wire.unwrap_or_default(),
                    log_level: LOG_LEVEL.to_owned(),
                });
            }
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Ok(Self {
            kind,
            tor: Tor::new(config, &tasks, stop.clone()),
            data_dir,
            port: setting.origin.address.port(),
            tasks,
            stop,
            _folder: folder,
        })
    }

    /// Starts it, and returns as soon as the relay would connect to it.
    ///
    /// # Errors
    /// It does not start, or is not usable in time.
    pub(super) async fn start(&self) -> Result<()> {
        self.tor.start().await?;
        let mut upstream = self.tor.upstream();
        let usable = timeout(READY_LIMIT, upstream.wait_for(Option::is_some)).await;
        usable.with_context(|| format!("{} is not ready", self.kind.name()))??;
        Ok(())
    }

    /// Ends its process; the files in its folders stay.
    ///
    /// # Errors
    /// It already ends.
    pub(super) async fn stop(&self) -> Result<()> {
        Ok(self.tor.stop().await?)
    }

    /// Ends its process and all tasks that follow it.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// What its process costs.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn usage(&self) -> Result<Usage> {
        Usage::of_process_in(&self.data_dir)
    }

    /// A stream to the site, on circuits that only `user` has.
    ///
    /// # Errors
    /// It is not usable, or refuses.
    pub(super) async fn connect(&self, user: &str) -> Result<UnixStream> {
        let upstream = self.tor.upstream().borrow().clone();
        let Some(TorAddr::Unix(socket)) = upstream else {
            bail!("{} offers no socket", self.kind.name());
        };
        let credentials = Credentials {
            user,
            password: "p",
        };
        socks::connect_unix(&socket, Some(credentials), SITE, self.port).await
    }

    /// Visits a small page of the site as `user`.
    ///
    /// # Errors
    /// As [`Self::connect`]; or no page comes.
    pub(super) async fn page(&self, user: &str) -> Result<Waits> {
        visit::page(self.connect(user), SITE).await
    }

    /// Fetches `bytes` bytes as `user`; returns how long the body took.
    ///
    /// # Errors
    /// As [`Self::connect`]; or the file does not come whole.
    pub(super) async fn download(&self, user: &str, bytes: usize) -> Result<Duration> {
        visit::download(self.connect(user), SITE, bytes).await
    }
}

const SITE: &str = "site.test";
/// The daemon's default.
const LOG_LEVEL: &str = "info";
/// Ten times the usual.
const READY_LIMIT: Duration = Duration::from_secs(60);
