//! Which Tor is used where there are several, or where one is only half there.

use super::{
    beside,
    fake_control::{FakeControl, Script},
    fake_port::{FakePort, TORS_ANSWER},
    socks, tor,
    waiting::{is_restarting, soon, until},
};
use meter_core::TorAddr;
use meter_tor::{Candidate, SocketFault, TorProblem, TorState, TorWarning};
use std::net::SocketAddr;

#[tokio::test]
async fn a_tor_without_control_port_is_known_by_its_answer_and_asked_once() {
    let port = FakePort::start("", TORS_ANSWER).await;
    let existing = Candidate {
        socks: Some(TorAddr::Tcp(port.address)),
        control: None,
    };
    let tor = tor(Some(existing), Vec::new());
    assert_eq!(soon(tor.start()).await, Ok(()));
    let status = tor.status().borrow().clone();
    assert_eq!((status.state, status.version), (TorState::Ready, None));
    assert_eq!(status.warnings, [TorWarning::WithoutControl]);
    assert_eq!(*tor.upstream().borrow(), Some(TorAddr::Tcp(port.address)));
    assert_eq!(port.times_asked(), 1);

    port.close().await;
    until(&mut tor.status(), is_restarting).await;
    assert_eq!(*tor.upstream().borrow(), None);
}

#[tokio::test]
async fn an_unusable_control_port_leaves_the_socks_port_to_be_asked() {
    let (port, other) = (
        FakePort::start("", TORS_ANSWER).await,
        FakePort::start("", "220 mail\r\n").await,
    );
    for existing in [
        None,
        Some(Candidate {
            socks: Some(TorAddr::Tcp(port.address)),
            control: None,
        }),
    ] {
        let tor = tor(existing, beside(port.address, other.address));
        assert_eq!(soon(tor.start()).await, Ok(()));
        assert_eq!(tor.status().borrow().warnings, [TorWarning::WithoutControl]);
    }
}

#[tokio::test]
async fn what_is_not_tor_is_said_and_not_used() {
    let port = FakePort::start("", "HTTP/1.1 501 Not Implemented\r\n\r\n").await;
    let existing = Candidate {
        socks: Some(TorAddr::Tcp(port.address)),
        control: None,
    };
    let tor = tor(Some(existing), Vec::new());
    assert_eq!(soon(tor.start()).await, Err(TorProblem::NotTor));
    assert_eq!(
        tor.status().borrow().state,
        TorState::Failed(TorProblem::NotTor)
    );
    assert_eq!(*tor.upstream().borrow(), None);
}

#[tokio::test]
async fn only_this_computer_is_ever_dialled() {
    let outside: SocketAddr = "192.0.2.1:9050".parse().unwrap();
    for existing in [
        Candidate {
            socks: Some(TorAddr::Tcp(outside)),
            control: None,
        },
        Candidate {
            socks: None,
            control: Some(TorAddr::Tcp(outside)),
        },
    ] {
        let tor = tor(Some(existing), Vec::new());
        assert_eq!(soon(tor.start()).await, Err(TorProblem::NotLoopback));
    }
}

#[tokio::test]
async fn a_tor_without_a_usable_socks_port_is_no_use() {
    let folder = tempfile::tempdir().unwrap();
    for (listeners, wanted) in [
        ("", None),
        ("\"192.0.2.1:9050\"", None),
        ("\"127.0.0.1:9050\"", Some(socks())),
    ] {
        let mut script = Script::ready(folder.path(), socks());
        script.socks = listeners.into();
        let fake = FakeControl::start(script).await;
        let control = Some(TorAddr::Tcp(fake.address));
        let tor = tor(
            Some(Candidate {
                socks: wanted.map(TorAddr::Tcp),
                control,
            }),
            Vec::new(),
        );
        assert_eq!(
            soon(tor.start()).await,
            Err(TorProblem::NoSocksPort),
            "{listeners}"
        );
    }
}

#[tokio::test]
async fn a_free_choice_prefers_a_tor_that_proves_itself() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeControl::start(Script::ready(folder.path(), socks())).await;
    let bare = FakePort::start("", TORS_ANSWER).await;
    let mut candidates = vec![Candidate {
        socks: Some(TorAddr::Tcp(bare.address)),
        control: None,
    }];
    candidates.extend(beside(socks(), fake.address));
    let tor = tor(None, candidates);
    assert_eq!(soon(tor.start()).await, Ok(()));
    until(&mut tor.status(), |state| *state == TorState::Ready).await;
    assert_eq!(*tor.upstream().borrow(), Some(TorAddr::Tcp(socks())));
    assert_eq!(bare.times_asked(), 0);
}

/// A Tor with a socket and a port, reported in its own order.
#[tokio::test]
async fn a_unix_socket_is_preferred_to_a_port_of_the_same_tor_if_it_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let safe = folder.path().join("socks");
    let _listener = std::os::unix::net::UnixListener::bind(&safe).unwrap();
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&open, permissions).unwrap();
    let open = open.join("socks");
    let _other = std::os::unix::net::UnixListener::bind(&open).unwrap();
    let gone = folder.path().join("gone");
    let port = || Ok(TorAddr::Tcp(socks()));
    for (sockets, wanted, expected) in [
        (vec![&safe], None, Ok(TorAddr::Unix(safe.clone()))),
        (
            vec![&gone, &open, &safe],
            None,
            Ok(TorAddr::Unix(safe.clone())),
        ),
        (vec![&gone, &open], None, port()),
        (vec![&safe], Some(TorAddr::Tcp(socks())), port()),
        (
            vec![&open],
            Some(TorAddr::Unix(open.clone())),
            Err(TorProblem::SocketUnsafe(SocketFault::OpenFolder)),
        ),
        (
            vec![&safe],
            Some(TorAddr::Unix(gone.clone())),
            Err(TorProblem::NoSocksPort),
        ),
    ] {
        let mut script = Script::ready(folder.path(), socks());
        for socket in sockets {
            script.socks += &format!(" \"unix:{}\"", socket.display());
        }
        let fake = FakeControl::start(script).await;
        let control = Some(TorAddr::Tcp(fake.address));
        let tor = tor(
            Some(Candidate {
                socks: wanted,
                control,
            }),
            Vec::new(),
        );
        let started = soon(tor.start()).await;
        assert_eq!(started, expected.clone().map(drop));
        if let Ok(expected) = expected {
            until(&mut tor.status(), |state| *state == TorState::Ready).await;
            assert_eq!(*tor.upstream().borrow(), Some(expected));
        }
    }
}
