//! What `/metrics` says of one reading.

use super::reading::Reading;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use std::sync::atomic::AtomicU64;

/// A span of minutes before now.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Span {
    minutes: u8,
}

/// Values that are set before the text is written.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    connections: Gauge,
    taken: Family<Span, Gauge>,
    read_only: Gauge,
    waiting: Gauge,
    oldest: Gauge<f64, AtomicU64>,
    store: Gauge,
    free: Gauge,
    audit_findings: Gauge,
    audit_ended: Gauge,
}

impl Gauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self::default();
        let plain = [
            ("connections", "Open connections", &new.connections),
            (
                "read_only",
                "1 while the ledger takes no reports until its operator has looked",
                &new.read_only,
            ),
            (
                "waiting_reports",
                "Reports that wait for the database",
                &new.waiting,
            ),
            (
                "audit_findings",
                "Rows that the last audit of this process found to be wrong; -1 before the first",
                &new.audit_findings,
            ),
        ];
        for (name, help, gauge) in plain {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "recent_reports",
            "Reports that were taken in the last minutes",
            new.taken.clone(),
        );
        registry.register_with_unit(
            "oldest_waiting",
            "For how long the oldest waiting report has waited",
            Unit::Seconds,
            new.oldest.clone(),
        );
        let bytes = [
            ("store", "Size of the database", &new.store),
            ("free", "Bytes that are left for the data folder", &new.free),
        ];
        for (name, help, gauge) in bytes {
            registry.register_with_unit(name, help, Unit::Bytes, gauge.clone());
        }
        registry.register_with_unit(
            "audit_ended",
            "When the last audit of this process ended, since 1970; 0 before the first",
            Unit::Seconds,
            new.audit_ended.clone(),
        );
        new
    }

    /// What is not known keeps its last value.
    pub(super) fn set(&self, reading: &Reading) {
        let ledger = &reading.ledger;
        self.connections.set(whole(reading.connections));
        for (minutes, count) in [
            (1, reading.taken_in_one_minute),
            (5, reading.taken_in_five_minutes),
        ] {
            let span = Span { minutes };
            self.taken.get_or_create(&span).set(whole(count));
        }
        self.read_only.set(ledger.is_read_only.into());
        self.waiting.set(whole(ledger.wait.reports));
        self.oldest.set(ledger.wait.oldest.as_secs_f64());
        if let Some(bytes) = ledger.store_bytes {
            self.store.set(whole(bytes));
        }
        if let Some(bytes) = ledger.free_bytes {
            self.free.set(whole(bytes));
        }
        let audit = ledger.audit.as_ref();
        let findings = audit.map_or(-1, |audit| whole(audit.findings));
        self.audit_findings.set(findings);
        let ended = audit.map_or(0, |audit| whole(audit.ended.get() / 1_000));
        self.audit_ended.set(ended);
    }
}

fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
