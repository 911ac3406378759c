//! What the HTTP server of `onionmeter serve` needs of this host: it is a client of the daemon, on
//! the daemon's socket, as every command is. So the daemon itself is the same with it and without.

mod token_file;

pub(crate) use token_file::{TokenFileError, load_or_make, look};

use crate::{
    home::Home,
    ipc::{Connection, Patience, until_silent},
    problems,
    system::clock::Clock,
};
use meter_core::UnixMs;
use meter_face::{Answered, Asking, Daemon};
use meter_wire::{ErrorCode, Notice, Problem, Request, Success};
use std::time::Duration;
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};

/// Pause between two looks for a daemon.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Notices that a slow reader may leave unread. Only the newest status matters.
const NOTICES_MAX: usize = 16;

/// Requests that wait to be taken. The server has a bound of its own, which is lower.
const ASKED_MAX: usize = 16;

/// One request and the place for its answer.
type Asked = (Request, oneshot::Sender<Result<Answered, Problem>>);

/// The daemon, as the server asks it.
pub(crate) struct SocketDaemon {
    asked: mpsc::Sender<Asked>,
    notices: broadcast::Sender<Notice>,
}

/// What answers a [`SocketDaemon`], on the daemon's socket. It stays on one thread.
pub(crate) struct SocketTask {
    home: Home,
    asked: mpsc::Receiver<Asked>,
    notices: broadcast::Sender<Notice>,
}

/// The daemon for the server, and the task that asks it.
pub(crate) fn daemon(home: &Home) -> (SocketDaemon, SocketTask) {
    let (sender, asked) = mpsc::channel(ASKED_MAX);
    let notices = broadcast::Sender::new(NOTICES_MAX);
    let task = SocketTask {
        home: home.clone(),
        asked,
        notices: notices.clone(),
    };
    let daemon = SocketDaemon {
        asked: sender,
        notices,
    };
    (daemon, task)
}

impl SocketTask {
    /// Answers requests and passes notices on, for ever. Must run in a `LocalSet`.
    pub(crate) async fn run(mut self) {
        let follow = follow(self.home.clone(), self.notices);
        tokio::pin!(follow);
        let mut asking = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut follow => return,
                Some((request, answer)) = self.asked.recv() => {
                    let home = self.home.clone();
                    asking.spawn_local(async move {
                        let answered = exchange(&home, request).await;
                        let sent = answer.send(answered).map_err(drop);
                        crate::ignore_because("the client has left", sent);
                    });
                }
                Some(_) = asking.join_next() => {}
            }
        }
    }
}

/// Passes notices on, for ever: those of the daemon that runs, then those of the next one. Starts
/// none itself, so that `onionmeter stop` holds until a person starts something.
async fn follow(home: Home, notices: broadcast::Sender<Notice>) {
    let tell = |notice| crate::ignore_because("nobody listens now", notices.send(notice));
    let mut sent = None;
    loop {
        let problem = match Connection::attach_for_notices(&home).await {
            Ok(Some(mut daemon)) => {
                sent = None;
                if let Ok(answered) = exchange(&home, Request::Status).await
                    && let Success::Status(status) = answered.success
                {
                    tell(Notice::Status(status));
                }
                pass_on(&home, &mut daemon, tell).await
            }
            Ok(None) => not_running(),
            Err(problem) => problem,
        };
        if sent.as_ref() != Some(&problem) {
            tell(Notice::Problem(problem.clone()));
            sent = Some(problem);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Passes on the notices of one daemon. Returns why there are no more of them: a daemon that hangs
/// keeps its connections open.
async fn pass_on(home: &Home, daemon: &mut Connection, tell: impl Fn(Notice)) -> Problem {
    let mut silent = std::pin::pin!(until_silent(home, Patience::Command));
    loop {
        tokio::select! {
            notice = daemon.next_notice() => match notice {
                Ok(notice) => tell(notice),
                Err(_) => return not_running(),
            },
            problem = &mut silent => return match problem.code {
                ErrorCode::DaemonUnreachable => not_running(),
                _ => problem,
            },
        }
    }
}

/// A connection of its own for each request, so that a slow one delays no other.
async fn exchange(home: &Home, request: Request) -> Result<Answered, Problem> {
    match request {
        // A person who starts something starts the daemon, too.
        Request::TorStart | Request::MonitorStart => {
            Connection::start_and_ask(home, &request).await?;
            Ok(Answered {
                success: Success::Done,
                key: None,
            })
        }
        // An open page starts the daemon, as an open browser with the extension does.
        Request::Hello(_) => {
            let daemon = Connection::attach_or_start(home).await?;
            Ok(Answered {
                success: Success::Hello(daemon.hello().clone()),
                key: daemon.hello().key,
            })
        }
        _ => {
            let answered = Connection::attach_and_ask(home, &request).await?;
            let (daemon, success) = answered.ok_or_else(not_running)?;
            Ok(Answered {
                success,
                key: daemon.hello().key,
            })
        }
    }
}

impl Daemon for SocketDaemon {
    fn ask(&self, request: Request) -> Asking<'_> {
        Box::pin(async move {
            let (sender, answer) = oneshot::channel();
            let sent = self.asked.send((request, sender)).await;
            sent.map_err(|_| problems::shutting_down())?;
            answer.await.map_err(|_| problems::shutting_down())?
        })
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn now(&self) -> UnixMs {
        Clock::wall()
    }
}

fn not_running() -> Problem {
    Problem {
        code: ErrorCode::DaemonUnreachable,
        message: "The Onionmeter daemon does not run.".to_owned(),
        detail: Some("Start Tor or monitoring, and it is started with it.".to_owned()),
        cause: None,
    }
}
