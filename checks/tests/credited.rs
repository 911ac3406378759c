//! What a person sees of a ledger, in real browsers: the three numbers, each verified in the
//! browser, with a real ledger on loopback. Leaves pictures in `dist/checks`.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    enrol,
    ledger::Ledger,
    popup::Popup,
    stage::{QUICK, Stage, root},
};
use meter_core::{Amount, Decimals, credits_to};
use meter_testkit::{
    browser::{Browser, Kind, Landed, Size, Tab},
    ports::HeldPort,
    tor_network::ClientPorts,
};
use meter_wire::{LedgerStatus, Status, difference};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// A small machine cannot run two browsers and two Tor networks at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_shows_claimed_credited_and_waiting_from_what_it_verified() {
    everything(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_shows_claimed_credited_and_waiting_from_what_it_verified() {
    everything(Kind::Firefox).await;
}

async fn everything(kind: Kind) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let at_once = format!("{QUICK}[ledger]\ndelay_max_s = 0\n");
    let stage = Stage::set(&at_once).await.unwrap();
    let ports = ClientPorts::hold().unwrap();
    let mut tor = stage.network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    stage.use_existing_tor(&ports).unwrap();
    let port = HeldPort::take().unwrap();
    let address = port.address().to_string();
    let ledger = Ledger::start(port, &[format!("http://{address}")]).unwrap();
    let browser = stage.launch(kind, false).await.unwrap();
    let browsing = browser.current_tab().await.unwrap();
    let popup = Popup::open(&browser).await.unwrap();
    popup
        .wait_for_state(&browser, LIMIT, "protected")
        .await
        .unwrap();
    let mut show = Show {
        stage,
        ledger,
        browser,
        browsing,
        popup,
    };

    show.nothing_is_told_before_the_enrolment().await;
    show.what_was_earned_before_stays_and_is_told(&address)
        .await;
    show.what_is_answered_is_credited_in_the_browser().await;
    show.a_new_chain_takes_nothing_away().await;
    show.what_cannot_be_sent_waits().await;
    show.the_dashboard_shows_the_same_numbers().await;
    show.the_badge_shows_what_is_credited_if_asked().await;
    show.browser.close().await;
}

struct Show {
    stage: Stage,
    ledger: Ledger,
    browser: Browser,
    browsing: Tab,
    popup: Popup,
}

impl Show {
    /// Until one more session is signed; returns the status then.
    async fn browse(&self) -> Status {
        let claimed = self.stage.status().unwrap().unwrap().claimed();
        self.browser.switch_to(&self.browsing).await.unwrap();
        let page = self.stage.site.url("visited.test", "/bytes/20000");
        assert_eq!(self.browser.goto(&page).await.unwrap(), Landed::Page);
        let signed = |status: &Status| status.claimed().0 > claimed.0;
        self.stage.wait_for(LIMIT, signed).await.unwrap()
    }

    /// Waits until the status is as wanted and the popup shows its three numbers. Other reports may
    /// be signed meanwhile, because browsers ask for things on their own.
    async fn shows(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + LIMIT;
        loop {
            let status = self.stage.status().unwrap().unwrap();
            let shown = self.browser_numbers().await;
            let all = numbers(&status);
            if wanted(&status) && all.as_ref() == Some(&shown) {
                return status;
            }
            assert!(Instant::now() < deadline, "{shown:?}: {status:#?}");
            tokio::time::sleep(POLL).await;
        }
    }

    async fn browser_numbers(&self) -> [String; 3] {
        let mut all = [const { String::new() }; 3];
        for (text, id) in all.iter_mut().zip(["claimed", "credited", "waiting"]) {
            *text = self.text(&format!("ledger-{id}")).await;
        }
        all
    }

    async fn text(&self, id: &str) -> String {
        self.popup.text(&self.browser, id).await.unwrap()
    }

    async fn nothing_is_told_before_the_enrolment(&self) {
        self.browse().await;
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let hidden = "return document.querySelector('[data-testid=ledger]').hidden";
        assert_eq!(self.browser.call(hidden, vec![]).await.unwrap(), true);
        assert_eq!(self.text("balance-unit").await, "credits");
    }

    async fn what_was_earned_before_stays_and_is_told(&self, address: &str) {
        let before = self.stage.status().unwrap().unwrap().claimed().0;
        assert!(before > 0);
        let key = self.ledger.vkey();
        let command = ["enroll", address, "--yes", "--key", key];
        enrol::until_reached(|| self.stage.run(&command)).unwrap();
        self.shows(|status| told(status).before.0 >= before).await;
        let differences = self.text("ledger-differences").await;
        assert!(
            differences.contains("before this enrolment"),
            "{differences}"
        );
    }

