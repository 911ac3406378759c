//! A browser and a host that do what they are asked, so that tests can observe `update`. The
//! example `views` uses them, too.

#[path = "scene/host.rs"]
mod host;

use meter_core::{
    Backend, ByteCount, ChainHead, ChainId, DeviceSigner, DurationMs, SessionTotals, Tariff,
    Thresholds, UnixMs,
};
use meter_wire::{
    Circuit, EarlierChain, EarlierSum, ErrorCode, LedgerLogin, Problem, ReceiptsPage, RelayStatus,
    SetThresholds, Status, TorState, TorStatus, U64Text, WireReport,
};
use onionmeter::{
    drawn::PageView,
    extension::{Changes, Extension},
    proxy_value::{BrowserFamily, ProxyRefusal, Reading},
    update::{
        ConnectionId, Effect, Event, OldTabs, PrivateWindows, ProxyTurn, Started, State,
        SubscriberId, Tab,
    },
    view::{Badge, PopupView},
};
use std::collections::VecDeque;

/// The relay's port in every scene.
pub(crate) const PORT: u16 = 19_149;

/// Chromium's text for an unknown host.
pub(crate) const NOT_FOUND: &str = "Specified native messaging host not found.";

/// The popup that is open in every scene.
pub(crate) const FIRST: SubscriberId = SubscriberId(0);

/// Both sides of the extension.
pub(crate) struct Scene {
    /// The extension.
    pub(crate) extension: Extension,
    /// The browser's family.
    pub(crate) family: BrowserFamily,
    /// The status that the host reports.
    pub(crate) status: Status,
    /// The browser's answer about its proxy settings. With `Free` it accepts whatever is written.
    pub(crate) answer: Result<Reading, ProxyRefusal>,
    /// The reason why no connection to the host can be made, if any.
    pub(crate) closed_because: Option<&'static str>,
    /// Whether the host answers at all.
    pub(crate) silent: bool,
    /// The host's answer to the next command, which it then does not do.
    pub(crate) refusal: Option<Problem>,
    /// Tabs with a page from before. `ReloadPages` reloads them at once.
    pub(crate) old_tabs: OldTabs,
    /// The active tab.
    pub(crate) tab: Option<Tab>,
    /// The circuit that the host reports for every site.
    pub(crate) circuit: Circuit,
    /// Whether the browser's requests reach the relay.
    pub(crate) arrives: bool,
    /// Whether the browser's request ends before its time limit.
    pub(crate) in_time: bool,
    /// Whether the browser closes the ways past its proxy.
    pub(crate) hardens: bool,
    /// The browser's answer about its private windows.
    pub(crate) private: PrivateWindows,
    /// The reports that the host sends.
    pub(crate) reports: Vec<WireReport>,
    /// The host's key.
    pub(crate) signer: DeviceSigner,
    /// The names of the requests that the host knows, besides the first ones.
    pub(crate) capabilities: Vec<String>,
    /// What the host has of a ledger: all receipts of the chain in use.
    pub(crate) receipts: Option<ReceiptsPage>,
    /// The page of the ledger that the host has for the browser that takes it.
    pub(crate) page: Option<LedgerLogin>,
    /// The chains whose books the host keeps.
    pub(crate) earlier: Vec<EarlierChain>,
    /// The head of the host's chain.
    pub(crate) head: ChainHead,
    /// All effects so far.
    pub(crate) effects: Vec<Effect>,
    /// What was written to `storage.local`, each with the number of effects before it.
    pub(crate) locals: Vec<(usize, String)>,
    /// What was written to `storage.session`.
    pub(crate) sessions: Vec<String>,
    /// The badges that were drawn.
    pub(crate) badges: Vec<Badge>,
    /// How closely the worker was watched, one value per change.
    pub(crate) watches: Vec<bool>,
    /// The popups that were drawn.
    pub(crate) draws: Vec<Vec<SubscriberId>>,
    /// The pages of their own that were drawn.
    pub(crate) pages: Vec<(PageView, Vec<SubscriberId>)>,
    /// The notifications that were shown, by their ids.
    pub(crate) notified: Vec<&'static str>,
    /// The connection in use.
    pub(crate) connection: ConnectionId,
    local: String,
    session: String,
    waiting: VecDeque<Event>,
}

