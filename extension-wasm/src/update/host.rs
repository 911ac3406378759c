//! Handles messages of the host, and sends requests to it.

use super::ask::{ASKED_MAX, ask, ask_status, take_asked};
use super::connection::{connect, lose, reconnect};
use super::effect::Effect;
use super::event::{ConnectionId, Timer};
use super::host_error::HostError;
use super::state::{Asked, Host, Link, State};
use super::verified_reports::HostChain;
use super::{
    answers, chains, failed, forwarding, ledger_page, refusal, reports, site, unreadable, witness,
};
use meter_core::Backend;
use meter_wire::{
    Bootstrap, ErrorCode, FromDaemon, HelloReply, Notice, Outcome, Problem, ProtocolRange,
    RelayStatus, Reply, Request, Status, Success, TorState, TorUse, parse, read_value,
};

/// Less than the 30 s after which browsers stop an idle worker.
const PING_MS: u32 = 20_000;

/// The request by which a host accepts reports that its book has lost.
const TAKES_BACK: &str = "restore_reports";

pub(super) fn on_frame(
    state: &mut State,
    connection: ConnectionId,
    json: &str,
    effects: &mut Vec<Effect>,
) {
    match &state.host {
        Host::Linked(link) if link.connection == connection => {}
        // A late message of a connection that has ended.
        Host::Idle | Host::Linked(_) | Host::Gone(_) => return,
    }
    let message = parse(json);
    match message.as_ref().and_then(read_value) {
        Some(FromDaemon::Reply(reply)) => {
            forwarding::on_answer(state, &reply, json, effects);
            on_reply(state, reply, effects);
        }
        Some(FromDaemon::Notice(notice)) => on_notice(state, notice, effects),
        None => unreadable::on_frame(state, message.as_ref(), effects),
    }
}

fn on_reply(state: &mut State, reply: Reply, effects: &mut Vec<Effect>) {
    let Some(asked) = reply.id.and_then(|id| take_asked(state, id)) else {
        return;
    };
    match (asked, reply.outcome) {
        (Asked::Hello, Outcome::Ok(Success::Hello(hello))) => on_hello(state, &hello, effects),
        (Asked::Hello, Outcome::Error(problem)) => {
            lose(state, HostError::Reported(problem), effects);
        }
        (Asked::Status(known), Outcome::Ok(Success::Status(status))) => {
            on_status(state, *status, effects);
            reports::on_asked_status(state, known);
        }
        (Asked::Reports(promised), Outcome::Ok(Success::Reports(page))) => {
            reports::on_page(state, promised, &page, effects);
        }
        (asked @ (Asked::Receipts | Asked::Earlier(_)), outcome) => {
            on_page_of_ledger(state, asked, outcome, effects);
        }
        // The status shows the result, and what is still missing.
        (Asked::Restore, _) => ask_status(state, effects),
        // A ping only asks whether the host still answers.
        (Asked::Ping, _) => state.failures = 0,
        (Asked::Circuit(number), Outcome::Ok(Success::Circuit(circuit))) => {
            site::on_circuit(state, number, circuit);
        }
        (Asked::Witness(number), Outcome::Ok(Success::Witness(witness))) => {
            witness::on_name(state, number, witness.name, effects);
        }
        (Asked::WitnessSeen { number, in_time }, Outcome::Ok(Success::WitnessSeen(seen))) => {
            witness::on_seen(state, number, in_time, seen, effects);
        }
        (Asked::Witness(number) | Asked::WitnessSeen { number, .. }, Outcome::Error(problem)) => {
            witness::on_refused(state, number, &problem, effects);
        }
        (Asked::Command | Asked::NewIdentity | Asked::NewCircuit(_), Outcome::Error(problem)) => {
            state.refusal = Some(problem);
        }
        (Asked::Command, Outcome::Ok(_)) => ask_status(state, effects),
        // The page has it already.
        (Asked::Question, _) => {}
        (Asked::LedgerPage, Outcome::Ok(Success::LedgerLogin(login))) => {
            ledger_page::on_link(state, &login.link, effects);
        }
        // Another browser took it, or the ledger gave no link; the terminal says so.
        (Asked::LedgerPage, _) => {}
        (Asked::NewIdentity, Outcome::Ok(_)) => {
            state.renewed = true;
            ask_status(state, effects);
        }
        (Asked::NewCircuit(number), Outcome::Ok(_)) => {
            site::on_renewed(state, number, effects);
            ask_status(state, effects);
        }
        // The next ping asks again.
        (Asked::Status(_), Outcome::Error(problem)) if state.status().is_none() => {
            unreadable::forget_status(state, problem);
        }
        // The next status asks again.
        (Asked::Status(_) | Asked::Reports(_) | Asked::Circuit(_), Outcome::Error(_)) => {}
        (
            asked @ (Asked::Hello
            | Asked::Status(_)
            | Asked::Reports(_)
            | Asked::Circuit(_)
            | Asked::Witness(_)
            | Asked::WitnessSeen { .. }),
            Outcome::Ok(_),
        ) => unreadable::on_answer(state, asked, effects),
    }
}

