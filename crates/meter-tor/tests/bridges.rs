//! Starts with bridges that cannot be used. `checks/tests/detours` tests bridges that can.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
#[expect(dead_code, reason = "other tests wait for more")]
mod waiting;

use std::path::Path;

use meter_core::Backend;
use meter_tor::{Bridge, Tor, TorConfig, TorProblem, TorState};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::soon;

/// The result of a start with these bridges.
async fn start(bridges: &[&str], edit: impl FnOnce(&mut TorConfig)) -> Result<(), TorProblem> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = TorConfig::new(folder.path().join("data"), folder.path().join("run"));
    config.extra_torrc = vec!["OutboundBindAddress 127.0.0.1".into()];
    config.existing_candidates = Vec::new();
    config.detour.bridges = bridges
        .iter()
        .map(|line| Bridge::parse(line).unwrap())
        .collect();
    edit(&mut config);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let tor = Tor::new(config, &tasks, stop.clone());
    let outcome = soon(tor.start()).await;
    let state = tor.status().borrow().state.clone();
    assert_eq!(
        matches!(state, TorState::Failed(_)),
        outcome.is_err(),
        "{state:?}"
    );
    stop.cancel();
    tasks.close();
    soon(tasks.wait()).await;
    outcome
}

/// Debian 12 has no such program. If one is installed, the test uses the name of another.
#[tokio::test]
async fn a_transport_without_its_program_is_said_at_once_and_no_tor_starts() {
    let lines = [
        "webtunnel 192.0.2.1:443 url=https://site.example/x",
        "snowflake 192.0.2.3:80 url=https://front.example/",
    ];
    let missing = lines
        .iter()
        .map(|line| Bridge::parse(line).unwrap().transport().unwrap());
    let missing = missing.zip(lines).find(|(transport, _)| {
        let found = |name: &str| meter_tor::find_program(Path::new(name)).is_ok();
        !transport.programs().iter().any(|name| found(name))
    });
    let (transport, line) = missing.expect("a machine without one of these programs");
    let refused = start(&["127.0.0.1:1", line], |_| {}).await;
    assert_eq!(refused, Err(TorProblem::TransportMissing(transport)));
}

#[tokio::test]
async fn bridges_never_share_their_place() {
    let bridge = ["127.0.0.1:1"];
    let existing = |config: &mut TorConfig| config.backend = Some(Backend::Existing);
    assert_eq!(
        start(&bridge, existing).await,
        Err(TorProblem::DetourNeedsOwnTor)
    );
    let both = |config: &mut TorConfig| config.detour.shadowsocks = Some("/nowhere".into());
    assert_eq!(start(&bridge, both).await, Err(TorProblem::TwoDetours));
    let off = |config: &mut TorConfig| config.extra_torrc.push("UseBridges 0".into());
    assert_eq!(
        start(&bridge, off).await,
        Err(TorProblem::OptionNotAllowed { line: 2 })
    );
    assert_eq!(start(&bridge, |_| {}).await, Ok(()));
}
