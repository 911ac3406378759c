//! Follows a Tor over its control port, from any state until it is usable, and afterwards.
//!
//! [`Progress`] is the pure part: it takes events and returns states. [`follow`] reads the events
//! and publishes the states.

use meter_embedded::ConnectError;
use tokio::time::Instant;

use crate::{
    Bootstrap, ControlRefusal, TorState, TorWarning,
    circuit::{Circuit, Question},
    control::{Command, Control, ControlError, Event, Phase, bootstrap_phase, circuit_of},
    publisher::Publisher,
};

/// The reason in the text of a warning, if it names one. If the network's certificate seems
/// expired, this computer's clock is ahead.
pub(crate) fn connect_error_in(warning: &str) -> Option<ConnectError> {
    let warning = warning.to_ascii_lowercase();
    let words = [
        "clock",
        "certificate expired",
        "certificate has expired",
        "not yet valid",
    ];
    words
        .iter()
        .any(|words| warning.contains(words))
        .then_some(ConnectError::Clock)
}

/// Whether a warning is about a program that carries connections to bridges: without it Tor never
/// begins to connect, and says nothing else.
fn is_of_transport(warning: &str) -> bool {
    ["anaged proxy", "configured transport"]
        .iter()
        .any(|words| warning.contains(words))
}

/// The owner of the Tor that is followed. Only a Tor of ours gets commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    Ours,
    Theirs,
}

/// Progress of a Tor, as its events report it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bootstrap: Bootstrap,
    is_usable: bool,
}

impl Progress {
    pub(crate) fn new(now: Instant) -> Self {
        let bootstrap = Bootstrap {
            percent: 0,
            tag: "starting".into(),
            summary: "Starting".into(),
            warning: None,
            connect_error: None,
            since: now,
        };
        Self {
            bootstrap,
            is_usable: false,
        }
    }

    /// Takes one event. Returns a warning if the event is one that belongs to the whole status.
    pub(crate) fn take(&mut self, event: Event, now: Instant) -> Option<TorWarning> {
        match event {
            Event::Bootstrap(phase) => self.enter(phase, now),
            Event::CircuitEstablished => self.is_usable = true,
            Event::CircuitNotEstablished => self.lose_circuits(now),
            Event::Warning(text) => self.hear(text),
            Event::ClockSkew(seconds) => return Some(TorWarning::ClockSkew { seconds }),
            Event::VersionObsolete => return Some(TorWarning::VersionTooOld),
            Event::Other => {}
        }
        None
    }

    pub(crate) fn state(&self) -> TorState {
        if self.is_usable {
            TorState::Ready
        } else {
            TorState::Bootstrapping(self.bootstrap.clone())
        }
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.is_usable = phase.percent == 100;
        let known = &mut self.bootstrap;
        if phase.percent != known.percent || phase.tag != known.tag {
            *known = Bootstrap {
                percent: phase.percent,
                tag: phase.tag,
                summary: phase.summary,
                warning: phase.warning,
                connect_error: phase.connect_error,
                since: now,
            };
        } else if known.connect_error != Some(ConnectError::Clock) {
            known.warning = phase.warning.or_else(|| known.warning.take());
            known.connect_error = phase.connect_error.or(known.connect_error);
        }
    }

    fn hear(&mut self, warning: String) {
        let known = &mut self.bootstrap;
        match connect_error_in(&warning) {
            Some(error) => known.connect_error = Some(error),
            // Warnings that follow a wrong clock explain nothing more.
            None if known.connect_error == Some(ConnectError::Clock) => return,
            // Before Tor begins to connect, its other warnings are only about its options.
            None if known.percent == 0 && !is_of_transport(&warning) => return,
            None => {}
        }
        known.warning = Some(warning);
    }

    /// Tor reports this for instance after a jump of the clock: it has the directory and builds
    /// circuits anew. It names no phase, so this uses the phase that a start has at that point.
    fn lose_circuits(&mut self, now: Instant) {
        let (tag, summary) = ("circuit_create".into(), "Establishing a Tor circuit".into());
        self.enter(
            Phase {
                percent: 95,
                tag,
                summary,
                warning: None,
                connect_error: None,
            },
            now,
        );
    }
}

/// Subscribes first and then asks, so that no change is missed. Publishes until the connection
/// ends.
///
/// # Cancel safety
/// Once subscribed, the connection can still be used after this future is dropped.
pub(crate) async fn follow(
    control: &mut Control,
    publisher: &Publisher,
    whose: Whose,
) -> ControlError {
    let mut progress = Progress::new(Instant::now());
    match read_phase(control, publisher, &mut progress).await {
        Ok(()) => {}
        Err(error) => return error,
    }
    let mut identity = publisher.identity();
    let mut questions = publisher.questions();
    loop {
        publisher.progress(progress.state());
        let event = tokio::select! {
            event = control.next_event() => event,
            Ok(()) = identity.changed(), if whose == Whose::Ours => {
                match control.demand(Command::NewIdentity).await {
                    Ok(_) => continue,
                    Err(error) => return error,
                }
            }
            Some(question) = questions.recv() => match answer(control, question).await {
                Ok(()) => continue,
                Err(error) => return error,
            },
        };
        match event {
            Ok(event) => note(publisher, &mut progress, event),
            Err(error) => return error,
        }
    }
}

