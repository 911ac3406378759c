//! Runs a managed Tor in the foreground and prints one state per line, until stdin ends.
//!
//! Usage: `managed FOLDER [TORRC LINE …]`. Makes the folder if it does not exist.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use meter_core::Backend;
use meter_tor::{Tor, TorConfig, TorState};
use tokio::io::AsyncReadExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return Err(io::Error::other("usage: managed FOLDER [TORRC LINE …]"));
    };
    let mut config = TorConfig::new(folder.join("data"), folder.join("run"));
    config.backend = Some(Backend::Managed);
    config.extra_torrc = arguments.collect();

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let tor = Tor::new(config, &tasks, stop.clone());
    let mut status = tor.status();
    let mut stdin = tokio::io::stdin();
    let mut bytes = [0; 64];
    if let Err(problem) = tor.start().await {
        say(&format!("problem: {problem}"))?;
    }
    loop {
        say(&line(&status.borrow_and_update().state))?;
        tokio::select! {
            changed = status.changed() => if changed.is_err() { break },
            read = stdin.read(&mut bytes) => if read? == 0 { break },
        }
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    say(&line(&tor.status().borrow().state))
}

fn line(state: &TorState) -> String {
    match state {
        TorState::Bootstrapping(at) => format!("{}% {}: {}", at.percent, at.tag, at.summary),
        other => format!("{other:?}"),
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
