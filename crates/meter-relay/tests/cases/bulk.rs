//! Transfers far larger than a buffer, which go through pipes on Linux: complete, in order,
//! counted.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use crate::support::{
    fake_tor::{FakeTor, UnixTor},
    pattern::pattern,
    rig::{Rig, config, soon},
};

/// Sends all bytes in uneven pieces and ends. Returns what came from the other side until its end.
async fn exchange<S: AsyncRead + AsyncWrite>(stream: S, bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let send = async {
        for piece in bytes.chunks(piece) {
            writer.write_all(piece).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (outcome, ()) = soon(async { tokio::join!(reader.read_to_end(&mut received), send) }).await;
    outcome.unwrap();
    received
}

#[tokio::test]
async fn both_directions_at_once_arrive_whole_and_are_counted_exactly() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (up, down) = (pattern(5_000_011), pattern(7_000_003));
    for piece in [1 << 20, 65_536, 16_384, 10_007] {
        let (client, stream) = rig.pair(&tor).await;
        let (at_client, at_tor) = tokio::join!(
            exchange(client.0, &up, piece),
            exchange(stream, &down, piece + 1)
        );
        assert!(at_client == down, "pieces of {piece}");
        assert!(at_tor == up, "pieces of {piece}");
    }
    rig.finish_with(4 * up.len(), 4 * down.len()).await;
}

#[tokio::test]
async fn both_directions_over_a_unix_socket_too() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (up, down) = (pattern(5_000_011), pattern(7_000_003));
    let (client, stream) = tor.pair(&rig).await;
    let (at_client, at_tor) = tokio::join!(
        exchange(client.0, &up, 100_003),
        exchange(stream, &down, 65_536)
    );
    assert!(at_client == down);
    assert!(at_tor == up);
    rig.finish_with(up.len(), down.len()).await;
}

#[tokio::test]
async fn bulk_and_single_bytes_take_turns_in_order() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let block = pattern(300_007);
    for _ in 0..20 {
        let (read, ()) = tokio::join!(client.receive(block.len()), async {
            stream.write_all(&block).await.unwrap();
        });
        assert!(read == block);
        stream.write_all(b"!").await.unwrap();
        assert_eq!(client.receive(1).await, b"!");
    }
    drop(stream);
    client.hears_last(b"").await;
    drop(client);
    rig.finish_with(0, 20 * (block.len() + 1)).await;
}
