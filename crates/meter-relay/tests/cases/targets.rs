//! The targets that reach Tor, seen from Tor: S-17 to S-21. Names are passed on unchanged.

use crate::support::{
    client::{GREETING, reply, request_for_name},
    fake_tor::{FakeTor, SUCCESS, read_request},
    rig::Rig,
};
use tokio::io::AsyncWriteExt;

fn request_for_v4(octets: [u8; 4], port: u16) -> Vec<u8> {
    [&[5, 1, 0, 1][..], &octets, &port.to_be_bytes()].concat()
}

fn request_for_v6(text: &str, port: u16) -> Vec<u8> {
    let address: std::net::Ipv6Addr = text.parse().unwrap();
    [&[5, 1, 0, 4][..], &address.octets(), &port.to_be_bytes()].concat()
}

/// Every request gets this reply, and none reaches Tor.
async fn all_refused(requests: &[Vec<u8>], code: u8) {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    for request in requests {
        let mut client = rig.client().await;
        client.send(&GREETING).await;
        client.send(request).await;
        client
            .hears_last(&[&[5, 0][..], &reply(code)].concat())
            .await;
        tor.assert_untouched();
    }
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.refused, u64::try_from(requests.len()).unwrap());
    // A malformed name is a mistake of the client program. There is nothing to tell a person.
    let codes = requests.iter().map(|_| code).filter(|code| *code != 1);
    assert_eq!(snapshot.unreached, codes.collect());
}

fn names(list: &[&[u8]]) -> Vec<Vec<u8>> {
    list.iter().map(|name| request_for_name(name, 80)).collect()
}

#[tokio::test]
async fn s_17_an_empty_name_is_a_general_failure() {
    all_refused(&names(&[b""]), 1).await;
}

#[tokio::test]
async fn s_18_names_with_anything_but_host_characters_are_a_general_failure() {
    let long = [b"a.".repeat(127), b"a".to_vec()].concat();
    assert_eq!(long.len(), 255);
    all_refused(
        &names(&[
            &long,
            b"exam\0ple.com",
            b"example.com\0.internal",
            b"example.com\r\n",
            b"example.com/",
            b"user@example.com",
            b"exam ple.com",
            "bücher.example".as_bytes(),
            b"\xFF\xFE.com",
        ]),
        1,
    )
    .await;
}

#[tokio::test]
async fn s_19_loopback_targets_are_refused_without_contact_with_tor() {
    let mut requests = names(&[
        b"localhost",
        b"x.localhost",
        b"127.1",
        b"0x7f000001",
        b"2130706433",
        b"0177.0.0.1",
        b"0",
        b"[::1]",
        b"::1",
        b"::ffff:127.0.0.1",
        b"127.0.0.1.",
        b"127.0.0.1",
        b"LOCALHOST.",
    ]);
    requests.push(request_for_v4([127, 0, 0, 1], 80));
    requests.push(request_for_v4([127, 9, 9, 9], 80));
    requests.push(request_for_v4([0, 0, 0, 0], 80));
    requests.push(request_for_v6("::1", 80));
    requests.push(request_for_v6("::", 80));
    requests.push(request_for_v6("::ffff:127.0.0.1", 80));
    all_refused(&requests, 2).await;
}

#[tokio::test]
async fn s_20_private_targets_are_refused_without_contact_with_tor() {
    let mut requests = names(&[
        b"printer.local",
        b"db.internal",
        b"router",
        b"192.168.1.1",
        b"fe80::1",
    ]);
    for octets in [
        [10, 0, 0, 1],
        [172, 16, 0, 1],
        [192, 168, 0, 1],
        [169, 254, 169, 254],
        [100, 64, 0, 1],
        [224, 0, 0, 1],
        [255, 255, 255, 255],
    ] {
        requests.push(request_for_v4(octets, 80));
    }
    for text in [
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
    ] {
        requests.push(request_for_v6(text, 80));
    }
    all_refused(&requests, 2).await;
}

#[tokio::test]
async fn names_that_never_exist_are_unknown_here_and_no_exit_hears_them() {
    let like_a_witness = b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5.invalid";
    all_refused(
        &names(&[b"probe.invalid", b"a.b.INVALID.", like_a_witness]),
        4,
    )
    .await;
}

#[tokio::test]
async fn s_21_port_0_and_tors_ports_are_refused_without_contact_with_tor() {
    let requests: Vec<_> = [0, 9050, 9051]
        .into_iter()
        .flat_map(|port| {
            [
                request_for_name(b"example.com", port),
                request_for_v4([93, 184, 216, 34], port),
            ]
        })
        .collect();
    all_refused(&requests, 2).await;
}

#[tokio::test]
async fn s_21_the_relays_own_port_and_the_upstreams_are_refused_unasked() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let meter_core::TorAddr::Tcp(upstream) = tor.upstream() else {
        unreachable!()
    };
    for port in [rig.port, upstream.port()] {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&request_for_name(b"example.com", port)).await;
        client.hears_last(&reply(2)).await;
    }
    tor.assert_untouched();
    assert_eq!(rig.finish_with(0, 0).await.refused, 2);
}

#[tokio::test]
async fn permitted_requests_reach_tor_byte_for_byte() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let longest = [b"a.".repeat(126), b"a".to_vec()].concat();
    assert_eq!(longest.len(), 253);
    for request in [
        request_for_name(b"example.com", 443),
        request_for_name(b"ExAmPlE.cOm.", 1),
        request_for_name(b"_srv.under_score.example", 65535),
        request_for_name(b"expyuzz4wqqyqhjn.onion", 80),
        request_for_name(b"93.184.216.34", 80),
        request_for_name(b"2606:4700::1111", 80),
        request_for_name(&longest, 80),
        request_for_v4([93, 184, 216, 34], 80),
        request_for_v6("2606:4700::1111", 8443),
    ] {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&request).await;
        let mut stream = tor.accept().await;
        assert_eq!(read_request(&mut stream).await, request);
        stream.write_all(&SUCCESS).await.unwrap();
        drop(stream);
        client.hears_last(&SUCCESS).await;
    }
    assert_eq!(rig.finish_with(0, 0).await.refused, 0);
}
