//! What an observer knows of browser and host, separate from the extension's own memory; it
//! judges every view.

use super::Step;
use crate::said::{Words as _, say_all};
use meter_core::WitnessName;
use meter_wire::{
    FromDaemon, HelloReply, HexBytes, Notice, Outcome, RelayStatus, Reply, Request, Status,
    Success, TorState, Witness, WitnessSeen, WitnessText, write_message,
};
use onionmeter::{
    extension::Extension,
    proxy_value::{BrowserFamily, ProxyRefusal, Reading},
    update::{
        ConnectionId, Effect, Event, Intent, OldTabs, PagesTurn, PrivateWindows, ProxyTurn,
        SINK_PORT, Started, Stored, SubscriberId, Tab, Timer, Windows,
    },
    view::Light,
};

/// The knowledge of an observer, separate from the extension's own memory.
pub(super) struct Onlooker {
    pub(super) extension: Extension,
    local: String,
    connection: ConnectionId,
    open: bool,
    hello: Option<u32>,
    greeted: bool,
    status: Option<Status>,
    turn: ProxyTurn,
    reading: Option<Result<Reading, ProxyRefusal>>,
    wanted: bool,
    ports_announced: Vec<u16>,
    looks: Vec<PagesTurn>,
    /// Whether a tab from before is open, and whether the extension was told so.
    old: (bool, bool),
    /// Requests about witnesses that the host has not answered, and those that the browser has not
    /// ended.
    named: Option<u32>,
    knocked: Option<u32>,
    seen: Option<u32>,
    /// A witness arrived at the current port, on this connection.
    arrived: bool,
    /// What the browser has told about its private windows since the worker started.
    private: Option<PrivateWindows>,
}

impl Onlooker {
    pub(super) fn new() -> Self {
        let mut onlooker = Self {
            extension: Extension::default(),
            local: String::new(),
            connection: ConnectionId::default(),
            open: false,
            hello: None,
            greeted: false,
            status: None,
            turn: ProxyTurn::default(),
            reading: None,
            wanted: true,
            ports_announced: Vec::new(),
            looks: Vec::new(),
            old: (false, false),
            named: None,
            knocked: None,
            seen: None,
            arrived: false,
            private: None,
        };
        onlooker.wake();
        onlooker
    }

    fn wake(&mut self) {
        self.extension = Extension::default();
        (self.reading, self.private) = (None, None);
        self.lose();
        self.happen(Event::Started(Box::new(Started {
            family: BrowserFamily::Chromium,
            version: "0.1.0".to_owned(),
            local: self.local.clone(),
            session: String::new(),
        })));
    }

    fn lose(&mut self) {
        (self.open, self.greeted, self.status) = (false, false, None);
        (self.named, self.knocked, self.seen) = (None, None, None);
    }

    fn happen(&mut self, event: Event) {
        let reaction = self.extension.take(event);
        if let Some(stored) = reaction.local {
            self.save(&stored);
        }
        for effect in &reaction.effects {
            self.watch(effect);
        }
        if let Some(badge) = self.extension.changes().badge {
            assert!((1..=4).contains(&badge.text.en().chars().count()));
        }
        if let Some(turn) = self.looks.pop() {
            self.old.1 = self.old.0;
            let marked = self.old.0.then_some(1).into_iter().collect();
            let unmarked = Vec::new();
            let found = OldTabs { marked, unmarked };
            self.happen(Event::PagesFound { turn, found });
        }
        self.arrived &= self.place().is_some();
        self.judge();
    }

    fn save(&mut self, stored: &Stored) {
        assert_eq!(stored.protection_wanted, self.wanted);
        self.local = serde_json::to_string(stored).expect("JSON");
    }

