//! Prints sample views of the popup as JSON, one name each, for looking at its design:
//! `cargo run -p extension-wasm --example views`. Every view comes out of `update`, and every
//! report in it was signed and verified.

use meter_core::{
    ByteCount, ChainHead, ChainId, DurationMs, OpenSession, ReportSigner, Tariff, Thresholds,
    UnixMs,
};
use meter_wire::{
    ErrorCode, FromDaemon, HelloReply, HexBytes, Notice, Outcome, Problem, RelayStatus, Reply,
    ReportsPage, Request, SessionStatus, SetThresholds, Status, Success, TorBackend, TorState,
    TorStatus, U64Text, WireReport, write_message,
};
use onionmeter::proxy_value::{Engine, Reading};
use onionmeter::update::{ConnectionId, Effect, Event, Intent, ProxyTurn, Started, State, update};
use onionmeter::view;
use serde_json::json;
use std::collections::VecDeque;

/// The seed of RFC 8032 section 7.1, test 2: never a key of anybody.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PORT: u16 = 9149;
const NOT_FOUND: &str = "Specified native messaging host not found.";

/// A browser and a host that do whatever is asked of them.
struct Scene {
    state: State,
    waiting: VecDeque<Event>,
    closed_because: Option<&'static str>,
    connection: ConnectionId,
    status: Status,
    reading: Reading,
    reports: Vec<WireReport>,
    signer: ReportSigner,
    head: ChainHead,
}

#[expect(clippy::print_stdout, reason = "this program exists to print")]
fn main() {
    let views = json!({
        "counting": view(counting),
        "bootstrapping": view(|scene| scene.tor(bootstrapping())),
        "not_installed": view::popup(&Scene::new(Some(NOT_FOUND)).state),
        "host_stopped": view(|scene| scene.close("Native host has exited.")),
        "other_extension": view(|scene| scene.read(Reading::OtherExtension)),
        "tor_missing": view(|scene| scene.tor(TorState::Failed(Problem::new(ErrorCode::TorMissing)))),
        "port_taken": view(|scene| {
            let detail = "port 9149";
            scene.status.relay = RelayStatus::Failed(Problem::with_detail(ErrorCode::PortTaken, detail));
            scene.say_status();
        }),
        "bypassed": view(|scene| scene.happen(Event::ProxyError { fatal: false })),
        "off": view(|scene| scene.happen(Event::Intent(Intent::TurnOff))),
    });
    println!(
        "{}",
        serde_json::to_string_pretty(&views).expect("plain JSON")
    );
}

