//! Test requests that only show that they arrive: answered by the relay, never passed on or
//! counted. `silent.rs` checks that they are not logged either.

use meter_core::WitnessName;
use meter_relay::{CounterSnapshot, RelayConfig, Witnesses};

use crate::support::{
    client::{GREETING, reply, request_for_name},
    fake_tor::{FakeTor, SUCCESS},
    rig::{Rig, config},
};

const NAME: WitnessName = WitnessName::new([0xA5; 16]);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n";
/// The beginning of a TLS record with a greeting: the first bytes of a browser that uses HTTPS.
const TLS: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];

fn before(tor: &FakeTor, optimistic: bool) -> (Rig, Witnesses) {
    let witnesses = Witnesses::default();
    let config = RelayConfig {
        optimistic,
        witnesses: witnesses.clone(),
        ..config()
    };
    (Rig::start(config, Some(tor.upstream())), witnesses)
}

/// The totals of a relay with `accepted` connections and nothing else.
fn untouched(accepted: u64) -> CounterSnapshot {
    CounterSnapshot {
        connections: accepted,
        ..CounterSnapshot::default()
    }
}

#[tokio::test]
async fn a_witness_is_answered_here_and_neither_dialled_nor_counted() {
    let tor = FakeTor::start();
    let ways = [(80, GET), (443, TLS), (0, GET), (9050, GET)];
    for optimistic in [false, true] {
        let (rig, witnesses) = before(&tor, optimistic);
        for (port, words) in ways {
            for early in [false, true] {
                witnesses.expect(NAME);
                let mut client = rig.client().await;
                client.greet().await;
                let request = request_for_name(NAME.to_string().as_bytes(), port);
                if early {
                    client.send(&[&request, words].concat()).await;
                    assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
                } else {
                    client.send(&request).await;
                    assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
                    client.send(words).await;
                }
                let (answer, end) = client.rest().await;
                assert!(answer.starts_with(b"HTTP/1.1 204 "), "{answer:?}");
                end.unwrap();
                assert!(witnesses.take(NAME), "port {port}");
            }
        }
        tor.assert_untouched();
        assert_eq!(rig.finish().await, untouched(8));
    }
}

#[tokio::test]
async fn a_witness_needs_no_tor() {
    let witnesses = Witnesses::default();
    let config = RelayConfig {
        witnesses: witnesses.clone(),
        ..config()
    };
    let rig = Rig::start(config, None);
    witnesses.expect(NAME);
    let mut client = rig.client().await;
    client.greet().await;
    let request = request_for_name(NAME.to_string().as_bytes(), 80);
    client.send(&[&request, GET].concat()).await;
    assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
    assert!(witnesses.take(NAME));
    drop(client);
    assert_eq!(rig.finish().await, untouched(1));
}

#[tokio::test]
async fn a_witness_that_nobody_waits_for_does_not_exist_and_leaves_no_trace() {
    let tor = FakeTor::start();
    let (rig, witnesses) = before(&tor, false);
    let request = request_for_name(NAME.to_string().as_bytes(), 80);
    for _ in 0..2 {
        let mut client = rig.client().await;
        client.send(&[&GREETING[..], &request].concat()).await;
        client.hears_last(&[&[5, 0][..], &reply(4)].concat()).await;
        witnesses.expect(NAME);
        assert!(!witnesses.take(NAME), "what came before counts for nothing");
    }
    tor.assert_untouched();
    assert_eq!(rig.finish().await, untouched(2));
}
