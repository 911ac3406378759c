//! The commands for the engine, and the handle that sends them.

use crate::{
    accounting::{Joining, KeyOfChain, Ledger},
    config::Config,
    ledger_link::LedgerLink,
    pending::{PendingReply, Responder},
    problems, settings,
    tor_supervisor::TorOrders,
};
use meter_core::{
    ChainHead, Challenge, CodeHash, Enrolment, KeyChange, LedgerKey, LedgerRequest,
    SIGNATURE_BYTES, Signed, Thresholds, Verified,
};
use meter_relay::{Counters, Isolation, Site, Witnesses};
use meter_wire::{
    EarlierPage, EarlierQuery, ErrorCode, HelloReply, Problem, ReceiptsPage, ReportsPage, Sending,
    Settings, Status, Traffic, U64Text, WireReport,
};
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, watch};

/// The commands for the engine.
pub(crate) enum Command {
    Hello(Responder<HelloReply>),
    Status(Responder<Status>),
    RelayStart(Responder<()>),
    RelayStop(Responder<()>),
    NewIdentity(Responder<()>),
    NewCircuit(Site, Responder<()>),
    Settings(Responder<Settings>),
    /// The settings in force beside these, which the file has or would have.
    CompareSettings(Box<Config>, Responder<Settings>),
    /// What is about key and books. It may wait for the disk.
    Books(BooksCommand),
}

/// The commands about key, book and receipts.
pub(crate) enum BooksCommand {
    Reports {
        after: u64,
        limit: u16,
        answer: Responder<ReportsPage>,
    },
    SetThresholds(Thresholds, Responder<()>),
    RestoreReports(Vec<WireReport>, Responder<()>),
    NewChain(KeyOfChain, Responder<()>),
    /// The newest policy of the ledger in force that is stored.
    LedgerPolicy(Responder<String>),
    /// The ledger in force.
    Ledger(Responder<Ledger>),
    /// The changes of the ledger's key, as it shows them; the answer is its newest key.
    FollowKeys(Vec<Signed<KeyChange>>, Responder<LedgerKey>),
    SignEnrolment {
        ledger: LedgerKey,
        challenge: Challenge,
        code: Option<CodeHash>,
        answer: Responder<Verified<Enrolment>>,
    },
    SignRequest(LedgerRequest, Responder<[u8; SIGNATURE_BYTES]>),
    /// The head of the chain at a report of the book; `None` if there is no such report.
    HeadAt(u64, Responder<Option<ChainHead>>),
    Join(Box<Joining>, Responder<()>),
    Leave(Responder<()>),
    /// Sends what waits for the ledger now.
    SendNow(Responder<()>),
    Receipts {
        after: u64,
        limit: u16,
        answer: Responder<ReceiptsPage>,
    },
    EarlierChains(EarlierQuery, Responder<EarlierPage>),
}

/// A handle to the engine: cheap to clone, one per client.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) counters: Arc<Counters>,
    pub(super) isolation: Isolation,
    pub(super) ledger_link: LedgerLink,
    pub(super) witnesses: Witnesses,
    pub(super) tor: TorOrders,
    pub(super) settings: settings::Settings,
    pub(super) ticked: Arc<Notify>,
}

impl EngineHandle {
    /// Sends a command and waits for the answer.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(Responder<T>) -> Command,
    ) -> Result<T, Problem> {
        self.begin(command).await?.answer().await
    }

    /// The same about key and books.
    ///
    /// # Errors
    /// Those of the command, and `disk_silent` if the disk does not answer: what has begun is then
    /// done when it does.
    pub(crate) async fn ask_books<T>(
        &self,
        command: impl FnOnce(Responder<T>) -> BooksCommand,
    ) -> Result<T, Problem> {
        let mut status = self.status.clone();
        let asked = self.begin(|answer| Command::Books(command(answer))).await?;
        tokio::select! {
            biased;
            answer = asked.answer() => answer,
            problem = silent_disk(&mut status) => Err(problem),
        }
    }

    /// Sends a command now, in the order of the calls; the answer can be awaited elsewhere.
    pub(crate) async fn begin<T>(
        &self,
        command: impl FnOnce(Responder<T>) -> Command,
    ) -> Result<PendingReply<T>, Problem> {
        let (answer, asked) = PendingReply::new();
        self.commands
            .send(command(answer))
            .await
            .map_err(|_| problems::shutting_down())?;
        Ok(asked)
    }

    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Connections that the relay serves now.
    pub(crate) fn connections_active(&self) -> u64 {
        self.counters.snapshot().active
    }

    /// What the relay has passed on since the daemon's start.
    pub(crate) fn traffic(&self) -> Traffic {
        let totals = self.counters.snapshot();
        Traffic {
            bytes_up: U64Text(totals.bytes_up),
            bytes_down: U64Text(totals.bytes_down),
            connections: U64Text(totals.connections),
            active: U64Text(totals.active),
        }
    }

    /// Whether reports are on their way to a ledger, or wait for their time.
    pub(crate) fn has_reports_to_send(&self) -> bool {
        let status = self.status.borrow();
        let sending = status.ledger.as_ref().map(|ledger| &ledger.sending);
        matches!(sending, Some(Sending::Waiting { .. } | Sending::Sending))
    }

    /// The names that the relay answers itself. They bypass the engine: a client that asks about
    /// one knows it.
    pub(crate) const fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// Waits for the engine's next tick, which needs no extra wake-up.
    pub(crate) async fn next_second(&self) {
        self.ticked.notified().await;
    }

    /// Handle for requests to start or end a Tor.
    pub(crate) const fn tor(&self) -> &TorOrders {
        &self.tor
    }

    /// The settings, for who changes them.
    pub(crate) const fn settings(&self) -> &settings::Settings {
        &self.settings
    }

    /// The way to ledgers.
    pub(crate) const fn ledger_link(&self) -> &LedgerLink {
        &self.ledger_link
    }

    /// The relay's isolation of sites.
    pub(crate) const fn isolation(&self) -> &Isolation {
        &self.isolation
    }
}

/// Waits until the disk does not answer.
async fn silent_disk(status: &mut watch::Receiver<Status>) -> Problem {
    let of = |status: &Status| {
        status
            .problem
            .clone()
            .filter(|problem| problem.code == ErrorCode::DiskSilent)
    };
    loop {
        if let Some(problem) = of(&status.borrow_and_update()) {
            return problem;
        }
        if status.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
