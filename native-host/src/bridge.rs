//! The program that a browser starts: passes frames between stdin, stdout and the daemon's socket.
//!
//! Stdout carries only frames: no other module writes to it here, and panics go to the log.

use crate::{
    EXIT_BUG, EXIT_DATA, EXIT_UNAVAILABLE, EXIT_USAGE,
    home::Home,
    ipc::{self, Attached},
    launch, log, problems,
    registration::TRIAL_VARIABLE,
    start::Caller,
    system::{limits, process},
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Notice, Problem, write_message,
};
use std::{
    cell::{Cell, RefCell},
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};
use tokio::{
    io::{Stdin, Stdout},
    sync::watch,
    time,
};
use tokio_util::{
    bytes::{Buf as _, Bytes},
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
};

/// Serves one browser connection until either side ends. Exit codes: 0 when the browser closed its
/// end, 64 for a caller that is not our extension, 65 for a broken or too long frame, 69 when there
/// is no daemon or it has ended.
#[must_use]
pub fn run(caller: &Caller) -> ExitCode {
    limits::survive_large_files();
    // Checked before stdin is read: an unknown caller learns nothing, not even whether a daemon
    // runs.
    if *caller == Caller::Stranger {
        return ExitCode::from(EXIT_USAGE);
    }
    if let Err(problem) = problems::check_threads(THREADS) {
        return ExitCode::from(fail_alone(problem));
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::from(EXIT_BUG);
    };
    let code = runtime.block_on(serve());
    // A read of stdin cannot be cancelled; the thread that waits in it must not delay the end.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// The runtime's threads that wait for stdin and stdout.
const THREADS: usize = 2;

/// Tells the extension a problem without a runtime.
fn fail_alone(problem: Problem) -> u8 {
    let frame = write_message(&FromDaemon::Notice(Notice::Problem(problem)));
    let length = u32::try_from(frame.len()).unwrap_or_default().to_ne_bytes();
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&[&length[..], &frame].concat());
    let flushed = written.and_then(|()| stdout.flush());
    crate::ignore_because("the browser may be gone", flushed);
    EXIT_UNAVAILABLE
}

async fn serve() -> u8 {
    let home = match Home::find() {
        Ok(home) => home,
        Err(error) => return fail(problems::home(&error)).await,
    };
    if let Err(problem) = problems::check_files(limits::COMMAND_FILES_MIN) {
        return fail(problem).await;
    }
    if std::env::var_os(TRIAL_VARIABLE).is_some() {
        return answer_trial().await;
    }
    crate::ignore_because(
        "the bridge works without a log",
        log::init(&home, tracing::Level::WARN),
    );
    let mut browser = Browser::new();
    match browser.serve(&home).await {
        Ok(code) => code,
        Err(problem) => browser.fail(problem).await,
    }
}

/// `onionmeter doctor` only checks whether this program starts and answers.
async fn answer_trial() -> u8 {
    let mut doctor = FramedRead::new(tokio::io::stdin(), ipc::codec(FRAME_IN_MAX));
    match doctor.next().await {
        Some(Ok(_)) => {
            let detail = "a trial asks no daemon";
            fail(Problem::with_detail(ErrorCode::DaemonUnreachable, detail)).await
        }
        Some(Err(_)) | None => EXIT_DATA,
    }
}

/// Tells the extension why this bridge reaches no daemon.
async fn fail(problem: Problem) -> u8 {
    Browser::new().fail(problem).await
}

/// The browser's end. Keeps the rest of an incomplete frame.
struct Browser {
    stdin: FramedRead<Stdin, LengthDelimitedCodec>,
    stdout: FramedWrite<Stdout, LengthDelimitedCodec>,
    sent: Sent,
}

/// What was sent to the daemon.
struct Sent {
    /// The first frame, until an answer came or a second frame was sent. It is the hello, or the
    /// daemon refuses it; in both cases it may be sent again to the next daemon.
    first: RefCell<Option<Bytes>>,
    is_untouched: Cell<bool>,
    /// Whether something was sent and nothing came back since.
    is_waiting: watch::Sender<bool>,
}

impl Sent {
    fn note(&self, frame: &Bytes) {
        let is_first = self.is_untouched.get() && self.first.borrow().is_none();
        let first = is_first.then(|| frame.clone());
        self.is_untouched.set(is_first);
        self.first.replace(first);
        self.is_waiting.send_replace(true);
    }

    fn answered(&self) {
        self.is_untouched.set(false);
        self.first.replace(None);
        self.is_waiting.send_if_modified(std::mem::take);
    }
}

/// The reason why a bridge and a daemon separate.
enum Disconnect {
    /// The bridge ends with this exit code.
    Over(u8),
    /// The daemon closed the connection.
    Broken,
    /// The daemon does not answer.
    Silent(Problem),
}

/// How many daemons in a row a bridge may find just when they are ending.
const TRIES_MAX: u32 = 5;
/// How long a daemon that was started for this bridge may take to open its book.
const FRESH_MAX: Duration = Duration::from_secs(10);

