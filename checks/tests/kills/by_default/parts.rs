//! The parts of the product, as processes.

use super::{LIMIT, POLL, driven::Driven};
use anyhow::{Result, ensure};
use checks::processes::{children, command_line, running, signal_all};
use rustix::process::Signal;
use tokio::time::Instant;

/// What is killed, besides the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// The process in which the extension runs, so its worker or event page with it.
    Worker,
    /// The program that the browser starts.
    Bridge,
    /// The Tor that the daemon started.
    Tor,
    /// The daemon.
    Daemon,
}

impl Part {
    /// Kills it, and waits until another process has its place.
    pub(crate) async fn kill(self, browser: &mut Driven) -> Result<()> {
        let old = self.wait_for(browser, &[]).await?;
        signal_all(&old, Signal::KILL)?;
        self.wait_for(browser, &old).await.map(drop)
    }

    /// The processes of this part, once there is one that is not among `old`.
    async fn wait_for(self, browser: &mut Driven, old: &[u32]) -> Result<Vec<u32>> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = self.processes(browser).await?;
            if now.iter().any(|process| !old.contains(process)) {
                return Ok(now);
            }
            ensure!(Instant::now() < deadline, "{self:?} does not come back");
            tokio::time::sleep(POLL).await;
        }
    }

    async fn processes(self, browser: &mut Driven) -> Result<Vec<u32>> {
        Ok(match self {
            Self::Worker => browser.worker().await?,
            Self::Bridge => ours(&["chrome-extension://", "onionmeter@onionmeter.org"]),
            Self::Daemon => ours(&[" daemon "]),
            Self::Tor => {
                let all = ours(&[" daemon "]).into_iter().flat_map(children);
                all.filter(|process| program(*process).ends_with("/tor"))
                    .collect()
            }
        })
    }
}

/// The processes of our program whose command line has one of these words.
fn ours(words: &[&str]) -> Vec<u32> {
    let has_word = |process: &u32| {
        let line = command_line(*process);
        words.iter().any(|word| line.contains(word))
    };
    let all = running().into_iter();
    all.filter(|process| program(*process).ends_with("/onionmeter"))
        .filter(has_word)
        .collect()
}

fn program(process: u32) -> String {
    let line = command_line(process);
    line.split(' ').next().unwrap_or_default().to_owned()
}
