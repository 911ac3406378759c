//! A Tor of ours for a process whose network is only its own loopback. Only tests start it. Its
//! network namespace reaches nothing but one door, which leads to a Shadowsocks server or a bridge
//! outside.
//!
//! `walled BACKEND FOLDER DOOR WAY`. The file `told` in FOLDER holds what Tor is told about its
//! network. WAY is a Shadowsocks URL or a bridge line, in which `DOOR` stands for the address. With
//! an empty WAY, Tor has no way to its network. The program prints each state, one a line, until
//! stdin ends.

use anyhow::Context as _;
use checks::ours;
use meter_core::Backend;
use meter_testkit::shadowsocks::Door;
use meter_tor::{Bridge, Tor, TorConfig, TorState, TorStatus};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use tokio::io::AsyncReadExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap_or_default();
    let backend = Backend::named(&next()).context("a backend")?;
    let (folder, door) = (PathBuf::from(next()), PathBuf::from(next()));
    let way = next();
    let lines = fs::read_to_string(folder.join("told"))?;
    let mut config = ours::config(backend, &folder, &lines)?;
    let (_door, address) = Door::from(&door).await?;
    let way = way.replace("DOOR", &address.to_string());
    if way.starts_with("ss://") {
        let file = folder.join("shadowsocks");
        write_private(&file, &way)?;
        config.detour.shadowsocks = Some(file);
    } else if !way.is_empty() {
        config.detour.bridges.push(Bridge::parse(&way)?);
    }
    run(config).await?;
    Ok(())
}

async fn run(config: TorConfig) -> io::Result<()> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let tor = Tor::new(config, &tasks, stop.clone());
    let mut status = tor.status();
    let mut stdin = tokio::io::stdin();
    let mut bytes = [0; 64];
    if let Err(problem) = tor.start().await {
        say(&format!("problem: {problem}"))?;
    }
    loop {
        let line = line(&status.borrow_and_update());
        say(&line)?;
        tokio::select! {
            changed = status.changed() => if changed.is_err() { break },
            read = stdin.read(&mut bytes) => if read? == 0 { break },
        }
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn line(status: &TorStatus) -> String {
    let state = match &status.state {
        TorState::Bootstrapping(at) => {
            let warning = at.warning.as_ref().map_or("", |_| " warned");
            format!("{}% {}{warning}", at.percent, at.tag)
        }
        other => format!("{other:?}"),
    };
    match &status.trouble {
        Some(problem) => format!("{state} trouble: {problem}"),
        None => state,
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
