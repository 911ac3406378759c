//! Every trouble that Tor itself does not tell, made for real and seen through the daemon: its status,
//! its words, and that it passes by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    host::Host,
    stage::{Backend, tor_section},
};
use meter_testkit::{site::Site, socks, tor_network::TorNetwork};
use meter_wire::{ErrorCode, Status, TorState};
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::task::JoinSet;

/// Only an upper bound: nothing waits for as long as this when it works.
const LIMIT: Duration = Duration::from_secs(120);

/// One network for all, because booting it is what takes the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outage_is_told_apart_and_passes_by_itself() {
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let network = TorNetwork::boot(&folder.path().join("network"))
        .await
        .unwrap();
    let site = Site::start().await.unwrap();
    let (config, _) = tor_section(&network, Backend::Managed).unwrap();

    a_start_amid_silence_is_told_and_goes_on(&network, &config).await;
    a_network_that_falls_silent_is_told_and_what_waits_is_answered(&network, &config, &site).await;
    a_computer_without_a_network_is_told(&config).await;
    drop(network);
    relays_that_refuse_are_told(&config).await;
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
    site: &Site,
) {
    let mut host = Host::start(config).unwrap();
    until(&mut host, |status| status.tor.is_usable()).await;
    page(host.relay(), site.port()).await;
    network.pause().unwrap();
    let mut waiting = JoinSet::new();
    waiting.spawn(page(host.relay(), site.port()));
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

async fn a_computer_without_a_network_is_told(config: &str) {
    // Its own network namespace has a loopback that is down, and nothing else.
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

/// In a person's words, by both commands, with no more lines than a person reads.
#[track_caller]
fn tells(host: &Host, code: ErrorCode) {
    let (sentence, action) = (code.sentence(), code.tor_action().unwrap());
    let status = host.run(&["status"]).unwrap();
    // A doctor that finds something bad ends with 1.
    let doctor = host.run(&["doctor"]).unwrap_err().to_string();
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
