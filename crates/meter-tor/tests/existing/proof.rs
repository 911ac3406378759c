//! What a control port must prove, and what is told to one that proves nothing.

use super::{
    beside,
    fake_control::{COOKIE, FakeControl, Script},
    fake_port::{FakePort, TORS_ANSWER},
    refused, socks, tor, tor_at,
    waiting::{soon, until},
};
use meter_tor::{Candidate, ControlRefusal, CookieFault, TorProblem, TorState, TorWarning};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::os::unix::fs::symlink;

#[tokio::test]
async fn an_unsafe_cookie_file_is_refused_before_anything_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for inner in ["link", "fifo", "short"] {
        std::fs::create_dir(path(inner)).unwrap();
    }
    std::fs::write(path("other"), COOKIE).unwrap();
    symlink(path("other"), path("link/control_auth_cookie")).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(
        CWD,
        path("fifo/control_auth_cookie"),
        FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    std::fs::write(path("short/control_auth_cookie"), [0x42; 31]).unwrap();

    for (file, why) in [
        ("other", CookieFault::UnexpectedPlace),
        ("link/control_auth_cookie", CookieFault::NotAFile),
        ("fifo/control_auth_cookie", CookieFault::NotAFile),
        ("short/control_auth_cookie", CookieFault::WrongSize),
        ("none/control_auth_cookie", CookieFault::Unreadable),
    ] {
        let mut script = Script::ready(folder.path(), socks());
        script.cookie_file = Some(path(file));
        let fake = FakeControl::start(script).await;
        let started = soon(tor_at(fake.address).start()).await;
        assert_eq!(
            started,
            refused(ControlRefusal::CookieUnsafe(why)),
            "{file}"
        );
        assert!(!fake.heard("AUTH"), "{file}");
    }
}

#[tokio::test]
async fn an_open_control_port_is_used_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    (script.methods, script.cookie_file) = ("NULL", None);
    let fake = FakeControl::start(script).await;
    let tor = tor_at(fake.address);
    assert_eq!(soon(tor.start()).await, Ok(()));
    let status = until(&mut tor.status(), |state| *state == TorState::Ready).await;
    assert_eq!(status.warnings, [TorWarning::ControlOpenToAll]);
}

#[tokio::test]
async fn a_cookie_is_never_sent_and_a_password_never_asked() {
    let folder = tempfile::tempdir().unwrap();
    for methods in ["COOKIE", "HASHEDPASSWORD", "COOKIE,HASHEDPASSWORD"] {
        let mut script = Script::ready(folder.path(), socks());
        script.methods = methods;
        let fake = FakeControl::start(script).await;
        let started = soon(tor_at(fake.address).start()).await;
        assert_eq!(started, refused(ControlRefusal::NoSafeMethod), "{methods}");
        assert!(!fake.heard("AUTH"), "{methods}");
    }
}

#[tokio::test]
async fn an_impostor_hears_no_proof_and_its_socks_port_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.is_honest = false;
    let fake = FakeControl::start(script).await;
    assert_eq!(
        soon(tor_at(fake.address).start()).await,
        refused(ControlRefusal::Impostor)
    );
    assert!(fake.heard("AUTHCHALLENGE"));
    assert!(!fake.heard("AUTHENTICATE"));

    let port = FakePort::start("", TORS_ANSWER).await;
    let candidates = beside(port.address, fake.address);
    let existing = Some(Candidate::default());
    let started = soon(tor(existing, candidates.clone()).start()).await;
    assert_eq!(started, refused(ControlRefusal::Impostor));
    assert_eq!(
        soon(tor(None, candidates).start()).await,
        Err(TorProblem::Missing)
    );
    assert_eq!(port.times_asked(), 0);
}

#[tokio::test]
async fn a_proof_that_is_refused_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.instead = vec![("AUTHENTICATE", b"515 No\r\n".to_vec())];
    let fake = FakeControl::start(script).await;
    assert_eq!(
        soon(tor_at(fake.address).start()).await,
        refused(ControlRefusal::Rejected)
    );
}

#[tokio::test]
async fn other_servers_are_no_control_ports() {
    for (banner, answer) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", ""),
        ("", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        ("", "250 OK\r\n"),
        ("", "514 Authentication required.\r\n"),
        ("", "250-PROTOCOLINFO 1\n250 OK\n"),
        (
            "",
            "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NU\0LL\r\n250 OK\r\n",
        ),
        ("", ""),
    ] {
        let port = FakePort::start(banner, answer).await;
        let started = soon(tor_at(port.address).start()).await;
        assert_eq!(
            started,
            refused(ControlRefusal::NotControlPort),
            "{banner}{answer}"
        );
    }
}

#[tokio::test]
async fn a_server_that_only_listens_is_said_to_be_silent() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tor = tor_at(silent.local_addr().unwrap());
    assert_eq!(soon(tor.start()).await, refused(ControlRefusal::Silent));
}

#[tokio::test]
async fn floods_after_authentication_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let endless = [
        b"250+net/listeners/socks=\r\n".to_vec(),
        b"x\r\n".repeat(400_000),
    ]
    .concat();
    for flood in [
        vec![b'2'; 1_000_000],
        endless,
        b"650 STATUS_CLIENT NOTICE X\r\n".repeat(2_000),
        b"250 bare\n".to_vec(),
        b"250-a\r\n550 b\r\n".to_vec(),
    ] {
        let mut script = Script::ready(folder.path(), socks());
        script.instead = vec![("GETINFO net/listeners/socks", flood)];
        let fake = FakeControl::start(script).await;
        assert_eq!(
            soon(tor_at(fake.address).start()).await,
            refused(ControlRefusal::Malformed)
        );
    }
}

#[tokio::test]
async fn a_break_in_the_handshake_begins_it_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.hang_up_at = ("AUTHENTICATE", 2);
    let fake = FakeControl::start(script).await;
    let tor = tor_at(fake.address);
    assert_eq!(soon(tor.start()).await, Err(TorProblem::ControlLost));
    until(&mut tor.status(), |state| *state == TorState::Ready).await;
}
