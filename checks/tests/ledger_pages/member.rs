//! A person with an account at a ledger, in front of a browser.

use checks::ledger::Ledger;
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions},
    device::Device,
    ledger_client::submitted,
    ports::HeldPort,
};
use meter_wire::ledger::Outcome;
use serde_json::Value;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Member {
    pub(crate) browser: Browser,
    pub(crate) origin: String,
    ledger: Ledger,
    device: Device,
    kind: Kind,
    _folder: TempDir,
}

impl Member {
    /// The account has some sessions; the browser is not signed in.
    pub(crate) async fn enrolled(kind: Kind) -> Self {
        let port = HeldPort::take().unwrap();
        let origin = format!("http://{}", port.address());
        let ledger = Ledger::start(port, std::slice::from_ref(&origin)).unwrap();
        let mut device = Device::numbered(1);
        let enrolled = ledger.client().enrol(&device, None).await.unwrap();
        assert_eq!(enrolled.status, 201, "{}", enrolled.words());
        let reports = (1..6).map(|number| submitted(device.report(number, number).signed()));
        let answers = ledger.client().submit(reports.collect()).await.unwrap();
        assert!(answers.iter().all(|one| one.outcome == Outcome::Accepted));
        let folder = TempDir::new().unwrap();
        let profile = folder.path().join("profile");
        let options = LaunchOptions::new(folder.path(), &profile);
        Self {
            browser: Browser::launch(kind, &options).await.unwrap(),
            origin,
            ledger,
            device,
            kind,
            _folder: folder,
        }
    }

    pub(crate) async fn signed_in(kind: Kind) -> Self {
        let member = Self::enrolled(kind).await;
        let link = member.link().await;
        member.sign_in(&link).await;
        member
    }

    /// A new link of the device.
    pub(crate) async fn link(&self) -> String {
        let login = self.ledger.client().login(&self.device).await;
        login.unwrap().link
    }

    /// A link to the operator's page.
    pub(crate) fn operators_link(&self) -> String {
        let told = self.ledger.run(&["admin-link", "--json"]).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        told["link"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sign_in(&self, link: &str) {
        self.press(link).await;
        self.shows(".hero .figure data").await;
    }

    /// Opens a link and presses its button.
    pub(crate) async fn press(&self, link: &str) {
        self.browser.goto(link).await.unwrap();
        self.shows("form button.primary").await;
        let press = "document.querySelector('form button.primary').click()";
        self.browser.call(press, Vec::new()).await.unwrap();
        let away = "return !location.pathname.startsWith('/login')";
        self.browser.wait_until(LIMIT, away).await.unwrap();
    }

    pub(crate) async fn shows(&self, what: &str) {
        let shown = format!("return document.querySelector('{what}') !== null");
        let waited = self.browser.wait_until(LIMIT, &shown).await;
        if let Err(error) = waited {
            panic!("{error:#}: {}", self.browser.text().await.unwrap());
        }
    }

    /// How many requests of other origins the ledger has refused.
    pub(crate) async fn refused(&self) -> u64 {
        let metrics = self.ledger.client().get("/metrics").await.unwrap().words();
        let count = metrics.lines().find_map(|line| {
            let (name, count) = line.split_once("} ")?;
            name.ends_with("reason=\"foreign_origin\"")
                .then(|| count.parse().unwrap())
        });
        count.unwrap_or(0)
    }

    pub(crate) async fn is_refused_more_than(&self, before: u64, what: &str) {
        let begin = Instant::now();
        while self.refused().await == before {
            assert!(begin.elapsed() < LIMIT, "{what} was not sent");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn is_still_signed_in(&self, after: &str) {
        // What the attack has begun to load ends with its page.
        self.browser.goto("about:blank").await.unwrap();
        let page = format!("{}/", self.origin);
        self.browser.goto(&page).await.unwrap();
        let shown = "return document.querySelector('.hero .figure data') !== null";
        let is_in = self.browser.call(shown, Vec::new()).await.unwrap();
        assert_eq!(
            is_in,
            true,
            "{after}: {}",
            self.browser.text().await.unwrap()
        );
    }

    /// The page in front frames the ledger, and its frame stays without it.
    pub(crate) async fn cannot_be_framed(&self) {
        let frame = format!(
            "const frame = document.createElement('iframe'); frame.src = '{}/policy'; \
             document.body.append(frame); \
             await new Promise((done) => {{ frame.onload = done; setTimeout(done, 3000) }})",
            self.origin
        );
        self.browser.call(&frame, Vec::new()).await.unwrap();
        match self.kind {
            Kind::Chromium => {
                // A frame of another site is a target of its own, and has no title without a page.
                let none = serde_json::json!({});
                let tree = self.browser.cdp("Page.getFrameTree", none.clone()).await;
                let targets = self.browser.cdp("Target.getTargets", none).await;
                let shown = format!("{}{}", tree.unwrap(), targets.unwrap());
                let page = format!("{}/policy", self.origin);
                let here = format!("\"unreachableUrl\":\"{page}\"");
                let apart = format!("\"title\":\"{page}\",\"type\":\"iframe\"");
                assert!(shown.contains(&here) || shown.contains(&apart), "{shown}");
            }
            Kind::Firefox => {
                // The tab in front may be one that a page has opened.
                let look = "const all = gBrowser.browsers.map((one) => one.browsingContext);
                    return all.flatMap((context) => context.children)
                        .map((frame) => frame.currentWindowGlobal.documentURI.spec).join(' ')";
                let shown = self.browser.privileged(look, Vec::new()).await.unwrap();
                let shown = shown.as_str().unwrap_or_default();
                assert!(shown.starts_with("about:neterror?e="), "{shown}");
                assert!(shown.contains("Blocked"), "{shown}");
            }
        }
    }

    /// The page in front opens the ledger in a tab, and cannot reach into that.
    pub(crate) async fn keeps_no_opener(&self) {
        let open = format!(
            "const opened = window.open('{}/policy'); if (!opened) return 'it was not opened';
            for (let tries = 0; tries < 100 && !opened.closed; tries += 1) {{
                await new Promise((done) => setTimeout(done, 50));
            }}
            return opened.closed",
            self.origin
        );
        let cut = self.browser.call(&open, Vec::new()).await.unwrap();
        assert_eq!(cut, true, "{:?}", self.kind);
    }

    pub(crate) async fn end(self) {
        self.browser.close().await;
    }
}
