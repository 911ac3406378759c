//! Waits for relay and Tor, and shows the progress that Tor reports.

use super::{ask, ask::Patience, outcome::CommandError, output::Format, print, status};
use crate::{EXIT_UNAVAILABLE, home::Home, ipc::Connection};
use meter_core::Backend;
use meter_wire::{ErrorCode, Problem, RelayStatus, Request, Status, TorState, TorStatus};
use std::{cell::RefCell, time::Duration};

/// How long `--wait` waits without `--timeout`. On a slow network Tor takes a minute or two.
pub(super) const READY_MAX: Duration = Duration::from_secs(180);

/// Pause between two looks for a daemon that is started.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a command waits before it says what it waits for.
pub(super) const QUIET_MAX: Duration = Duration::from_millis(1_500);

/// The state to wait for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Goal {
    /// A usable Tor.
    Tor,
    /// A usable Tor and an open relay.
    Everything,
}

/// What to do in a state.
#[derive(Debug, Eq, PartialEq)]
enum Step {
    Wait(String),
    Reached,
    Failed(Box<Problem>),
}

/// Sends `requests` in order, starts the daemon if needed, and waits for the goal.
pub(super) fn until(
    goal: Goal,
    requests: Vec<Request>,
    patience: Patience,
    home: &Home,
    format: Format,
) -> Result<Status, CommandError> {
    let progress = Progress::new(format);
    patience.wait_or(|| progress.at_the_end(), async {
        let mut asking = Connection::attach_or_start(home).await?;
        let mut watching = Connection::attach_for_notices(home)
            .await?
            .ok_or_else(|| Problem::new(ErrorCode::DaemonUnreachable))?;
        if !ask_all(goal, requests, &mut asking, &mut watching, &progress).await? {
            return Ok(Err(closed()));
        }
        // Asked now, so that a state from before the start is not taken for its result.
        let mut status = ask::status(&mut asking).await?;
        loop {
            if goal == Goal::Everything && is_closed_again(&status) {
                return Ok(Err(closed()));
            }
            match step(goal, &status) {
                Step::Reached => return Ok(Ok(status)),
                Step::Failed(problem) => return Ok(Err(failure(*problem))),
                Step::Wait(words) => progress.tell(words),
            }
            status = watching.next_status_unless_silent().await?;
        }
    })?
}

fn failure(problem: Problem) -> CommandError {
    match problem.code.tor_action() {
        // The sentence of these codes does not say what to do.
        Some(action) => {
            let text = status::sentence(&problem) + " " + action;
            CommandError::Exit(EXIT_UNAVAILABLE, text)
        }
        None => CommandError::Problem(problem),
    }
}

/// Whether a relay that was opened is closed: nothing opens it again by itself.
fn is_closed_again(status: &Status) -> bool {
    status.relay == RelayStatus::Stopped && status.problem_of_book().is_none()
}

fn closed() -> CommandError {
    let text = "another command closed the relay meanwhile; run `onionmeter up` to open it again";
    CommandError::Exit(EXIT_UNAVAILABLE, text.to_owned())
}

/// Sends one request about Tor. If its answer takes long, tells what Tor does meanwhile.
pub(super) fn answer<T>(
    home: &Home,
    patience: Patience,
    format: Format,
    asking: impl Future<Output = Result<T, Problem>>,
) -> Result<T, CommandError> {
    let progress = Progress::new(format);
    patience.wait_or(
        || progress.at_the_end(),
        aloud(asking, async {
            // If the daemon does not answer here either, the request itself finds out why.
            drop(tell_of_tor(home, &progress).await);
        }),
    )
}

/// Waits for `answer`. If that takes long, says once what it waits for.
pub(super) async fn or_say<T>(format: Format, words: &str, answer: impl Future<Output = T>) -> T {
    let progress = Progress::new(format);
    aloud(answer, async { progress.tell(words.to_owned()) }).await
}

/// Says what a command waits for that is no future.
pub(super) fn say(format: Format, words: String) {
    Progress::new(format).tell(words);
}

