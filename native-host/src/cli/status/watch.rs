//! `status --watch`: again at each change, until Ctrl-C or until nobody reads it any more.

use super::{picture, words};
use crate::{
    cli::{
        ask,
        ask::Patience,
        outcome::{CommandError, Outcome},
        output::{Format, has_reader, is_terminal},
        when,
    },
    home::Home,
    ipc::Connection,
    system::clock::Clock,
};
use meter_wire::{Problem, Status};
use std::{
    io::{self, Write as _, stdout},
    process::ExitCode,
    time::Duration,
};
use tokio::time::sleep;

/// Between two looks for a daemon, and for a reader that has gone.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How each state is shown.
#[derive(Clone, Copy)]
enum Way {
    /// A screen, drawn anew.
    Screen,
    /// A line for each.
    Line,
    /// An object in a line for each.
    Object,
}

struct Watch<'a> {
    home: &'a Home,
    way: Way,
    /// What was shown last, without its time.
    shown: Option<String>,
}

/// Why the watch is over.
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

    /// Until the daemon ends.
    async fn follow(&mut self, mut daemon: Connection) -> Result<(), End> {
        if let Ok(status) = ask::status(&mut daemon).await {
            self.show(Some(&status))?;
        }
        loop {
            tokio::select! {
                status = daemon.next_status() => match status {
                    Ok(status) => self.show(Some(&status))?,
                    // It ended, and is looked for again.
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
                // To the upper left corner, and what is below away.
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
