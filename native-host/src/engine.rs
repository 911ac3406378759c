//! The engine: one task that owns relay, Tor, key and book, and knows no transport.
//!
//! The data plane (the relay) only counts; this control plane reads the counters once a second.
//! Clients send [`Command`]s and read the status; the engine never calls them.

mod books;
mod errands;
mod handle;
mod ledger_signer;
mod outbox;
mod recent_failures;
mod relay;
mod settings;
mod snapshot;

use crate::{
    accounting::{Accounting, AccountingThread, Found},
    config::Config,
    home::Home,
    identity::Identity,
    ledger_link::LedgerLink,
    pending::{Responder, reply},
    settings::Settings,
    system::{clock::Clock, memory::Bursts, ticks::Ticks},
    tor_supervisor::TorSupervisor,
};
pub(crate) use handle::{BooksCommand, Command, EngineHandle};
pub(crate) use ledger_signer::LedgerSigner;
use meter_relay::{Counters, Site};
use meter_wire::{HelloReply, HexBytes, PROTOCOL, Problem, Request, Status};
use relay::RelayControl;
use snapshot::{Waits, snapshot};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

const TICK: Duration = Duration::from_secs(1);
/// Most requests of all clients together that wait for the engine.
const COMMANDS_MAX: usize = 64;

/// What the engine does after a job of accounting.
type Then = Box<dyn FnOnce(&mut Engine) + Send>;

pub(crate) struct Engine {
    home: Home,
    /// The settings at the daemon's start.
    begun_with: Config,
    clock: Clock,
    accounting: AccountingThread<Then>,
    /// Who waits for a status that shows what was asked before.
    asked_status: Vec<Responder<Status>>,
    /// Whether a tick waits for an earlier job of accounting.
    tick_waits: bool,
    relay: RelayControl,
    identity: Identity,
    settings: Settings,
    /// Settings that were read again.
    changes: watch::Receiver<Config>,
    tor: TorSupervisor,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    ticked: Arc<Notify>,
    /// Relays that were stopped and still have connections.
    draining: JoinSet<()>,
    /// Callers that wait until none of them is left.
    stopped: Vec<Responder<()>>,
    bursts: Bursts,
    /// For tasks of the engine that need it.
    handle: EngineHandle,
    /// What is on its way to a ledger; one at a time.
    errands: JoinSet<Found>,
}

impl Engine {
    /// Opens key and book. A problem with them does not end the daemon: clients are told, and
    /// `monitor_start` tries again.
    ///
    /// # Errors
    /// When the system has no random bytes for an identity, or no thread for relay or accounting.
    pub(crate) fn new(home: &Home, config: &Config) -> io::Result<(Self, EngineHandle)> {
        let identity = Identity::new()?;
        let counters = Arc::new(Counters::default());
        let settings = Settings::new(home, config.clone());
        let tor = TorSupervisor::new(home, &settings);
        let (command_sender, commands) = mpsc::channel(COMMANDS_MAX);
        let relay = RelayControl::new(
            home,
            config,
            (tor.upstream(), tor.listener()),
            Arc::clone(&counters),
            identity.isolation().clone(),
        )?;
        let accounting = AccountingThread::start(Accounting::open(home, config))?;
        let accounts = accounting.status().clone();
        let initial = snapshot(accounts, &relay, tor.status(), Waits::default());
        let (status, status_receiver) = watch::channel(initial);
        let handle = EngineHandle {
            commands: command_sender,
            status: status_receiver,
            counters,
            isolation: identity.isolation().clone(),
            ledger_link: LedgerLink::new(tor.upstream(), tor.listener())?,
            witnesses: relay.witnesses().clone(),
            tor: tor.orders().clone(),
            settings: settings.clone(),
            ticked: Arc::default(),
        };
        let ticked = Arc::clone(&handle.ticked);
        let clock = Clock::new();
        Ok((
            Self {
                home: home.clone(),
                begun_with: config.clone(),
                clock,
                accounting,
                asked_status: Vec::new(),
                tick_waits: false,
                relay,
                identity,
                changes: settings.subscribe(),
                settings,
                tor,
                commands,
                status,
                ticked,
                draining: JoinSet::new(),
                stopped: Vec::new(),
                bursts: Bursts::default(),
                handle: handle.clone(),
                errands: JoinSet::new(),
            },
            handle,
        ))
    }

