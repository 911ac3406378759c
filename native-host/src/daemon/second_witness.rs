//! A second witness beside the badge: says by a notification of the desktop that an extension has
//! left while pages are wanted through Tor. It names no site and no browser, blocks nothing, and is
//! off until `daemon.desktop_notice` asks for it.

use crate::{
    api::{Departed, Departures},
    settings::Settings,
};
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, sync::mpsc, time};
use tracing::{info, warn};

/// How long an extension may be away before that is said. A browser that starts its worker again,
/// or an update of the extension, takes less.
const AWAY_MAX: Duration = Duration::from_secs(40);

/// How long the program that shows a notification may take.
const SHOW_MAX: Duration = Duration::from_secs(10);

/// The program of the desktop: it is part of libnotify, which asks `org.freedesktop.Notifications`.
const PROGRAM: &str = "notify-send";

const TITLE: &str = "Onionmeter has lost its extension";
const BODY: &str = "A browser runs without it while pages are wanted through Tor, so they may go \
    out without Tor. Look at the extension in that browser, or close the browser.";

/// Follows departures, for ever.
pub(super) async fn watch(
    departures: Departures,
    mut departed: mpsc::Receiver<Departed>,
    settings: Settings,
) {
    while let Some(first) = departed.recv().await {
        time::sleep(AWAY_MAX).await;
        let mut all = vec![first];
        while let Ok(another) = departed.try_recv() {
            all.push(another);
        }
        let is_missed = all.iter().any(|one| departures.is_missed(one));
        if is_missed && settings.current().desktop_notice {
            show().await;
        }
    }
    // Nobody is left who could tell.
    std::future::pending::<()>().await;
}

async fn show() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["--app-name=Onionmeter", "--urgency=critical", TITLE, BODY])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match command.spawn() {
        Ok(mut child) => match time::timeout(SHOW_MAX, child.wait()).await {
            Ok(Ok(status)) if status.success() => info!("said that an extension has left"),
            _ => warn!("{PROGRAM} did not show that an extension has left"),
        },
        Err(error) => warn!(%error, "{PROGRAM} cannot be started; no notification is shown"),
    }
}