async fn answer(control: &mut Control, question: Question) -> Result<(), ControlError> {
    let circuit = circuit_of(control, &question.site).await;
    question.answer(circuit.clone().unwrap_or(Circuit::Untold));
    circuit.map(drop)
}

async fn read_phase(
    control: &mut Control,
    publisher: &Publisher,
    progress: &mut Progress,
) -> Result<(), ControlError> {
    let reply = control.demand(Command::GetBootstrapPhase).await?;
    // Events that came before the answer are older than the answer.
    while let Some(event) = control.heard_event() {
        note(publisher, progress, event);
    }
    let phase = bootstrap_phase(&reply).ok_or(ControlError::Refused(ControlRefusal::Malformed))?;
    note(publisher, progress, Event::Bootstrap(phase));
    Ok(())
}

fn note(publisher: &Publisher, progress: &mut Progress, event: Event) {
    if let Some(warning) = progress.take(event, Instant::now()) {
        publisher.warn(warning);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn phase(percent: u8, tag: &str, warning: Option<&str>) -> Event {
        let warning = warning.map(str::to_owned);
        Event::Bootstrap(Phase {
            percent,
            tag: tag.into(),
            summary: tag.into(),
            warning,
            connect_error: None,
        })
    }

    /// Runs events one second apart. States are written as `percent tag since [warning]`.
    #[track_caller]
    fn check(events: Vec<Event>, expected: &[&str]) {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        let mut now = start;
        let mut seen = Vec::new();
        for event in events {
            now += Duration::from_secs(1);
            progress.take(event, now);
            seen.push(match progress.state() {
                TorState::Ready => "ready".to_owned(),
                TorState::Bootstrapping(b) => {
                    let since = (b.since - start).as_secs();
                    let warning = b.warning.map_or(String::new(), |w| format!(" [{w}]"));
                    format!("{} {} {since}{warning}", b.percent, b.tag)
                }
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_phase_keeps_its_beginning_until_the_next_one() {
        check(
            vec![
                phase(5, "conn", None),
                phase(5, "conn", Some("refused")),
                phase(5, "conn", None),
                phase(61, "brand_new", None),
                phase(100, "done", None),
            ],
            &[
                "5 conn 1",
                "5 conn 1 [refused]",
                "5 conn 1 [refused]",
                "61 brand_new 4",
                "ready",
            ],
        );
    }

    #[test]
    fn a_wrong_clock_outlives_what_follows_from_it_in_its_phase() {
        let expired = "Received a bad CERTS cell: At least one certificate expired.";
        check(
            vec![
                phase(14, "handshake", None),
                Event::Warning(expired.into()),
                phase(14, "handshake", Some("connection closed")),
                Event::Warning("Problem bootstrapping".into()),
                phase(40, "loading_keys", None),
            ],
            &[
                "14 handshake 1",
                &format!("14 handshake 1 [{expired}]"),
                &format!("14 handshake 1 [{expired}]"),
                &format!("14 handshake 1 [{expired}]"),
                "40 loading_keys 5",
            ],
        );
    }

    #[test]
    fn of_what_is_said_before_tor_connects_only_a_failed_transport_is_kept() {
        let failed = "Managed proxy '/usr/bin/obfs4proxy' process terminated with status code 0";
        let missing = "Can't use bridge: there is no configured transport called \"obfs4\".";
        check(
            vec![
                Event::Warning("Tor was compiled without support for that option.".into()),
                Event::Warning(failed.into()),
                Event::Warning(missing.into()),
            ],
            &[
                "0 starting 0",
                &format!("0 starting 0 [{failed}]"),
                &format!("0 starting 0 [{missing}]"),
            ],
        );
    }

    #[test]
    fn circuits_make_it_usable_and_their_loss_unusable() {
        check(
            vec![
                phase(95, "circuit_create", None),
                Event::CircuitEstablished,
                phase(100, "done", None),
                Event::CircuitNotEstablished,
                Event::Warning("clock jumped".into()),
                Event::CircuitEstablished,
                phase(40, "loading", None),
            ],
            &[
                "95 circuit_create 1",
                "ready",
                "ready",
                "95 circuit_create 4",
                "95 circuit_create 4 [clock jumped]",
                "ready",
                "40 loading 7",
            ],
        );
    }

    #[test]
    fn skew_and_age_are_warnings_of_the_whole() {
        let mut progress = Progress::new(Instant::now());
        let now = Instant::now();
        let skew = progress.take(Event::ClockSkew(7_200), now);
        assert_eq!(skew, Some(TorWarning::ClockSkew { seconds: 7_200 }));
        let obsolete = progress.take(Event::VersionObsolete, now);
        assert_eq!(obsolete, Some(TorWarning::VersionTooOld));
        assert_eq!(progress.take(Event::Other, now), None);
    }
}
