//! The credentials that Tor gets: each site has its own, and a client's credentials never reach
//! Tor.

use meter_relay::{IdentitySecret, Isolation, RelayConfig, Site};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    client::{Client, present, reply, request_for_name, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_credentials, read_isolated_request},
    pattern::pattern,
    rig::{Rig, config, soon},
};

fn isolating(tor: &FakeTor) -> (Rig, Isolation) {
    let isolation = Isolation::new(IdentitySecret::new([7; 32]));
    let config = RelayConfig {
        isolation: Some(isolation.clone()),
        ..config()
    };
    (Rig::start(config, Some(tor.upstream())), isolation)
}

/// Sends a request for a name from a client after its greeting. Returns the password that Tor gets.
async fn password(mut client: Client, tor: &FakeTor, name: &str) -> Vec<u8> {
    let request = request_for_name(name.as_bytes(), 80);
    client.send(&request).await;
    let mut stream = tor.accept().await;
    let (password, asked) = read_isolated_request(&mut stream).await;
    assert_eq!(asked, request, "the target is passed on untouched");
    soon(stream.write_all(&SUCCESS)).await.unwrap();
    assert_eq!(client.receive(10).await, SUCCESS);
    password
}

async fn greeted(rig: &Rig) -> Client {
    let mut client = rig.client().await;
    client.greet().await;
    client
}

#[tokio::test]
async fn every_site_has_credentials_of_its_own_and_keeps_them() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let mut heard = Vec::new();
    for name in [
        "a.test",
        "b.test",
        "www.a.test",
        "a.github.io",
        "b.github.io",
    ] {
        heard.push(password(greeted(&rig).await, &tor, name).await);
    }
    let [a, b, www_a, alice, bob] = &heard[..] else {
        panic!("five")
    };
    assert_eq!(a, www_a);
    assert!(a != b && alice != bob);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn a_new_identity_changes_the_credentials_of_a_running_relay() {
    let tor = FakeTor::start();
    let (rig, isolation) = isolating(&tor);
    let before = password(greeted(&rig).await, &tor, "a.test").await;
    isolation.renew(IdentitySecret::new([8; 32]));
    let after = password(greeted(&rig).await, &tor, "a.test").await;
    assert_ne!(before, after);
    rig.finish_with(0, 0).await;
}

/// Opens a stream to a name. Returns it with the password that Tor got.
async fn open(rig: &Rig, tor: &FakeTor, name: &str) -> (Client, TcpStream, Vec<u8>) {
    let mut client = greeted(rig).await;
    client.send(&request_for_name(name.as_bytes(), 80)).await;
    let mut stream = tor.accept().await;
    let (password, _) = read_isolated_request(&mut stream).await;
    soon(stream.write_all(&SUCCESS)).await.unwrap();
    assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
    (client, stream, password)
}

#[tokio::test]
async fn a_site_that_is_renewed_and_cut_begins_anew_and_no_other_does() {
    let tor = FakeTor::start();
    let (rig, isolation) = isolating(&tor);
    let (mut a, mut tor_a, a_before) = open(&rig, &tor, "www.a.test").await;
    let (mut b, mut tor_b, b_before) = open(&rig, &tor, "b.test").await;
    let site = Site::of_host("a.test").unwrap();
    isolation.renew_site(&site);
    rig.connections.cut(&site);

    assert!(a.rest().await.1.is_err(), "reset, not ended");
    assert!(soon(tor_a.read(&mut [0])).await.is_err());
    let payload = pattern(100);
    b.send(&payload).await;
    let mut heard = vec![0; payload.len()];
    soon(tor_b.read_exact(&mut heard)).await.unwrap();
    assert_eq!(heard, payload, "as if nothing had happened");

    let (again, _, a_after) = open(&rig, &tor, "a.test").await;
    assert_ne!(a_before, a_after);
    let (also, _, b_after) = open(&rig, &tor, "b.test").await;
    assert_eq!(b_before, b_after);
    drop((again, also, b, tor_b));
    rig.finish_with(payload.len(), 0).await;
}