/// Takes receipts, or the last reports of earlier chains.
fn on_page_of_ledger(state: &mut State, asked: Asked, outcome: Outcome, effects: &mut Vec<Effect>) {
    match (asked, outcome) {
        (Asked::Receipts, Outcome::Ok(Success::Receipts(page))) => {
            answers::on_page(state, &page, effects);
        }
        (Asked::Earlier(after), Outcome::Ok(Success::EarlierChains(page))) => {
            chains::on_page(state, after, &page, effects);
        }
        // The next status asks again.
        (_, Outcome::Error(_)) => {}
        (asked, Outcome::Ok(_)) => unreadable::on_answer(state, asked, effects),
    }
}

fn on_hello(state: &mut State, hello: &HelloReply, effects: &mut Vec<Effect>) {
    let ProtocolRange { min, max } = ProtocolRange::OURS;
    if !(min..=max).contains(&hello.protocol) {
        let (min, max) = (hello.protocol, hello.protocol);
        let program = ProtocolRange { min, max };
        let older = ProtocolRange::older(program, ProtocolRange::OURS);
        let problem = Problem::new(ErrorCode::UnsupportedProtocol).caused_by(older);
        return lose(state, HostError::Reported(problem), effects);
    }
    let host_chain = HostChain::of(hello);
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    link.greeted = true;
    link.host_chain = host_chain;
    link.takes_back = hello.capabilities.iter().any(|name| name == TAKES_BACK);
    link.witnesses = hello.capabilities.iter().any(|name| name == "witness");
    link.sets_aside = hello.capabilities.iter().any(|name| name == "tor_anew");
    effects.push(Effect::After(Timer::Ping(link.connection), PING_MS));
    // As with reports, another connection is another chance.
    state.receipts.refused = None;
    if let Some(host_chain) = host_chain {
        state.chain_changed |= state.reports.adopt(host_chain);
    }
    state.proxy.allow_another_try();
    // Sent first, so that a host with an older book learns of it before it signs.
    reports::hand_in(state, effects);
    ask_status(state, effects);
    reports::fetch(state, effects);
    ledger_page::on_hello(state, &hello.capabilities, effects);
}

fn on_notice(state: &mut State, notice: Notice, effects: &mut Vec<Effect>) {
    match notice {
        Notice::Status(status) => on_status(state, *status, effects),
        Notice::Bootstrap(bootstrap) => on_bootstrap(state, bootstrap),
        Notice::Problem(problem) => {
            if let Host::Linked(link) = &mut state.host {
                // Whatever the daemon said before, it no longer applies.
                link.status = None;
                link.problem = Some(problem);
            }
        }
        Notice::Floor { present } => {
            state.floor = Some(present);
            // If the browser is later started without a floor, the note is shown again.
            state.floor_seen &= !present;
        }
        Notice::PageOffered => ledger_page::on_offer(state, effects),
    }
}

fn on_status(state: &mut State, status: Status, effects: &mut Vec<Effect>) {
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    if !link.greeted {
        return;
    }
    let before = link.status.take();
    let problem_before = before.as_ref().and_then(|before| before.problem.as_ref());
    let had_problem = problem_before.is_some();
    let has_recovered = had_problem && status.problem.is_none();
    let nameless = link.host_chain.is_none();
    let began_anew = link.host_chain.is_some_and(|host_chain| {
        let chain = status.chain.as_ref();
        chain.is_some_and(|chain| !host_chain.is_of(chain))
    });
    link.problem = None;
    state.speed.follow(status.session.as_ref());
    // A daemon that was restarted counts from 0.
    state.foreign_seen = state.foreign_seen.min(status.foreign.0);
    link.status = Some(status);
    state.last_known = None;
    state.lost = None;
    failed::find_reasons(state);
    refusal::settle(state, before.as_ref());
    if ((nameless && has_recovered) || began_anew) && !state.greeted_again {
        return greet_again(state, effects);
    }
    start_what_is_due(state, effects);
    reports::compare(state, effects);
    answers::follow(state, effects);
    chains::fetch(state, effects);
    reports::heal(state, effects);
    // While traffic moves, a status comes every second, and a circuit may have been built
    // meanwhile.
    site::ask_circuit(state, effects);
}

