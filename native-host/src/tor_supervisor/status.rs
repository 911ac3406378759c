//! Converts Tor's status to the form of the messages.

use crate::{config::TorChoice, problems};
use meter_core::Backend;
use meter_wire::{TorState, TorStatus, TorTrouble, WireBackend};

/// Includes the watchdog's trouble, if any.
pub(super) fn of(
    status: &meter_tor::TorStatus,
    settings: &TorChoice,
    trouble: Option<TorTrouble>,
) -> TorStatus {
    TorStatus {
        backend: status.backend.map(WireBackend::Known),
        version: status.version.clone(),
        state: state(&status.state),
        trouble,
        chosen: settings.backend.map(WireBackend::Known),
        offered: Backend::ALL
            .into_iter()
            .filter(|backend| settings.allows(*backend))
            .map(WireBackend::Known)
            .collect(),
    }
}

fn state(state: &meter_tor::TorState) -> TorState {
    match state {
        meter_tor::TorState::Off => TorState::Off,
        meter_tor::TorState::Starting => TorState::Starting,
        meter_tor::TorState::Bootstrapping(step) => TorState::Bootstrapping {
            percent: step.percent,
            tag: step.tag.clone(),
            summary: step.summary.clone(),
            warning: step.warning.clone(),
        },
        meter_tor::TorState::Ready => TorState::Ready,
        meter_tor::TorState::Restarting {
            attempt,
            in_ms,
            reason,
        } => TorState::Restarting {
            attempt: *attempt,
            in_ms: *in_ms,
            problem: problems::tor(reason),
        },
        meter_tor::TorState::Stopping => TorState::Stopping,
        meter_tor::TorState::Failed(problem) => TorState::Failed(problems::tor(problem)),
    }
}
