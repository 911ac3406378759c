//! `thresholds`: when sessions close.

use super::{
    ask::{self, Patience},
    control::if_running,
    exit,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    tor::in_use,
};
use crate::{
    EXIT_USAGE,
    config::{
        Config,
        quantity::{bytes, milliseconds, show_bytes, show_ms},
    },
    home::Home,
    problems,
};
use clap::Args;
use meter_core::{ThresholdError, Thresholds};
use meter_wire::{Request, SetThresholds, U64Text};

const HELP: &str = "\
Examples:
  onionmeter thresholds                                      what is in force
  onionmeter thresholds --min-duration 1min
  onionmeter thresholds --min-bytes 1MB --max-duration 30min
  onionmeter config set session.min_bytes 1MB                keeps it for longer than this daemon

A session closes at --min-bytes and --min-duration together, and at --max-duration in any case.
Limits: bytes from 10kB; durations from 10s to 1h, the smaller one at most the larger one.
Units: ms, s, min, h; B, kB (1,000 bytes), MB, GB.

Exit status: 0 done, 3 the daemon does not run (only when a value is given), 64 a value outside its
limits.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Bytes of both directions that a session needs to close, such as 100kB
    #[arg(long, value_name = "BYTES", value_parser = bytes, allow_hyphen_values = true)]
    min_bytes: Option<u64>,
    /// Time that a session needs to close, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = milliseconds, allow_hyphen_values = true)]
    min_duration: Option<u64>,
    /// Time after which a session closes in any case, such as 10min
    #[arg(long, value_name = "DURATION", value_parser = milliseconds, allow_hyphen_values = true)]
    max_duration: Option<u64>,
    /// The same as --min-duration, in milliseconds
    #[arg(long, hide = true, conflicts_with = "min_duration")]
    min_duration_ms: Option<u64>,
    /// The same as --max-duration, in milliseconds
    #[arg(long, hide = true, conflicts_with = "max_duration")]
    max_duration_ms: Option<u64>,
    #[command(flatten)]
    patience: Patience,
    /// Refused, with the options that it may have been meant for
    #[arg(hide = true, num_args = 0.., value_name = "VALUE")]
    bare: Vec<String>,
}

impl Arguments {
    fn is_question(&self) -> bool {
        let durations = [
            self.min_duration,
            self.min_duration_ms,
            self.max_duration,
            self.max_duration_ms,
        ];
        self.min_bytes.is_none() && durations.iter().all(Option::is_none)
    }

    /// Values that are not given stay unchanged.
    fn over(&self, now: SetThresholds) -> SetThresholds {
        let or = |given: Option<u64>, now: U64Text| given.map_or(now, U64Text);
        SetThresholds {
            min_bytes: or(self.min_bytes, now.min_bytes),
            min_duration_ms: or(
                self.min_duration.or(self.min_duration_ms),
                now.min_duration_ms,
            ),
            max_duration_ms: or(
                self.max_duration.or(self.max_duration_ms),
                now.max_duration_ms,
            ),
        }
    }
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    if !arguments.bare.is_empty() {
        return Err(CommandError::Exit(
            EXIT_USAGE,
            unnamed(&arguments.bare.join(" ")),
        ));
    }
    let running = match arguments.patience.wait(in_use(home)) {
        Err(failure) if arguments.is_question() => return unanswered(failure, home, format),
        asked => asked?.map(|status| status.thresholds),
    };
    match running {
        _ if arguments.is_question() => show(running, home, format),
        Some(now) => set(arguments, arguments.over(now), home, format),
        None => {
            check(arguments.over((&Thresholds::DEFAULT).into()))?;
            Err(ask::not_running(
                ", and thresholds given here end with it; `onionmeter config set session.min_bytes \
                    100kB` keeps them",
            ))
        }
    }
}

/// What to write in place of a value without its option.
fn unnamed(value: &str) -> String {
    if milliseconds(value).is_ok() {
        format!(
            "{value} may be meant as --min-duration \"{value}\" or as --max-duration \"{value}\"; \
             write the one"
        )
    } else if bytes(value).is_ok() {
        format!("for {value} write --min-bytes \"{value}\"")
    } else {
        format!("{value} is no value; see `onionmeter thresholds --help`")
    }
}

