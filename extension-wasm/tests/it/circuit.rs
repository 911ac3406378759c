//! The circuit of the site in the active tab, and a new circuit for it.

use crate::said::Words as _;
use crate::scene::{FIRST, Scene};
use meter_wire::{
    Circuit, ErrorCode, FromDaemon, Hop, HopRole, Outcome, Problem, Reply, Request, SiteCircuit,
    Success, TorState, write_message,
};
use onionmeter::proxy_value::Reading;
use onionmeter::text::{Text, Value};
use onionmeter::update::{Effect, Event, Intent, PrivateWindows, Tab};
use onionmeter::view::{CircuitView, Name, Stop};

fn hop(role: HopRole, relay: &str, country: Option<&str>) -> Hop {
    Hop {
        role,
        relay: relay.to_owned(),
        country: country.map(str::to_owned),
    }
}

fn built(guard: &str) -> Circuit {
    Circuit::Built {
        ways: vec![vec![
            hop(HopRole::Guard, guard, Some("de")),
            hop(HopRole::Middle, "two", None),
            hop(HopRole::Exit, "three", Some("is")),
        ]],
        onion: false,
    }
}

fn at(url: &str) -> Option<Tab> {
    let url = url.to_owned();
    Some(Tab {
        id: 7,
        url,
        private: false,
    })
}

/// A popup over a page with this address, whose site has this circuit.
fn over(url: &str, circuit: Circuit) -> Scene {
    let mut scene = Scene::new(1);
    scene.tab = at(url);
    scene.circuit = circuit;
    scene.started()
}

fn view(scene: &Scene) -> CircuitView {
    scene.view().circuit.expect("a circuit is shown")
}

fn questions(scene: &Scene) -> Vec<&str> {
    let asked = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, envelope) => match &envelope.request {
            Request::Circuit(query) => Some(query.site.as_str()),
            _ => None,
        },
        _ => None,
    });
    asked.collect()
}

fn names(view: &CircuitView) -> Vec<String> {
    view.stops.iter().map(|stop| stop.name.en()).collect()
}

#[test]
fn the_way_to_the_site_in_the_active_tab_is_shown_from_end_to_end() {
    let scene = over("https://www.example.com:8443/secret?q=1", built("one"));
    let view = view(&scene);
    assert_eq!(view.title.en(), "Circuit for example.com");
    let ends = ["This browser", "Guard", "Middle", "Exit", "example.com"];
    assert_eq!(names(&view), ends);
    let guard = Stop {
        name: Text::of_family("hop", &HopRole::Guard),
        country: Some(Value::Country("DE".to_owned())),
        relay: Some("one".to_owned()),
    };
    assert_eq!(view.stops[1], guard);
    assert_eq!(view.intent, Some(Intent::NewCircuit));
    assert!(
        questions(&scene)
            .iter()
            .all(|site| *site == "www.example.com"),
        "the host, and nothing else of the address"
    );
}

#[test]
fn an_onion_services_own_relays_are_named_as_what_nobody_sees() {
    let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
    let way = vec![
        hop(HopRole::Guard, "one", None),
        hop(HopRole::Meeting, "two", None),
    ];
    let circuit = Circuit::Built {
        ways: vec![way],
        onion: true,
    };
    let view = view(&over(&format!("http://{onion}/"), circuit));
    let site = "duckduckgo…gswzczad.onion";
    assert_eq!(view.title.en(), format!("Circuit for {site}"));
    let hidden = "Relays of the onion service";
    let stops = ["This browser", "Guard", "Meeting point", hidden, site];
    assert_eq!(names(&view), stops);
}

#[test]
fn a_new_circuit_loads_the_page_anew_and_is_waited_for_before_the_next() {
    let mut scene = over("https://example.com/", built("one"));
    scene.circuit = Circuit::Unused;
    scene.happen(Event::Intent(Intent::NewCircuit));
    assert!(scene.effects.contains(&Effect::ReloadTab(7)));
    let now = view(&scene);
    assert_eq!(now.stops, [], "the old way is not shown for the new one");
    let done = now.done.expect("it was done").en();
    assert!(done.contains("cookies and log-ins stay"), "{done}");
    assert_eq!(
        now.again.map(|again| again.en()).as_deref(),
        Some("again in 10 sec")
    );
    assert_eq!(now.intent, None);

    scene.circuit = built("other");
    scene.status.new_circuit_in_s = 9;
    scene.say_status();
    let later = view(&scene);
    assert_eq!(later.stops[1].relay.as_deref(), Some("other"));
    assert_eq!(
        later.again.map(|again| again.en()).as_deref(),
        Some("again in 9 sec")
    );
    scene.status.new_circuit_in_s = 0;
    scene.say_status();
    assert_eq!(view(&scene).intent, Some(Intent::NewCircuit));
}

#[test]
fn a_refusal_is_said_and_loads_nothing() {
    let mut scene = over("https://example.com/", built("one"));
    scene.refusal = Some(Problem::new(ErrorCode::CircuitTooSoon));
    scene.happen(Event::Intent(Intent::NewCircuit));
    assert!(!scene.effects.contains(&Effect::ReloadTab(7)));
    let problem = scene.view().problem.expect("shown");
    assert_eq!(problem.name, Name::Code(ErrorCode::CircuitTooSoon));
    assert_eq!(view(&scene).done, None);
}

