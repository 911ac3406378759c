//! What a browser starts: frames on stdin and stdout to and from the daemon's socket, no more.
//!
//! Stdout carries frames and nothing else: this module is the only one that writes to it here,
//! and panics go to the log.

use crate::{
    EXIT_BUG, EXIT_DATA, EXIT_UNAVAILABLE, EXIT_USAGE, home::Home, ipc, log, problems,
    start::Caller,
};
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Notice, Problem, write_message};
use std::process::ExitCode;
use tokio::net::UnixStream;
use tokio_util::{
    bytes::{Buf as _, Bytes},
    codec::{FramedRead, FramedWrite},
};

/// Serves one browser connection until either side ends. Exit codes: 0 when the browser closed
/// its end, 64 for a caller that is not our extension, 65 for a broken or over-long frame, 69 when
/// there is no daemon (any more).
#[must_use]
pub fn run(caller: &Caller) -> ExitCode {
    // Before stdin is read: a stranger learns nothing, not even whether a daemon runs.
    if *caller == Caller::Stranger {
        return ExitCode::from(EXIT_USAGE);
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::from(EXIT_BUG);
    };
    let code = runtime.block_on(serve());
    // A read of stdin cannot be cancelled; the thread that waits in it must not hold us up.
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn serve() -> u8 {
    let home = match Home::find() {
        Ok(home) => home,
        Err(error) => return fail(problems::home(&error)).await,
    };
    crate::ignore_because(
        "the bridge works without a log",
        log::init(&home, tracing::Level::WARN),
    );
    match ipc::connect_or_start(&home).await {
        Ok(daemon) => pump(daemon).await,
        Err(problem) => fail(problem).await,
    }
}

/// Tells the extension why there is nothing behind this bridge.
async fn fail(problem: Problem) -> u8 {
    let frame = write_message(&FromDaemon::Notice(Notice::Problem(problem)));
    let mut browser = FramedWrite::new(tokio::io::stdout(), ipc::codec(FRAME_OUT_MAX));
    crate::ignore_because(
        "the browser may be gone",
        browser.send(Bytes::from(frame)).await,
    );
    EXIT_UNAVAILABLE
}

async fn pump(daemon: UnixStream) -> u8 {
    let (from_daemon, to_daemon) = daemon.into_split();
    let mut from_daemon = FramedRead::new(from_daemon, ipc::codec(FRAME_OUT_MAX));
    let mut to_daemon = FramedWrite::new(to_daemon, ipc::codec(FRAME_IN_MAX));
    let stdin = tokio::io::stdin();
    let mut from_browser = FramedRead::new(stdin, ipc::codec_with_header(FRAME_IN_MAX));
    let mut to_browser = FramedWrite::new(tokio::io::stdout(), ipc::codec(FRAME_OUT_MAX));
    let up = async {
        loop {
            match from_browser.next().await {
                None => return 0,
                Some(Err(_)) => return EXIT_DATA,
                Some(Ok(mut frame)) => {
                    frame.advance(ipc::HEADER_BYTES);
                    if to_daemon.send(frame.freeze()).await.is_err() {
                        return EXIT_UNAVAILABLE;
                    }
                }
            }
        }
    };
    let down = async {
        while let Some(Ok(frame)) = from_daemon.next().await {
            if to_browser.send(frame.freeze()).await.is_err() {
                return 0;
            }
        }
        EXIT_UNAVAILABLE
    };
    tokio::select! {
        code = up => code,
        code = down => code,
    }
}
