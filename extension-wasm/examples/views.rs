//! Prints sample views of popup, dashboard, options and welcome page as JSON, one name for each
//! state, for `./build.sh gallery`: `cargo run -p extension-wasm --example views`. Every view comes
//! out of `update`, and every report in it was signed and verified.

#[path = "../tests/it/ledger.rs"]
mod ledger;
#[path = "../tests/it/scene.rs"]
mod scene;

use ledger::Ledger;
use meter_core::Backend;
use meter_wire::{
    Circuit, ErrorCode, Hop, HopRole, Notice, Problem, RelayStatus, Sending, SessionStatus,
    TorReply, TorState, TorTrouble, U64Text, Unreached, WireBackend,
};
use onionmeter::proxy_value::Reading;
use onionmeter::update::{Effect, Event, Intent, NetError, PrivateWindows, Tab, Timer};
use onionmeter::view;
use scene::{NOT_FOUND, Scene};
use serde_json::{Value, json};

#[expect(clippy::print_stdout, reason = "this program exists to print")]
fn main() {
    let mut views = json!({
        "counting": state_of(counting),
        "bootstrapping": state_of(|scene| scene.tor(bootstrapping())),
        "not_installed": not_installed(),
        "host_stopped": state_of(|scene| scene.close("Native host has exited.")),
        "other_extension": state_of(|scene| scene.proxy_becomes(Reading::OtherExtension)),
        "tor_missing": state_of(|scene| {
            scene.tor(TorState::Failed(Problem::new(ErrorCode::TorMissing)));
        }),
        "port_taken": state_of(|scene| {
            let problem = Problem::with_detail(ErrorCode::PortTaken, "port 9149").caused_by("9149");
            scene.status.relay = RelayStatus::Failed(problem);
            scene.say_status();
        }),
        "bypassed": state_of(|scene| scene.happen(Event::ProxyError { fatal: false })),
        "renewed": state_of(renewed),
        "unreached": state_of(unreached),
        "one_unreached": state_of(|scene| {
            scene.status.unreached = vec![Unreached::new(TorReply::OnionMistyped, 1)];
            scene.say_status();
        }),
        "circuit": state_of(|scene| circuit(scene, "https://www.example.com/", false)),
        "circuit_renewed": state_of(circuit_renewed),
        "circuit_untold": state_of(|scene| {
            scene.circuit = Circuit::Untold;
            at(scene, "https://example.com/");
        }),
        "circuit_onion": state_of(|scene| {
            let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
            circuit(scene, &format!("https://{onion}/"), true);
        }),
        "strangers": state_of(|scene| {
            scene.status.foreign = U64Text(3);
            scene.say_status();
        }),
        "tor_stuck": state_of(|scene| {
            scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorRefused, 20));
            scene.tor(bootstrapping());
        }),
        "tor_blocked": state_of(|scene| {
            scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorBlocked, 60));
            scene.tor(bootstrapping());
        }),
        "tor_silent": state_of(|scene| {
            scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorSilent, 20));
            scene.say_status();
        }),
        "tor_too_old": state_of(|scene| {
            scene.status.tor.trouble = Some(TorTrouble::new(ErrorCode::TorTooOld, 0));
            scene.say_status();
        }),
        "off": state_of(|scene| scene.happen(Event::Intent(Intent::TurnOff))),
        "off_kept": state_of(|scene| {
            scene.happen(Event::Intent(Intent::TurnOff));
            scene.proxy_becomes(Reading::Kept);
        }),
    });
    for more in [of_a_broken_host(), of_a_ledger(), of_the_way()] {
        if let (Some(views), Value::Object(more)) = (views.as_object_mut(), more) {
            views.extend(more);
        }
    }
    println!(
        "{}",
        serde_json::to_string_pretty(&views).expect("plain JSON")
    );
}

fn state_of(act: impl FnOnce(&mut Scene)) -> Value {
    let mut scene = Scene::new(7);
    scene.sign(1_800_000_000_000, 45_000, 50_000, 100_000);
    scene.sign(1_800_000_100_000, 31_200, 20_125, 1_284_000);
    scene.sign(1_800_000_200_000, 600_000, 1_200, 40_000);
    scene.sign(1_800_000_850_000, 30_000, 9_000, 141_000);
    let mut scene = scene.started();
    act(&mut scene);
    of_every_page(&scene)
}

