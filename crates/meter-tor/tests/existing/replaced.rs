//! Another program on the SOCKS port of a Tor that was in use.

use super::{
    fake_control::{FakeControl, Script},
    fake_port::{FakePort, TORS_ANSWER},
    tor, tor_at,
    waiting::{soon, until},
};
use meter_core::TorAddr;
use meter_tor::{Candidate, TorProblem, TorState};

fn bare(port: &FakePort) -> Option<Candidate> {
    Some(Candidate {
        socks: Some(TorAddr::Tcp(port.address)),
        control: None,
    })
}

#[tokio::test]
async fn a_stranger_on_the_port_of_a_tor_that_ended_is_not_used() {
    let port = FakePort::start("", TORS_ANSWER).await;
    let tor = tor(bare(&port), Vec::new());
    assert_eq!(soon(tor.start()).await, Ok(()));
    let known = tor.listener().borrow().clone().unwrap();
    assert!(known.is_there());
    let address = port.address;
    port.close().await;
    let _stranger = FakePort::start_at(address, "", "\x05\x02").await;
    assert!(!known.is_there());
    let failed = TorState::Failed(TorProblem::NotTor);
    let mut states = tor.status();
    let found = soon(states.wait_for(|status| status.state == failed)).await;
    assert!(found.is_ok());
    assert_eq!(*tor.upstream().borrow(), None);
}

#[tokio::test]
async fn a_tor_that_was_started_anew_on_its_port_is_asked_again_and_used() {
    let port = FakePort::start("", TORS_ANSWER).await;
    let tor = tor(bare(&port), Vec::new());
    assert_eq!(soon(tor.start()).await, Ok(()));
    let (before, address) = (tor.listener().borrow().clone().unwrap(), port.address);
    port.close().await;
    let port = FakePort::start_at(address, "", TORS_ANSWER).await;
    let mut known = tor.listener();
    let is_new = |known: &Option<std::sync::Arc<meter_tor::Listener>>| {
        known.as_ref().is_some_and(|known| known.is_there())
    };
    drop(soon(known.wait_for(is_new)).await.unwrap());
    assert!(!before.is_there());
    until(&mut tor.status(), |state| *state == TorState::Ready).await;
    assert_eq!(port.times_asked(), 1);
}

#[tokio::test]
async fn a_tor_whose_socks_port_another_has_is_attached_to_anew() {
    let folder = tempfile::tempdir().unwrap();
    let port = FakePort::start("", TORS_ANSWER).await;
    let fake = FakeControl::start(Script::ready(folder.path(), port.address)).await;
    let tor = tor_at(fake.address);
    assert_eq!(soon(tor.start()).await, Ok(()));
    let (mut upstream, address) = (tor.upstream(), port.address);
    soon(upstream.wait_for(Option::is_some)).await.unwrap();
    port.close().await;
    let _stranger = FakePort::start_at(address, "", TORS_ANSWER).await;
    soon(upstream.wait_for(Option::is_none)).await.unwrap();
}

#[tokio::test]
async fn a_program_that_takes_connections_and_is_silent_is_tried_again() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let existing = Candidate {
        socks: Some(TorAddr::Tcp(address)),
        control: None,
    };
    let tor = tor(Some(existing), Vec::new());
    assert_eq!(soon(tor.start()).await, Err(TorProblem::Silent));
    let state = tor.status().borrow().state.clone();
    assert!(
        matches!(state, TorState::Restarting { .. } | TorState::Starting),
        "{state:?}"
    );
    drop(silent);
    let _awake = FakePort::start_at(address, "", TORS_ANSWER).await;
    until(&mut tor.status(), |state| *state == TorState::Ready).await;
}
