//! The circuit of a site and a new one for it, over every backend. The circuit that is shown is the
//! one that Tor's control port names. A new circuit changes this site only.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    circuits::{self, Circuit},
    host::Host,
    stage::tor_section,
};
use meter_core::Backend;
use meter_testkit::{
    site::Site,
    socks::{self, Refused},
    tor_network::{ClientPorts, TorClient, TorNetwork},
};
use meter_wire::Status;
use std::{fs, time::Duration};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// Enough relays for clients of onion services.
const RELAYS: usize = 4;
const ATTEMPTS: u8 = 5;

/// One network for all claims, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sites_circuit_is_told_and_renewed_alone() {
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS).await;
    let network = network.unwrap();
    let site = Site::start().await.unwrap();

    with_a_tor_that_can_be_watched(&network, &site).await;
    without_a_control_port_nothing_is_told_and_a_new_circuit_can_be_had(&network, &site).await;
    by_the_tor_itself(&network, &site, Backend::Managed).await;
    #[cfg(feature = "embedded-tor")]
    by_the_tor_itself(&network, &site, Backend::Embedded).await;
}

async fn with_a_tor_that_can_be_watched(network: &TorNetwork, site: &Site) {
    let ports = ClientPorts::hold().unwrap();
    let mut tor = network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    knows_countries(&tor).await;
    let mut host = Host::start(&format!(
        "[log]\nlevel = \"trace\"\n[tor]\nbackend = \"existing\"\n{}",
        ports.settings()
    ))
    .unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let port = site.port();
    let mut show = Show { tor, host, port };

    show.this_site_moves_and_the_other_stays().await;
    show.an_onion_services_circuit_ends_where_nobody_sees_on(network, site)
        .await;
    for part in ["marker", ".onion", "relay0", "auth0"] {
        assert!(!show.host.log().contains(part), "{part} is in the log");
    }
}

/// Gives this Tor a list of countries in which the whole loopback network is in one country.
async fn knows_countries(tor: &TorClient) {
    let list = tor.folder().join("countries");
    fs::write(&list, "2130706432,2147483647,IS\n").unwrap();
    let command = format!("SETCONF GeoIPFile=\"{}\"", list.display());
    tor.ask(&command).await.unwrap();
}

struct Show {
    tor: TorClient,
    host: Host,
    port: u16,
}

/// An open stream, as Tor's control port shows it.
struct Stream {
    open: TcpStream,
    circuit: Circuit,
}

impl Show {
    /// Opens a stream through the relay, and finds it among Tor's streams as the one that is new.
    async fn open(&self, name: &str) -> Stream {
        let before = circuits::streams_to(&self.tor, self.port).await.unwrap();
        let open = connect(&self.host, name, self.port).await;
        let after = circuits::streams_to(&self.tor, self.port).await.unwrap();
        let new: Vec<_> = after.difference(&before).collect();
        let [stream] = new[..] else {
            panic!("one new stream, not {}", new.len());
        };
        let circuit = circuits::circuit_of(&self.tor, stream).await.unwrap();
        Stream { open, circuit }
    }

    async fn this_site_moves_and_the_other_stays(&mut self) {
        let mut first = self.open("www.marker.test").await;
        let other = self.open("other.test").await;
        let output = self.host.run(&["circuit", "marker.test"]).unwrap();
        assert!(output.starts_with("Circuit for marker.test\n"), "{output}");
        let relays = relays(&output);
        assert!(
            relays.len().is_multiple_of(3) && !relays.is_empty(),
            "{output}"
        );
        for relay in &relays {
            assert!(relay.ends_with(" (is)"), "{output}");
        }
        // Tor has every shown path, for exactly these credentials.
        for way in relays.chunks(3) {
            assert!(self.has_way(way).await, "{output}");
        }

        let said = self.host.run(&["new-circuit", "www.marker.test"]).unwrap();
        assert!(said.contains("new circuit"), "{said}");
        let refused = self.host.run(&["new-circuit", "other.test"]).unwrap_err();
        assert!(refused.to_string().contains("a moment ago"), "{refused}");
        assert!(
            first.open.read(&mut [0]).await.is_err(),
            "what was open is reset"
        );
        let again = self.host.run(&["circuit", "marker.test"]).unwrap();
        assert!(again.contains("has no circuit now"), "{again}");

        let second = self.open("marker.test").await;
        assert_ne!(first.circuit.path, second.circuit.path);
        assert_ne!(first.circuit.password, second.circuit.password);
        let still = self.open("other.test").await;
        assert_eq!(other.circuit.password, still.circuit.password);
        let page = socks::get(other.open, "other.test", "/bytes/1000").await;
        assert_eq!(page.unwrap().body.len(), 1_000, "it was not disturbed");
        let output = self.host.run(&["circuit", "marker.test"]).unwrap();
        assert!(output.starts_with("Circuit for marker.test\n"), "{output}");

        let possible = |status: &Status| status.new_circuit_in_s == 0;
        self.host.wait_for(LIMIT, possible).await.unwrap();
        self.host.run(&["new-circuit", "other.test"]).unwrap();
    }

