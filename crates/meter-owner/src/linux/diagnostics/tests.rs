//! Asks the running kernel about sockets of this test. meter-relay tests other users.

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
};

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own client, on loopback"
)]
fn dial(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

fn listener_on(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

#[test]
fn a_connection_is_ours_until_its_process_closes_it() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (listener, at) = listener_on(address);
        let owners = Diagnostics::around(at).unwrap();
        let client = dial(at);
        let from = client.local_addr().unwrap();
        assert_eq!(owners.of(from).unwrap(), Owner::Us, "not accepted yet");
        let (mut accepted, _) = listener.accept().unwrap();
        assert_eq!(owners.of(from).unwrap(), Owner::Us);
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(owners.of(from).unwrap(), Owner::Us, "half closed");
        drop(client);
        // The end has arrived here, so the client has closed.
        assert_eq!(accepted.read(&mut [0]).unwrap(), 0);
        assert_eq!(owners.of(from).unwrap(), Owner::Gone);
    }
}

/// Java's sockets, for instance, are of this type.
#[test]
fn a_client_with_a_dual_stack_socket_is_found_by_its_ipv4_address() {
    let (listener, at) = listener_on("127.0.0.1:0");
    let owners = Diagnostics::around(at).unwrap();
    let mapped = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped(), at.port()));
    let client = dial(mapped);
    assert!(client.local_addr().unwrap().is_ipv6());
    let (_accepted, from) = listener.accept().unwrap();
    assert!(from.is_ipv4());
    assert_eq!(owners.of(from).unwrap(), Owner::Us);
}

#[test]
fn a_connection_that_never_was_is_nobodys_and_a_listener_is_no_connection() {
    let (_listener, at) = listener_on("127.0.0.1:0");
    let (_other, elsewhere) = listener_on("127.0.0.1:0");
    let owners = Diagnostics::around(at).unwrap();
    assert_eq!(owners.of(elsewhere).unwrap(), Owner::Gone);
    assert_eq!(owners.of(([127, 0, 0, 1], 1).into()).unwrap(), Owner::Gone);
}

#[test]
fn without_a_listener_of_ours_there_is_nothing_to_go_by() {
    let at = listener_on("127.0.0.1:0").1; // closed again
    assert!(Diagnostics::around(at).is_err());
}

#[test]
fn a_broken_answer_is_an_error_and_not_an_owner() {
    let error = |bytes: &[u8]| Found::read(bytes, 80).unwrap_err();
    let mut refused = [0; 20];
    refused[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
    refused[16..].copy_from_slice(&(-Errno::PERM.raw_os_error()).to_ne_bytes());
    assert_eq!(error(&refused), Errno::PERM);
    assert_eq!(error(&refused[..19]), Errno::BADMSG);
    assert_eq!(error(&[]), Errno::BADMSG);
    let mut cut = [0; AT_FILE + 3];
    cut[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    cut[AT_REMOTE_PORT..AT_REMOTE_PORT + 2].copy_from_slice(&80_u16.to_be_bytes());
    assert_eq!(error(&cut), Errno::BADMSG);
}
