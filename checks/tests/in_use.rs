//! What happens to a host while pages load: its clock is set, its Tor hangs, and its Tor dies while
//! the settings change.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    host::Host,
    processes,
    reports::Reports,
    stage::{QUICK, tor_section},
};
use meter_core::Backend;
use meter_fixtures::compile;
use meter_testkit::{site::Site, socks, tor_network::TorNetwork};
use meter_wire::{ErrorCode, ReportsFile, Status};
use rustix::process::Signal;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Only an upper bound, for a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
/// Within this time a person is told that Tor hangs.
const SECONDS: Duration = Duration::from_secs(15);

const DAY_S: i64 = 86_400;
/// Forward, back, before 1970, and right again.
const JUMPS: [i64; 5] = [9 * DAY_S, -400 * DAY_S, -80 * 366 * DAY_S, 4_000 * DAY_S, 0];

/// One network for all, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_a_tor_that_hangs_and_one_that_dies_are_survived_in_use() {
    let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
    let folder = folder.unwrap();
    let network = TorNetwork::boot(&folder.path().join("network"))
        .await
        .unwrap();
    let site = Site::start().await.unwrap();
    let (tor, _) = tor_section(&network, Backend::Managed).unwrap();
    let config = format!("[daemon]\nidle_exit_s = 0\n{QUICK}{tor}");

    a_clock_that_is_set_changes_no_sum(&config, &site, folder.path()).await;
    let mut host = Host::start(&config).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    a_tor_that_hangs_is_told_within_seconds(&mut host, &site).await;
    a_tor_that_dies_while_bridges_change_keeps_its_way(&mut host, &site).await;
    host.end().unwrap();
}

/// The clock of the daemon and of its Tor jumps, while sessions are open.
async fn a_clock_that_is_set_changes_no_sum(config: &str, site: &Site, folder: &Path) {
    let ahead = folder.join("ahead");
    fs::write(&ahead, "0").unwrap();
    let environment = vec![
        ("LD_PRELOAD", clock(folder).into()),
        ("WRONG_CLOCK", ahead.clone().into()),
    ];
    let begun = Instant::now();
    let mut host = Host::start_with(config, environment).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    page(host.relay(), site.port()).await;
    let loaded = fs::read_to_string(format!("/proc/{}/maps", host.process())).unwrap();
    assert!(loaded.contains("/clock.so"), "the daemon has that clock");
    for jump in JUMPS {
        fs::write(&ahead, jump.to_string()).unwrap();
        page(host.relay(), site.port()).await;
        let status: Status =
            serde_json::from_str(&host.run(&["status", "--json"]).unwrap()).unwrap();
        assert!(
            status.tor.is_usable() && status.problem.is_none(),
            "{status:?}"
        );
        // Long enough for a session to close by the clock that does not jump.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    host.wait_for(LIMIT, |status| status.session.is_none())
        .await
        .unwrap();
    let file: ReportsFile =
        serde_json::from_str(&host.run(&["reports", "--json"]).unwrap()).unwrap();
    let reports = Reports::verify(&file).unwrap();
    let served = u64::try_from(JUMPS.len() + 1).unwrap() * 1_000;
    let (_, down) = reports.bytes();
    assert!(down >= served && down < 2 * served, "{down} of {served}");
    let durations = reports.list.iter().map(|report| report.duration.get());
    let counted = Duration::from_millis(durations.sum());
    assert!(counted <= begun.elapsed(), "{counted:?}");
    assert!(counted >= Duration::from_secs(5), "{counted:?}");
    host.end().unwrap();
}

/// A page waits, and so does its person.
async fn a_tor_that_hangs_is_told_within_seconds(host: &mut Host, site: &Site) {
    let (relay, port) = (host.relay(), site.port());
    page(relay, port).await;
    let tor = processes::children(host.process());
    processes::signal_all(&tor, Signal::STOP).unwrap();
    let begun = Instant::now();
    let mut waiting = JoinSet::new();
    waiting.spawn(page(relay, port));
    let silent = |status: &Status| {
        let trouble = status.tor.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.problem.code == ErrorCode::TorSilent)
    };
    host.wait_for(SECONDS, silent).await.unwrap();
    let said = host.run(&["status"]).unwrap();
    assert!(said.contains(ErrorCode::TorSilent.sentence()), "{said}");
    assert!(begun.elapsed() < SECONDS, "{:?}", begun.elapsed());
    processes::signal_all(&tor, Signal::CONT).unwrap();
    tokio::time::timeout(LIMIT, waiting.join_all())
        .await
        .unwrap();
    host.wait_for(LIMIT, |status| status.tor.is_usable())
        .await
        .unwrap();
}

/// New bridges count from the next start that a person asks for: a Tor that ends by itself comes
/// back on its old way, and nothing says that it goes by bridges.
async fn a_tor_that_dies_while_bridges_change_keeps_its_way(host: &mut Host, site: &Site) {
    // An address for documents (RFC 5737), where nothing answers.
    let bridge = "192.0.2.77:443 0123456789ABCDEF0123456789ABCDEF01234567";
    let tor = processes::children(host.process());
    let (killed, set) = std::thread::scope(|scope| {
        let kill = scope.spawn(|| processes::signal_all(&tor, Signal::KILL));
        let set = host.run(&["config", "set", "tor.bridges", bridge]);
        (kill.join().unwrap(), set)
    });
    killed.unwrap();
    assert!(set.unwrap().contains("Tor's next start"));
    processes::until_gone(&tor, LIMIT).await.unwrap();
    host.wait_for(LIMIT, |status| status.tor.is_usable())
        .await
        .unwrap();
    page(host.relay(), site.port()).await;
    let status = host.run(&["status"]).unwrap();
    assert!(
        status.contains("tor.bridges changed in config.toml, not in force yet"),
        "{status}"
    );
    let doctor = host.run(&["doctor"]).unwrap();
    assert!(
        doctor.contains("way until Tor's next start: straight to Tor's relays"),
        "{doctor}"
    );
    let next = "from Tor's next start on: Tor's own connections go to your bridges (1)";
    assert!(doctor.contains(next), "{doctor}");
    assert!(!doctor.contains("ok     Tor's own connections"), "{doctor}");

    host.run(&["tor", "stop"]).unwrap();
    host.run(&["tor", "start"]).unwrap();
    let asked = socks::connect(host.relay(), "site.test", site.port());
    let asked = tokio::time::timeout(Duration::from_secs(3), asked).await;
    assert!(
        !matches!(asked, Ok(Ok(_))),
        "there is no way but the bridge"
    );
    let doctor = host.run(&["doctor"]);
    let doctor = doctor.unwrap_or_else(|error| error.to_string());
    assert!(
        doctor.contains("ok     Tor's own connections go to your bridges (1)"),
        "{doctor}"
    );
    host.run(&["config", "unset", "tor.bridges"]).unwrap();
    host.run(&["tor", "stop"]).unwrap();
    host.run(&["tor", "start"]).unwrap();
    host.wait_for(LIMIT, |status| status.tor.is_usable())
        .await
        .unwrap();
    page(host.relay(), site.port()).await;
}

async fn page(relay: SocketAddr, port: u16) {
    let stream = socks::connect(relay, "site.test", port).await.unwrap();
    let fetched = socks::get(stream, "site.test", "/bytes/1000").await;
    assert_eq!(fetched.unwrap().body.len(), 1_000);
}

/// The code that gives a program a clock that is set while it runs.
fn clock(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sending/clock.c");
    compile::library(&source, folder).unwrap()
}
