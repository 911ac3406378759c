//! `onionmeter login` with a ledger that is an onion service: the browser that is set to Tor opens
//! the page by itself, and its link is on no command line.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    credit::{RELAYS, settings},
    enrol,
    ledger::Ledger,
    popup::Popup,
    processes::CommandLines,
    stage::{Stage, root},
};
use meter_core::Backend;
use meter_testkit::{
    browser::{Browser, Kind, Size, Tab},
    ports::HeldPort,
};
use std::time::{Duration, Instant};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(100);

/// One network and one ledger for both browsers, because booting them takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browser_that_is_set_to_tor_opens_the_page_and_its_link_is_on_no_command_line() {
    let backend = Backend::Managed;
    let stage = Stage::set_with_relays(&settings(), backend, RELAYS)
        .await
        .unwrap();
    let port = HeldPort::take().unwrap();
    let onion = stage
        .network
        .start_onion_service(port.number())
        .await
        .unwrap();
    let origin = format!("http://{}", onion.address());
    let ledger = Ledger::start(port, std::slice::from_ref(&origin)).unwrap();
    let mut is_enrolled = false;
    for kind in Kind::ALL {
        let options = stage.options(&format!("{kind:?}")).unwrap();
        let browser = Browser::launch(kind, &options).await.unwrap();
        let popup = Popup::open(&browser).await.unwrap();
        let protected = popup.wait_for_state(&browser, LIMIT, "protected").await;
        protected.unwrap();
        if !std::mem::replace(&mut is_enrolled, true) {
            let key = ledger.vkey();
            let command = ["enroll", onion.address(), "--yes", "--key", key];
            enrol::until_reached(|| stage.run(&command)).unwrap();
        }
        let show = Show {
            stage: &stage,
            browser,
            popup,
            origin: &origin,
        };
        show.a_tab_opens_and_signs_in().await;
        show.another_mode_opens_no_tab(kind).await;
        show.browser.close().await;
    }
    nobody_is_left(&stage, &origin);
}

struct Show<'s> {
    stage: &'s Stage,
    browser: Browser,
    popup: Popup,
    origin: &'s str,
}

impl Show<'_> {
    async fn a_tab_opens_and_signs_in(&self) {
        let before = self.browser.tabs().await.unwrap();
        let lines = CommandLines::watch();
        let said = self.stage.run(&["login"]).unwrap();
        assert!(!said.contains("/login/"), "{said}");
        self.new_tab(&before).await;
        let loaded = "return document.querySelector('form button.primary') && location.href";
        let link = self.browser.wait_until(LIMIT, loaded).await.unwrap();
        let lines = lines.seen();
        let link = link.as_str().unwrap();
        let code = link
            .strip_prefix(&format!("{}/login/", self.origin))
            .unwrap();
        assert!(code.len() > 16, "{link}");
        let holds = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        assert!(holds("onionmeter login") > 0, "it looked: {lines:?}");
        assert_eq!(holds(code), 0, "{lines:?}");
        let page = self.browser.text().await.unwrap();
        let words = said.lines().find_map(|line| line.split_once("the words: "));
        let (_, words) = words.unwrap_or_else(|| panic!("no words: {said}"));
        for word in words.split(' ') {
            assert!(page.contains(word), "{words}: {page}");
        }
        let press = "document.querySelector('form button.primary').click()";
        self.browser.call(press, Vec::new()).await.unwrap();
        let signed_in = "return document.querySelector('.hero .figure data') !== null";
        self.browser.wait_until(LIMIT, signed_in).await.unwrap();
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let picture = root().join(format!("dist/checks/{kind}-signed-in.png"));
        std::fs::create_dir_all(picture.parent().unwrap()).unwrap();
        let size = Size {
            width: 1_000,
            height: 900,
        };
        self.browser.screenshot(&picture, size).await.unwrap();
        self.browser.close_tab(&self.popup.tab).await.unwrap();
    }

    /// Firefox, whose extension runs in private windows here, opens one once only they are
    /// protected. Chromium, where it is not allowed there, opens nothing once it is off.
    async fn another_mode_opens_no_tab(&self, kind: Kind) {
        let (intent, state) = match kind {
            Kind::Firefox => ("protect_private_only", "private"),
            Kind::Chromium => ("turn_off", "off"),
        };
        let send = "browser.runtime.connect({ name: 'popup' }).postMessage({ intent: args[0] })";
        self.browser.call(send, vec![intent.into()]).await.unwrap();
        let changed = self.popup.wait_for_state(&self.browser, LIMIT, state).await;
        changed.unwrap();
        let before = self.browser.tabs().await.unwrap();
        match kind {
            Kind::Firefox => {
                self.next_page_is_taken().await;
                let private = "const all = await browser.windows.getAll();
                    return all.filter((window) => window.incognito).length === 1";
                let opened = self.popup.wait_until(&self.browser, LIMIT, private).await;
                opened.unwrap();
                self.new_tab(&before).await;
                let loaded = "return document.querySelector('form button.primary') !== null";
                self.browser.wait_until(LIMIT, loaded).await.unwrap();
            }
            Kind::Chromium => {
                let said = self.stage.run(&["login"]).unwrap();
                assert!(said.contains(&format!("{}/login/", self.origin)), "{said}");
                assert!(said.contains("It was not opened by itself"), "{said}");
                assert_eq!(self.browser.tabs().await.unwrap(), before);
            }
        }
    }

    /// The extension takes one page between two pings.
    async fn next_page_is_taken(&self) {
        let deadline = Instant::now() + LIMIT;
        while self.stage.run(&["login"]).unwrap().contains("/login/") {
            assert!(Instant::now() < deadline, "{}", self.stage.log());
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// Switches to the tab that was not there before.
    async fn new_tab(&self, before: &[Tab]) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let tabs = self.browser.tabs().await.unwrap();
            if let Some(tab) = tabs.iter().find(|tab| !before.contains(tab)) {
                return self.browser.switch_to(tab).await.unwrap();
            }
            assert!(Instant::now() < deadline, "no tab: {}", self.stage.log());
            tokio::time::sleep(POLL).await;
        }
    }
}

/// No browser is there: the link is printed at once.
fn nobody_is_left(stage: &Stage, origin: &str) {
    for arguments in [&["login"][..], &["login", "--print"], &["login", "--json"]] {
        let said = stage.run(arguments).unwrap();
        assert!(said.contains(&format!("{origin}/login/")), "{said}");
    }
    let log = stage.log();
    assert!(!log.contains("/login/") && !log.contains(".onion"), "{log}");
}