impl Scene {
    /// A host with its own chain, before the first event.
    pub(crate) fn new(seed: u8) -> Self {
        let signer = DeviceSigner::from_seed(&[seed; 32]);
        Self {
            extension: Extension::default(),
            family: BrowserFamily::Chromium,
            status: status(),
            answer: Ok(Reading::Free),
            closed_because: None,
            silent: false,
            refusal: None,
            old_tabs: OldTabs::default(),
            tab: None,
            circuit: Circuit::Unused,
            arrives: true,
            in_time: true,
            hardens: true,
            private: PrivateWindows::Allowed(Reading::Ours { port: PORT }),
            reports: Vec::new(),
            receipts: None,
            page: None,
            earlier: Vec::new(),
            capabilities: vec!["witness".to_owned(), "witness_seen".to_owned()],
            head: ChainHead::genesis(ChainId([seed; 16]), signer.key()),
            signer,
            effects: Vec::new(),
            locals: Vec::new(),
            sessions: Vec::new(),
            badges: Vec::new(),
            watches: Vec::new(),
            draws: Vec::new(),
            pages: Vec::new(),
            notified: Vec::new(),
            connection: ConnectionId::default(),
            local: String::new(),
            session: String::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Starts the worker for the first time, with a popup open.
    pub(crate) fn started(mut self) -> Self {
        self.wake();
        self
    }

    /// The worker ends at any point, and another one starts with the stored data.
    pub(crate) fn wake(&mut self) {
        self.extension = Extension::default();
        self.waiting.clear();
        self.happen(Event::Started(Box::new(Started {
            family: self.family,
            version: "0.1.0".to_owned(),
            local: self.local.clone(),
            session: self.session.clone(),
        })));
        self.happen(Event::Subscribed(FIRST));
    }

    /// The view of a popup.
    pub(crate) fn view(&self) -> PopupView {
        self.extension.drawn().next_view(self.state())
    }

    /// What the extension knows.
    pub(crate) const fn state(&self) -> &State {
        self.extension.state()
    }

    /// The host signs one more report, without a notice.
    pub(crate) fn sign(&mut self, started_at: u64, ms: u64, up: u64, down: u64) -> WireReport {
        let session = SessionTotals {
            started_at: UnixMs::new(started_at).expect("fits"),
            ended_at: UnixMs::new(started_at + ms).expect("fits"),
            duration: DurationMs::new(ms).expect("fits"),
            bytes_up: ByteCount::new(up).expect("fits"),
            bytes_down: ByteCount::new(down).expect("fits"),
            resumed: false,
        };
        let report = self.head.next_report(&session, &Tariff::V1).expect("fits");
        let report = self.signer.sign(&report).expect("our own report");
        self.head = self.head.follow(&report).expect("the next one");
        let report: WireReport = report.signed().try_into().expect("200 bytes");
        self.reports.push(report.clone());
        self.status.reports = U64Text(self.head.sequence);
        self.status.balance = U64Text(self.head.totals.amount.get());
        report
    }

    /// Handles an event and everything that follows from it.
    pub(crate) fn happen(&mut self, event: Event) {
        self.waiting.push_back(event);
        while let Some(event) = self.waiting.pop_front() {
            let reaction = self.extension.take(event);
            if let Some(stored) = reaction.local {
                self.local = json(&stored);
                self.locals.push((self.effects.len(), self.local.clone()));
            }
            for effect in reaction.effects {
                self.run(&effect);
                self.effects.push(effect);
            }
            self.show();
        }
    }

    fn show(&mut self) {
        let Changes {
            badge,
            watch,
            session,
            view,
            pages,
            notifications,
        } = self.extension.changes();
        let ids = notifications.iter().map(|notification| notification.id);
        self.notified.extend(ids);
        self.pages.extend(pages);
        self.badges.extend(badge);
        self.watches.extend(watch);
        self.draws.extend(view.map(|(_, subscribers)| subscribers));
        if let Some(session) = session {
            self.session = json(&session);
            self.sessions.push(self.session.clone());
        }
    }

    fn run(&mut self, effect: &Effect) {
        match effect {
            Effect::Connect(connection) => {
                self.connection = *connection;
                if let Some(reason) = self.closed_because {
                    self.waiting.push_back(closed(*connection, reason));
                }
            }
            Effect::Send(..) if self.closed_because.is_some() || self.silent => {}
            Effect::Send(_, envelope) => self.reply(envelope.id, &envelope.request),
            Effect::ApplyProxy { turn, port, .. } => {
                let obeys =
                    |answer| matches!(answer, Reading::Free | Reading::Kept | Reading::Ours { .. });
                if self.answer.is_ok_and(obeys) {
                    self.answer = Ok(Reading::Ours { port: *port });
                }
                self.say_proxy(*turn);
            }
            Effect::ClearProxy { turn, .. } => {
                self.answer = Ok(Reading::Free);
                self.say_proxy(*turn);
            }
            Effect::ReadProxy { turn, .. } => self.say_proxy(*turn),
            Effect::MarkPages { turn } | Effect::FindPages { turn, .. } => {
                let (turn, found) = (*turn, self.old_tabs.clone());
                self.waiting.push_back(Event::PagesFound { turn, found });
            }
            Effect::ReloadPages { turn, .. } => {
                self.old_tabs = OldTabs::default();
                let (turn, found) = (*turn, OldTabs::default());
                self.waiting.push_back(Event::PagesFound { turn, found });
            }
            Effect::ReadTab => self.waiting.push_back(Event::Tab(self.tab.clone())),
            Effect::Knock { number, .. } => {
                let (number, in_time) = (*number, self.in_time);
                self.waiting.push_back(Event::Knocked { number, in_time });
            }
            Effect::HardenPrivacy | Effect::ReadPrivacy => {
                let complete = self.hardens;
                self.waiting.push_back(Event::Hardened { complete });
            }
            Effect::ReadPrivate => self.waiting.push_back(Event::PrivateWindows(self.private)),
            Effect::Disconnect(_)
            | Effect::ReloadTab(_)
            | Effect::After(..)
            | Effect::RestorePrivacy
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

    /// A daemon that cannot open key or book has no key to show.
    fn has_key(&self) -> bool {
        let problem = self.status.problem.as_ref();
        problem.is_none_or(|problem| problem.code == ErrorCode::BookBehind)
    }

    fn say_proxy(&mut self, turn: ProxyTurn) {
        let answer = self.answer;
        self.waiting
            .push_back(Event::ProxyAnswered { turn, answer });
    }

    /// The browser's proxy settings change.
    pub(crate) fn proxy_becomes(&mut self, reading: Reading) {
        self.answer = Ok(reading);
        self.happen(Event::ProxyChanged);
    }

    /// The host ends, and cannot be reached again for this reason.
    pub(crate) fn close(&mut self, reason: &'static str) {
        self.closed_because = Some(reason);
        self.happen(closed(self.connection, reason));
    }
}

/// The end of a connection, with this text of the browser.
pub(crate) fn closed(connection: ConnectionId, reason: &str) -> Event {
    let reason = Some(reason.to_owned());
    Event::Closed { connection, reason }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain JSON")
}

/// Everything runs; no session is open, and there is no report.
pub(crate) fn status() -> Status {
    Status {
        relay: RelayStatus::Listening { port: PORT },
        tor: TorStatus {
            backend: Some(Backend::Managed.into()),
            version: Some("0.4.8.16".to_owned()),
            state: TorState::Ready,
            trouble: None,
            chosen: None,
            offered: vec![Backend::Existing.into(), Backend::Managed.into()],
        },
        session: None,
        balance: U64Text(0),
        reports: U64Text(0),
        chain: None,
        earlier: EarlierSum::default(),
        ledger: None,
        restored: None,
        thresholds: SetThresholds::from(&Thresholds::DEFAULT),
        problem: None,
        unreached: Vec::new(),
        foreign: U64Text(0),
        unidentified: U64Text(0),
        literals: U64Text(0),
        new_identity_in_s: 0,
        new_circuit_in_s: 0,
        connections: 0,
    }
}
