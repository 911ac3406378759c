//! The whole path in real browsers. Pages arrive through Tor, the badge is the sum of verified
//! reports, and bytes are exact. When a part ends, the browser shows an error page, never the site.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod crashes;

use checks::{
    peers,
    popup::Popup,
    stage::{QUICK, Stage},
};
use meter_core::credits_short;
use meter_testkit::{
    browser::{Browser, Kind, Landed, Tab},
    site::{Answer, ConnectionRecord},
};
use meter_wire::Status;
use std::time::Duration;
use tokio::sync::Mutex;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);

/// A small machine cannot run two browsers and two Tor networks at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_counts_what_the_site_moved_and_survives_a_crash() {
    whole_path(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_counts_what_the_site_moved_and_survives_a_crash() {
    whole_path(Kind::Firefox).await;
}

/// One network and one browser for all claims, because starting them takes most of the time.
async fn whole_path(kind: Kind) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let stage = Stage::set(QUICK).await.unwrap();
    let browser = stage.launch(kind, false).await.unwrap();
    let browsing = browser.current_tab().await.unwrap();
    let popup = Popup::open(&browser).await.unwrap();
    popup
        .wait_for_state(&browser, LIMIT, "protected")
        .await
        .unwrap();
    let mut show = Show {
        stage,
        browser,
        browsing,
        popup,
    };

    show.a_page_comes_from_an_exit().await;
    show.reports_hold_exactly_the_bytes_of_the_site().await;
    show.the_badge_is_the_sum_of_verified_reports().await;
    show.a_dead_background_changes_nothing().await;
    show.a_killed_daemon_loses_nothing_and_leaks_nothing().await;
    show.one_more_page_is_counted_exactly().await;
    show.the_badge_is_the_sum_of_verified_reports().await;
    show.turned_off_the_browser_goes_direct_and_nothing_is_counted()
        .await;
    show.what_was_open_before_is_loaded_anew_before_green()
        .await;
    show.every_failure_has_its_words_and_its_button().await;
    show.browser.close().await;
}

struct Show {
    stage: Stage,
    browser: Browser,
    browsing: Tab,
    popup: Popup,
}

impl Show {
    fn url(&self, path: &str) -> String {
        self.stage.site.url("site.test", path)
    }

    async fn visit(&self, path: &str) -> Landed {
        self.browser.switch_to(&self.browsing).await.unwrap();
        self.browser.goto(&self.url(path)).await.unwrap()
    }

    /// Loads something from within a page, to its end, and returns its length. If the browser
    /// opened plain text itself, it would also request an icon, and perhaps cancel that request
    /// half-way.
    async fn fetch(&self, path: &str) -> u64 {
        assert_eq!(self.visit("/").await, Landed::Page);
        let script = "return (await (await fetch(args[0])).arrayBuffer()).byteLength";
        let length = self.browser.call(script, vec![path.into()]).await.unwrap();
        length.as_u64().unwrap()
    }

    /// Begins a slow download in the page, which counts what arrives; does not wait for its end.
    async fn begin_download(&self, path: &str) {
        assert_eq!(self.visit("/").await, Landed::Page);
        let script = "window.arrived = 0; window.torn = false;
            fetch(args[0]).then(async (answer) => {
                const reader = answer.body.getReader();
                for (;;) {
                    const { done, value } = await reader.read();
                    if (done) break;
                    window.arrived += value.length;
                }
            }).catch(() => { window.torn = true; });";
        self.browser.call(script, vec![path.into()]).await.unwrap();
    }

    async fn a_page_comes_from_an_exit(&self) {
        self.begin_download("/slow/100000/20").await;
        let slow = |record: &ConnectionRecord| {
            record.asked_for("/slow/100000/20") && record.sent > 0 && record.open
        };
        let seen = self
            .stage
            .site
            .wait_until(LIMIT, |all| all.iter().any(slow))
            .await
            .unwrap();
        let peer = seen.iter().find(|record| slow(record)).unwrap().peer;
        assert_eq!(
            peers::program_at(peer).unwrap(),
            "tor",
            "not the browser's own connection"
        );
        // Leaving the page before its last byte arrived would cut the rest.
        let whole = "return window.arrived === 100000";
        self.browser.wait_until(LIMIT, whole).await.unwrap();
        assert_eq!(self.visit("/").await, Landed::Page);
        assert!(!self.has_web_rtc().await);
        let text = self.browser.text().await.unwrap();
        assert!(text.contains("This page came from the site"), "{text}");
    }