#[test]
fn where_tor_does_not_tell_there_is_a_sentence_and_still_a_button() {
    let untold = view(&over("https://example.com/", Circuit::Untold));
    assert!(untold.text.expect("said").en().contains("does not tell"));
    assert_eq!(
        (untold.stops.len(), untold.intent),
        (0, Some(Intent::NewCircuit))
    );
    let unused = view(&over("https://example.com/", Circuit::Unused));
    assert!(unused.text.expect("said").en().contains("None yet"));
}

#[test]
fn without_a_site_or_without_protection_there_is_no_card() {
    for url in ["about:blank", "chrome://extensions/", "file:///x"] {
        let scene = over(url, built("one"));
        assert_eq!(
            (scene.view().circuit, questions(&scene).len()),
            (None, 0),
            "{url}"
        );
    }
    let mut unknown = Scene::new(1);
    unknown.circuit = built("one");
    assert_eq!(unknown.started().view().circuit, None);

    let mut scene = over("https://example.com/", built("one"));
    scene.tor(TorState::Starting);
    assert_eq!(scene.view().circuit, None);
    scene.tor(TorState::Ready);
    assert!(scene.view().circuit.is_some());
    scene.proxy_becomes(Reading::OtherExtension);
    assert_eq!(scene.view().circuit, None);
}

#[test]
fn a_name_is_forgotten_with_the_popup_and_never_stored() {
    let mut scene = over("https://marker-site.test/", built("marker-relay"));
    scene.happen(Event::Intent(Intent::NewCircuit));
    scene.say_status();
    scene.happen(Event::Unsubscribed(FIRST));
    assert!(scene.state().site.is_none());
    let asked = questions(&scene).len();
    scene.status.new_circuit_in_s = 3;
    scene.say_status();
    assert_eq!(questions(&scene).len(), asked, "nobody looks, nobody asks");
    for text in scene.locals.iter().map(|(_, local)| local) {
        assert!(!text.contains("marker"), "{text}");
    }
    for text in &scene.sessions {
        assert!(!text.contains("marker"), "{text}");
    }
    assert!(!format!("{:?}", scene.badges).contains("marker"));
}

#[test]
fn an_answer_about_another_tab_is_not_shown_for_this_one() {
    let mut scene = over("https://a.test/", built("one"));
    scene.silent = true;
    scene.happen(Event::Tab(at("https://b.test/")));
    let late = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Send(_, envelope) => Some(envelope.id),
        _ => None,
    });
    scene.happen(Event::Tab(at("https://c.test/")));
    scene.silent = false;
    let circuit = SiteCircuit {
        site: "b.test".to_owned(),
        circuit: built("one"),
    };
    assert!(late.is_some(), "it was asked");
    let answer = FromDaemon::Reply(Reply {
        id: late,
        outcome: Outcome::Ok(Success::Circuit(circuit)),
    });
    scene.happen(Event::Frame {
        connection: scene.connection,
        json: String::from_utf8(write_message(&answer)).expect("JSON"),
    });
    assert_eq!(scene.view().circuit, None);
}

/// A popup over a tab of this kind of window, where the tab goes past the relay.
fn past_the_relay(private: bool) -> Scene {
    let mut scene = Scene::new(1);
    scene.circuit = built("one");
    scene.tab = at("https://example.com/").map(|tab| Tab { private, ..tab });
    if private {
        scene.private = PrivateWindows::Allowed(Reading::OtherExtension);
    }
    let mut scene = scene.started();
    if !private {
        scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
        scene.effects.clear();
        scene.happen(Event::Subscribed(FIRST));
    }
    assert!(scene.state().is_protected(), "other windows are");
    scene
}

#[test]
fn a_tab_that_goes_past_the_relay_has_no_circuit_and_its_site_is_not_told() {
    for private in [false, true] {
        let mut scene = past_the_relay(private);
        scene.happen(Event::Intent(Intent::NewCircuit));
        scene.say_status();
        assert_eq!(scene.view().circuit, None);
        let names = |effect: &Effect| match effect {
            Effect::Send(_, envelope) => {
                matches!(
                    envelope.request,
                    Request::Circuit(_) | Request::NewCircuit(_)
                )
            }
            _ => false,
        };
        assert!(!scene.effects.iter().any(names), "{private}");
    }
}

#[test]
fn a_circuit_is_not_shown_any_more_once_its_tab_goes_past_the_relay() {
    let mut scene = over("https://example.com/", built("one"));
    assert!(scene.view().circuit.is_some());
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    assert_eq!(scene.view().circuit, None);
}

#[test]
fn a_private_tab_has_its_circuit_where_private_windows_alone_are_protected() {
    let mut scene = Scene::new(1);
    scene.circuit = built("one");
    scene.tab = at("https://example.com/").map(|tab| Tab {
        private: true,
        ..tab
    });
    let mut scene = scene.started();
    scene.happen(Event::Intent(Intent::ProtectPrivateOnly));
    scene.happen(Event::Subscribed(FIRST));
    assert!(scene.view().circuit.is_some());
}
