//! The dashboard's page over a transport that carries frames and nothing else.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_wire::{
    FromDaemon, HelloReply, HexBytes, Notice, Outcome, Reply, ReportsPage, Request, Success,
    TorState, U64Text, parse_from_daemon, parse_request, write_message,
};
use onionmeter::dashboard::{Act, Dashboard, Turn};
use onionmeter::view::{DashboardView, Mode};
use std::collections::VecDeque;

/// The host's side, with the scene's signer and reports.
struct Stage {
    page: Dashboard,
    host: Scene,
    view: Option<DashboardView>,
    asked: Vec<Request>,
    answers: Vec<(u32, Outcome)>,
    connection: u32,
}

impl Stage {
    fn new(host: Scene) -> Self {
        let mut stage = Self {
            page: Dashboard::default(),
            host,
            view: None,
            asked: Vec::new(),
            answers: Vec::new(),
            connection: 0,
        };
        let turn = stage.page.start("0.1.0");
        stage.perform(turn);
        stage
    }

    fn perform(&mut self, turn: Turn) {
        let mut turns = VecDeque::from([turn]);
        while let Some(turn) = turns.pop_front() {
            if let Some(view) = turn.view {
                self.view = Some(*view);
            }
            for act in turn.acts {
                match act {
                    Act::Connect(connection) => self.connection = connection,
                    Act::Send { connection, frame } => {
                        let envelope = parse_request(frame.as_bytes()).expect("a request");
                        let success = self.answer(&envelope.request);
                        self.asked.push(envelope.request);
                        let reply = FromDaemon::Reply(Reply {
                            id: Some(envelope.id),
                            outcome: Outcome::Ok(success),
                        });
                        turns.push_back(self.page.frame(connection, text(&reply)));
                    }
                    Act::Answer { number, frame } => self.answers.push((number, outcome(&frame))),
                    Act::Disconnect(_) | Act::After { .. } => {}
                }
            }
        }
    }

    fn answer(&self, request: &Request) -> Success {
        let host = &self.host;
        match request {
            Request::Hello(_) => Success::Hello(HelloReply {
                protocol: 1,
                version: "0.1.0".to_owned(),
                capabilities: Vec::new(),
                key: Some(HexBytes(host.head.key.0)),
                chain: Some(HexBytes(host.head.chain.0)),
                parts: None,
            }),
            Request::Status => Success::Status(Box::new(host.status.clone())),
            Request::Reports(query) => Success::Reports(ReportsPage {
                reports: host
                    .reports
                    .iter()
                    .skip(usize::try_from(query.after.0).expect("small"))
                    .cloned()
                    .collect(),
                total: U64Text(host.head.sequence),
            }),
            _ => Success::Done,
        }
    }

    fn notice(&mut self) {
        let notice = FromDaemon::Notice(Notice::Status(Box::new(self.host.status.clone())));
        let turn = self.page.frame(self.connection, text(&notice));
        self.perform(turn);
    }

    fn press(&mut self, intent: &str) {
        let turn = self.page.intent(&format!("{{\"intent\":\"{intent}\"}}"));
        self.perform(turn);
    }

    fn view(&self) -> &DashboardView {
        self.view.as_ref().expect("drawn")
    }
}

fn text(message: &FromDaemon) -> String {
    String::from_utf8(write_message(message)).expect("UTF-8")
}

#[test]
fn the_page_verifies_reports_itself_and_shows_what_they_come_to() {
    let mut host = Scene::new(3);
    host.sign(1_800_000_000_000, 45_000, 2_000, 148_000);
    let mut stage = Stage::new(host);
    assert_eq!(stage.view().mode, Mode::Ready, "{:?}", stage.view());
    assert_eq!(stage.view().balance.credits.en(), "4.575");

    stage.host.sign(1_800_000_100_000, 30_000, 0, 100_000);
    stage.notice();
    assert_eq!(stage.view().balance.credits.en(), "7.625");

    let mut forged = stage.host.sign(1_800_000_200_000, 30_000, 0, 100_000);
    forged.signature.0[0] ^= 1;
    *stage.host.reports.last_mut().expect("one") = forged;
    stage.notice();
    assert_eq!(
        stage.view().balance.credits.en(),
        "7.625",
        "it does not verify"
    );
    assert!(stage.view().problem.is_some());
}

#[test]
fn a_page_that_is_opened_starts_nothing_and_its_buttons_do() {
    let mut host = Scene::new(4);
    host.status.tor.state = TorState::Off;
    let mut stage = Stage::new(host);
    let is_command = |request: &&Request| {
        matches!(
            request,
            Request::TorStart | Request::MonitorStart | Request::MonitorStop
        )
    };
    assert_eq!(
        stage.asked.iter().filter(is_command).count(),
        0,
        "{:?}",
        stage.asked
    );
    assert_eq!(stage.view().mode, Mode::Stopped);
    stage.press("tor_start");
    stage.press("relay_stop");
    stage.press("relay_start");
    let commands: Vec<_> = stage.asked.iter().filter(is_command).collect();
    assert_eq!(
        commands,
        [
            &Request::TorStart,
            &Request::MonitorStop,
            &Request::MonitorStart
        ]
    );
}

#[test]
fn a_transport_that_ends_is_said_and_opened_again() {
    let mut stage = Stage::new(Scene::new(5));
    let turn = stage.page.closed(stage.connection, Some("gone".to_owned()));
    let timer = turn.acts.iter().find_map(|act| match act {
        Act::After { timer, .. } => Some(*timer),
        Act::Connect(_) | Act::Disconnect(_) | Act::Send { .. } | Act::Answer { .. } => None,
    });
    stage.perform(turn);
    assert_eq!(stage.view().mode, Mode::Away);
    let again = stage.page.timer(timer.expect("a pause"));
    stage.perform(again);
    assert_eq!(stage.view().mode, Mode::Ready);
}

fn outcome(frame: &str) -> Outcome {
    match parse_from_daemon(frame.as_bytes()) {
        Ok(FromDaemon::Reply(reply)) => reply.outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_page_asks_for_its_sessions_over_the_same_transport() {
    let mut host = Scene::new(3);
    host.sign(1_000, 45_000, 50_000, 100_000);
    let mut stage = Stage::new(host);
    let question = r#"{"number":5,"ask":{"reports":{"after":"0","limit":100}}}"#;
    let turn = stage.page.ask(question);
    stage.perform(turn);
    let [(5, Outcome::Ok(Success::Reports(page)))] = &*stage.answers else {
        panic!("{:?}", stage.answers);
    };
    assert_eq!(page.reports, stage.host.reports);
    let book = stage.view().book.clone().expect("a host with a key");
    assert_eq!(book.key, hex::encode(stage.host.head.key.0));
    assert_eq!(book.reports, "1");
}
