//! Tests Tors of other programs, with a scripted control port (rows C-01 to C-07 and C-12 of the
//! security catalogue) and with ports that are not Tor.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/fake_control.rs"]
mod fake_control;
#[path = "support/fake_port.rs"]
mod fake_port;
#[path = "support/waiting.rs"]
mod waiting;

use std::{net::SocketAddr, os::unix::fs::symlink, path::Path, time::Duration};

use fake_control::{FakeControl, Script, phase};
use fake_port::{FakePort, TORS_ANSWER};
use meter_core::{Backend, TorAddr};
use meter_tor::{
    Bootstrap, Candidate, ControlRefusal, CookieFault, SocketFault, Tor, TorConfig, TorProblem,
    TorState, TorWarning,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{is_bootstrapping, is_restarting, soon, until};

const SOCKS: &str = "127.0.0.1:9";

fn socks() -> SocketAddr {
    SOCKS.parse().unwrap()
}

/// A handle that knows only this control port.
fn tor_at(control: SocketAddr) -> Tor {
    tor(
        Some(Candidate {
            socks: None,
            control: Some(TorAddr::Tcp(control)),
        }),
        Vec::new(),
    )
}

/// A handle that knows only these candidates and has no program to start. With `existing`, only
/// the Tor there is used.
fn tor(existing: Option<Candidate>, candidates: Vec<Candidate>) -> Tor {
    let nowhere = Path::new("/nonexistent");
    let mut config = TorConfig::new(nowhere.join("data"), nowhere.join("run"));
    config.backend = existing.is_some().then_some(Backend::Existing);
    config.existing = existing.unwrap_or_default();
    config.program = "no-such-tor-program".into();
    config.existing_candidates = candidates;
    config.restart.first = Duration::from_millis(10);
    config.watch_every = Duration::from_millis(10);
    Tor::new(config, &TaskTracker::new(), CancellationToken::new())
}

fn beside(socks: SocketAddr, control: SocketAddr) -> Vec<Candidate> {
    vec![Candidate {
        socks: Some(TorAddr::Tcp(socks)),
        control: Some(TorAddr::Tcp(control)),
    }]
}

fn refused(why: ControlRefusal) -> Result<(), TorProblem> {
    Err(TorProblem::ControlRefused(why))
}

fn at(state: &TorState) -> &Bootstrap {
    match state {
        TorState::Bootstrapping(bootstrap) => bootstrap,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_tor_that_proves_itself_is_used_and_left_alone_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeControl::start(Script::ready(folder.path(), socks())).await;
    let tor = tor_at(fake.address);
    assert_eq!(soon(tor.start()).await, Ok(()));

    let status = until(&mut tor.status(), |state| *state == TorState::Ready).await;
    assert_eq!(status.backend, Some(Backend::Existing));
    assert_eq!(status.version.as_deref(), Some("0.4.9.11"));
    assert_eq!(status.warnings, []);
    assert_eq!(*tor.upstream().borrow(), Some(TorAddr::Tcp(socks())));

    assert_eq!(soon(tor.stop()).await, Ok(()));
    assert_eq!(tor.status().borrow().state, TorState::Off);
    assert_eq!(*tor.upstream().borrow(), None);
    for never in ["TAKEOWNERSHIP", "SIGNAL", "SETCONF", "RESETCONF"] {
        assert!(!fake.heard(never), "{never}");
    }
}

#[tokio::test]
async fn bootstrap_is_followed_with_unknown_tags_and_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.phase = phase(5, "conn", "Connecting to a relay");
    let fake = FakeControl::start(script).await;
    let tor = tor_at(fake.address);
    let mut status = tor.status();
    assert_eq!(soon(tor.start()).await, Ok(()));

    // The older event, which came before the answer, does not count.
    let first = until(&mut status, is_bootstrapping).await;
    assert_eq!(
        (at(&first.state).percent, at(&first.state).tag.as_str()),
        (5, "conn")
    );
    let began = at(&first.state).since;

    fake.say(concat!(
        "STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting to a relay\" ",
        "WARNING=\"Connection refused by 203.0.113.7:443\" REASON=CONNECTREFUSED COUNT=1 ",
        "RECOMMENDATION=ignore HOSTID=\"x\" HOSTADDR=\"203.0.113.7:443\""
    ))
    .await;
    let warned = until(&mut status, |state| {
        is_bootstrapping(state) && at(state).warning.is_some()
    })
    .await;
    assert_eq!(
        at(&warned.state).warning.as_deref(),
        Some("Connection refused by [address]")
    );
    assert_eq!(at(&warned.state).since, began);
    assert_eq!(*tor.upstream().borrow(), None);

    fake.say("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=61 TAG=brand_new SUMMARY=\"New\"")
        .await;
    let new = until(&mut status, |state| {
        is_bootstrapping(state) && at(state).percent == 61
    })
    .await;
    assert_eq!(
        (at(&new.state).tag.as_str(), &at(&new.state).warning),
        ("brand_new", &None)
    );
    assert!(at(&new.state).since >= began);

    fake.say("STATUS_GENERAL WARN CLOCK_SKEW SKEW=-7200 SOURCE=\"OR:192.0.2.1\"")
        .await;
    fake.say("STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED").await;
    let ready = until(&mut status, |state| *state == TorState::Ready).await;
    assert_eq!(ready.warnings, [TorWarning::ClockSkew { seconds: -7_200 }]);
    assert!(tor.upstream().borrow().is_some());

    fake.say("STATUS_CLIENT NOTICE CIRCUIT_NOT_ESTABLISHED REASON=CLOCK_JUMPED")
        .await;
    until(&mut status, is_bootstrapping).await;
    assert_eq!(*tor.upstream().borrow(), None);
}

#[tokio::test]
async fn a_bootstrap_that_stands_still_keeps_its_beginning_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.phase = phase(14, "handshake", "Handshaking");
    script.version = "0.4.5.16";
    let fake = FakeControl::start(script).await;
    let tor = tor_at(fake.address);
    let mut status = tor.status();
    assert_eq!(soon(tor.start()).await, Ok(()));
    let first = until(&mut status, is_bootstrapping).await;
    assert_eq!(first.warnings, [TorWarning::VersionTooOld]);

    for _ in 0..500 {
        fake.say(format!(
            "STATUS_CLIENT {}",
            phase(14, "handshake", "Handshaking")
        ))
        .await;
    }
    fake.say("STATUS_GENERAL WARN CLOCK_SKEW SKEW=9 SOURCE=\"x\"")
        .await;
    let marked = timeout_for_warnings(&mut status, 2).await;
    assert_eq!(at(&marked).since, at(&first.state).since);
    assert_eq!(soon(tor.stop()).await, Ok(()));
}

