//! `status --watch`: prints again at each change, until Ctrl-C or until the reader has closed.

use super::{picture, words};
use crate::{
    cli::{
        ask,
        ask::Patience,
        outcome::{CommandError, Outcome},
        output::{Answer, Format, is_screen},
        print, when,
    },
    home::Home,
    ipc::Connection,
    system::{clock::Clock, streams::has_reader},
};
use meter_wire::{ErrorCode, Problem, Status};
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

/// What a look at the daemon found.
enum Seen<'a> {
    NotRunning,
    /// It runs and does not answer.
    Silent(&'a Problem),
    Status(&'a Status),
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
        Format::Text if is_screen() => Way::Screen,
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
            let outcome = match Connection::attach_for_notices(self.home).await {
                Ok(Some(daemon)) => self.follow(daemon).await,
                Ok(None) => self.show(&Seen::NotRunning),
                Err(problem) => self.tell(problem),
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

    /// Shows states until the daemon ends or no longer answers.
    async fn follow(&mut self, mut daemon: Connection) -> Result<(), End> {
        let mut status = ask::status(&mut daemon).await;
        loop {
            match status {
                Ok(status) => self.show(&Seen::Status(&status))?,
                // The daemon has ended; the caller looks for the next one.
                Err(problem) if problem.code == ErrorCode::DaemonUnreachable => return Ok(()),
                Err(problem) => return self.tell(problem),
            }
            status = tokio::select! {
                status = daemon.next_status_unless_silent() => status,
                () = reader_closes() => return Err(End::NoReader),
            };
        }
    }

    /// Shows that the daemon does not answer any more; it may answer again. Every other problem
    /// ends the watch, as it ends other commands, and so does a daemon that never answered.
    fn tell(&mut self, problem: Problem) -> Result<(), End> {
        match problem.code {
            ErrorCode::DaemonSilent if self.shown.is_some() => self.show(&Seen::Silent(&problem)),
            _ => Err(End::Problem(problem)),
        }
    }

    fn show(&mut self, seen: &Seen<'_>) -> Result<(), End> {
        let text = self.text(seen);
        let text = print::harmless(&text).into_owned();
        if self.shown.as_ref() == Some(&text) {
            return Ok(());
        }
        let now = when::clock(Clock::wall(), &when::zone());
        match self.way {
            Way::Object => self.object(seen).print_line()?,
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

    fn text(&self, seen: &Seen<'_>) -> String {
        match (self.way, seen) {
            (_, Seen::NotRunning) => "not_running: the daemon is not running".to_owned(),
            (_, Seen::Silent(problem)) => format!("error: {}", words::sentence(problem)),
            (Way::Screen, Seen::Status(status)) => words::describe(status, self.home),
            (Way::Line, Seen::Status(status)) => words::line(status),
            (Way::Object, Seen::Status(status)) => format!("{status:?}"),
        }
    }

    fn object(&self, seen: &Seen<'_>) -> Answer {
        match seen {
            Seen::NotRunning => picture::answer(None, self.home, ""),
            Seen::Silent(problem) => Answer::of_problem(problem, ""),
            Seen::Status(status) => picture::answer(Some(*status), self.home, ""),
        }
    }
}

/// Waits until the reader of the output has closed it.
async fn reader_closes() {
    while has_reader() {
        sleep(LOOK_EVERY).await;
    }
}
