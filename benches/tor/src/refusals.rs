//! What browsers show when Tor refuses, and how often they repeat the request, on both kinds of
//! port.

use std::{
    io::{Write as _, stderr},
    net::TcpListener,
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use meter_testkit::browser::{Browser, Kind as Family, Landed, LaunchOptions};

use crate::{
    front::{Front, Way},
    plain_tor::{Kind, PlainTor},
    run::Setting,
};

/// Requests in each browser what Tor refuses; returns the table as Markdown. The numbers in
/// brackets are the connections that Firefox made to the relay.
///
/// # Errors
/// A part does not start.
pub(crate) async fn text(setting: &Setting<'_>) -> Result<String> {
    writeln!(stderr(), "browsers")?;
    let tor = PlainTor::start(Kind::Tor, &setting.network, None).await?;
    let targets = targets()?;
    let mut head = "| asked for |".to_owned();
    let mut rows: Vec<String> = targets
        .iter()
        .map(|(row, _)| format!("| {row} |"))
        .collect();
    for family in Family::ALL {
        for way in [Way::True, Way::Optimistic] {
            head.push_str(&match way {
                Way::True => format!(" {family:?} |"),
                Way::Optimistic => format!(" {family:?}, optimistic |"),
            });
            let front = Front::start(setting.program, &tor, way)?;
            let stage = Stage::open(family, front).await?;
            for (row, (_, url)) in rows.iter_mut().zip(&targets) {
                row.push_str(&format!(" {} |", stage.refused(url).await?));
            }
            stage.browser.close().await;
        }
    }
    let line = "| --- | --- | --- | --- | --- |";
    Ok(format!("{PREFACE}{head}\n{line}\n{}\n", rows.join("\n")))
}

/// A row's name and its URL.
fn targets() -> Result<Vec<(String, String)>> {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut targets = Vec::new();
    for (what, host) in [
        ("a closed port", format!("site.test:{}", closed.port())),
        ("an unknown name", "nobody.example".to_owned()),
        ("a mistyped onion", format!("{}.onion", "a".repeat(56))),
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/");
            targets.push((format!("{what}, {scheme}"), url));
        }
    }
    Ok(targets)
}

struct Stage<'a> {
    browser: Browser,
    front: Front<'a>,
    _folder: tempfile::TempDir,
}

impl<'a> Stage<'a> {
    async fn open(family: Family, front: Front<'a>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let profile: PathBuf = folder.path().join("profile");
        let mut options = LaunchOptions::new(folder.path(), &profile);
        options.socks_proxy = Some(front.address);
        Ok(Self {
            browser: Browser::launch(family, &options).await?,
            front,
            _folder: folder,
        })
    }

    async fn refused(&self, url: &str) -> Result<String> {
        let before = self.front.connections().await?;
        let landed = self.browser.goto(url).await.context("a visit")?;
        let asked = self.front.connections().await? - before;
        Ok(match landed {
            Landed::Page => "a page".to_owned(),
            Landed::NetworkError(reason) => match self.browser.kind() {
                // Chromium's own services make requests through the proxy all the time.
                Family::Chromium => format!("`{reason}`"),
                Family::Firefox => format!("`{reason}` ({asked})"),
            },
        })
    }
}

const PREFACE: &str = "\
What browsers show when Tor refuses; in brackets, the connections that Firefox made for it.

";