async fn timeout_for_warnings(
    status: &mut tokio::sync::watch::Receiver<meter_tor::TorStatus>,
    count: usize,
) -> TorState {
    let found = soon(status.wait_for(|status| status.warnings.len() == count)).await;
    found.unwrap().state.clone()
}

#[tokio::test]
async fn an_unsafe_cookie_file_is_refused_before_anything_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for inner in ["link", "fifo", "short"] {
        std::fs::create_dir(path(inner)).unwrap();
    }
    std::fs::write(path("other"), fake_control::COOKIE).unwrap();
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

#[tokio::test]
async fn a_tor_that_ends_is_left_at_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeControl::start(Script::ready(folder.path(), socks())).await;
    let tor = tor_at(fake.address);
    let (mut status, mut upstream) = (tor.status(), tor.upstream());
    assert_eq!(soon(tor.start()).await, Ok(()));
    soon(upstream.wait_for(Option::is_some)).await.unwrap();
    status.mark_unchanged();

    fake.hang_up().await;
    soon(upstream.wait_for(Option::is_none)).await.unwrap();
    until(&mut status, |state| *state == TorState::Ready).await;
    soon(upstream.wait_for(Option::is_some)).await.unwrap();

    let address = fake.address;
    drop(fake);
    let gone = until(&mut status, |state| {
        matches!(
            state,
            TorState::Restarting {
                reason: TorProblem::NotRunning,
                ..
            }
        )
    })
    .await;
    assert_eq!((gone.backend, gone.version), (None, None));
    assert_eq!(
        soon(tor_at(address).start()).await,
        Err(TorProblem::NotRunning)
    );
}

#[tokio::test]
async fn a_start_during_the_pause_tries_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Script::ready(folder.path(), socks());
    script.hang_up_at = ("AUTHENTICATE", 1);
    let fake = FakeControl::start(script).await;
    let mut config = TorConfig::new("/nonexistent/data".into(), "/nonexistent/run".into());
    let control = Some(TorAddr::Tcp(fake.address));
    config.backend = Some(Backend::Existing);
    config.existing.control = control;
    // Longer than any deadline here, so that only the second start can end this pause.
    config.restart.first = Duration::from_secs(1_000);
    config.restart.max = Duration::from_secs(1_000);
    let tor = Tor::new(config, &TaskTracker::new(), CancellationToken::new());
    assert_eq!(soon(tor.start()).await, Err(TorProblem::ControlLost));
    let pause = tor.status().borrow().state.clone();
    let reason = TorProblem::ControlLost;
    assert_eq!(
        pause,
        TorState::Restarting {
            attempt: 1,
            in_ms: 1_000_000,
            reason
        }
    );
    assert_eq!(soon(tor.start()).await, Ok(()));
}

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