    fn watch(&mut self, effect: &Effect) {
        match effect {
            Effect::Connect(connection) => {
                self.lose();
                (self.connection, self.open) = (*connection, true);
            }
            Effect::Disconnect(connection) if *connection == self.connection => self.lose(),
            Effect::Send(connection, envelope) => {
                assert_eq!(*connection, self.connection, "sent into the void");
                match envelope.request {
                    Request::Hello(_) => self.hello = Some(envelope.id),
                    Request::Witness => self.named = Some(envelope.id),
                    Request::WitnessSeen(_) => self.seen = Some(envelope.id),
                    _ => {}
                }
            }
            Effect::ApplyProxy { turn, port, .. } => {
                assert!(self.wanted, "set although it is off");
                let announced = self.ports_announced.contains(port);
                assert!(announced || *port == SINK_PORT, "nobody told port {port}");
                self.turn = *turn;
            }
            Effect::ClearProxy { turn, .. } => {
                assert!(!self.wanted, "cleared although it is on");
                self.turn = *turn;
            }
            Effect::RestorePrivacy => assert!(!self.wanted, "opened although it is on"),
            Effect::ReadProxy { turn, .. } => self.turn = *turn,
            Effect::MarkPages { turn } | Effect::FindPages { turn, .. } => self.looks.push(*turn),
            Effect::ReloadPages { turn, .. } => {
                self.old.0 = false;
                self.looks.push(*turn);
            }
            Effect::Knock { number, .. } => {
                assert!(self.place().is_some(), "it could not arrive");
                self.knocked = Some(*number);
            }
            Effect::Disconnect(_)
            | Effect::After(..)
            | Effect::HardenPrivacy
            | Effect::ReadPrivacy
            | Effect::ReadTab
            | Effect::ReloadTab(_)
            | Effect::ReadPrivate
            | Effect::OpenExtensions
            | Effect::OpenCheck
            | Effect::OpenLink { .. }
            | Effect::ReadToolbar
            | Effect::MarkTab { .. }
            | Effect::OpenPage(_)
            | Effect::Answer { .. }
            | Effect::OpenDetails => {}
        }
    }

    fn judge(&self) {
        let state = self.extension.state();
        let view = self.extension.drawn().next_view(state);
        say_all(&view);
        let light = match state.windows {
            Windows::All => Light::Protected,
            Windows::PrivateOnly => Light::Private,
        };
        let protected = view.header.state == light;
        assert_eq!(protected, state.is_protected());
        if !protected {
            return;
        }
        assert!(self.wanted && self.open && self.greeted && !self.old.1);
        let status = self.status.as_ref().expect("the host has spoken");
        assert_eq!(status.tor.state, TorState::Ready);
        let RelayStatus::Listening { port } = status.relay else {
            panic!("protected without a relay");
        };
        assert!(port >= 1_024);
        assert_eq!(self.reading, Some(Ok(Reading::Ours { port })));
        assert!(self.arrived || !state.has_witness(), "nothing has arrived");
        let private = self
            .private
            .expect("the browser has told of private windows");
        let covered = matches!(private, PrivateWindows::Allowed(Reading::Ours { .. }));
        let in_part = state.windows == Windows::All && !covered;
        assert_eq!(view.header.in_part, in_part);
    }

    /// The port that the host holds and that the browser is set to.
    fn place(&self) -> Option<u16> {
        let RelayStatus::Listening { port } = self.status.as_ref()?.relay else {
            return None;
        };
        let set = self.reading == Some(Ok(Reading::Ours { port }));
        (self.wanted && set && port != 0).then_some(port)
    }