fn of_every_page(scene: &Scene) -> Value {
    let state = scene.state();
    json!({
        "popup": scene.view(),
        "dashboard": view::dashboard(state),
        "options": view::options(state),
        "welcome": view::welcome(state),
    })
}

/// What a host shows that lies or is broken.
fn of_a_broken_host() -> Value {
    json!({
        "host_silent": state_of(|scene| {
            scene.silent = true;
            scene.happen(Event::Intent(Intent::Reconnect));
            scene.happen(Event::Timer(Timer::HelloDue(scene.connection)));
        }),
        "host_unreadable": state_of(|scene| {
            let (connection, json) = (scene.connection, NO_STATUS.to_owned());
            scene.happen(Event::Frame { connection, json });
        }),
        "host_flooding": state_of(|scene| {
            let connection = scene.connection;
            scene.happen(Event::Flooded { connection });
        }),
        "port_refused": state_of(|scene| {
            scene.status.relay = RelayStatus::Listening { port: 80 };
            scene.say_status();
        }),
        "not_offered": state_of(|scene| {
            scene.status.tor.chosen = Some(WireBackend::Unknown);
            scene.say_status();
        }),
        "long_words": state_of(long_words),
    })
}

/// What who is enrolled sees, and what a new chain looks like.
fn of_a_ledger() -> Value {
    json!({
        "new_chain": state_of(|scene| {
            scene.begin_new_chain(2);
            scene.happen(Event::Intent(Intent::Reconnect));
        }),
        "ledger": state_of(|scene| drop(enrolled(scene))),
        "ledger_trouble": state_of(ledger_trouble),
        "ledger_contradiction": state_of(ledger_contradiction),
        "ledger_fork": state_of(|scene| {
            enrolled(scene).begin_new_chain(scene, 2, "frozen");
            scene.happen(Event::Intent(Intent::Reconnect));
        }),
    })
}

/// Which windows are protected, and what keeps pages from the relay.
fn of_the_way() -> Value {
    json!({
        "in_part": state_of(|scene| {
            scene.private = PrivateWindows::NotAllowed;
            scene.happen(Event::ProxyChanged);
        }),
        "private_only": state_of(|scene| {
            scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
        }),
        "no_floor": state_of(|scene| scene.notice(Notice::Floor { present: false })),
        "old_pages": state_of(|scene| {
            scene.old_tabs.marked = vec![1, 2];
            scene.happen(Event::Alarm);
        }),
        "page_failed": state_of(page_failed),
        "requests_lost": state_of(|scene| never_arrives(scene, 3)),
        "connections_full": state_of(|scene| never_arrives(scene, 131)),
        "astray": state_of(|scene| scene.happen(Event::Astray)),
        "privacy_refused": state_of(|scene| {
            scene.hardens = false;
            scene.happen(Event::ProxyChanged);
        }),
        "tor_damaged": state_of(damaged),
        "tor_damaged_asked": state_of(|scene| {
            damaged(scene);
            scene.happen(Event::Intent(Intent::TorAnew));
        }),
    })
}

const NO_STATUS: &str = r#"{"notice":{"status":{}}}"#;

/// Everything that a host may say, at a length that nobody reads.
fn long_words(scene: &mut Scene) {
    let long = "Supercalifragilistic".repeat(1_000);
    circuit(
        scene,
        &format!("https://{}.example/", "a".repeat(60)),
        false,
    );
    if let Some(session) = &mut scene.status.session {
        let most = U64Text(i64::MAX.unsigned_abs());
        (session.bytes_up, session.bytes_down) = (most, most);
        session.duration_ms = most;
    }
    let mut problem = Problem::with_detail(ErrorCode::Unknown, long.clone());
    problem.message.clone_from(&long);
    let mut unreached = Unreached::new(TorReply::Other, u64::from(u32::MAX));
    (unreached.message, unreached.action) = (long.clone(), long.clone());
    scene.status.unreached = vec![unreached; 3];
    scene.status.tor.version = Some(long);
    scene.status.problem = Some(problem);
    scene.say_status();
}

fn not_installed() -> Value {
    let mut scene = Scene::new(7);
    scene.closed_because = Some(NOT_FOUND);
    of_every_page(&scene.started())
}

