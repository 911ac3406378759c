//! `status --watch`: prints again at each change, until Ctrl-C or until the reader has closed.

use super::{picture, words};
use crate::{
    cli::{
        ask,
        ask::Patience,
        outcome::{CommandError, Outcome},
        output::{Format, is_terminal},
        when,
    },
    home::Home,
    ipc::Connection,
    system::{clock::Clock, streams::has_reader},
};
use meter_wire::{Problem, Status};
use std::{
    io::{self, Write as _, stdout},
    process::ExitCode,
    time::Duration,
};
use tokio::time::sleep;

/// Pause between two looks for a daemon, and for a reader that has closed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The form in which each state is shown.
#[derive(Clone, Copy)]
enum Way {
    /// A terminal, redrawn each time.
    Screen,
    /// One line for each state.
    Line,
    /// One object on one line for each state.
    Object,
}

struct Watch<'a> {
    home: &'a Home,
    way: Way,
    /// The last output, without its time.
    shown: Option<String>,
}

/// The reason why the watch ends.
enum End {
    NoReader,
    Output(io::Error),
    Problem(Problem),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

pub(super) fn run(patience: Patience, home: &Home, format: Format) -> Outcome {
    let way = match format {
        Format::Json => Way::Object,
        Format::Text if is_terminal() => Way::Screen,
        Format::Text => Way::Line,
    };
    let mut watch = Watch {
        home,
        way,
        shown: None,
    };
    let end = patience.wait(async { Ok(watch.run().await) })?;
    match end {
        End::NoReader => Ok(ExitCode::SUCCESS),
        End::Output(error) => Err(CommandError::Output(error)),
        End::Problem(problem) => Err(problem.into()),
    }
}

impl Watch<'_> {
    async fn run(&mut self) -> End {
        loop {
            let attached = match Connection::attach_for_notices(self.home).await {
                Ok(attached) => attached,
                Err(problem) => return End::Problem(problem),
            };
            let outcome = match attached {
                Some(daemon) => self.follow(daemon).await,
                None => self.show(None),
            };
            if let Err(end) = outcome {
                return end;
            }
            sleep(LOOK_EVERY).await;
            if !has_reader() {
                return End::NoReader;
            }
        }
    }

    /// Shows states until the daemon ends.
    async fn follow(&mut self, mut daemon: Connection) -> Result<(), End> {
        if let Ok(status) = ask::status(&mut daemon).await {
            self.show(Some(&status))?;
        }
        loop {
            tokio::select! {
                status = daemon.next_status() => match status {
                    Ok(status) => self.show(Some(&status))?,
                    // The daemon has ended; the caller looks for the next one.
                    Err(_) => return Ok(()),
                },
                () = sleep(LOOK_EVERY) => if !has_reader() {
                    return Err(End::NoReader);
                },
            }
        }
    }

    fn show(&mut self, status: Option<&Status>) -> Result<(), End> {
        let line = status.map_or_else(
            || "not_running: the daemon is not running".to_owned(),
            words::line,
        );
        let text = match (self.way, status) {
            (Way::Screen, Some(status)) => words::describe(status, self.home),
            (Way::Screen | Way::Line, _) => line.clone(),
            (Way::Object, _) => status.map_or(line, |status| format!("{status:?}")),
        };
        if self.shown.as_ref() == Some(&text) {
            return Ok(());
        }
        let now = when::clock(Clock::wall(), &when::zone());
        match self.way {
            Way::Object => picture::answer(status, self.home, "").print_line()?,
            Way::Line => {
                let mut out = stdout().lock();
                writeln!(out, "{now}  {text}")?;
                out.flush()?;
            }
            Way::Screen => {
                let mut out = stdout().lock();
                // Moves to the upper left corner and clears the screen below.
                write!(
                    out,
                    "\x1b[H\x1b[J{}\n\nat {now}; Ctrl-C ends\n",
                    text.trim_end()
                )?;
                out.flush()?;
            }
        }
        self.shown = Some(text);
        Ok(())
    }
}
