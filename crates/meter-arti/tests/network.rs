//! Tests with a private Tor network: which connections share a circuit, what is refused, and what
//! the log contains.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/child.rs"]
#[expect(dead_code, reason = "other tests have no network")]
mod child;
#[path = "support/log.rs"]
mod log;

use std::collections::BTreeSet;

use child::{Child, LIMIT};
use log::Log;
use meter_arti::Ended;
use meter_embedded::{EmbeddedCircuit, EmbeddedCommand, EmbeddedEvent, EmbeddedPath};
use meter_testkit::{
    site::Site,
    socks::{self, Credentials, Refused},
    tor_network::TorNetwork,
};
use tokio::{net::UnixStream, time::timeout};

const PASSWORD: &str = "canary-password";
/// Enough relays for clients of onion services.
const RELAYS: usize = 4;
/// A name that resolves inside the network and cannot be confused with anything else.
const CANARY: &str = "canary-name.test";
/// A well-formed address of a service that does not exist.
const NOBODY: &str = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_real_network_circuits_are_kept_apart_and_nothing_is_told() {
    let log = Log::begin();
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS)
        .await
        .unwrap();
    let config = network.arti_config().unwrap();
    let site = Site::start().await.unwrap();
    let mut child = ready(&config).await;

    only_equal_credentials_share_a_circuit(&mut child, site.port()).await;
    the_relays_of_an_open_connection_are_told(&mut child, site.port()).await;
    failures_have_their_codes(&child).await;
    log.holds_nothing_of(&[CANARY, "canary", PASSWORD, NOBODY, "2gzyxa5ihm7nsggf"]);
    assert_eq!(child.orphaned().await, Ended::Asked);

    let strict = config.replace("allow_local_addrs = true", "");
    let child = ready(&strict).await;
    for local in ["127.0.0.1", "localhost", "192.168.0.1", "10.1.2.3", "::1"] {
        let refused = connect(&child, None, local, site.port()).await;
        assert_eq!(refused.unwrap_err(), 2, "{local}");
    }
    assert_eq!(child.orphaned().await, Ended::Asked);
}

async fn only_equal_credentials_share_a_circuit(child: &mut Child, port: u16) {
    let mut open = Vec::new();
    for user in [
        Some("canary-alice"),
        Some("canary-alice"),
        Some("canary-bob"),
        None,
    ] {
        open.push(connect(child, user, CANARY, port).await.unwrap());
    }
    let before = circuits(child).await;
    assert_eq!(groups(&before).len(), 3, "{before:?}");

    child.say(&EmbeddedCommand::NewIdentity).await;
    assert_eq!(child.hear().await, Some(EmbeddedEvent::NewIdentity));
    for user in [Some("canary-alice"), None] {
        open.push(connect(child, user, CANARY, port).await.unwrap());
    }
    let after = circuits(child).await;
    assert_eq!((after.len(), groups(&after).len()), (6, 5), "{after:?}");

    // Each circuit belongs to one group only, including those of the old identity.
    for circuit in after.iter().map(|entry| &entry.circuit) {
        assert!(!circuit.is_empty());
        let users = after.iter().filter(|entry| entry.circuit == *circuit);
        let users: BTreeSet<_> = users.map(|entry| entry.group).collect();
        assert_eq!(users.len(), 1, "{after:?}");
    }
    drop(open);
}

async fn the_relays_of_an_open_connection_are_told(child: &mut Child, port: u16) {
    assert_eq!(path(child, "canary-carol").await, None);
    let open = connect(child, Some("canary-carol"), CANARY, port).await;
    let found = path(child, "canary-carol").await.unwrap();
    assert_eq!((found.relays.len(), found.onion), (3, false), "{found:?}");
    let distinct: BTreeSet<_> = found.relays.iter().collect();
    assert_eq!(distinct.len(), 3, "{found:?}");
    for relay in distinct {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        assert!(relay.len() == 40 && relay.bytes().all(is_hex), "{relay}");
    }
    drop(open);
}

async fn path(child: &mut Child, user: &str) -> Option<EmbeddedPath> {
    let (user, password) = (user.to_owned(), PASSWORD.to_owned());
    let command = EmbeddedCommand::Circuit { user, password };
    child.say(&command).await;
    match child.hear().await {
        Some(EmbeddedEvent::Circuit { path }) => path,
        other => panic!("{other:?}"),
    }
}

async fn ready(arti: &str) -> Child {
    let mut child = Child::begun(arti).await;
    loop {
        match child.hear().await {
            Some(EmbeddedEvent::Progress(progress)) if progress.ready => return child,
            Some(EmbeddedEvent::Progress(_) | EmbeddedEvent::Listening { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Connects with a user name, or without credentials.
async fn connect(
    child: &Child,
    user: Option<&str>,
    host: &str,
    port: u16,
) -> Result<UnixStream, u8> {
    let credentials = user.map(|user| Credentials {
        user,
        password: PASSWORD,
    });
    let socket = child.socket();
    let connecting = socks::connect_unix(&socket, credentials, host, port);
    let connected = timeout(LIMIT, connecting).await.unwrap();
    connected.map_err(|error| error.downcast_ref::<Refused>().expect("a reply").reply)
}

async fn circuits(child: &mut Child) -> Vec<EmbeddedCircuit> {
    child.say(&EmbeddedCommand::Circuits).await;
    match child.hear().await {
        Some(EmbeddedEvent::Circuits { in_use }) => in_use,
        other => panic!("{other:?}"),
    }
}

fn groups(circuits: &[EmbeddedCircuit]) -> BTreeSet<u64> {
    circuits.iter().map(|entry| entry.group).collect()
}

async fn failures_have_their_codes(child: &Child) {
    for (host, code) in [
        ("canary-name.invalid", 4),
        (NOBODY, 0xF0),
        ("canary.onion", 0xF6),
    ] {
        let refused = connect(child, Some("canary-carol"), host, 80).await;
        assert_eq!(refused.unwrap_err(), code, "{host}");
    }
}
