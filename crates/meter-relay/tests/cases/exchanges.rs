//! A property over random traffic: it arrives complete and is counted to the byte.

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    client::Client,
    fake_tor::FakeTor,
    pattern::pattern,
    rig::{Rig, soon},
};

/// One write of one side.
#[derive(Clone, Debug)]
enum Write {
    Up(usize),
    Down(usize),
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let length = prop_oneof![
        1..10_usize,
        Just(16_383),
        Just(16_384),
        Just(16_385),
        1..200_000_usize
    ];
    let write = (any::<bool>(), length).prop_map(|(up, length)| {
        if up {
            Write::Up(length)
        } else {
            Write::Down(length)
        }
    });
    prop::collection::vec(write, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_arrives_whole_and_is_counted_to_the_byte(writes in writes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(exchange(&writes));
    }
}

/// Both sides send their parts and read those of the other side at the same time.
async fn exchange(writes: &[Write]) {
    let parts = |up: bool| {
        writes.iter().filter_map(move |write| match *write {
            Write::Up(length) => up.then_some(length),
            Write::Down(length) => (!up).then_some(length),
        })
    };
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (Client(client), stream) = rig.pair(&tor).await;
    let (from_client, from_tor) = tokio::join!(
        one_side(client, parts(true)),
        one_side(stream, parts(false))
    );
    let expected = |up: bool| parts(up).flat_map(pattern).collect::<Vec<u8>>();
    let (up, down) = (expected(true), expected(false));
    assert!(from_client == down && from_tor == up);
    rig.finish_with(up.len(), down.len()).await;
}

/// Sends the parts and the end. Returns what came from the other side.
async fn one_side(stream: TcpStream, parts: impl Iterator<Item = usize>) -> Vec<u8> {
    let (mut reader, mut writer) = stream.into_split();
    let send = async {
        for length in parts {
            writer.write_all(&pattern(length)).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (end, ()) = soon(async { tokio::join!(reader.read_to_end(&mut received), send) }).await;
    end.unwrap();
    received
}
