//! There is one daemon per home, with any number of clients: what each client may rely on.

use crate::support::TestHome;
use meter_wire::{
    ErrorCode, FromDaemon, Notice, RelayStatus, ReportsQuery, Request, SetThresholds, Success,
    TorState, U64Text,
};
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

fn status(bridge: &mut crate::support::Bridge) -> meter_wire::Status {
    match bridge.ask(50, Request::Status) {
        Ok(Success::Status(status)) => *status,
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn forty_clients_at_once_share_one_daemon() {
    let home = TestHome::new();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..40)
            .map(|_| scope.spawn(|| home.bridge().hello(false).key))
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("attached"))
            .collect()
    });
    assert!(keys[0].is_some());
    assert!(
        keys.iter().all(|key| *key == keys[0]),
        "one key, so one daemon made it"
    );
}

#[test]
fn the_daemon_tells_its_port_and_that_tor_is_missing() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let status = status(&mut bridge);
    assert_eq!(
        status.relay,
        RelayStatus::Listening {
            port: home.relay_port
        }
    );
    assert_eq!(
        (status.balance, status.reports, status.session),
        (U64Text(0), U64Text(0), None)
    );
    let problem = bridge
        .ask(51, Request::TorStart)
        .expect_err("there is no tor");
    assert_eq!(problem.code, ErrorCode::TorMissing);
    let TorState::Failed(problem) = self::status(&mut bridge).tor.state else {
        panic!("not failed")
    };
    assert_eq!(problem.code, ErrorCode::TorMissing);
}

#[test]
fn notices_go_to_those_who_asked_for_them() {
    let home = TestHome::new();
    let mut listener = home.bridge();
    listener.hello(true);
    let mut other = home.bridge();
    other.hello(false);
    other.ask(2, Request::MonitorStop).expect("stopped");
    loop {
        match listener.receive().expect("still attached") {
            FromDaemon::Notice(Notice::Status(status)) if status.relay == RelayStatus::Stopped => {
                break;
            }
            FromDaemon::Notice(_) => {}
            FromDaemon::Reply(reply) => panic!("nobody asked: {reply:?}"),
        }
    }
    other.ask(3, Request::MonitorStart).expect("started again");
    assert_eq!(
        status(&mut other).relay,
        RelayStatus::Listening {
            port: home.relay_port
        }
    );
}

#[test]
fn a_taken_port_is_told_and_taken_as_soon_as_it_is_free() {
    let home = TestHome::new();
    let squatter = TcpListener::bind(("127.0.0.1", home.relay_port)).expect("free");
    let mut bridge = home.bridge();
    bridge.hello(false);
    let RelayStatus::Failed(problem) = status(&mut bridge).relay else {
        panic!("not failed")
    };
    assert_eq!(problem.code, ErrorCode::PortTaken);
    assert_eq!(
        bridge
            .ask(2, Request::MonitorStart)
            .expect_err("taken")
            .code,
        ErrorCode::PortTaken
    );
    let elsewhere = TestHome::new();
    let other = elsewhere.relay_port;
    home.relay_at(other);
    bridge
        .ask(3, Request::MonitorStart)
        .expect("another port is one remedy");
    assert_eq!(
        status(&mut bridge).relay,
        RelayStatus::Listening { port: other }
    );
    bridge.ask(4, Request::MonitorStop).expect("stopped");
    home.relay_at(home.relay_port);
    drop(squatter);
    // A child that another test forks at this moment keeps the port open a little longer.
    let free = (5..100).any(|id| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        bridge.ask(id, Request::MonitorStart).is_ok()
    });
    assert!(free, "to free it is the other");
    assert_eq!(
        status(&mut bridge).relay,
        RelayStatus::Listening {
            port: home.relay_port
        }
    );
}

#[test]
fn thresholds_change_while_running_and_refused_ones_change_nothing() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let thresholds = |bytes, min, max| SetThresholds {
        min_bytes: U64Text(bytes),
        min_duration_ms: U64Text(min),
        max_duration_ms: U64Text(max),
    };
    let good = thresholds(20_000, 15_000, 60_000);
    bridge
        .ask(2, Request::SetThresholds(good))
        .expect("in limits");
    for bad in [
        thresholds(0, 15_000, 60_000),
        thresholds(20_000, 15_000, 14_000),
        thresholds(1, 1, 1),
    ] {
        let problem = bridge
            .ask(3, Request::SetThresholds(bad))
            .expect_err("outside");
        assert_eq!(problem.code, ErrorCode::BadThresholds);
    }
    for text in ["1.5", "-1", "\"1.5\"", "\"-1\"", "\"NaN\""] {
        let frame = format!(
            "{{\"id\":4,\"request\":{{\"set_thresholds\":{{\"min_bytes\":{text},\
             \"min_duration_ms\":\"15000\",\"max_duration_ms\":\"60000\"}}}}}}"
        );
        bridge.send_frame(frame.as_bytes());
        assert_eq!(
            bridge.reply(Some(4)).expect_err(text).code,
            ErrorCode::BadRequest
        );
    }
    assert_eq!(status(&mut bridge).thresholds, good);
}

#[test]
fn a_key_open_to_others_stops_the_relay_until_it_is_repaired() {
    let home = TestHome::new();
    let first = home.bridge().hello(false).key;
    home.kill_daemon();
    let key = home.root().join("key/device.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("ours");
    let mut bridge = home.bridge();
    assert_eq!(bridge.hello(false).key, None);
    let seen = status(&mut bridge);
    assert_eq!(
        seen.relay,
        RelayStatus::Stopped,
        "nothing is relayed that could not be kept"
    );
    assert_eq!(
        seen.problem.map(|problem| problem.code),
        Some(ErrorCode::KeyRefused)
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("ours");
    bridge.ask(2, Request::MonitorStart).expect("repaired");
    assert_eq!(home.bridge().hello(false).key, first, "no new key was made");
}

#[test]
fn a_lost_key_is_told_and_not_replaced() {
    let home = TestHome::new();
    home.bridge().hello(false);
    home.kill_daemon();
    let key = home.root().join("key/device.key");
    fs::remove_file(&key).expect("ours");
    let mut bridge = home.bridge();
    bridge.hello(false);
    assert_eq!(
        status(&mut bridge).problem.map(|problem| problem.code),
        Some(ErrorCode::KeyMissing)
    );
    assert!(!key.try_exists().expect("readable"));
}

#[test]
fn a_page_of_an_empty_book_is_empty() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let query = ReportsQuery {
        after: U64Text(0),
        limit: 500,
    };
    let Ok(Success::Reports(page)) = bridge.ask(2, Request::Reports(query)) else {
        panic!("no page")
    };
    assert_eq!((page.reports.len(), page.total), (0, U64Text(0)));
}

#[test]
fn a_killed_daemon_leaves_nothing_that_keeps_the_next_one_from_starting() {
    let home = TestHome::new();
    for _ in 0..5 {
        home.bridge().hello(false);
        home.kill_daemon();
    }
    let mut bridge = home.bridge();
    bridge.hello(false);
    assert_eq!(
        status(&mut bridge).relay,
        RelayStatus::Listening {
            port: home.relay_port
        }
    );
}
