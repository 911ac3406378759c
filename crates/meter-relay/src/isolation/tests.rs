//! Tests the derivation: what stays equal, what differs, and what stays hidden.

use std::collections::HashSet;

use shadowsocks::relay::socks5::Address;

use super::*;
use crate::target::Target;

fn identity(byte: u8) -> Isolation {
    Isolation::new(Zeroizing::new([byte; 32]))
}

fn target(name: &str, port: u16) -> Target {
    let address = Address::DomainNameAddress(name.to_owned(), port);
    Target::permit(address, &[]).ok().unwrap()
}

fn said(user: &[u8], password: &[u8]) -> Option<ClientCredentials> {
    Some(ClientCredentials {
        user: Zeroizing::new(user.to_vec()),
        password: Zeroizing::new(password.to_vec()),
    })
}

fn message(isolation: &Isolation, name: &str, client: Option<ClientCredentials>) -> Vec<u8> {
    key(isolation, &target(name, 443), client)
}

fn key(isolation: &Isolation, target: &Target, client: Option<ClientCredentials>) -> Vec<u8> {
    isolation.key(&Site::of(target), client).message()
}

fn site(host: &str) -> Site {
    Site::of_host(host).unwrap()
}

#[test]
fn one_site_has_one_key_whatever_host_and_port() {
    let isolation = identity(7);
    let key = |name, port| key(&isolation, &target(name, port), None);
    assert_eq!(key("example.com", 80), key("example.com", 443));
    assert_eq!(key("example.com", 80), key("www.EXAMPLE.com.", 80));
    assert_eq!(
        key("example.com", 80),
        message(&isolation.clone(), "example.com", None)
    );
}

#[test]
fn whatever_differs_makes_another_key() {
    let one = identity(1);
    let long = [0xC3; 255];
    let keys = [
        message(&one, "a.test", None),
        message(&one, "b.test", None),
        message(&identity(2), "a.test", None),
        // S-08: an empty pair differs from none.
        message(&one, "a.test", said(b"", b"")),
        message(&one, "a.test", said(b"u", b"")),
        message(&one, "a.test", said(b"", b"u")),
        // The boundary between two parts matters.
        message(&one, "a.test", said(b"ab", b"c")),
        message(&one, "a.test", said(b"a", b"bc")),
        message(&one, "a.test", said(b"abc", b"")),
        message(&one, "b.test", said(b"abc", b"")),
        message(&one, "a.test", said(&long, &long)),
        message(&one, "a.test", said(TOR_USER_ISOLATION, b"abc")),
    ];
    assert_eq!(HashSet::from(keys).len(), 12);
}

#[test]
fn the_same_credentials_make_the_same_key() {
    let isolation = identity(1);
    let key = || message(&isolation, "a.test", said(b"me", b"secret"));
    assert_eq!(key(), key());
}

#[test]
fn a_client_cannot_say_what_a_site_without_credentials_has() {
    let isolation = identity(1);
    let others = message(&isolation, "b.test", None);
    let (user, password) = (&others[2..11], &others[12..]);
    assert_ne!(message(&isolation, "a.test", said(user, password)), others);
    assert_ne!(message(&isolation, "b.test", said(user, password)), others);
}

#[test]
fn renewing_changes_every_handle_and_every_site() {
    let isolation = identity(1);
    let other_handle = isolation.clone();
    let before = message(&isolation, "a.test", None);
    other_handle.renew(Zeroizing::new([2; 32]));
    let after = message(&isolation, "a.test", None);
    assert_ne!(before, after);
    assert_eq!(after, message(&identity(2), "a.test", None));
}

#[test]
fn a_renewed_site_differs_from_all_it_was_and_others_stay() {
    let isolation = identity(1);
    let other_handle = isolation.clone();
    let states = |name| {
        [
            message(&isolation, name, None),
            message(&isolation, name, said(b"me", b"pw")),
        ]
    };
    let (before, other) = (states("www.a.test"), states("b.test"));
    other_handle.renew_site(&site("a.test"));
    let once = states("www.a.test");
    other_handle.renew_site(&site("www.a.test"));
    let twice = states("a.test");
    let all: HashSet<_> = [before, once, twice.clone()].concat().into_iter().collect();
    assert_eq!(all.len(), 6, "with credentials of its own and without");
    assert_eq!(states("b.test"), other);
    assert_eq!(states("a.test"), twice);
}

#[test]
fn a_new_identity_forgets_which_sites_were_renewed() {
    let isolation = identity(1);
    isolation.renew_site(&site("a.test"));
    isolation.renew(Zeroizing::new([2; 32]));
    let fresh = message(&identity(2), "a.test", None);
    assert_eq!(message(&isolation, "a.test", None), fresh);
}

#[test]
fn the_credentials_of_a_site_are_those_that_tor_is_told() {
    let isolation = identity(7);
    isolation.renew_site(&site("a.test"));
    let credentials = isolation.credentials(&site("www.a.test"));
    let message = message(&isolation, "a.test", None);
    assert_eq!(credentials.user.as_bytes(), &message[2..11]);
    assert_eq!(credentials.password.as_bytes(), &message[12..]);
}

#[test]
fn the_message_is_rfc_1929_in_tors_form_and_holds_nothing_of_what_went_in() {
    let message = message(
        &identity(0),
        "secretname.test",
        said(b"someone", b"hunter22"),
    );
    assert_eq!(message[..2], [1, 9]);
    assert_eq!(&message[2..11], b"<torS0X>0");
    assert_eq!((message[11], message.len()), (32, 44));
    assert!(message[12..].iter().all(u8::is_ascii_hexdigit));
    for part in ["secretname", "test", "someone", "hunter22"] {
        for spelling in [part.to_owned(), hex::encode(part)] {
            let hit = message
                .windows(spelling.len())
                .any(|window| window == spelling.as_bytes());
            assert!(!hit, "{spelling}");
        }
    }
}

/// The value comes from an independent implementation (Python's hmac). If the form changed, a
/// running Tor would have to build new circuits for no reason.
#[test]
fn the_derivation_is_the_documented_one() {
    let message = message(&identity(7), "www.example.com", said(b"me", b"pw"));
    assert_eq!(&message[12..], b"3d480cf59f66ff160b490647798aa296");
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", identity(0xAB)), "Isolation");
}
