//! Another program in Tor's place: it is asked for nothing.

use std::sync::Arc;

use meter_core::TorAddr;
use meter_owner::Listener;
use meter_relay::{IdentitySecret, Isolation, RelayConfig};
use tokio::{io::AsyncReadExt, net::TcpListener, sync::watch};

use crate::support::{
    client::{reply, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_isolated_request},
    rig::{Rig, config, soon},
};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_program_that_took_tors_place_hears_a_greeting_and_no_target() {
    let tor = FakeTor::start();
    let TorAddr::Tcp(address) = tor.upstream() else {
        unreachable!()
    };
    let listener = Listener::at(address).map(Arc::new);
    let (known, receiver) = watch::channel(listener);
    let isolating = RelayConfig {
        isolation: Some(Isolation::new(IdentitySecret::new([7; 32]))),
        listener: Some(receiver),
        ..config()
    };
    let rig = Rig::start(isolating, Some(tor.upstream()));
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    read_isolated_request(&mut stream).await;
    soon(stream.write_all(&SUCCESS)).await.unwrap();
    assert_eq!(client.receive(10).await, SUCCESS, "Tor itself is asked");
    drop(client);
    // It is closed from the relay's side first, so that the address is free at once.
    drop(soon(stream.read_to_end(&mut Vec::new())).await);
    drop((stream, tor));

    let stranger = TcpListener::bind(address).await.unwrap();
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let (mut stream, _) = soon(stranger.accept()).await.unwrap();
    let mut heard = [0; 3];
    soon(stream.read_exact(&mut heard)).await.unwrap();
    soon(stream.write_all(&[5, 2])).await.unwrap();
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!((heard, rest), ([5, 1, 2], Vec::new()));
    client.hears_last(&reply(1)).await;
    drop(client);
    drop(known);
    assert_eq!(rig.finish_with(0, 0).await.broken, 1);
}
