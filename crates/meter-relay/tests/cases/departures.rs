//! Clients that leave before there is payload, in each state of the connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    client::{GREETING, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_request},
    rig::{Rig, soon},
};

#[tokio::test]
async fn a_reset_after_any_prefix_of_the_handshake_frees_the_connection() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let words = [&GREETING[..], &usual_request()].concat();
    for cut in 0..words.len() {
        let mut client = rig.client().await;
        client.send(&words[..cut]).await;
        if cut >= GREETING.len() {
            client.receive(2).await;
        }
        client.reset();
    }
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.refused, 0);
    tor.assert_untouched();
}

#[tokio::test]
async fn a_client_that_closes_while_tor_thinks_frees_tors_side_too() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    for reset in [false, true] {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        let mut stream = tor.accept().await;
        read_request(&mut stream).await;
        if reset {
            client.reset();
        } else {
            drop(client);
        }
        assert_eq!(
            soon(stream.read(&mut [0; 1])).await.unwrap(),
            0,
            "reset: {reset}"
        );
    }
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn a_client_that_resets_behind_early_payload_frees_tors_side_too() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client
        .send(&[&usual_request()[..], b"early"].concat())
        .await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    client.reset();
    assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap(), 0);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn early_payload_followed_by_an_end_waits_for_tor_and_is_delivered() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client
        .send(&[&usual_request()[..], b"early"].concat())
        .await;
    client.end().await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    stream.write_all(&SUCCESS).await.unwrap();
    let mut arrived = Vec::new();
    soon(stream.read_to_end(&mut arrived)).await.unwrap();
    assert_eq!(arrived, b"early");
    stream.write_all(b"late").await.unwrap();
    drop(stream);
    client.hears_last(&[&SUCCESS[..], b"late"].concat()).await;
    drop(client);
    rig.finish_with(5, 4).await;
}