/// Sends hello again when the host got a key after the first hello, or began another chain: only
/// the answer to hello tells this. At most once between two pings; otherwise a host that fails and
/// recovers all the time would be greeted without end.
fn greet_again(state: &mut State, effects: &mut Vec<Effect>) {
    state.greeted_again = true;
    reconnect(state, effects);
}

/// Bootstrap steps come between two statuses. Only a status ends the bootstrap.
fn on_bootstrap(state: &mut State, step: Bootstrap) {
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    let Some(status) = &mut link.status else {
        return;
    };
    let warning = match &mut status.tor.state {
        TorState::Bootstrapping { warning, .. } => warning.take(),
        TorState::Starting => None,
        TorState::Off
        | TorState::Ready
        | TorState::Restarting { .. }
        | TorState::Stopping
        | TorState::Failed(_) => return,
    };
    status.tor.state = TorState::Bootstrapping {
        percent: step.percent,
        tag: step.tag,
        summary: step.summary,
        warning,
    };
}

/// Turning protection on starts relay and Tor, once. If the person stops one of them later, it
/// stays stopped.
pub(super) fn start_what_is_due(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(status) = state.status().filter(|_| state.start_due) else {
        return;
    };
    let relay_runs = matches!(status.relay, RelayStatus::Listening { .. });
    let tor_is_off = status.tor.state == TorState::Off;
    state.start_due = false;
    if !relay_runs {
        ask(state, Asked::Command, Request::MonitorStart, effects);
    } else if tor_is_off {
        ask(state, Asked::Command, Request::TorStart, effects);
    }
}

/// Requests a start, or notes the request until there is a host.
pub(super) fn start(state: &mut State, request: Request, effects: &mut Vec<Effect>) {
    if matches!(state.host, Host::Gone(_)) {
        state.start_due = true;
        connect(state, effects);
    } else {
        ask(state, Asked::Command, request, effects);
    }
}

pub(super) fn use_tor(state: &mut State, backend: Option<Backend>, effects: &mut Vec<Effect>) {
    let request = Request::TorUse(TorUse { backend });
    ask(state, Asked::Command, request, effects);
}

pub(super) fn on_timer(state: &mut State, timer: Timer, effects: &mut Vec<Effect>) {
    match (timer, &state.host) {
        (Timer::Reconnect(failures), Host::Gone(_)) if failures == state.failures => {
            connect(state, effects);
        }
        (Timer::HelloDue(connection), Host::Linked(link))
            if connection == link.connection && is_overdue(link) =>
        {
            let error = link
                .problem
                .clone()
                .map_or(HostError::Silent, HostError::Reported);
            lose(state, error, effects);
        }
        (Timer::Ping(connection), Host::Linked(link)) if connection == link.connection => {
            // The last ping, or so much else that there is no room for another one.
            let silent = link.asked.len() >= ASKED_MAX
                || link.asked.iter().any(|(_, asked)| *asked == Asked::Ping);
            match silent {
                true => lose(state, HostError::Silent, effects),
                false => ping(state, timer, effects),
            }
        }
        (Timer::Awake, _) => state.awake = true,
        // Timers that no longer matter.
        (
            Timer::Reconnect(_)
            | Timer::HelloDue(_)
            | Timer::Ping(_)
            | Timer::Pages(_)
            | Timer::Witness(_)
            | Timer::WitnessOver(_)
            | Timer::Flash(_)
            | Timer::Welcome,
            _,
        ) => {}
    }
}

/// Whether neither a greeting nor a status has come. After a greeting, a host that reported a
/// problem is asked again with each ping.
const fn is_overdue(link: &Link) -> bool {
    link.status.is_none() && (link.problem.is_none() || !link.greeted)
}

/// Pings the host, and asks for its state if that is unknown.
fn ping(state: &mut State, timer: Timer, effects: &mut Vec<Effect>) {
    let nameless = matches!(&state.host, Host::Linked(link) if link.host_chain.is_none());
    let sound = state.status().map(|status| status.problem.is_none());
    state.greeted_again = false;
    state.page_taken = false;
    if nameless && sound == Some(true) {
        return greet_again(state, effects);
    }
    ask(state, Asked::Ping, Request::Ping, effects);
    effects.push(Effect::After(timer, PING_MS));
    if sound.is_none() {
        ask_status(state, effects);
    }
}
