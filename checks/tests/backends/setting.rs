//! A handle on Tor for each backend, as the daemon has one.

use crate::LIMIT;
use checks::processes::{children, command_line, signal_all};
use meter_core::{Backend, TorAddr};
use meter_testkit::{
    socks::{self, Credentials, Fetched},
    tor_network::{ClientPorts, TorClient, TorNetwork},
};
use meter_tor::{Candidate, Tor, TorConfig, TorState, TorStatus};
use rustix::process::Signal;
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The backends, and the forms of their addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Existing,
    /// The existing Tor, at its Unix sockets.
    ExistingOnSockets,
    Managed,
    #[cfg(feature = "embedded-tor")]
    Embedded,
}

impl Kind {
    /// Those whose process we start.
    pub(crate) const OURS: &[Self] = &[
        Self::Managed,
        #[cfg(feature = "embedded-tor")]
        Self::Embedded,
    ];
    pub(crate) const ALL: &[Self] = &[
        Self::Existing,
        Self::ExistingOnSockets,
        Self::Managed,
        #[cfg(feature = "embedded-tor")]
        Self::Embedded,
    ];

    /// Whether another program starts and ends it.
    pub(crate) const fn is_theirs(self) -> bool {
        matches!(self, Self::Existing | Self::ExistingOnSockets)
    }

    fn start_theirs(self, network: &TorNetwork, ports: &ClientPorts) -> TorClient {
        let client = if self == Self::ExistingOnSockets {
            network.start_client_on_sockets(ports.clone())
        } else {
            network.start_client(ports.clone())
        };
        client.expect("started")
    }

    /// The backend that this is a kind of.
    pub(crate) const fn backend(self) -> Backend {
        match self {
            Self::Existing | Self::ExistingOnSockets => Backend::Existing,
            Self::Managed => Backend::Managed,
            #[cfg(feature = "embedded-tor")]
            Self::Embedded => Backend::Embedded,
        }
    }
}

/// A handle on a Tor, and what it was made of.
pub(crate) struct Setting {
    pub(crate) kind: Kind,
    pub(crate) tor: Tor,
    pub(crate) folder: tempfile::TempDir,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// The Tor that another program runs.
    theirs: Option<(TorClient, ClientPorts)>,
}

impl Setting {
    pub(crate) fn new(kind: Kind, network: &TorNetwork) -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.expect("a folder");
        let mut config = TorConfig::new(folder.path().join("data"), folder.path().join("run"));
        config.restart.first = Duration::from_millis(10);
        let theirs = match kind {
            Kind::Existing | Kind::ExistingOnSockets => Some(existing(kind, &mut config, network)),
            Kind::Managed => {
                config.backend = Some(Backend::Managed);
                config.extra_torrc = network.client_torrc();
                None
            }
            #[cfg(feature = "embedded-tor")]
            Kind::Embedded => {
                embedded(&mut config, folder.path(), network);
                None
            }
        };
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tor = Tor::new(config, &tasks, stop.clone());
        Self {
            kind,
            tor,
            folder,
            tasks,
            stop,
            theirs,
        }
    }

    /// Waits for a status.
    pub(crate) async fn until(&self, matches: impl Fn(&TorState) -> bool) -> TorStatus {
        let mut status = self.tor.status();
        let found = soon(status.wait_for(|status| matches(&status.state))).await;
        found.expect("the actor lives").clone()
    }

    /// Fetches a page, as the SOCKS user `user` or without a user.
    pub(crate) async fn fetch(
        &self,
        user: Option<&str>,
        host: &str,
        port: u16,
        path: &str,
    ) -> anyhow::Result<Fetched> {
        let upstream = self.tor.upstream().borrow().clone().expect("tor is ready");
        let credentials = user.map(|user| Credentials {
            user,
            password: "p",
        });
        match upstream {
            TorAddr::Unix(socket) => {
                let stream = socks::connect_unix(&socket, credentials, host, port).await?;
                socks::get(stream, host, path).await
            }
            TorAddr::Tcp(address) => {
                let stream = match credentials {
                    Some(credentials) => {
                        socks::connect_as(address, credentials, host, port).await?
                    }
                    None => socks::connect(address, host, port).await?,
                };
                socks::get(stream, host, path).await
            }
        }
    }

    /// The processes of this Tor, where they are ours.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let folder = self.folder.path().to_str().expect("text");
        let mut found = children(std::process::id());
        found.retain(|id| {
            let line = command_line(*id);
            line.contains(folder) || line.contains("embedded-tor")
        });
        found
    }

    /// Kills this Tor, as a crash would. A Tor of another program is then started again, as that
    /// program would.
    pub(crate) async fn kill(&mut self, network: &TorNetwork) {
        if let Some((client, ports)) = self.theirs.take() {
            client.kill();
            self.until(|state| matches!(state, TorState::Restarting { .. }))
                .await;
            self.theirs = Some((self.kind.start_theirs(network, &ports), ports));
            return;
        }
        signal_all(&self.processes(), Signal::KILL).expect("it runs");
        self.until(|state| *state != TorState::Ready).await;
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
        assert_eq!(self.processes(), [0_u32; 0]);
    }
}

fn existing(kind: Kind, config: &mut TorConfig, network: &TorNetwork) -> (TorClient, ClientPorts) {
    let ports = ClientPorts::hold().expect("ports");
    let client = kind.start_theirs(network, &ports);
    let (socks, control) = if kind == Kind::ExistingOnSockets {
        (
            TorAddr::Unix(client.socks_socket()),
            TorAddr::Unix(client.control_socket()),
        )
    } else {
        (TorAddr::Tcp(client.socks()), TorAddr::Tcp(client.control()))
    };
    config.backend = Some(Backend::Existing);
    config.existing = Candidate {
        socks: Some(socks),
        control: Some(control),
    };
    config.cookie_files = vec![client.cookie_path()];
    (client, ports)
}

#[cfg(feature = "embedded-tor")]
fn embedded(config: &mut TorConfig, folder: &std::path::Path, network: &TorNetwork) {
    config.backend = Some(Backend::Embedded);
    config.embedded = Some(meter_tor::Embedded {
        program: checks::stage::program().expect("built"),
        arguments: vec!["embedded-tor".into()],
        data_dir: folder.join("arti"),
        arti: network.arti_config().expect("a configuration"),
        log_level: "warn".into(),
    });
}

/// Waits for something that must happen.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(LIMIT, future).await;
        waited.unwrap_or_else(|_| panic!("never comes: {place}"))
    }
}