fn counting(scene: &mut Scene) {
    scene.status.session = Some(SessionStatus {
        started_at: U64Text(1_800_000_900_000),
        duration_ms: U64Text(18_400),
        bytes_up: U64Text(12_345),
        bytes_down: U64Text(51_200),
        progress_permille: 613,
    });
    scene.say_status();
}

/// One report was before the enrolment, one was lowered, and one waits.
fn enrolled(scene: &mut Scene) -> Ledger {
    let mut ledger = Ledger::enrol(scene, 1);
    ledger.answer(scene, 1, Ledger::lower);
    ledger.answer(scene, 1, |_| {});
    scene.say_status();
    ledger
}

fn ledger_trouble(scene: &mut Scene) {
    let problem = Problem::new(ErrorCode::LedgerNotFound);
    enrolled(scene).told(scene).sending = Sending::Trouble {
        since_s: 660,
        problem,
    };
    scene.say_status();
}

fn ledger_contradiction(scene: &mut Scene) {
    let problem = Problem::new(ErrorCode::LedgerContradicts).caused_by("total");
    enrolled(scene).told(scene).sending = Sending::Stopped(problem);
    scene.say_status();
}

fn renewed(scene: &mut Scene) {
    counting(scene);
    scene.happen(Event::Intent(Intent::NewIdentity));
}

fn at(scene: &mut Scene, url: &str) {
    let url = url.to_owned();
    scene.happen(Event::Tab(Some(Tab {
        id: 1,
        url,
        private: false,
    })));
}

fn circuit(scene: &mut Scene, url: &str, onion: bool) {
    let hop = |role, relay: &str, country: &str| Hop {
        role,
        relay: relay.to_owned(),
        country: Some(country.to_owned()),
    };
    let last = if onion {
        HopRole::Meeting
    } else {
        HopRole::Exit
    };
    let way = vec![
        hop(HopRole::Guard, "foxglove", "de"),
        hop(HopRole::Middle, "seventeencharsnick", "nl"),
        hop(last, "A1B2C3D4…", "is"),
    ];
    let ways = if onion {
        vec![way]
    } else {
        vec![way.clone(), way]
    };
    scene.circuit = Circuit::Built { ways, onion };
    counting(scene);
    at(scene, url);
}

fn circuit_renewed(scene: &mut Scene) {
    circuit(scene, "https://www.example.com/", false);
    scene.happen(Event::Intent(Intent::NewCircuit));
}

fn page_failed(scene: &mut Scene) {
    at(scene, "https://example.com/");
    scene.happen(Event::PageBegun { tab: 1 });
    scene.status.unreached = vec![Unreached::new(TorReply::ConnectionRefused, 1)];
    scene.say_status();
    let error = NetError::NoConnection;
    scene.happen(Event::PageFailed {
        tab: 1,
        error,
        private: false,
    });
}

/// Two test requests in a row end without having reached the relay.
fn never_arrives(scene: &mut Scene, connections: u32) {
    (scene.arrives, scene.in_time) = (false, false);
    scene.status.connections = connections;
    scene.happen(Event::Alarm);
    let second = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::After(timer @ Timer::Witness(_), _) => Some(*timer),
        _ => None,
    });
    scene.happen(Event::Timer(second.expect("a second one")));
}

fn damaged(scene: &mut Scene) {
    scene.capabilities.push("tor_anew".to_owned());
    scene.status.tor.backend = Some(WireBackend::from(Backend::Embedded));
    scene.happen(Event::Intent(Intent::Reconnect));
    let file = "~/.local/share/onionmeter/arti/state/state/guards.json is damaged";
    let problem = Problem::with_detail(ErrorCode::TorStateDamaged, file);
    scene.tor(TorState::Failed(problem));
}

fn unreached(scene: &mut Scene) {
    counting(scene);
    scene.status.unreached = vec![
        Unreached::new(TorReply::OnionNeedsKey, 2),
        Unreached::new(TorReply::GeneralFailure, 14),
        Unreached::new(TorReply::HostUnreachable, 1),
    ];
    scene.say_status();
}

fn bootstrapping() -> TorState {
    TorState::Bootstrapping {
        percent: 45,
        tag: "requesting_descriptors".to_owned(),
        summary: "Asking for relay descriptors".to_owned(),
        warning: None,
    }
}
