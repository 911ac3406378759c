//! One suite over every backend, against a private Tor network. The embedded Tor takes part where
//! it is built: `--features embedded-tor`, for the program and for these checks.

#[cfg(feature = "embedded-tor")]
mod anew;
mod claims;
mod setting;

use checks::{
    host::Host,
    processes::{children, until_gone},
    stage::tor_section,
};
use meter_testkit::{
    site::Site,
    tor_network::{OnionService, TorNetwork},
};
use setting::{Kind, Setting};
use std::time::Duration;

/// Longer than any step takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Enough relays for clients of onion services.
const RELAYS: usize = 4;

/// What all backends share, because booting it takes most of the time.
struct World {
    network: TorNetwork,
    site: Site,
    onion: OnionService,
    _folder: tempfile::TempDir,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_backend_keeps_the_same_promises() {
    let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
    let folder = folder.expect("a folder");
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS).await;
    let network = network.expect("a network");
    let site = Site::start().await.expect("a site");
    let onion = network.start_onion_service(site.port()).await.expect("up");
    let world = World {
        network,
        site,
        onion,
        _folder: folder,
    };
    for kind in Kind::ALL {
        claims::all(&world, Setting::new(*kind, &world.network)).await;
    }
    for kind in Kind::OURS {
        a_killed_daemon_leaves_no_tor(&world.network, *kind).await;
    }
    #[cfg(feature = "embedded-tor")]
    anew::a_damaged_state_is_named_and_started_anew(&world)
        .await
        .expect("nothing but the state is lost");
}

async fn a_killed_daemon_leaves_no_tor(network: &TorNetwork, kind: Kind) {
    let (tor, _) = tor_section(network, kind.backend()).expect("a section");
    let mut host = Host::start(&tor).expect("a daemon");
    host.wait_until_ready(LIMIT).await.expect("ready");
    let tors = children(host.process());
    assert_eq!(tors.len(), 1, "{kind:?}");
    host.kill().expect("killed");
    until_gone(&tors, LIMIT).await.expect("gone");
}
