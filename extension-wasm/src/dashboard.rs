//! The dashboard as one value: a page of its own that speaks with the host over any transport.
//!
//! It decides with the same [`update`] as the extension, as one whose person has turned protection
//! off: what `update` wants of a browser's proxy is left undone, since this page has none. What
//! carries the frames (a native port, or HTTP with events) is not known here.

use crate::update::{
    ConnectionId, Effect, Event, Intent, Question, Shows, Started, State, SubscriberId, Timer,
    update,
};
use crate::view::{self, DashboardView};
use litemap::LiteMap;
use meter_wire::write_request;
use serde::Serialize;

/// Most timers that wait at once. `update` sets a handful.
const TIMERS_MAX: usize = 64;

/// The only page here.
const PAGE: SubscriberId = SubscriberId(0);

/// The page's knowledge and what it shows.
#[derive(Debug, Default)]
pub struct Dashboard {
    state: State,
    drawn: Option<Box<DashboardView>>,
    timers: LiteMap<u32, Timer>,
    last_timer: u32,
}

/// What follows from one event: acts of the page, and what it shows now if that changed.
#[derive(Debug, Serialize)]
pub struct Turn {
    /// In this order.
    pub acts: Vec<Act>,
    /// `None`: nothing to draw.
    pub view: Option<Box<DashboardView>>,
}

/// What the page does with its transport and its clock.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Open a connection with this number.
    Connect(u32),
    /// Close it.
    Disconnect(u32),
    /// Send a frame on it.
    Send {
        /// The connection.
        connection: u32,
        /// The frame, as JSON.
        frame: String,
    },
    /// The host's answer to a question of the page.
    Answer {
        /// The page's number for the question.
        number: u32,
        /// The answer as it came.
        frame: String,
    },
    /// Come back with this number of a timer.
    After {
        /// The timer.
        timer: u32,
        /// When, in milliseconds from now.
        ms: u32,
    },
}

impl Dashboard {
    /// The page was loaded.
    pub fn start(&mut self, version: &str) -> Turn {
        let started = Started {
            version: version.to_owned(),
            // A page that is opened starts nothing by itself.
            local: r#"{"protection_wanted": false}"#.to_owned(),
            ..Started::default()
        };
        let mut first = self.take(Event::Started(Box::new(started)));
        let shows = Shows::Dashboard;
        let second = self.take(Event::Opened { page: PAGE, shows });
        first.acts.extend(second.acts);
        first.view = second.view.or(first.view);
        first
    }

    /// A frame came on a connection.
    pub fn frame(&mut self, connection: u32, json: String) -> Turn {
        let connection = ConnectionId(connection);
        self.take(Event::Frame { connection, json })
    }

    /// A connection ended.
    pub fn closed(&mut self, connection: u32, reason: Option<String>) -> Turn {
        let connection = ConnectionId(connection);
        self.take(Event::Closed { connection, reason })
    }

    /// The time of a timer has come.
    pub fn timer(&mut self, number: u32) -> Turn {
        match self.timers.remove(&number) {
            Some(timer) => self.take(Event::Timer(timer)),
            None => self.turn(Vec::new()),
        }
    }

    /// The page asks the host something. What pages do not ask is ignored.
    pub fn ask(&mut self, json: &str) -> Turn {
        match Question::parse(json) {
            Some(question) => self.take(Event::Asks {
                page: PAGE,
                question,
            }),
            None => self.turn(Vec::new()),
        }
    }

    /// A person wants something. What is not an intent is ignored.
    pub fn intent(&mut self, json: &str) -> Turn {
        match Intent::parse(json) {
            Some(intent) => self.take(Event::Intent(intent)),
            None => self.turn(Vec::new()),
        }
    }

    fn take(&mut self, event: Event) -> Turn {
        let (state, effects) = update(std::mem::take(&mut self.state), event);
        self.state = state;
        let acts = effects
            .into_iter()
            .filter_map(|effect| self.act(effect))
            .collect();
        self.turn(acts)
    }

    fn turn(&mut self, acts: Vec<Act>) -> Turn {
        let view = Box::new(view::dashboard(&self.state));
        let differs = self.drawn.as_ref() != Some(&view);
        if differs {
            self.drawn = Some(view.clone());
        }
        Turn {
            acts,
            view: differs.then_some(view),
        }
    }

    /// `None`: an effect on a browser, which this page has not.
    fn act(&mut self, effect: Effect) -> Option<Act> {
        match effect {
            Effect::Connect(connection) => Some(Act::Connect(connection.0)),
            Effect::Disconnect(connection) => Some(Act::Disconnect(connection.0)),
            Effect::Send(connection, request) => Some(Act::Send {
                connection: connection.0,
                frame: String::from_utf8_lossy(&write_request(&request)).into_owned(),
            }),
            Effect::After(timer, ms) if self.timers.len() < TIMERS_MAX => {
                self.last_timer = self.last_timer.wrapping_add(1);
                self.timers.insert(self.last_timer, timer);
                Some(Act::After {
                    timer: self.last_timer,
                    ms,
                })
            }
            Effect::Answer { number, frame, .. } => Some(Act::Answer { number, frame }),
            Effect::OpenPage(_)
            | Effect::After(..)
            | Effect::ApplyProxy { .. }
            | Effect::ClearProxy { .. }
            | Effect::ReadProxy { .. }
            | Effect::ReadToolbar
            | Effect::MarkTab { .. }
            | Effect::OpenCheck
            | Effect::OpenLink { .. }
            | Effect::Knock { .. }
            | Effect::ReadPrivate
            | Effect::HardenPrivacy
            | Effect::ReadPrivacy
            | Effect::RestorePrivacy
            | Effect::MarkPages { .. }
            | Effect::FindPages { .. }
            | Effect::ReloadPages { .. }
            | Effect::ReadTab
            | Effect::ReloadTab(_)
            | Effect::OpenExtensions
            | Effect::OpenDetails => None,
        }
    }
}
