//! A managed Tor that knows no relay but its bridges, behind a wall with one door to one of them.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
#[expect(dead_code, reason = "other tests wait for more")]
mod waiting;
#[path = "support/walled.rs"]
mod walled;

use std::path::Path;

use meter_testkit::{shadowsocks::Door, site::Site, tor_network::TorNetwork};
use meter_tor::{Bridge, Choice, Tor, TorConfig, TorProblem, TorState};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::soon;
use walled::Walled;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_wall_a_bridge_is_the_only_way_and_a_way() {
    let folder = tempfile::tempdir().unwrap();
    let network = TorNetwork::boot(&folder.path().join("network"))
        .await
        .unwrap();
    let site = Site::start().await.unwrap();
    let torrc = network.client_torrc();
    for (name, obfs4) in [("plain", false), ("obfs4", true)] {
        let bridge = network.start_bridge(obfs4).await.unwrap();
        let path = folder.path().join(format!("{name}-door"));
        let _door = Door::to(&path, bridge.address()).unwrap();
        let home = folder.path().join(name);
        let way = bridge.line_at("DOOR");
        let mut tor = Walled::start(&home, &path, &way, &torrc);
        let seen = tor.until(|line| line == "Ready").await;
        assert!(
            seen.iter().all(|line| !line.contains("problem")),
            "{seen:?}"
        );
        assert_eq!(tor.browse(&site).await, 150_000, "{name}");

        // Another bridge's fingerprint: Tor refuses what answers, and takes nothing in its place.
        let other = way.replacen(&fingerprint(&way), &"0123456789".repeat(4), 1);
        let home = folder.path().join(format!("{name}-other"));
        let mut tor = Walled::start(&home, &path, &other, &torrc);
        let seen = tor.until(|line| line.ends_with("warned")).await;
        assert!(seen.iter().all(|line| !line.contains("Ready")), "{seen:?}");
    }
    assert_eq!(site.connections().len(), 2);
}

fn fingerprint(line: &str) -> String {
    let is_one = |word: &&str| word.len() == 40;
    line.split(' ').find(is_one).unwrap().to_owned()
}

/// What becomes of a start with these bridges.
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

/// Debian 12 has no such program; where one is installed, this is about another.
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
    let existing = |config: &mut TorConfig| {
        config.choice = Choice::Existing {
            socks: None,
            control: None,
        };
    };
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
