//! Everything but the browser: the counted network, and in it a private Tor network with a home of
//! the product.

use super::driven::Driven;
use anyhow::Result;
use checks::{
    defaults::{Chromium, Firefox, World, chromium, firefox},
    stage::{QUICK, Stage, extension},
};
use meter_testkit::browser::Kind;
use std::{ffi::OsString, path::PathBuf};

pub(crate) struct Place {
    pub(crate) world: World,
    pub(crate) stage: Stage,
    pub(crate) kind: Kind,
    profile: PathBuf,
    line: Vec<OsString>,
}

impl Place {
    pub(crate) async fn set(world: World, kind: Kind) -> Result<Self> {
        let stage = Stage::set(QUICK).await?;
        let profile = stage.options("profile")?.profile;
        let line = match kind {
            Kind::Chromium => {
                let mut line = chromium(&profile)?;
                let mut load = OsString::from("--load-extension=");
                load.push(extension());
                line.push(load);
                line
            }
            Kind::Firefox => {
                let line = firefox(&profile)?;
                Firefox::keeps_unsigned_extensions(&profile)?;
                line
            }
        };
        Ok(Self {
            world,
            stage,
            kind,
            profile,
            line,
        })
    }

    /// Starts the browser with the extension. Firefox gets it in an earlier run, because its first
    /// run opens pages of its own before anything can protect them.
    pub(crate) async fn first_start(&self) -> Result<Driven> {
        if let Driven::Firefox(mut firefox) = self.start(None).await? {
            firefox.install_for_good(&extension()).await?;
            firefox.close().await?;
        }
        self.start(None).await
    }

    /// Starts the browser with a page to open.
    pub(crate) async fn start(&self, first: Option<&str>) -> Result<Driven> {
        let mut line = self.line.clone();
        line.extend(first.map(Into::into));
        let environment = [
            ("ONIONMETER_HOME", self.stage.home().into()),
            ("HOME", self.stage.user().into()),
        ];
        Ok(match self.kind {
            Kind::Chromium => {
                Driven::Chromium(Chromium::start_with(&self.world, &line, &environment).await?)
            }
            Kind::Firefox => {
                let profile = &self.profile;
                let started = Firefox::start_with(&self.world, &line, profile, &environment);
                Driven::Firefox(started.await?)
            }
        })
    }

    /// The address of a page that asks the site without end for names that nobody asked for before.
    /// It stops when its element `html` has the attribute `data-stop`; `data-waiting` is how many
    /// answers have not come yet. Who asks is replaced after some hundred requests: Chromium keeps
    /// a file open for each answer that nobody reads, and a page with too many of them crashes.
    pub(crate) fn asking(&self) -> String {
        let port = self.stage.site.port();
        format!(
            "data:text/html,<body><script>
            const {{ dataset }} = document.documentElement;
            const ask = `let waiting = 0, left = {ASKS};
                const asking = setInterval(() => {{
                    if (left === 0 && waiting === 0) {{
                        clearInterval(asking);
                        postMessage('done');
                    }}
                    if (left === 0 || waiting >= {AT_ONCE}) return;
                    left -= 1;
                    postMessage(waiting += 1);
                    const name = Date.now() + '-' + Math.random().toString(36).slice(2);
                    fetch('http://' + name + '.asks.page.test:{port}/bytes/1000',
                        {{ mode: 'no-cors', cache: 'no-store' }})
                        .catch(() => {{}}).finally(() => postMessage(waiting -= 1));
                }}, 50);
                onmessage = () => clearInterval(asking);`;
            let worker;
            const begin = () => {{
                worker = new Worker('data:text/javascript,' + encodeURIComponent(ask));
                worker.onmessage = ({{ data }}) => {{
                    if (data !== 'done') {{
                        dataset.waiting = data;
                        return;
                    }}
                    worker.terminate();
                    if (!dataset.stop) begin();
                }};
            }};
            begin();
            let loading = false;
            const frames = setInterval(() => {{
                if (dataset.stop) {{
                    worker.postMessage('stop');
                    clearInterval(frames);
                }}
                if (dataset.stop || loading) return;
                const frame = document.createElement('iframe');
                loading = true;
                frame.onload = () => {{ loading = false; }};
                frame.src = 'http://' + Date.now() + '.frame.page.test:{port}/bytes/10';
                document.body.replaceChildren(frame);
            }}, 500);
            </script>"
        )
        .replace('\n', " ")
    }
}

/// How many answers are waited for at most: the browser shall always have room for another.
const AT_ONCE: u32 = 20;
/// How many requests one worker makes.
const ASKS: u32 = 300;