    /// Whether Tor has a circuit over these relays.
    async fn has_way(&self, relays: &[String]) -> bool {
        let names: Vec<_> = relays
            .iter()
            .filter_map(|relay| relay.split(' ').next())
            .collect();
        let lines = self.tor.ask("GETINFO circuit-status").await.unwrap();
        lines.iter().any(|line| {
            let path = line.split(' ').nth(2).unwrap_or_default();
            let of_path = path.split(',').filter_map(|hop| hop.split('~').nth(1));
            of_path.eq(names.iter().copied())
        })
    }

    async fn an_onion_services_circuit_ends_where_nobody_sees_on(
        &self,
        network: &TorNetwork,
        site: &Site,
    ) {
        let onion = network.start_onion_service(site.port()).await.unwrap();
        let open = connect(&self.host, onion.address(), 80).await;
        let output = self.host.run(&["circuit", onion.address()]).unwrap();
        for part in ["  guard ", "  meeting point ", "  onion service "] {
            assert!(output.contains(part), "{output}");
        }
        assert!(!output.contains("  exit "), "{output}");
        drop(open);
    }
}

async fn without_a_control_port_nothing_is_told_and_a_new_circuit_can_be_had(
    network: &TorNetwork,
    site: &Site,
) {
    let ports = ClientPorts::hold().unwrap();
    let mut tor = network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    let mut host = Host::start(&format!(
        "[tor]\nbackend = \"existing\"\nsocks_port = {}\n",
        ports.socks.number()
    ))
    .unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let watch = async || {
        let streams = circuits::streams_to(&tor, site.port()).await.unwrap();
        let stream = streams.into_iter().next().unwrap();
        circuits::circuit_of(&tor, &stream).await.unwrap()
    };
    let mut open = connect(&host, "marker.test", site.port()).await;
    let before = watch().await;
    let output = host.run(&["circuit", "marker.test"]).unwrap();
    assert!(output.contains("does not tell"), "{output}");
    host.run(&["new-circuit", "marker.test"]).unwrap();
    assert!(open.read(&mut [0]).await.is_err(), "reset");
    // Tor notices the end of the old stream only after a while.
    let gone = async {
        while !circuits::streams_to(&tor, site.port())
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap();
    let _open = connect(&host, "marker.test", site.port()).await;
    let after = watch().await;
    assert_ne!(before.path, after.path);
    assert_ne!(before.password, after.password);
}

/// With a Tor of ours that reports its circuits itself: the site has a circuit, then none because
/// the relay sends new credentials for it, then a circuit again.
async fn by_the_tor_itself(network: &TorNetwork, site: &Site, backend: Backend) {
    let (tor, _) = tor_section(network, backend).unwrap();
    let mut host = Host::start(&tor).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let output = || host.run(&["circuit", "www.marker.test"]).unwrap();
    assert!(output().contains("has no circuit now"), "{}", output());
    let mut open = connect(&host, "marker.test", site.port()).await;
    let other = connect(&host, "other.test", site.port()).await;
    let before = output();
    let ways = relays(&before);
    assert!(ways.len().is_multiple_of(3) && !ways.is_empty(), "{before}");

    host.run(&["new-circuit", "marker.test"]).unwrap();
    assert!(open.read(&mut [0]).await.is_err(), "reset");
    assert!(output().contains("has no circuit now"), "{}", output());
    let _open = connect(&host, "marker.test", site.port()).await;
    assert!(
        output().starts_with("Circuit for marker.test\n"),
        "{}",
        output()
    );
    let page = socks::get(other, "other.test", "/bytes/1000").await;
    assert_eq!(page.unwrap().body.len(), 1_000, "it was not disturbed");
}

/// The relays of all shown paths, as they are printed.
fn relays(output: &str) -> Vec<String> {
    let roles = ["guard", "middle", "exit"];
    let lines = output.lines().filter_map(|line| {
        let (role, relay) = line.strip_prefix("  ")?.split_once(' ')?;
        roles.contains(&role).then(|| relay.trim().to_owned())
    });
    lines.collect()
}

/// Connects through the relay. Tor's exits may lack a free port for a moment on a busy machine.
async fn connect(host: &Host, name: &str, port: u16) -> TcpStream {
    let mut connected = socks::connect(host.relay(), name, port).await;
    for _ in 1..ATTEMPTS {
        if connected.as_ref().is_err_and(|error| error.is::<Refused>()) {
            connected = socks::connect(host.relay(), name, port).await;
        }
    }
    connected.unwrap_or_else(|error| panic!("{error}\n{}", host.log()))
}
