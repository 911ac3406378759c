//! Starts and stops the relay; its counters continue after its end.

mod thread;

use super::recent_failures::RecentFailures;
use crate::{config::Config, home::Home, port::PortChoice, problems, system::limits};
use meter_core::{MonotonicMs, TorAddr};
use meter_relay::{
    Connections, CounterSnapshot, Counters, Isolation, Relay, RelayConfig, RelayError, Site,
    Witnesses,
};
use meter_tor::Listener;
use meter_wire::{Problem, RelayStatus};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use thread::RelayThread;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The settings at the start of a relay.
pub(crate) struct Begun {
    /// Its listening address has the real port.
    pub(crate) config: RelayConfig,
    /// Whether `config.toml` named that port.
    pub(crate) port_is_named: bool,
}

pub(crate) struct RelayControl {
    /// The configuration for the next start.
    config: RelayConfig,
    port: PortChoice,
    /// The settings of the last start.
    in_force: Begun,
    isolation: Isolation,
    witnesses: Witnesses,
    upstream: watch::Receiver<Option<TorAddr>>,
    listener: watch::Receiver<Option<Arc<Listener>>>,
    counters: Arc<Counters>,
    recent: RecentFailures,
    thread: RelayThread,
    running: Option<Running>,
    problem: Option<Problem>,
}

struct Running {
    port: u16,
    connections: Connections,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RelayError>>,
}

impl RelayControl {
    /// # Errors
    /// When the system has no thread or file descriptor left.
    pub(crate) fn new(
        home: &Home,
        config: &Config,
        (upstream, listener): (
            watch::Receiver<Option<TorAddr>>,
            watch::Receiver<Option<Arc<Listener>>>,
        ),
        counters: Arc<Counters>,
        isolation: Isolation,
    ) -> io::Result<Self> {
        let witnesses = Witnesses::default();
        let port = PortChoice::new(config, home);
        let config = relay_config(config, isolation.clone(), witnesses.clone());
        Ok(Self {
            in_force: Begun {
                config: config.clone(),
                port_is_named: port.is_named(),
            },
            config,
            port,
            isolation,
            witnesses,
            upstream,
            listener,
            counters,
            recent: RecentFailures::default(),
            thread: RelayThread::start()?,
            running: None,
            problem: None,
        })
    }

    /// Takes a changed configuration for the next start. A running relay is not changed.
    pub(crate) fn configure(&mut self, home: &Home, config: &Config) {
        self.port = PortChoice::new(config, home);
        self.config = relay_config(config, self.isolation.clone(), self.witnesses.clone());
    }

    /// The names that this relay answers itself, whenever it runs.
    pub(super) const fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// Opens the port if it is not open. Returns the port.
    pub(crate) fn start(&mut self) -> Result<u16, Problem> {
        if let Some(running) = &self.running {
            return Ok(running.port);
        }
        let relay = self.bind().map_err(|error| problems::relay(&error));
        match relay {
            Ok(relay) => {
                let (port, stop) = (relay.port(), CancellationToken::new());
                let connections = relay.connections();
                self.port.keep(port);
                let task = self.thread.runtime().spawn(relay.run(stop.clone()));
                self.running = Some(Running {
                    port,
                    connections,
                    stop,
                    task,
                });
                self.problem = None;
                self.in_force = Begun {
                    config: self.config_at(port),
                    port_is_named: self.port.is_named(),
                };
                Ok(port)
            }
            Err(problem) => {
                self.problem = Some(problem.clone());
                Err(problem)
            }
        }
    }

    /// Takes the first free port; the error is that of the first candidate.
    fn bind(&self) -> Result<Relay, RelayError> {
        let _runtime = self.thread.runtime().enter();
        let mut refusal = None;
        for port in self.port.candidates() {
            let config = self.config_at(port);
            // With more connections no file would be left for the book and for Tor.
            let config = RelayConfig {
                connections_max: config.connections_max.min(limits::raise_files()),
                listener: Some(self.listener.clone()),
                ..config
            };
            match Relay::bind(config, self.upstream.clone(), Arc::clone(&self.counters)) {
                Err(error @ RelayError::PortTaken { .. }) => refusal = refusal.or(Some(error)),
                outcome => return outcome,
            }
        }
        // There is always at least one candidate.
        Err(refusal.unwrap_or(RelayError::NotLoopback))
    }

    fn config_at(&self, port: u16) -> RelayConfig {
        RelayConfig {
            listen: (Ipv4Addr::LOCALHOST, port).into(),
            ..self.config.clone()
        }
    }

    /// Ends the open connections to a site.
    pub(crate) fn cut(&self, site: &Site) {
        if let Some(running) = &self.running {
            running.connections.cut(site);
        }
    }

    /// Closes the port. The returned handle ends when the last connection is drained or cut.
    pub(crate) fn stop(&mut self) -> Option<JoinHandle<Result<(), RelayError>>> {
        self.problem = None;
        let running = self.running.take()?;
        running.stop.cancel();
        Some(running.task)
    }

    /// Waits until a running relay ends without a request. Returns why. Cancel safe.
    pub(crate) async fn ended(&mut self) -> Problem {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let outcome = (&mut running.task).await;
        self.running = None;
        let problem = match outcome {
            Ok(Err(error)) => problems::relay(&error),
            Ok(Ok(())) => problems::relay_gone("it ended without being asked"),
            Err(panic) => problems::relay_gone(&panic.to_string()),
        };
        self.problem = Some(problem.clone());
        problem
    }

    /// Reads the counters, and keeps the failures in them for the status.
    pub(crate) fn look(&mut self, now: MonotonicMs) -> CounterSnapshot {
        let totals = self.counters.snapshot();
        self.recent.look(now, totals);
        totals
    }

    /// The failures at the last [`Self::look`].
    pub(super) const fn recent(&self) -> &RecentFailures {
        &self.recent
    }

    /// The settings of the last start.
    pub(crate) const fn in_force(&self) -> &Begun {
        &self.in_force
    }

    /// Connections that are open now, not at the last look.
    pub(super) fn connections_active(&self) -> u32 {
        u32::try_from(self.counters.snapshot().active).unwrap_or(u32::MAX)
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    pub(crate) fn status(&self) -> RelayStatus {
        match (&self.running, &self.problem) {
            (Some(running), _) => RelayStatus::Listening { port: running.port },
            (None, Some(problem)) => RelayStatus::Failed(problem.clone()),
            (None, None) => RelayStatus::Stopped,
        }
    }
}

fn relay_config(config: &Config, isolation: Isolation, witnesses: Witnesses) -> RelayConfig {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, config.relay_port));
    let named = [&config.tor.socks_port, &config.tor.control_port];
    let named = named.into_iter().flatten().filter_map(TorAddr::port);
    let tor_ports = [9050, 9051, 9150, 9151].into_iter().chain(named);
    RelayConfig {
        connections_max: config.connections_max,
        refused_ports: tor_ports.collect(),
        isolation: Some(isolation),
        optimistic: config.optimistic,
        serve_unidentified: config.serve_unidentified,
        witnesses,
        ..RelayConfig::on(listen)
    }
}