    /// Works until `stop`, then stops relay and Tor, keeps the open session and closes the book.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = Ticks::every(TICK);
        self.start_relay_and_tor();
        self.publish();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = ticks.tick() => self.tick(),
                Some(command) = self.commands.recv() => self.execute(command),
                () = self.tor.changed() => self.look_at_tor(),
                Ok(()) = self.changes.changed() => self.follow_settings(),
                Some(_) = self.draining.join_next() => self.drained(),
                Some(found) = self.errands.join_next() => {
                    self.take_found(found.unwrap_or_else(|_| errands::lost()));
                }
                then = self.accounting.done(|| self.clock.monotonic()) => match then {
                    Some(then) => self.go_on(then),
                    None => break,
                },
                problem = self.relay.ended() => error!(?problem, "relay ended"),
            }
            self.publish();
        }
        // What is on its way is sent again at the next start; the answer is then the same.
        self.errands.shutdown().await;
        self.stop_relay().await;
        self.settle().await;
        debug!("the relay has ended and what it counted is booked");
        self.tor.end().await;
        debug!("tor has ended");
        self.accounting.end();
    }

    /// Continues to count once a second while connections drain: a kill in between must not cost
    /// more than at any other time.
    async fn stop_relay(&mut self) {
        let mut ticks = Ticks::every(TICK);
        self.close_relay();
        while !self.draining.is_empty() {
            tokio::select! {
                _ = self.draining.join_next() => {}
                () = ticks.tick() => self.tick(),
                Some(then) = self.accounting.done(|| self.clock.monotonic()) => self.go_on(then),
            }
        }
        self.drained();
    }

    /// Closes the port. Its connections continue for a moment; only the caller that asked waits for
    /// that.
    fn close_relay(&mut self) {
        if let Some(draining) = self.relay.stop() {
            self.draining.spawn(async move {
                crate::ignore_because("why it ended says nothing any more", draining.await);
            });
        }
    }

    /// Counts what the last connections moved, and answers the callers that waited for their end: a
    /// status that they ask for next shows it.
    fn drained(&mut self) {
        if !self.draining.is_empty() {
            return;
        }
        self.tick_waits = false;
        self.tick();
        if !self.stopped.is_empty() {
            info!("relay stopped");
        }
        for answer in self.stopped.drain(..) {
            reply(answer, Ok(()));
        }
    }

    fn tick(&mut self) {
        self.notify_second();
        let now = self.clock.monotonic();
        let counted = self.relay.look(now);
        self.bursts.look(counted.active);
        self.look_at_tor();
        self.count(counted);
    }

    /// Passes the tick on to parts that would otherwise need their own clock, and so more wake-ups.
    fn notify_second(&mut self) {
        self.ticked.notify_waiters();
        self.tor.second_passed();
    }

    /// Uses the last counts.
    fn look_at_tor(&mut self) {
        let now = self.clock.monotonic();
        self.tor.look(now, self.relay.recent().totals());
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Hello(answer) => reply(answer, Ok(self.hello())),
            Command::Status(answer) => self.tell_status(answer),
            Command::RelayStart(answer) => self.start_again(answer),
            Command::RelayStop(answer) => {
                self.stopped.push(answer);
                self.close_relay();
                self.drained();
            }
            Command::NewIdentity(answer) => reply(answer, self.renew_identity()),
            Command::NewCircuit(site, answer) => reply(answer, self.renew_circuit(&site)),
            Command::Settings(answer) => reply(answer, Ok(self.settings_and_file())),
            Command::CompareSettings(file, answer) => {
                reply(answer, Ok(self.settings_beside(*file)));
            }
            Command::Books(command) => self.execute_on_books(command),
        }
    }

    /// Tries again what failed before, with the current configuration: the remedy for a taken port
    /// is another port in `config.toml`.
    fn start_again(&mut self, answer: Responder<()>) {
        if let Err(problem) = self.settings.read_again() {
            return reply(answer, Err(problem));
        }
        self.follow_settings();
        self.ask_books(answer, Accounting::try_again, |engine, tried| {
            tried?;
            engine.start_relay_and_tor();
            let accounts = engine.accounting.status();
            let unkept = accounts.problem.clone().filter(|_| !accounts.works);
            match unkept.or_else(|| engine.relay.problem().cloned()) {
                Some(problem) => Err(problem),
                None => Ok(()),
            }
        });
    }

    /// Without a book, what the relay counts could not be stored.
    fn start_relay_and_tor(&mut self) {
        if !self.accounting.status().works {
            return;
        }
        match self.relay.start() {
            Ok(port) => info!(port, "relay ready"),
            Err(problem) => error!(code = ?problem.code, detail = problem.detail, "no relay"),
        }
        self.tor.orders().start_in_background();
    }

    fn renew_identity(&mut self) -> Result<(), Problem> {
        self.identity.renew(self.clock.monotonic())?;
        self.tor.orders().new_identity();
        info!("new identity");
        Ok(())
    }

    /// Open connections are cut; otherwise the browser would continue to use them, and with them
    /// the old circuit.
    fn renew_circuit(&mut self, site: &Site) -> Result<(), Problem> {
        self.identity.renew_site(site, self.clock.monotonic())?;
        self.relay.cut(site);
        info!("new circuit for a site");
        Ok(())
    }

    fn hello(&self) -> HelloReply {
        let head = self.accounting.status().head;
        HelloReply {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Request::NAMES.map(str::to_owned).to_vec(),
            key: head.map(|head| HexBytes(head.key.0)),
            chain: head.map(|head| HexBytes(head.chain.0)),
            parts: None,
        }
    }

    fn snapshot(&self) -> Status {
        let now = self.clock.monotonic();
        let waits = Waits {
            new_identity_in_s: self.identity.wait_s(now),
            new_circuit_in_s: self.identity.site_wait_s(now),
        };
        let mut accounts = self.accounting.status().clone();
        if let Some(late) = self.accounting.lateness(now) {
            accounts.problem = Some(late);
        }
        snapshot(accounts, &self.relay, self.tor.status(), waits)
    }

    fn publish(&self) {
        let next = self.snapshot();
        self.status.send_if_modified(|status| {
            // Connections come and go all the time: a change of their number alone must wake no
            // client.
            status.connections = next.connections;
            let changed = *status != next;
            if changed {
                *status = next;
            }
            changed
        });
    }
}
