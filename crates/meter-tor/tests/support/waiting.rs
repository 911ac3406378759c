//! Waits for a state or a process, with a deadline that only a failure reaches.

use std::{fmt::Debug, time::Duration};

use meter_tor::{TorState, TorStatus};
use tokio::{
    sync::watch,
    time::{error::Elapsed, timeout},
};

/// Longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for a status that `matches`.
pub(crate) async fn until(
    status: &mut watch::Receiver<TorStatus>,
    matches: impl Fn(&TorState) -> bool,
) -> TorStatus {
    let found = timeout(DEADLINE, status.wait_for(|status| matches(&status.state))).await;
    let found = found.map(|found| found.expect("the actor lives").clone());
    found.unwrap_or_else(|_: Elapsed| panic!("stays at {:?}", status.borrow()))
}

/// Waits for `future`, which must end within the deadline.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output>
where
    F::Output: Debug,
{
    let place = std::panic::Location::caller();
    async move {
        timeout(DEADLINE, future)
            .await
            .unwrap_or_else(|_| panic!("never ends: {place}"))
    }
}

pub(crate) fn is_bootstrapping(state: &TorState) -> bool {
    matches!(state, TorState::Bootstrapping(_))
}

pub(crate) fn is_restarting(state: &TorState) -> bool {
    matches!(state, TorState::Restarting { .. })
}