    fn witness(&mut self, late: bool, arrived: bool) {
        let success = if let Some(id) = self.named.take() {
            let name = WitnessText(WitnessName::new([7; 16]));
            (id, Success::Witness(Witness { name }))
        } else if let Some(number) = self.knocked.take() {
            let number = if late { number.wrapping_sub(1) } else { number };
            let in_time = arrived;
            return self.happen(Event::Knocked { number, in_time });
        } else if let Some(id) = self.seen.take() {
            self.arrived |= arrived && !late && self.place().is_some();
            let connections = 0;
            let seen = WitnessSeen {
                arrived,
                connections,
            };
            (id, Success::WitnessSeen(seen))
        } else {
            return;
        };
        let (id, outcome) = (Some(success.0), Outcome::Ok(success.1));
        self.frame(late, &FromDaemon::Reply(Reply { id, outcome }));
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Hello { late } => self.hello(late),
            Step::Status { late, status } => self.status(late, status),
            Step::Garbage(json) => {
                let connection = self.connection;
                self.happen(Event::Frame { connection, json });
            }
            Step::Closed { late, reason } => {
                let connection = self.heard_on(late);
                if !late {
                    self.lose();
                }
                let reason = Some(reason.to_owned());
                self.happen(Event::Closed { connection, reason });
            }
            Step::Flood { late } => {
                let connection = self.heard_on(late);
                self.happen(Event::Flooded { connection });
            }
            Step::Proxy { late, answer } => self.proxy(late, answer),
            Step::Timer(kind, number) => {
                let timer = match kind {
                    0 => Timer::Reconnect(number),
                    1 => Timer::HelloDue(ConnectionId(number)),
                    2 => Timer::Witness(number),
                    _ => Timer::Ping(ConnectionId(number)),
                };
                self.happen(Event::Timer(timer));
            }
            Step::Witness { late, arrived } => self.witness(late, arrived),
            Step::Private(told) => {
                self.private = Some(told);
                self.happen(Event::PrivateWindows(told));
            }
            Step::Intent(intent) => {
                match intent {
                    Intent::TurnOn => self.wanted = true,
                    Intent::TurnOff => self.wanted = false,
                    _ => {}
                }
                self.happen(Event::Intent(intent));
            }
            Step::Plain(number) => {
                let event = match number {
                    0 => Event::Alarm,
                    1 => Event::Subscribed(SubscriberId(0)),
                    2 => Event::Unsubscribed(SubscriberId(0)),
                    3 => Event::ProxyChanged,
                    4 => Event::ProxyError { fatal: true },
                    5 => Event::Tab(Some(Tab {
                        id: 1,
                        url: "https://example.com/".to_owned(),
                        private: false,
                    })),
                    // A browser that has just started has no earlier page.
                    6 => {
                        self.old = (false, false);
                        Event::BrowserStarted
                    }
                    7 => {
                        self.old.0 = !self.old.0;
                        Event::Alarm
                    }
                    8 => Event::Astray,
                    _ => Event::ProxyError { fatal: false },
                };
                self.happen(event);
            }
            Step::Death => self.wake(),
        }
    }

    fn heard_on(&self, late: bool) -> ConnectionId {
        match late {
            true => ConnectionId(self.connection.0.wrapping_sub(1)),
            false => self.connection,
        }
    }

    fn hello(&mut self, late: bool) {
        let Some(id) = self.hello else {
            return;
        };
        self.greeted |= !late && self.open;
        let hello = HelloReply {
            protocol: 1,
            version: "0.1.0".to_owned(),
            capabilities: vec!["witness".to_owned()],
            key: Some(HexBytes([1; 32])),
            chain: Some(HexBytes([1; 16])),
            parts: None,
        };
        let outcome = Outcome::Ok(Success::Hello(hello));
        self.frame(
            late,
            &FromDaemon::Reply(Reply {
                id: Some(id),
                outcome,
            }),
        );
    }

    pub(super) fn status(&mut self, late: bool, status: Box<Status>) {
        if !late && self.open && self.greeted {
            if let RelayStatus::Listening { port } = status.relay {
                self.ports_announced.push(port);
            }
            self.status = Some((*status).clone());
        }
        self.frame(late, &FromDaemon::Notice(Notice::Status(status)));
    }

    fn frame(&mut self, late: bool, message: &FromDaemon) {
        let json = String::from_utf8(write_message(message)).expect("JSON");
        let connection = self.heard_on(late);
        self.happen(Event::Frame { connection, json });
    }

    fn proxy(&mut self, late: bool, answer: Result<Reading, ProxyRefusal>) {
        let turn = match late {
            true => ProxyTurn(self.turn.0.wrapping_sub(1)),
            false => self.turn,
        };
        if !late {
            self.reading = Some(answer);
            // A port that was found in force counts as named by the host.
            if let Ok(Reading::Ours { port }) = answer {
                self.ports_announced.push(port);
            }
        }
        self.happen(Event::ProxyAnswered { turn, answer });
    }
}