    async fn what_is_answered_is_credited_in_the_browser(&self) {
        self.browse().await;
        let status = self.shows(is_answered).await;
        let ledger = told(&status);
        assert!(ledger.credited.0 > 0);
        let lowered: u64 = ledger.lowered.iter().map(|one| one.amount.0).sum();
        let all = ledger.before.0 + ledger.credited.0 + lowered;
        assert_eq!(status.claimed().0, all, "{ledger:?}");
        self.pictures("credited").await;
    }

    async fn a_new_chain_takes_nothing_away(&self) {
        let before = self.shows(is_answered).await;
        self.stage.run(&["new-chain", "--yes"]).unwrap();
        let source = "return document.querySelector('[data-testid=balance-source]')
            .textContent.includes('from earlier chains')";
        self.popup
            .wait_until(&self.browser, LIMIT, source)
            .await
            .unwrap();
        let credited = told(&before).credited.0;
        let after = self
            .shows(|status| told(status).credited.0 >= credited)
            .await;
        assert!(after.earlier.amount.0 >= before.claimed().0, "{after:?}");
        self.pictures("credited-new-chain").await;
    }

    async fn what_cannot_be_sent_waits(&mut self) {
        self.ledger.kill().unwrap();
        self.browse().await;
        let waiting = self.shows(|status| told(status).waiting.0 > 0).await;
        self.pictures("credited-waiting").await;
        self.ledger.start_again().unwrap();
        self.stage.run(&["ledger", "send"]).unwrap();
        let more = told(&waiting).credited.0;
        self.shows(|status| is_answered(status) && told(status).credited.0 > more)
            .await;
    }

    async fn the_dashboard_shows_the_same_numbers(&self) {
        let page = self.browser.open_extension_page("dashboard/dashboard.html");
        page.await.unwrap();
        let told =
            "const told = (id) => document.querySelector(`[data-testid=${id}]`)?.textContent;
            const exact = (id) => document.querySelector(`[data-testid=${id}]`)?.title;
            const all = ['claimed', 'credited', 'waiting'].map((id) => told(`ledger-${id}`));
            return all.every((text) => text) && exact('balance') === exact('ledger-claimed')
                && told('ledger-differences').includes('before this enrolment') && all";
        self.browser.wait_until(LIMIT, told).await.unwrap();
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let picture = root().join(format!("dist/checks/{kind}-credited-dashboard.png"));
        let size = Size {
            width: 1_000,
            height: 900,
        };
        self.browser.screenshot(&picture, size).await.unwrap();
        self.browser.switch_to(&self.popup.tab).await.unwrap();
    }

    async fn the_badge_shows_what_is_credited_if_asked(&self) {
        let set = ["config", "set", "ledger.badge", "credited"];
        self.stage.run(&set).unwrap();
        self.stage.run(&["stop"]).unwrap();
        let unit = "return document.querySelector('[data-testid=balance-unit]').textContent
            === 'credits credited'
            && document.querySelector('[data-testid=balance]').title
            === document.querySelector('[data-testid=ledger-credited]').title";
        self.popup
            .wait_until(&self.browser, LIMIT, unit)
            .await
            .unwrap();
    }

    async fn pictures(&self, name: &str) {
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let folder = root().join("dist/checks");
        std::fs::create_dir_all(&folder).unwrap();
        for (dark, look) in [(true, "dark"), (false, "light")] {
            self.browser.set_dark(dark).await.unwrap();
            let picture = folder.join(format!("{kind}-{name}-{look}.png"));
            self.popup.picture(&self.browser, &picture).await.unwrap();
        }
    }
}

fn told(status: &Status) -> LedgerStatus {
    status.ledger.clone().unwrap()
}

fn is_answered(status: &Status) -> bool {
    told(status).waiting_reports.0 == 0 && told(status).credited.0 > 0
}

/// Claimed, credited and waiting, as the popup writes them: with so many decimals that the
/// differences add up.
fn numbers(status: &Status) -> Option<[String; 3]> {
    let ledger = status.ledger.as_ref()?;
    let amount = |ncr| Amount::new(ncr).unwrap();
    let all = [status.claimed(), ledger.credited, ledger.waiting].map(|it| amount(it.0));
    let differences = difference(ledger).into_iter();
    let mut parts: Vec<_> = differences.map(|(_, ncr)| amount(ncr)).collect();
    parts.push(all[1]);
    let decimals = Decimals::adding_up(all[0], &parts);
    Some(all.map(|amount| credits_to(amount, decimals)))
}