    /// The reports hold every byte that the site received and sent. The page is plain HTTP, so the
    /// site reads exactly what the browser wrote.
    async fn reports_hold_exactly_the_bytes_of_the_site(&self) {
        assert_eq!(self.fetch("/bytes/150000").await, 150_000);
        self.wait_for_equal_bytes((0, 0), (0, 0)).await;
        let page = self.stage.site.connections();
        let page = page
            .iter()
            .find(|record| record.asked_for("/bytes/150000"))
            .unwrap();
        assert_eq!(page.sent, Answer::to("/bytes/150000").total_bytes());
        assert_eq!(page.received, page.requests[0].head_bytes);
    }

    /// The same for one more page, after a crash. The streams that the crash cut are left out of
    /// the comparison, because the site's numbers for them include bytes that never reached the
    /// browser.
    async fn one_more_page_is_counted_exactly(&self) {
        // The site goes on sending into a cut stream until it hears of the cut.
        let is_cut =
            |record: &ConnectionRecord| record.asked_for("/slow/2000000/20") && !record.open;
        let cut = self
            .stage
            .site
            .wait_until(LIMIT, |all| all.iter().any(is_cut));
        cut.await.unwrap();
        self.all_signed().await;
        let (reports, site) = (
            self.stage.reports().unwrap().bytes(),
            self.stage.site.totals(),
        );
        assert_eq!(self.fetch("/bytes/150000").await, 150_000);
        assert!(self.stage.site.totals().sent - site.sent > 150_000);
        self.wait_for_equal_bytes(reports, (site.received, site.sent))
            .await;
    }

    /// Waits until reports and site agree to the byte on what moved, up and down, since the given
    /// numbers. Sessions close one after the other, so both sides are read again each time.
    async fn wait_for_equal_bytes(&self, reports: (u64, u64), site: (u64, u64)) {
        let equal = |status: &Status| {
            let signed = self.stage.reports().unwrap().bytes();
            let moved = self.stage.site.totals();
            assert!(
                signed.0 - reports.0 <= moved.received - site.0,
                "more up than there was"
            );
            assert!(
                signed.1 - reports.1 <= moved.sent - site.1,
                "more down than there was"
            );
            status.session.is_none()
                && signed.0 - reports.0 == moved.received - site.0
                && signed.1 - reports.1 == moved.sent - site.1
        };
        if let Err(error) = self.stage.wait_for(LIMIT, equal).await {
            let signed = self.stage.reports().unwrap().bytes();
            panic!(
                "{signed:?} signed, {:#?}\n{error}",
                self.stage.site.connections()
            );
        }
    }

    /// Waits until no session is open, so that all counted bytes are in signed reports.
    async fn all_signed(&self) -> Status {
        let quiet = |status: &Status| status.session.is_none() && status.reports.0 > 0;
        self.stage.wait_for(LIMIT, quiet).await.unwrap()
    }

    async fn the_badge_is_the_sum_of_verified_reports(&self) {
        self.all_signed().await;
        let reports = self.stage.reports().unwrap();
        let badge = reports.badge().unwrap();
        let shows = format!("return await browser.action.getBadgeText({{}}) === '{badge}'");
        self.popup
            .wait_until(&self.browser, LIMIT, &shows)
            .await
            .unwrap();
        let balance = self.popup.text(&self.browser, "balance").await.unwrap();
        assert_eq!(balance, credits_short(reports.sum().unwrap()));
        let ticks = self.popup.ticks(&self.browser).await.unwrap();
        let newest: Vec<u64> = reports
            .list
            .iter()
            .rev()
            .map(|report| report.sequence)
            .collect();
        assert!(
            !ticks.is_empty() && newest.starts_with(&ticks),
            "{ticks:?} of {newest:?}"
        );
    }

