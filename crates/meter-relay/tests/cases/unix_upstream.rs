//! Tor behind a Unix socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    client::reply,
    fake_tor::{SUCCESS, UnixTor},
    rig::{Rig, config, soon},
};

#[tokio::test]
async fn both_directions_are_relayed_counted_and_ended_one_by_one() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (mut client, mut stream) = tor.pair(&rig).await;
    client.send(&[b'u'; 30_000]).await;
    client.end().await;
    let mut up = Vec::new();
    soon(stream.read_to_end(&mut up)).await.unwrap();
    assert_eq!(up, [b'u'; 30_000]);
    stream.write_all(&[b'd'; 20_000]).await.unwrap();
    drop(stream);
    client.hears_last(&[b'd'; 20_000]).await;
    drop(client);
    rig.finish_with(30_000, 20_000).await;
}

#[tokio::test]
async fn an_end_by_tor_leaves_the_way_up_open() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (mut client, mut stream) = tor.pair(&rig).await;
    stream.write_all(b"down").await.unwrap();
    stream.shutdown().await.unwrap();
    client.hears_last(b"down").await;
    client.send(b"up").await;
    client.end().await;
    let mut up = Vec::new();
    soon(stream.read_to_end(&mut up)).await.unwrap();
    assert_eq!(up, b"up");
    rig.finish_with(2, 4).await;
}

#[tokio::test]
async fn a_tor_that_dies_on_unread_bytes_is_a_reset_to_the_client() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (mut client, mut stream) = tor.pair(&rig).await;
    client.send(b"unread").await;
    soon(stream.read_exact(&mut [0; 1])).await.unwrap();
    drop(stream);
    let (_, end) = client.rest().await;
    assert_eq!(
        end.expect_err("a reset").kind(),
        std::io::ErrorKind::ConnectionReset
    );
    rig.finish_with(6, 0).await;
}

#[tokio::test]
async fn a_client_that_resets_closes_tors_side() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (client, mut stream) = tor.pair(&rig).await;
    client.reset();
    assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap(), 0);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn s_30_a_truncated_reply_is_a_general_failure() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    for length in 0..SUCCESS.len() {
        let (mut client, mut stream) = tor.asked(&rig).await;
        stream.write_all(&SUCCESS[..length]).await.unwrap();
        drop(stream);
        client.hears_last(&reply(1)).await;
    }
    rig.finish_with(0, 0).await;
}
