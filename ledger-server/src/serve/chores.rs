//! What a serving ledger does beside answering: it follows changes that commands and other
//! instances make, forgets old reports, and audits itself.

use super::service::{ServeError, Service};
use crate::{
    audit,
    guard::Guard,
    ledger::{Ledger, newest_key},
};
use meter_core::{DurationMs, UnixMs};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// How soon a change of the policy is in force.
const FOLLOW: Duration = Duration::from_secs(2);
const DAY: Duration = Duration::from_hours(24);
/// The first audit begins so long after the start, so that a start is quick.
const FIRST_AUDIT: Duration = Duration::from_mins(10);

/// The running tasks.
pub(super) struct Chores(JoinSet<Result<(), ServeError>>);

impl Chores {
    /// Starts them. They end with `end`, and cancel it if the ledger must not go on.
    pub(super) fn start(service: &Service, end: &CancellationToken) -> Self {
        let (ledger, guard, config) = (&service.ledger, &service.guard, &service.config);
        let mut tasks = JoinSet::new();
        tasks.spawn(follow(Arc::clone(ledger), Arc::clone(guard), end.clone()));
        let keep = config.keep_reports_days;
        if keep > 0 && ledger.held().is_none() {
            let (ledger, stop) = (Arc::clone(ledger), end.clone());
            tasks.spawn(every(DAY, FOLLOW, end.clone(), move || {
                prune(&ledger, keep, &stop);
            }));
        }
        let hours = config.audit_every_hours;
        if hours > 0 {
            let (ledger, stop) = (Arc::clone(ledger), end.clone());
            let period = Duration::from_hours(hours.into());
            tasks.spawn(every(period, FIRST_AUDIT, end.clone(), move || {
                audit_all(&ledger, &stop);
            }));
        }
        Self(tasks)
    }

    /// Waits for all of them.
    pub(super) async fn finish(self) -> Result<(), ServeError> {
        self.0.join_all().await.into_iter().collect()
    }
}

async fn follow(
    ledger: Arc<Ledger>,
    guard: Arc<Guard>,
    end: CancellationToken,
) -> Result<(), ServeError> {
    while end.run_until_cancelled(sleep(FOLLOW)).await.is_some() {
        let (ledger, guard) = (Arc::clone(&ledger), Arc::clone(&guard));
        let is_ours = spawn_blocking(move || {
            guard.sync();
            is_still_ours(&ledger)
        });
        if let Ok(false) = is_ours.await {
            end.cancel();
            return Err(ServeError::OtherKey);
        }
    }
    Ok(())
}

/// Takes over the newest policy. Whether this ledger's key is still the one that signs.
fn is_still_ours(ledger: &Ledger) -> bool {
    let newest = newest_key(ledger.store());
    if let Ok(Some(entry)) = &newest
        && entry.key != ledger.key()
    {
        return false;
    }
    match ledger.refresh() {
        Err(error) => tracing::warn!(%error, "the policy cannot be read"),
        Ok(_) => note_growth(ledger),
    }
    true
}

fn note_growth(ledger: &Ledger) {
    if let Err(error) = ledger.store().note_growth() {
        tracing::warn!(%error, "the tables that have grown could not be analysed");
    }
}

fn prune(ledger: &Ledger, days: u32, stop: &CancellationToken) {
    let pruned = ledger.now().and_then(|now| {
        let before = now
            .get()
            .saturating_sub(u64::from(days) * DurationMs::DAY.get());
        let before = UnixMs::new(before).unwrap_or(UnixMs::ZERO);
        ledger.prune(before, || !stop.is_cancelled())
    });
    match pruned {
        Ok(reports) => tracing::info!(reports, "old reports were forgotten"),
        Err(error) => tracing::warn!(%error, "old reports could not be forgotten"),
    }
}

fn audit_all(ledger: &Ledger, stop: &CancellationToken) {
    let audited = audit::run(ledger.store(), &|| !stop.is_cancelled());
    if let (Ok(audit), Ok(now)) = (&audited, ledger.now())
        && !audit.is_stopped
    {
        ledger.note_audit(audit, now);
    }
    match audited {
        Ok(audit) if audit.is_stopped => {}
        Ok(audit) if audit.findings.count() > 0 => tracing::error!(
            findings = audit.findings.count(),
            "rows of the database are not as they were written; see them with: onionmeter-ledger \
             audit"
        ),
        Ok(audit) => tracing::info!(reports = audit.reports, "the audit found nothing wrong"),
        Err(error) => tracing::warn!(%error, "the audit could not be made"),
    }
}

/// Runs blocking work again and again, never twice at the same time.
async fn every(
    pause: Duration,
    first: Duration,
    end: CancellationToken,
    work: impl Fn() + Clone + Send + 'static,
) -> Result<(), ServeError> {
    let mut wait = first;
    while end.run_until_cancelled(sleep(wait)).await.is_some() {
        if spawn_blocking(work.clone()).await.is_err() {
            tracing::error!("a task beside the work has panicked");
        }
        wait = pause;
    }
    Ok(())
}
