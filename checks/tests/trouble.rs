//! Every trouble that Tor itself does not report, caused for real and seen through the daemon: its
//! status, its texts, and that it passes by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{host::Host, processes, stage::tor_section};
use meter_core::Backend;
use meter_testkit::{
    site::Site,
    socks,
    tor_network::{ClientPorts, TorNetwork},
};
use meter_wire::{ErrorCode, Status, TorState};
use rustix::process::Signal;
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::task::JoinSet;

/// Only an upper bound. It is below the 150 s for which Arti leaves a silent relay alone, because
/// no person should have to wait for that.
const LIMIT: Duration = Duration::from_secs(120);

/// How long a person waits for a page: longer than the watchdog waits before it asks.
const PATIENCE: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outage_is_told_apart_and_passes_by_itself() {
    outages_with(Backend::Managed).await;
}

#[cfg(feature = "embedded-tor")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_embedded_tor_every_outage_is_told_apart_and_passes_by_itself() {
    outages_with(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_is_told() {
    // An installed `tor` says only that a certificate has expired.
    wrong_clocks_with(Backend::Managed, None).await;
}

#[cfg(feature = "embedded-tor")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_embedded_tor_a_wrong_clock_is_told_with_its_side() {
    wrong_clocks_with(Backend::Embedded, Some("3 days ahead")).await;
}

/// One network for all, because booting it takes most of the time.
async fn outages_with(backend: Backend) {
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let mut network = TorNetwork::boot(&folder.path().join("network"))
        .await
        .unwrap();
    let site = Site::start().await.unwrap();
    let (config, _) = tor_section(&network, backend).unwrap();
    // A check asks from time to time; that does not count as a client that keeps the daemon
    // running.
    let config = format!("[daemon]\nidle_exit_s = 0\n{config}");

    if backend == Backend::Managed {
        doctor_tells_two_tors_apart(&network, &config).await;
    }
    a_start_amid_silence_is_told_and_goes_on(&network, &config).await;
    let waiting = Waiting {
        site: site.port(),
        gives_up: backend == Backend::Embedded,
    };
    a_network_that_falls_silent_is_told_and_what_waits_is_answered(&network, &config, waiting)
        .await;
    a_computer_that_slept_browses_on(&config, &site).await;
    a_computer_without_a_network_is_told(&config).await;
    network.end();
    relays_that_refuse_are_told(&config).await;
}

/// The clocks of the network are wrong. For a client that starts here, this looks as if its own
/// clock were wrong.
async fn wrong_clocks_with(backend: Backend, ahead: Option<&str>) {
    for (days, side) in [(-3, ahead), (3, Some("3 days behind"))] {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let network = TorNetwork::boot_on_another_day(folder.path(), days)
            .await
            .unwrap();
        let (config, _) = tor_section(&network, backend).unwrap();
        let mut host = Host::start(&config).unwrap();
        until(&mut host, |status| {
            let trouble = status.tor.trouble.as_ref();
            let detail = trouble.and_then(|trouble| trouble.problem.detail.as_deref());
            let has = |side| detail.is_some_and(|detail| detail.contains(side));
            is(status, ErrorCode::TorClockWrong) && side.is_none_or(has)
        })
        .await;
        tells(&host, ErrorCode::TorClockWrong);
        host.end().unwrap();
    }
}

/// First a Tor of ours beside another program's Tor, then the other program's Tor alone.
async fn doctor_tells_two_tors_apart(network: &TorNetwork, config: &str) {
    let ports = ClientPorts::hold().unwrap();
    let mut theirs = network.start_client(ports.clone()).unwrap();
    theirs.wait_until_ready(LIMIT).await.unwrap();
    let (socks, control) = (theirs.socks(), theirs.control());
    let ports = ports.settings();
    let found = |in_use: &str| format!("proves itself at {control}{in_use}\n");

    let mut host = Host::start(&format!("{config}{ports}")).unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    let doctor = host.run(&["doctor"]).unwrap();
    let lines = about_tor(&doctor);
    assert!(
        lines[0].contains("Tor in use: run by Onionmeter"),
        "{doctor}"
    );
    assert!(doctor.contains(&format!("others: a Tor on {socks}, version")));
    assert!(doctor.contains(&found("")), "{doctor}");
    host.end().unwrap();
    let doctor = host.run(&["doctor"]).unwrap();
    assert!(
        about_tor(&doctor)[0].contains("no Tor is in use"),
        "{doctor}"
    );

    let mut host = Host::start(&format!("[tor]\nbackend = \"existing\"\n{ports}")).unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    let doctor = host.run(&["doctor"]).unwrap();
    assert!(
        about_tor(&doctor)[0].contains("Tor in use: found running"),
        "{doctor}"
    );
    assert!(doctor.contains(&found("; the one in use")), "{doctor}");
    host.end().unwrap();
}

/// What `doctor` says about Tor: a few lines at most.
#[track_caller]
fn about_tor(doctor: &str) -> Vec<&str> {
    let lines = doctor.lines().skip_while(|line| *line != "Tor").skip(1);
    let lines: Vec<_> = lines.take_while(|line| *line != "Browsers").collect();
    assert!((5..=20).contains(&lines.len()), "{doctor}");
    lines
}