fn view(act: impl FnOnce(&mut Scene)) -> view::PopupView {
    let mut scene = Scene::new(None);
    act(&mut scene);
    view::popup(&scene.state)
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

fn bootstrapping() -> TorState {
    TorState::Bootstrapping {
        percent: 45,
        tag: "requesting_descriptors".to_owned(),
        summary: "Asking for relay descriptors".to_owned(),
        warning: None,
    }
}

impl Scene {
    fn new(closed_because: Option<&'static str>) -> Self {
        let mut seed = [0; 32];
        hex::decode_to_slice(SEED, &mut seed).expect("hex");
        let signer = ReportSigner::from_seed(&seed);
        let mut scene = Self {
            state: State::default(),
            waiting: VecDeque::new(),
            closed_because,
            connection: ConnectionId::default(),
            status: status(),
            reading: Reading::Free,
            reports: Vec::new(),
            head: ChainHead::genesis(ChainId([7; 16]), signer.key()),
            signer,
        };
        let sessions = [
            (1_800_000_000_000, 45_000, 50_000, 100_000),
            (1_800_000_100_000, 31_200, 20_125, 1_284_000),
            (1_800_000_200_000, 600_000, 1_200, 40_000),
            (1_800_000_850_000, 30_000, 9_000, 141_000),
        ];
        // A browser without the program has no reports either.
        for (start, ms, up, down) in sessions.into_iter().filter(|_| closed_because.is_none()) {
            scene.sign(start, ms, up, down);
        }
        scene.happen(Event::Started(Box::new(Started {
            engine: Engine::Chromium,
            version: "0.1.0".to_owned(),
            ..Started::default()
        })));
        scene.happen(Event::PopupOpened);
        scene
    }

    fn sign(&mut self, start: u64, ms: u64, up: u64, down: u64) {
        let session = OpenSession {
            started_at: UnixMs::new(start).expect("fits"),
            seen_at: UnixMs::new(start + ms).expect("fits"),
            duration: DurationMs::new(ms).expect("fits"),
            bytes_up: ByteCount::new(up).expect("fits"),
            bytes_down: ByteCount::new(down).expect("fits"),
            resumed: false,
        };
        let report = self.head.next_report(&session, &Tariff::V1).expect("fits");
        let report = self.signer.sign(&report).expect("our own report");
        self.head = self.head.follow(&report).expect("the next one");
        self.reports
            .push(report.signed().try_into().expect("200 bytes"));
        self.status.reports = U64Text(self.head.sequence);
        self.status.balance = U64Text(self.head.totals.amount.get());
    }

    fn happen(&mut self, event: Event) {
        self.waiting.push_back(event);
        while let Some(event) = self.waiting.pop_front() {
            let (state, effects) = update(std::mem::take(&mut self.state), event);
            self.state = state;
            for effect in effects {
                self.run(effect);
            }
        }
    }

    fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Connect(connection) => {
                self.connection = connection;
                let reason = self.closed_because.map(str::to_owned);
                self.waiting.extend(reason.map(|reason| Event::Closed {
                    connection,
                    reason: Some(reason),
                }));
            }
            Effect::Send(..) if self.closed_because.is_some() => {}
            Effect::Send(_, envelope) => self.reply(envelope.id, &envelope.request),
            Effect::ApplyProxy { turn, port } => {
                if self.reading == Reading::Free {
                    self.reading = Reading::Ours { port };
                }
                self.answer(turn);
            }
            Effect::ClearProxy { turn } => {
                self.reading = Reading::Free;
                self.answer(turn);
            }
            Effect::ReadProxy { turn } => self.answer(turn),
            Effect::Disconnect(_)
            | Effect::After(..)
            | Effect::HardenPrivacy
            | Effect::RestorePrivacy
            | Effect::SaveLocal(_)
            | Effect::SaveSession(_)
            | Effect::Badge(_)
            | Effect::Draw(_)
            | Effect::OpenExtensions => {}
        }
    }

    fn answer(&mut self, turn: ProxyTurn) {
        self.waiting.push_back(Event::ProxyAnswered {
            turn,
            answer: Ok(self.reading),
        });
    }

    fn reply(&mut self, id: u32, request: &Request) {
        let success = match request {
            Request::Hello(_) => Success::Hello(HelloReply {
                protocol: 1,
                version: "0.1.0".to_owned(),
                capabilities: Vec::new(),
                key: Some(HexBytes(self.head.key.0)),
                chain: Some(HexBytes(self.head.chain.0)),
            }),
            Request::Status => Success::Status(Box::new(self.status.clone())),
            Request::Reports(_) => Success::Reports(ReportsPage {
                reports: self.reports.clone(),
                total: self.status.reports,
            }),
            Request::TorStart
            | Request::TorStop
            | Request::MonitorStart
            | Request::MonitorStop
            | Request::SetThresholds(_)
            | Request::Ping => Success::Done,
        };
        self.say(&FromDaemon::Reply(Reply {
            id: Some(id),
            outcome: Outcome::Ok(success),
        }));
    }

    fn say(&mut self, message: &FromDaemon) {
        let json = String::from_utf8(write_message(message)).expect("JSON");
        self.waiting.push_back(Event::Frame {
            connection: self.connection,
            json,
        });
    }

    fn say_status(&mut self) {
        self.say(&FromDaemon::Notice(Notice::Status(Box::new(
            self.status.clone(),
        ))));
        self.happen(Event::Alarm);
    }

    fn tor(&mut self, state: TorState) {
        self.status.tor.state = state;
        self.say_status();
    }

    fn read(&mut self, reading: Reading) {
        self.reading = reading;
        self.happen(Event::ProxyChanged);
    }

    /// The host ends, and is not to be had again for this reason.
    fn close(&mut self, reason: &'static str) {
        self.closed_because = Some(reason);
        self.happen(Event::Closed {
            connection: self.connection,
            reason: Some(reason.to_owned()),
        });
    }
}

fn status() -> Status {
    Status {
        relay: RelayStatus::Listening { port: PORT },
        tor: TorStatus {
            backend: Some(TorBackend::Managed),
            version: Some("0.4.8.16".to_owned()),
            state: TorState::Ready,
        },
        session: None,
        balance: U64Text(0),
        reports: U64Text(0),
        thresholds: SetThresholds::from(&Thresholds::DEFAULT),
        problem: None,
    }
}
