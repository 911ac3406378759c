//! Serves a ledger until it is told to end.
//!
//! The order at the end: no new request; the answers that are being written; what waits for the
//! database; the rollback guard.

mod chores;
mod service;

pub use service::{ServeError, Service};

use crate::{
    dashboard::{self, Facts, Site},
    http::{
        CookieName, ENROL_SOMEWHERE, Http, Limits, Origin, Origins, Transport, Watch, enrol_command,
    },
};
use chores::Chores;
use meter_core::Vkey;
use std::{io, net::TcpListener, sync::Arc, time::Duration};
use tokio::{signal::unix, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

/// Longest time for answers that are being written when the end comes.
const DRAIN: Duration = Duration::from_secs(6);
/// Longest time for what waits for the database, after the last answer.
const FINISH: Duration = Duration::from_secs(3);

/// The signals that end a server. From here on they kill no process.
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    /// Takes the signals over. In a runtime.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn take() -> Result<Self, ServeError> {
        Ok(Self {
            terminate: unix::signal(unix::SignalKind::terminate())?,
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
        })
    }

    async fn come(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("asked to end");
    }
}

/// Serves until SIGTERM or SIGINT comes, and ends within ten seconds after it.
///
/// # Errors
/// When the listener cannot be used, or when another key signs receipts now.
pub async fn run(service: Service, signals: Signals) -> Result<(), ServeError> {
    let end = CancellationToken::new();
    let (ledger, guard) = (Arc::clone(&service.ledger), Arc::clone(&service.guard));
    let chores = Chores::start(&service, &end);
    let asked_to_end = async {
        tokio::select! {
            () = signals.come() => end.cancel(),
            () = end.cancelled() => {}
        }
    };
    let answers = async {
        let answered = answer(service, end.clone()).await;
        end.cancel();
        answered
    };
    let ((), answered) = tokio::join!(asked_to_end, answers);
    let chores = chores.finish().await;
    let finish = spawn_blocking(move || {
        ledger.finish();
        guard.sync();
    });
    if timeout(FINISH, finish).await.is_err() {
        tracing::error!("the database does not answer; what waits for it was not stored");
    }
    answered?;
    chores
}

/// Answers requests until `end` is cancelled; then accepts none and finishes those that it has.
async fn answer(service: Service, end: CancellationToken) -> Result<(), ServeError> {
    let limits = Limits {
        drain: DRAIN,
        accounts_per_hour: service.config.new_accounts_per_hour,
        ..Limits::default()
    };
    let shown = service.origins.first().ok_or(ServeError::NoOrigin)?.clone();
    let http = Http::new(Origins::new(service.origins.clone()), limits);
    let watch = watch(&http, &service);
    let pages = site(&service, &shown, &watch)?;
    let monitored = monitored(service.monitor, Arc::clone(&watch), end.clone());
    let routes = http.api_routes(service.ledger, &shown);
    let routes = routes.map_err(|_| ServeError::NoOrigin)?;
    let routes = routes
        .merge(http.state_routes(watch))
        .merge(dashboard::routes(pages));
    let (listener, transport) = (service.listener, service.transport);
    let served = http.serve(listener, transport, routes, end.clone().cancelled_owned());
    let ended = async {
        let ended = served.await;
        end.cancel();
        ended
    };
    tokio::try_join!(ended, monitored)?;
    Ok(())
}

/// Answers tools on this computer, where they need no line of Tor and no other address.
async fn monitored(
    listener: Option<TcpListener>,
    watch: Arc<Watch>,
    end: CancellationToken,
) -> io::Result<()> {
    let Some(listener) = listener else {
        return Ok(());
    };
    let origin = format!("http://{}", listener.local_addr()?).parse::<Origin>();
    let origin = origin.map_err(io::Error::other)?;
    let limits = Limits {
        drain: DRAIN,
        ..Limits::default()
    };
    let http = Http::new(Origins::new(vec![origin]), limits);
    let routes = http.state_routes(watch);
    let end = end.cancelled_owned();
    http.serve(listener, Transport::default(), routes, end)
        .await
}

fn watch(http: &Http, service: &Service) -> Arc<Watch> {
    let (healthy, ledger) = (Arc::clone(&service.ledger), Arc::clone(&service.ledger));
    let folder = service.folder.clone();
    let commits = move || healthy.check_health().is_ok();
    http.watch(Arc::new(commits), Arc::new(move || ledger.vitals(&folder)))
}

fn site(service: &Service, shown: &Origin, watch: &Arc<Watch>) -> Result<Site, ServeError> {
    let (ledger, config) = (&service.ledger, &service.config);
    let key = ledger.key();
    let vkey = Vkey::new(shown.host(), key).map_err(|_| ServeError::NoOrigin)?;
    let (days, hours) = (config.keep_reports_days, config.audit_every_hours);
    let facts = Facts {
        name: shown.authority().to_owned(),
        enrol_command: enrol_command(&service.origins)
            .unwrap_or_else(|| ENROL_SOMEWHERE.to_owned()),
        vkey: vkey.to_string(),
        keep_reports_days: (days > 0).then_some(days),
        audit_every_hours: (hours > 0).then_some(hours),
    };
    let cookie = CookieName::new(shown, key);
    Ok(Site::new(
        Arc::clone(ledger),
        cookie,
        facts,
        Arc::clone(watch),
    ))
}