async fn a_start_amid_silence_is_told_and_goes_on(network: &TorNetwork, config: &str) {
    network.pause().unwrap();
    let mut host = Host::start(config).unwrap();
    until(&mut host, |status| is(status, ErrorCode::TorBlocked)).await;
    tells(&host, ErrorCode::TorBlocked);
    network.resume().unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    host.end().unwrap();
}

async fn a_network_that_falls_silent_is_told_and_what_waits_is_answered(
    network: &TorNetwork,
    config: &str,
    asking: Waiting,
) {
    let mut host = Host::start(config).unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    page(host.relay(), asking.site).await;
    network.pause().unwrap();
    let mut waiting = JoinSet::new();
    waiting.spawn(asking.until_answered(host.relay()));
    until(&mut host, |status| is(status, ErrorCode::TorSilent)).await;
    let ready = |status: &Status| status.tor.state == TorState::Ready;
    until(&mut host, |status| ready(status) && !status.tor.is_usable()).await;
    tells(&host, ErrorCode::TorSilent);
    network.resume().unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    tokio::time::timeout(LIMIT, waiting.join_all())
        .await
        .unwrap();
    host.end().unwrap();
}

/// A client that requests a page while nothing answers.
struct Waiting {
    site: u16,
    /// Arti answers after a while that it did not connect; then a person tries again.
    gives_up: bool,
}

impl Waiting {
    async fn until_answered(self, relay: SocketAddr) {
        if !self.gives_up {
            return page(relay, self.site).await;
        }
        let stream = loop {
            if let Ok(stream) = socks::connect(relay, "site.test", self.site).await {
                break stream;
            }
        };
        socks::get(stream, "site.test", "/").await.unwrap();
    }
}

/// As in a sleep, first Tor alone and then the daemon too stop for so long that the client gives
/// up.
async fn a_computer_that_slept_browses_on(config: &str, site: &Site) {
    let mut host = Host::start(config).unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    page(host.relay(), site.port()).await;
    for daemon in [vec![], vec![host.process()]] {
        let tor = processes::children(host.process());
        let sleepers = [&tor[..], &daemon].concat();
        processes::signal_all(&sleepers, Signal::STOP).unwrap();
        let asked = tokio::time::timeout(PATIENCE, page(host.relay(), site.port()));
        let answered = asked.await.is_ok();
        // A daemon that is awake replaces a Tor that is silent. On a busy machine it may have been
        // silent before.
        let is_replaced = daemon.is_empty() && processes::children(host.process()) != tor;
        assert!(!answered || is_replaced, "nobody is awake");
        let woken = processes::signal_all(&sleepers, Signal::CONT);
        assert!(woken.is_ok() || is_replaced, "{woken:?}");
        tokio::time::timeout(LIMIT, page(host.relay(), site.port()))
            .await
            .unwrap();
        until(&mut host, |status| status.tor.is_usable()).await;
    }
    host.end().unwrap();
}

async fn a_computer_without_a_network_is_told(config: &str) {
    // The network namespace has only a loopback device, which is down.
    let mut host = Host::start_under(&["unshare", "-rn", "--"], config).unwrap();
    until(&mut host, |status| is(status, ErrorCode::TorOffline)).await;
    tells(&host, ErrorCode::TorOffline);
    host.end().unwrap();
}

async fn relays_that_refuse_are_told(config: &str) {
    let mut host = Host::start(config).unwrap();
    until(&mut host, |status| is(status, ErrorCode::TorRefused)).await;
    tells(&host, ErrorCode::TorRefused);
    host.end().unwrap();
}

/// Checks that both commands tell it in a sentence for a person.
#[track_caller]
fn tells(host: &Host, code: ErrorCode) {
    let (sentence, action) = (code.sentence(), code.tor_action().unwrap());
    let status = host.run(&["status"]).unwrap();
    // `doctor` ends with 1 when it finds something bad.
    let doctor = host.run(&["doctor"]).unwrap_err().to_string();
    about_tor(&doctor);
    for said in [&status, &doctor] {
        assert!(said.contains(sentence), "{said}");
        assert!(said.contains(action), "{said}");
        assert!(!said.contains("site.test"), "{said}");
    }
}

fn is(status: &Status, code: ErrorCode) -> bool {
    let trouble = status.tor.trouble.as_ref();
    trouble.is_some_and(|trouble| trouble.problem.code == code)
}

#[track_caller]
fn until(host: &mut Host, wanted: impl Fn(&Status) -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let waited = host.wait_for(LIMIT, wanted).await;
        waited.unwrap_or_else(|error| panic!("{place}: {error}"));
    }
}

async fn page(relay: SocketAddr, port: u16) {
    let stream = socks::connect(relay, "site.test", port).await.unwrap();
    let fetched = socks::get(stream, "site.test", "/bytes/1000")
        .await
        .unwrap();
    assert_eq!(fetched.body.len(), 1_000);
}