impl Browser {
    fn new() -> Self {
        Self {
            stdin: FramedRead::new(tokio::io::stdin(), ipc::codec_with_header(FRAME_IN_MAX)),
            stdout: FramedWrite::new(tokio::io::stdout(), ipc::codec(FRAME_OUT_MAX)),
            sent: Sent {
                first: RefCell::default(),
                is_untouched: Cell::new(true),
                is_waiting: watch::Sender::new(false),
            },
        }
    }

    async fn fail(&mut self, problem: Problem) -> u8 {
        self.tell(Notice::Problem(problem)).await;
        EXIT_UNAVAILABLE
    }

    /// Sends the notice about the floor, which only the browser's command line shows.
    async fn tell_of_the_floor(&mut self) {
        let browser = process::parent().and_then(|parent| u32::try_from(parent.number()).ok());
        if let Some(present) = browser.and_then(launch::is_below) {
            self.tell(Notice::Floor { present }).await;
        }
    }

    async fn tell(&mut self, notice: Notice) {
        let frame = write_message(&FromDaemon::Notice(notice));
        crate::ignore_because(
            "the browser may be gone",
            self.stdout.send(Bytes::from(frame)).await,
        );
    }

    async fn serve(&mut self, home: &Home) -> Result<u8, Problem> {
        for tries in 0..TRIES_MAX {
            let attached = ipc::connect_or_start(home).await?;
            if tries == 0 {
                self.tell_of_the_floor().await;
            }
            match self.pump(home, attached).await {
                Disconnect::Over(code) => return Ok(code),
                Disconnect::Silent(problem) => return Err(problem),
                // The daemon may have done the request: only the extension can ask again.
                Disconnect::Broken if !self.sent.is_untouched.get() => return Ok(EXIT_UNAVAILABLE),
                Disconnect::Broken => {}
            }
            // Another daemon is started only if the browser sends something.
            if let Err(code) = self.hears_something().await {
                return Ok(code);
            }
        }
        Ok(EXIT_UNAVAILABLE)
    }

    /// Waits for the browser's first frame, and keeps it for the next daemon.
    async fn hears_something(&mut self) -> Result<(), u8> {
        if self.sent.first.borrow().is_some() {
            return Ok(());
        }
        match self.stdin.next().await {
            None => Err(0),
            Some(Err(_)) => Err(EXIT_DATA),
            Some(Ok(mut frame)) => {
                frame.advance(ipc::HEADER_BYTES);
                self.sent.note(&frame.freeze());
                Ok(())
            }
        }
    }

    async fn pump(&mut self, home: &Home, attached: Attached) -> Disconnect {
        let (from_daemon, to_daemon) = attached.stream.into_split();
        let mut from_daemon = FramedRead::new(from_daemon, ipc::codec(FRAME_OUT_MAX));
        let mut to_daemon = FramedWrite::new(to_daemon, ipc::codec(FRAME_IN_MAX));
        let Self {
            stdin,
            stdout,
            sent,
        } = self;
        let up = async {
            let first = sent.first.borrow().clone();
            if let Some(first) = first
                && to_daemon.send(first).await.is_err()
            {
                return Disconnect::Broken;
            }
            loop {
                match stdin.next().await {
                    None => return Disconnect::Over(0),
                    Some(Err(_)) => return Disconnect::Over(EXIT_DATA),
                    Some(Ok(mut frame)) => {
                        frame.advance(ipc::HEADER_BYTES);
                        let frame = frame.freeze();
                        sent.note(&frame);
                        if to_daemon.send(frame).await.is_err() {
                            return Disconnect::Broken;
                        }
                    }
                }
            }
        };
        let down = async {
            while let Some(Ok(frame)) = from_daemon.next().await {
                sent.answered();
                if stdout.send(frame.freeze()).await.is_err() {
                    return Disconnect::Over(0);
                }
            }
            Disconnect::Broken
        };
        tokio::select! {
            parting = up => parting,
            parting = down => parting,
            problem = hears_nothing(home, sent, attached.is_fresh) => Disconnect::Silent(problem),
        }
    }
}

/// Returns the reason once a request waits for an answer and the daemon answers no client.
async fn hears_nothing(home: &Home, sent: &Sent, is_fresh: bool) -> Problem {
    let mut is_waiting = sent.is_waiting.subscribe();
    loop {
        let silent = async {
            if is_fresh && sent.is_untouched.get() {
                time::sleep(FRESH_MAX).await;
            }
            ipc::until_silent(home, ipc::Patience::Bridge).await
        };
        if is_waiting.wait_for(|is_waiting| *is_waiting).await.is_err() {
            return std::future::pending().await;
        }
        tokio::select! {
            _ = is_waiting.wait_for(|is_waiting| !*is_waiting) => {}
            problem = silent => return problem,
        }
    }
}