/// Waits for `answer`, and after a while runs `telling` beside it.
async fn aloud<T>(answer: impl Future<Output = T>, telling: impl Future<Output = ()>) -> T {
    let mut answer = std::pin::pin!(answer);
    let telling = async {
        tokio::time::sleep(QUIET_MAX).await;
        telling.await;
    };
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = telling => {}
    }
    answer.await
}

/// Tells every state of Tor in which it is not usable. Ends only with an error.
async fn tell_of_tor(home: &Home, progress: &Progress) -> Result<(), Problem> {
    // The request itself starts the daemon, which may take a while.
    let mut watching = loop {
        match Connection::attach_for_notices(home).await? {
            Some(watching) => break watching,
            None => tokio::time::sleep(AGAIN).await,
        }
    };
    let mut status = ask::status(&mut watching).await?;
    loop {
        if let Step::Wait(words) = step(Goal::Tor, &status) {
            progress.tell(words);
        }
        status = watching.next_status().await?;
    }
}

/// Sends the requests one after the other. Meanwhile the other connection shows the progress.
/// Returns `false` if another command closes the relay after the first of them opened it.
async fn ask_all(
    goal: Goal,
    requests: Vec<Request>,
    asking: &mut Connection,
    watching: &mut Connection,
    progress: &Progress,
) -> Result<bool, Problem> {
    for (request, number) in requests.into_iter().zip(0_usize..) {
        let is_opened = goal == Goal::Everything && number > 0;
        let mut answer = std::pin::pin!(asking.ask(request));
        loop {
            tokio::select! {
                // Notices that came before the answer are read first, so that no state from before
                // the start is read after it.
                biased;
                status = watching.next_status() => {
                    let mut status = status?;
                    // It may be from before the relay was opened.
                    if is_opened && is_closed_again(&status) {
                        status = ask::status(watching).await?;
                        if is_closed_again(&status) {
                            return Ok(false);
                        }
                    }
                    if let Step::Wait(words) = step(goal, &status) {
                        progress.tell(words);
                    }
                }
                answer = &mut answer => break answer.map(drop)?,
            }
        }
    }
    Ok(true)
}

fn step(goal: Goal, status: &Status) -> Step {
    let failed = |problem: &Problem| Step::Failed(Box::new(problem.clone()));
    if goal == Goal::Everything {
        if let Some(problem) = status.problem_of_book() {
            return failed(problem);
        }
        match &status.relay {
            RelayStatus::Failed(problem) => return failed(problem),
            RelayStatus::Stopped => return Step::Wait("the relay is opening".to_owned()),
            RelayStatus::Listening { .. } => {}
        }
    }
    let trouble = status
        .tor
        .trouble
        .as_ref()
        .filter(|trouble| trouble.hinders());
    let trouble = trouble.map(|trouble| {
        format!(
            "; {} {}",
            status::sentence(&trouble.problem),
            trouble.action
        )
    });
    let trouble = trouble.unwrap_or_default();
    let words = match &status.tor.state {
        TorState::Ready if status.tor.is_usable() => return Step::Reached,
        TorState::Failed(problem) => return failed(problem),
        TorState::Ready => "Tor was connected and does not answer".to_owned(),
        TorState::Bootstrapping {
            percent, summary, ..
        } => format!("{percent:>3} %  {summary}"),
        TorState::Restarting {
            problem, attempt, ..
        } => {
            format!(
                "Tor is started again (attempt {attempt}): {}",
                problem.message
            )
        }
        TorState::Off => "Tor is starting".to_owned(),
        TorState::Starting => format!("Tor is starting; waiting for {}", awaited(&status.tor)),
        TorState::Stopping => "the Tor from before is stopping".to_owned(),
    };
    Step::Wait(words + &trouble)
}

/// What a Tor that is starting has not done yet.
fn awaited(tor: &TorStatus) -> &'static str {
    let backend = tor.backend.or(tor.chosen);
    match backend.and_then(meter_wire::WireBackend::known) {
        Some(Backend::Existing) => "the Tor that runs to answer",
        Some(Backend::Managed) => "the program `tor` to answer",
        Some(Backend::Embedded) => "the built-in Tor to answer",
        None => "a Tor to answer",
    }
}