fn show(running: Option<SetThresholds>, home: &Home, format: Format) -> Outcome {
    let file = Config::load(&home.config());
    let Some(now) = running else {
        let file = file.map_err(|error| CommandError::Problem(problems::config(&error)))?;
        let kept = SetThresholds::from(&file.thresholds);
        let text = format!(
            "{}\nThe daemon is not running; these are in force when it starts.",
            words(kept)
        );
        return Answer::new("not_running", text)
            .with("thresholds", kept)
            .print(format);
    };
    let kept = file.ok().map(|file| SetThresholds::from(&file.thresholds));
    let note = match kept {
        Some(kept) if kept == now => String::new(),
        Some(kept) => format!(
            "\nFrom the daemon's next start on, by \
            config.toml:\n{}",
            words(kept)
        ),
        None => {
            "\nconfig.toml has a mistake, so the daemon's next start fails: `onionmeter config \
            check`."
                .to_owned()
        }
    };
    let mut answer = Answer::new("in_force", words(now) + &note).with("thresholds", now);
    if let Some(kept) = kept {
        answer = answer.with("next_start", kept);
    }
    answer.print(format)
}

/// What is known without the daemon, and then why it gives no answer.
fn unanswered(failure: CommandError, home: &Home, format: Format) -> Outcome {
    let Ok(file) = Config::load(&home.config()) else {
        return Err(failure);
    };
    let kept = SetThresholds::from(&file.thresholds);
    let text = format!(
        "Which are in force is not known, because the daemon gives no answer.\nFrom its next start \
            on, by config.toml:\n{}",
        words(kept)
    );
    let answer = Answer::new("in_force", text).with("next_start", kept);
    answer.failed(failure).print(format)
}

fn set(arguments: &Arguments, wanted: SetThresholds, home: &Home, format: Format) -> Outcome {
    check(wanted)?;
    let done = if_running(home, &Request::SetThresholds(wanted), arguments.patience)?;
    if !done {
        return Err(CommandError::Exit(
            exit::NOT_RUNNING,
            "the daemon has just ended".to_owned(),
        ));
    }
    let text = format!(
        "{}\nThese are in force until the daemon ends; `onionmeter config set` keeps them for \
            longer.",
        words(wanted)
    );
    Answer::new("in_force", text)
        .with("thresholds", wanted)
        .print(format)
}

/// Checked here, too, so that a number too large for the protocol gets the same message.
fn check(wanted: SetThresholds) -> Result<(), CommandError> {
    let checked = Thresholds::try_from(wanted);
    checked
        .map(drop)
        .map_err(|error| CommandError::Exit(EXIT_USAGE, refused(error)))
}

/// The limit that a value breaks, by the names and in the units of the options.
fn refused(error: ThresholdError) -> String {
    let (shortest, longest) = Thresholds::DURATIONS_MS.into_inner();
    let (shortest, longest) = (show_ms(shortest), show_ms(longest));
    let outside = |option: &str, value: u64| {
        let value = show_ms(value);
        format!("{option} is {value}; it must be from {shortest} to {longest}")
    };
    match error {
        ThresholdError::MinBytes { value } => {
            let least = show_bytes(*Thresholds::BYTES.start());
            format!(
                "--min-bytes is {}; it must be from {least} to 2^63 - 1 bytes",
                show_bytes(value)
            )
        }
        ThresholdError::MinDuration { value } => outside("--min-duration", value),
        ThresholdError::MaxDuration { value } => outside("--max-duration", value),
        ThresholdError::MinAboveMax { min, max } => format!(
            "--min-duration is {}, longer than --max-duration, which is {}",
            show_ms(min),
            show_ms(max)
        ),
    }
}

fn words(thresholds: SetThresholds) -> String {
    format!(
        "A session closes at {} and {} together, and at {} in any case.",
        show_bytes(thresholds.min_bytes.0),
        show_ms(thresholds.min_duration_ms.0),
        show_ms(thresholds.max_duration_ms.0)
    )
}
