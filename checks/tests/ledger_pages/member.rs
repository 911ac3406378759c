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
use std::time::Duration;
use tempfile::TempDir;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Member {
    pub(crate) browser: Browser,
    pub(crate) origin: String,
    ledger: Ledger,
    device: Device,
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
            _folder: folder,
        }
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

    pub(crate) async fn end(self) {
        self.browser.close().await;
    }
}
