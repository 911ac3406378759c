//! Tests Tors of other programs, with a scripted control port (rows C-01 to C-07 and C-12 of the
//! security catalogue) and with ports that are not Tor.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod choice;
#[path = "../support/fake_control.rs"]
mod fake_control;
#[path = "../support/fake_port.rs"]
mod fake_port;
mod proof;
#[cfg(target_os = "linux")]
mod replaced;
#[path = "../support/waiting.rs"]
mod waiting;

use fake_control::{FakeControl, Script, phase};
use meter_core::{Backend, TorAddr};
use meter_tor::{
    Bootstrap, Candidate, ControlRefusal, Tor, TorConfig, TorProblem, TorState, TorWarning,
};
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{is_bootstrapping, soon, until};

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

async fn timeout_for_warnings(
    status: &mut tokio::sync::watch::Receiver<meter_tor::TorStatus>,
    count: usize,
) -> TorState {
    let found = soon(status.wait_for(|status| status.warnings.len() == count)).await;
    found.unwrap().state.clone()
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