/// The progress so far, on stderr, because stdout has the result.
struct Progress {
    format: Format,
    last: RefCell<String>,
}

impl Progress {
    fn new(format: Format) -> Self {
        Self {
            format,
            last: RefCell::default(),
        }
    }

    fn tell(&self, words: String) {
        let mut last = self.last.borrow_mut();
        if *last == words {
            return;
        }
        if self.format == Format::Text {
            let written = print::line(&mut std::io::stderr().lock(), &words);
            crate::ignore_because("nobody reads it", written);
        }
        *last = words;
    }

    fn at_the_end(&self) -> String {
        let last = self.last.borrow();
        let last = last.trim();
        if last.is_empty() {
            String::new()
        } else {
            format!(" Last heard: {}.", last.trim_end_matches('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::TorTrouble;

    fn status(json: &str) -> Status {
        let json = json.replace('\'', "\"");
        serde_json::from_str(&format!(
            "{{{json}, \"session\": null, \"balance\": \"0\", \"reports\": \"0\", \"thresholds\": \
                {{\
             \"min_bytes\": \"100000\", \"min_duration_ms\": \"30000\", \"max_duration_ms\": \
             \"600000\"}}}}"
        ))
        .expect("a status")
    }

    fn with_tor(state: &str) -> Status {
        status(&format!(
            "'relay': {{'listening': {{'port': 9149}}}}, 'tor': {{'backend': null, 'version': \
                null, \
             'state': {state}}}, 'problem': null"
        ))
    }

    #[test]
    fn a_wait_ends_at_a_usable_tor_and_at_nothing_less() {
        assert_eq!(step(Goal::Everything, &with_tor("'ready'")), Step::Reached);
        let mut silent = with_tor("'ready'");
        silent.tor.trouble = Some(TorTrouble::new(ErrorCode::TorSilent, 0));
        let Step::Wait(words) = step(Goal::Everything, &silent) else {
            panic!("not usable");
        };
        assert!(words.contains("does not answer"), "{words}");
        for state in ["'off'", "'starting'", "'stopping'"] {
            assert!(
                matches!(step(Goal::Tor, &with_tor(state)), Step::Wait(_)),
                "{state}"
            );
        }
    }

    #[test]
    fn progress_has_percent_words_and_what_is_wrong() {
        let mut tor = with_tor(
            "{'bootstrapping': {'percent': 5, 'tag': 'conn', 'summary': 'Connecting', 'warning': \
                null}}",
        );
        assert_eq!(
            step(Goal::Tor, &tor),
            Step::Wait("  5 %  Connecting".to_owned())
        );
        tor.tor.trouble = Some(TorTrouble::new(ErrorCode::TorOffline, 0));
        let Step::Wait(words) = step(Goal::Tor, &tor) else {
            panic!("it may come");
        };
        assert!(words.contains("no network connection"), "{words}");
    }

    #[test]
    fn what_will_not_come_by_itself_ends_the_wait() {
        let missing = "{'failed': {'code': 'tor_missing', 'message': 'Tor is not installed.'}}";
        assert!(matches!(
            step(Goal::Tor, &with_tor(missing)),
            Step::Failed(_)
        ));
        let mut taken = with_tor("'ready'");
        taken.relay = RelayStatus::Failed(Problem::new(ErrorCode::PortTaken));
        assert!(matches!(step(Goal::Everything, &taken), Step::Failed(_)));
        assert_eq!(
            step(Goal::Tor, &taken),
            Step::Reached,
            "only Tor was asked for"
        );
        taken.problem = Some(Problem::new(ErrorCode::KeyMissing));
        let Step::Failed(problem) = step(Goal::Everything, &taken) else {
            panic!("nothing is counted");
        };
        assert_eq!(problem.code, ErrorCode::KeyMissing);
    }
}
