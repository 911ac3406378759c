//! What is said about a problem with Tor besides the sentence of its code.

use meter_tor::{ProgramFault, TorProblem, Transport};
use meter_wire::ErrorCode;

/// Whether the sentence of its code leaves nothing to say.
pub(super) const fn says_everything(error: &TorProblem) -> bool {
    matches!(
        error,
        TorProblem::Missing
            | TorProblem::NotRunning
            | TorProblem::NotTor
            | TorProblem::ShadowsocksUnreachable
            | TorProblem::ShadowsocksSilent
    )
}

/// A program that is not there may have to be installed; any other does not start.
pub(super) const fn of_program(why: ProgramFault) -> ErrorCode {
    match why {
        ProgramFault::NotThere => ErrorCode::TorMissing,
        ProgramFault::NotAFile
        | ProgramFault::NotRunnable
        | ProgramFault::NoInterpreter
        | ProgramFault::NotAProgram => ErrorCode::TorStartFailed,
    }
}

/// What to do, where people see no button for it.
pub(super) const fn remedy(error: &TorProblem) -> &'static str {
    match error {
        TorProblem::StateDamaged { .. } => START_ANEW,
        TorProblem::ProgramUnusable { .. } => OTHER_PROGRAM,
        _ => "",
    }
}

const OTHER_PROGRAM: &str = "; correct tor.program, or run `onionmeter config unset tor.program`";

/// The way out of a damaged state, for people who see no button for it.
const START_ANEW: &str =
    "; `onionmeter tor anew` moves the state aside, and Tor then chooses new guards";

/// The program that most people use for a transport.
pub(super) fn usual_program(transport: Transport) -> &'static str {
    transport.programs().first().unwrap_or(&"")
}

/// The end of the log, one entry per line.
pub(super) fn last_lines(log: &[String]) -> Option<String> {
    let log = up_to_error(log).unwrap_or(log);
    let from = log.len().saturating_sub(LOG_LINES);
    let lines: Vec<_> = log.iter().skip(from).map(|line| words_of(line)).collect();
    (!lines.is_empty()).then(|| format!("\n{}", lines.join("\n")))
}

/// Tor's warning before its error (which usually says only "see warnings above"), or else its last
/// line; without date and level (`Nov 22 17:57:24.000 [warn] …`).
pub(super) fn last_words(log: &[String]) -> Option<&str> {
    let of_level = |level: &'static str| move |line: &&String| line.contains(level);
    let reason = up_to_error(log).and_then(|lines| {
        let warning = lines.iter().rev().find(of_level(" [warn] "));
        warning.or_else(|| lines.last())
    });
    let line = reason.or_else(|| log.last())?;
    Some(words_of(line))
}

/// The lines up to the last error, including it; `None` if there was none.
fn up_to_error(log: &[String]) -> Option<&[String]> {
    let error = log.iter().rposition(|line| line.contains(" [err] "))?;
    log.get(..=error)
}

fn words_of(line: &str) -> &str {
    line.split_once("] ").map_or(line, |(_, words)| words)
}

/// As many lines as a popup has room for.
const LOG_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_reason_of_an_error_if_there_is_one_and_have_no_date() {
        let log = |lines: &[&str]| {
            lines
                .iter()
                .map(|line| (*line).to_owned())
                .collect::<Vec<_>>()
        };
        let notice = "Nov 22 17:57:24.000 [notice] Opened a listener";
        let warning = "Nov 22 17:57:24.000 [warn] Could not bind";
        let error = "Nov 22 17:57:24.000 [err] See warnings above";
        assert_eq!(
            last_words(&log(&[warning, notice])),
            Some("Opened a listener")
        );
        assert_eq!(
            last_words(&log(&[notice, error])),
            Some("See warnings above")
        );
        assert_eq!(
            last_words(&log(&[warning, error, notice])),
            Some("Could not bind")
        );
        let lines = last_lines(&log(&["first", notice, warning, error, "last"]));
        let expected = "\nOpened a listener\nCould not bind\nSee warnings above";
        assert_eq!(lines.as_deref(), Some(expected));
        assert_eq!(last_lines(&[]), None);
        assert_eq!(last_words(&log(&["Aborted"])), Some("Aborted"));
        assert_eq!(last_words(&[]), None);
    }
}