    async fn turned_off_the_browser_goes_direct_and_nothing_is_counted(&self) {
        let before = self.stage.reports().unwrap().head;
        self.popup.press(&self.browser, "switch").await.unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "off")
            .await
            .unwrap();
        assert_eq!(self.popup.badge(&self.browser).await.unwrap(), "off");
        let asked = self.stage.site.totals().connections;
        assert_eq!(self.visit("/").await, Landed::Page);
        // Chromium may open a second connection in advance.
        assert!(self.stage.site.totals().connections > asked);
        let status = self.stage.status().unwrap().unwrap();
        assert_eq!((status.session, status.reports.0), (None, before.sequence));
        assert!(self.has_web_rtc().await, "a page of now has what it had");
    }

    async fn has_web_rtc(&self) -> bool {
        self.browser.switch_to(&self.browsing).await.unwrap();
        let script = "return typeof RTCPeerConnection === 'function'";
        self.browser.call(script, vec![]).await.unwrap() == true
    }

    /// A connection of a page that began before "Turn on" continues past Tor.
    async fn what_was_open_before_is_loaded_anew_before_green(&mut self) {
        let paths = ["/slow/10000000/20", "/events", "/socket"];
        self.begin_download(paths[0]).await;
        let script = "window.events = new EventSource(args[0]);
            window.socket = new WebSocket(new URL(args[1], `ws://${location.host}`));";
        let rest = paths[1..].iter().map(|path| (*path).into()).collect();
        self.browser.call(script, rest).await.unwrap();
        let goes_on = |path: &str, all: &[ConnectionRecord]| {
            let is_so = |one: &ConnectionRecord| one.asked_for(path) && one.sent > 0 && one.open;
            all.iter().any(is_so)
        };
        let all_go_on = |all: &[ConnectionRecord]| paths.iter().all(|path| goes_on(path, all));
        let none_goes_on = |all: &[ConnectionRecord]| !paths.iter().any(|path| goes_on(path, all));
        let site = &self.stage.site;
        site.wait_until(LIMIT, all_go_on).await.unwrap();
        self.popup.press(&self.browser, "switch").await.unwrap();
        self.problem("old_pages").await;
        self.popup
            .wait_for_state(&self.browser, LIMIT, "unprotected")
            .await
            .unwrap();
        assert_eq!(self.popup.badge(&self.browser).await.unwrap(), "!");
        assert!(all_go_on(&self.stage.site.connections()));
        self.popup.press(&self.browser, "action").await.unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "protected")
            .await
            .unwrap();
        self.stage
            .site
            .wait_until(LIMIT, none_goes_on)
            .await
            .unwrap();
        // A tab that was unloaded may come back with another id.
        self.browsing = self.browser.open_tab().await.unwrap();
    }

    async fn every_failure_has_its_words_and_its_button(&self) {
        self.stage.run(&["monitor", "stop"]).unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "blocked")
            .await
            .unwrap();
        let squatter = std::net::TcpListener::bind(("127.0.0.1", self.stage.relay_port())).unwrap();
        self.popup.press(&self.browser, "action").await.unwrap();
        self.problem("port_taken").await;
        drop(squatter);
        self.popup.press(&self.browser, "action").await.unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "protected")
            .await
            .unwrap();

        let away = self.stage.kill_daemon().unwrap();
        self.stage.without_tor().unwrap();
        self.problem("daemon_place_taken").await;
        drop(away);
        self.restart().await;
        self.problem("tor_missing").await;

        // This ends the daemon too.
        self.stage.run(&["uninstall"]).unwrap();
        self.problem("host_not_installed").await;
        let landed = self.visit("/").await;
        assert!(
            matches!(landed, Landed::NetworkError(_)),
            "still shut: {landed:?}"
        );
        let command = self.popup.text(&self.browser, "command").await.unwrap();
        assert!(command.contains("install"), "{command}");
    }

    /// Waits until the popup names this problem, and checks that it has a sentence.
    async fn problem(&self, name: &str) {
        let named = format!(
            "const problem = document.querySelector('[data-testid=problem]');
            return !problem.hidden && problem.dataset.problem === '{name}'"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &named)
            .await
            .unwrap();
        let sentence = self
            .popup
            .text(&self.browser, "problem-sentence")
            .await
            .unwrap();
        assert!(sentence.ends_with('.'), "{sentence}");
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let pictures = checks::stage::root().join("dist/checks");
        std::fs::create_dir_all(&pictures).unwrap();
        let picture = pictures.join(format!("{kind}-{name}.png"));
        self.popup.picture(&self.browser, &picture).await.unwrap();
    }
}