#[tokio::test]
async fn s_08_s_09_a_clients_credentials_divide_its_circuits_and_are_never_forwarded() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let long = [0xC3; 255];
    let pairs: [(&[u8], &[u8]); 5] = [
        (b"", b""),
        (b"marker-user", b"marker-word"),
        (b"marker-word", b"marker-user"),
        (&long, &long),
        (b"<torS0X>0", b"marker-word"),
    ];
    let mut heard = vec![password(greeted(&rig).await, &tor, "a.test").await];
    for (user, word) in pairs {
        let (client, verdict) = present(&rig, user, word).await;
        assert_eq!(verdict, [1, 0]);
        heard.push(password(client, &tor, "a.test").await);
    }
    for (index, one) in heard.iter().enumerate() {
        assert_eq!(one.len(), 32, "a hash, whatever went in");
        assert!(one.iter().all(u8::is_ascii_hexdigit));
        assert!(!heard[..index].contains(one), "pair {index}");
    }
    let (again, _) = present(&rig, b"marker-user", b"marker-word").await;
    assert_eq!(password(again, &tor, "a.test").await, heard[2]);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn s_10_reserved_user_names_are_refused_before_tor_hears_of_them() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    for user in ["<torS0X>", "<torS0X>1", "<torS0X>0x"] {
        let (mut client, verdict) = present(&rig, user.as_bytes(), b"p").await;
        assert_eq!(verdict, [1, 1], "{user}");
        client.hears_last(&[]).await;
    }
    tor.assert_untouched();
    assert_eq!(rig.finish_with(0, 0).await.refused, 3);
}

/// Tor 0.4.9 loses its answer to a greeting if credentials follow in the same segment.
#[tokio::test]
async fn the_greeting_goes_alone_and_the_rest_together() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let mut client = greeted(&rig).await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    let mut words = [0; 256];
    assert_eq!(soon(stream.read(&mut words)).await.unwrap(), 3);
    soon(stream.write_all(&[5, 2])).await.unwrap();
    let credentials = 1 + 1 + 9 + 1 + 32;
    let both = soon(stream.read(&mut words)).await.unwrap();
    assert_eq!(both, credentials + usual_request().len());
    assert_eq!(words[credentials..both], usual_request());
    drop((client, stream));
    rig.finish_with(0, 0).await;
}

/// Lets Tor answer the greeting with `method`. Checks that the client gets an error and that the
/// relay sends nothing more to Tor.
async fn agrees_to(method: u8) {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let mut client = greeted(&rig).await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    let mut greeting = [0; 3];
    soon(stream.read_exact(&mut greeting)).await.unwrap();
    soon(stream.write_all(&[5, method])).await.unwrap();
    client.hears_last(&reply(1)).await;
    let mut more = Vec::new();
    soon(stream.read_to_end(&mut more)).await.unwrap();
    assert_eq!(more, b"", "no request without isolation");
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn a_tor_that_takes_no_credentials_is_not_asked_without_them() {
    agrees_to(0xFF).await;
    agrees_to(0).await;
}

#[tokio::test]
async fn refused_credentials_are_a_general_failure() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let mut client = greeted(&rig).await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    let mut greeting = [0; 3];
    soon(stream.read_exact(&mut greeting)).await.unwrap();
    soon(stream.write_all(&[5, 2])).await.unwrap();
    read_credentials(&mut stream).await;
    soon(stream.write_all(&[1, 1])).await.unwrap();
    client.hears_last(&reply(1)).await;
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn credentials_are_not_payload() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let (mut client, verdict) = present(&rig, b"me", b"secret").await;
    assert_eq!(verdict, [1, 0]);
    client.send(&usual_request()).await;
    let mut stream: TcpStream = tor.accept().await;
    read_isolated_request(&mut stream).await;
    // Sends the reply and the first payload in one segment.
    let (up, down) = (pattern(1_000), pattern(2_000));
    soon(stream.write_all(&[&SUCCESS[..], &down].concat()))
        .await
        .unwrap();
    assert_eq!(client.receive(10).await, SUCCESS);
    assert_eq!(client.receive(2_000).await, down);
    client.send(&up).await;
    let mut heard = vec![0; 1_000];
    soon(stream.read_exact(&mut heard)).await.unwrap();
    assert_eq!(heard, up);
    drop((client, stream));
    rig.finish_with(1_000, 2_000).await;
}

#[tokio::test]
async fn s_22_public_literals_are_let_through_and_counted() {
    let tor = FakeTor::start();
    let (rig, _) = isolating(&tor);
    let literal = [5, 1, 0, 1, 93, 184, 216, 34, 0, 80];
    let requests = [
        literal.to_vec(),
        request_for_name(b"93.184.216.34", 80),
        request_for_name(b"2606:2800:220:1::1", 80),
        usual_request(),
        [5, 1, 0, 1, 10, 0, 0, 1, 0, 80].to_vec(), // not public: refused, so not counted here
    ];
    let mut heard = Vec::new();
    for request in &requests[..4] {
        let mut client = greeted(&rig).await;
        client.send(request).await;
        let mut stream = tor.accept().await;
        heard.push(read_isolated_request(&mut stream).await.0);
        soon(stream.write_all(&SUCCESS)).await.unwrap();
        assert_eq!(client.receive(10).await, SUCCESS);
    }
    assert_eq!(heard[0], heard[1], "the same site in either field");
    let mut client = greeted(&rig).await;
    client.send(&requests[4]).await;
    client.hears_last(&reply(2)).await;
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!((snapshot.literals, snapshot.refused), (3, 1));
}
