//! What the extension does when a part of it, or the host that it talks to, is broken: the browser
//! is shut, a message tells the person so, and the person's clicks still work.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod first;
mod hostile;
mod left;
mod place;
mod stored;
mod unstarted;
mod web_rtc;

use checks::popup::Popup;
use meter_testkit::browser::{Browser, Kind, Landed, Tab};
use place::Place;
use std::time::Duration;
use tokio::sync::Mutex;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(60);

/// For a popup: it says that the worker does not decide, so does the badge, and the browser's proxy
/// settings name port 1.
const TOLD: &str = "const broken = document.querySelector('[data-testid=broken]');
    const read = (await browser.proxy.settings.get({})).value;
    const port = read.rules?.singleProxy?.port ?? Number(read.socks?.split(':').pop());
    // With Chromium's default exceptions, link-local addresses would go past the proxy.
    const exceptions = read.rules?.bypassList?.join() ?? read.passthrough;
    const none = '<-loopback>,localhost,*.localhost,127.0.0.0/8,[::1]';
    return !broken.hidden && document.querySelector('[data-testid=popup]').hidden
        && port === 1 && [none, ''].includes(exceptions)
        && await browser.action.getBadgeText({}) === '!'";

/// In a popup: the first click on its button.
const CLICK: &str = "document.querySelector('[data-testid=action]')
    .dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 1 }))";

/// In a page: the four requests of `Show::ask` have ended.
const ALL_ENDED: &str = "return document.documentElement.dataset.ended === '4'";

/// Two browsers at once are too much for a small machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_obeys_a_person_under_a_flood_and_shuts_when_its_worker_cannot_decide() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let show = Show::begin(Kind::Chromium).await;
    show.what_a_popup_shows_is_stored().await;
    show.a_host_that_floods_keeps_no_person_waiting().await;
    show.a_length_that_no_message_has_ends_the_connection_alone()
        .await;
    show.a_hostile_host_is_never_believed().await;
    show.the_first_daemon_is_worked_with().await;
    show.a_browser_that_refuses_to_forbid_web_rtc_is_not_green()
        .await;
    show.a_damaged_state_of_tor_is_set_aside_only_after_a_second_yes()
        .await;
    show.a_worker_that_cannot_decide_shuts_and_says_so().await;
    show.a_worker_that_chromium_never_starts_is_told_and_shut()
        .await;
    show.a_worker_whose_event_never_ends_is_shut_and_told_by_the_popup()
        .await;
    show.the_shell_bears_every_way_of_not_deciding().await;
    show.a_person_wakes_a_worker_that_was_killed().await;
    show.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_shuts_when_its_worker_cannot_decide() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let show = Show::begin(Kind::Firefox).await;
    show.what_a_popup_shows_is_stored().await;
    show.a_page_that_the_browser_left_behind_loads_itself_anew()
        .await;
    show.a_host_that_floods_keeps_no_person_waiting().await;
    show.a_hostile_host_is_never_believed().await;
    show.the_first_daemon_is_worked_with().await;
    show.a_length_that_no_message_has_ends_the_connection_alone()
        .await;
    show.a_worker_that_cannot_decide_shuts_and_says_so().await;
    show.firefox_lets_nothing_out_while_an_event_never_ends()
        .await;
    show.browser.kill();
}

struct Show {
    place: Place,
    browser: Browser,
    browsing: Tab,
    popup: Popup,
}

impl Show {
    async fn begin(kind: Kind) -> Self {
        let place = Place::new().await.unwrap();
        let browser = place.launch(kind).await.unwrap();
        let browsing = browser.current_tab().await.unwrap();
        let popup = Popup::open(&browser).await.unwrap();
        let show = Self {
            place,
            browser,
            browsing,
            popup,
        };
        show.state("protected").await;
        show
    }

    async fn state(&self, state: &str) {
        self.popup
            .wait_for_state(&self.browser, LIMIT, state)
            .await
            .unwrap();
    }

    async fn press(&self, testid: &str) {
        self.popup.press(&self.browser, testid).await.unwrap();
    }

    async fn wait_until(&self, body: &str) {
        self.popup
            .wait_until(&self.browser, LIMIT, body)
            .await
            .unwrap();
    }

    async fn run(&self, body: &str) -> serde_json::Value {
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        self.browser.call(body, vec![]).await.unwrap()
    }

    /// Asks `fault.js` for a fault; for none with an empty name.
    async fn fault(&self, name: &str) {
        let ask = format!("await browser.runtime.sendMessage({{ fault: '{name}' }})");
        self.run(&ask).await;
    }

    async fn is_shut(&self) {
        let before = self.place.arrivals();
        self.browser.switch_to(&self.browsing).await.unwrap();
        let landed = self.browser.goto(&self.place.url()).await.unwrap();
        assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
        assert_eq!(self.place.arrivals(), before, "neither relay nor site");
    }

    /// The host sends its status as fast as it can write, several thousand times a second. The
    /// check does not measure for how many seconds the browser is busy with it: without a bound,
    /// the flood would never end.
    async fn a_host_that_floods_keeps_no_person_waiting(&self) {
        self.place.flood(true);
        self.problem("host_flooding").await;
        self.press("switch").await;
        self.state("off").await;
        assert_eq!(self.popup.badge(&self.browser).await.unwrap(), "off");
        // Each start of the host waits twice as long as the start before it: a quarter of a second,
        // half a second, … half a minute.
        let starts = self.place.starts();
        assert!((1..=12).contains(&starts), "{starts}");
        self.pictures("host_flooding").await;
        self.place.flood(false);
        self.press("switch").await;
        self.state("protected").await;
    }

    /// Another worker, another process of the host, and another popup.
    async fn anew(&self) {
        self.browser.stop_background().await.unwrap();
        self.open_anew().await;
    }

    /// Four gigabytes are announced, and nothing of it comes.
    async fn a_length_that_no_message_has_ends_the_connection_alone(&self) {
        let before = self.place.starts();
        self.place.say_raw(&u32::MAX.to_ne_bytes());
        while self.place.starts() == before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.state("protected").await;
    }

    async fn problem(&self, name: &str) {
        let named = format!(
            "const problem = document.querySelector('[data-testid=problem]');
            return !problem.hidden && problem.dataset.problem === '{name}'"
        );
        self.wait_until(&named).await;
    }

    async fn a_damaged_state_of_tor_is_set_aside_only_after_a_second_yes(&self) {
        self.place.damage();
        self.press("tor-button").await;
        self.problem("tor_state_damaged").await;
        self.pictures("tor_state_damaged").await;
        let asked = "return !document.querySelector('[data-testid=cancel]').hidden";
        self.run(CLICK).await;
        self.wait_until(asked).await;
        self.pictures("tor_state_damaged_asked").await;
        // What follows is drawn after what the second click of a double click would have asked for.
        self.run(&CLICK.replace("detail: 1", "detail: 2")).await;
        self.press("cancel").await;
        self.wait_until("return document.querySelector('[data-testid=cancel]').hidden")
            .await;
        assert!(self.place.is_damaged(), "nobody has said yes");
        self.press("action").await;
        self.wait_until(asked).await;
        self.press("action").await;
        self.state("protected").await;
        assert!(!self.place.is_damaged());
    }

    async fn is_told_and_shut_with_a_popup_closing(&self) {
        let closing = Popup::open(&self.browser).await.unwrap();
        self.browser.switch_to(&closing.tab).await.unwrap();
        self.browser.close_tab(&self.popup.tab).await.unwrap();
        self.wait_until(TOLD).await;
        self.is_shut().await;
    }

    /// The only thread of the worker is lost, with the shell that runs on it. The popup has a
    /// thread of its own.
    async fn a_worker_whose_event_never_ends_is_shut_and_told_by_the_popup(&self) {
        self.fault("loop").await;
        self.is_told_and_shut_with_a_popup_closing().await;
        self.open_anew().await;
        self.wait_until(TOLD).await;
        self.a_person_is_obeyed_meanwhile().await;
        // Chromium does the same by itself after a while.
        self.browser.stop_background().await.unwrap();
        self.state("off").await;
        assert_eq!(self.popup.badge(&self.browser).await.unwrap(), "off");
        self.press("switch").await;
        self.state("protected").await;
        assert_ne!(self.popup.badge(&self.browser).await.unwrap(), "!");
    }

    async fn a_worker_that_cannot_decide_shuts_and_says_so(&self) {
        let begun = std::time::Instant::now();
        // The next instances of the worker cannot even be loaded.
        self.run("await browser.storage.session.set({ fault: 'start', tries: 0 })")
            .await;
        self.fault("panic").await;
        self.is_told_and_shut_with_a_popup_closing().await;
        self.broken_pictures("broken").await;

        // The worker is started again, less and less often. A popup that opens now learns of it
        // too.
        let tries = "return (await browser.storage.session.get('tries')).tries >= 2";
        self.wait_until(tries).await;
        self.is_shut().await;
        self.open_anew().await;
        self.wait_until(TOLD).await;
        let tries = self
            .run("return (await browser.storage.session.get('tries')).tries")
            .await;
        // The tries come after 1, 5 and 25 s and with each alarm: three of them in half a minute.
        let most = 4 + begun.elapsed().as_secs() / 9;
        assert!(tries.as_u64().unwrap() <= most, "{tries}");

        self.a_person_is_obeyed_meanwhile().await;

        self.run("await browser.storage.session.set({ fault: '' })")
            .await;
        self.press("broken-restart").await;
        self.state("off").await;
        self.press("switch").await;
        self.state("protected").await;
        let badge = self.popup.badge(&self.browser).await.unwrap();
        assert_ne!(badge, "!");
    }

    /// In Firefox the popup has the worker's one thread, so no part of ours is left to say a word.
    /// But every request waits for the worker's answer.
    async fn firefox_lets_nothing_out_while_an_event_never_ends(&self) {
        self.browser.switch_to(&self.browsing).await.unwrap();
        let (at_relay, _) = self.place.arrivals();
        self.ask("as ever").await;
        self.browser.wait_until(LIMIT, ALL_ENDED).await.unwrap();
        let before = self.place.arrivals();
        assert!(at_relay < before.0, "the relay was reached");

        self.fault("loop").await;
        self.browser.close_tab(&self.browsing).await.unwrap();
        self.ask("nobody answers").await;
        // For longer than it takes a popup of Chromium to see that nobody does.
        for _ in 0..120 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(self.place.arrivals(), before, "neither relay nor site");
        }
        let ended = "return document.documentElement.dataset.ended";
        let ended = self.browser.call(ended, vec![]).await.unwrap();
        assert_eq!(ended, "0", "each request waits");
    }

    /// Four requests of the page in the tab at hand.
    async fn ask(&self, word: &str) {
        let ask = "const { dataset } = document.documentElement;
            dataset.ended = 0;
            const ended = () => { dataset.ended = Number(dataset.ended) + 1; };
            for (const number of [1, 2, 3]) {
                const image = new Image();
                image.onload = image.onerror = ended;
                image.src = `${args[0]}${number}?${args[1]}`;
            }
            fetch(`${args[0]}4?${args[1]}`, { mode: 'no-cors' }).then(ended, ended);";
        let arguments = vec![self.place.url().into(), word.into()];
        self.browser.call(ask, arguments).await.unwrap();
    }

    async fn open_anew(&self) {
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let origin = self.browser.extension_origin().unwrap();
        let popup = format!("{origin}/popup/popup.html");
        assert_eq!(self.browser.goto(&popup).await.unwrap(), Landed::Page);
    }

    async fn a_person_is_obeyed_meanwhile(&self) {
        self.press("broken-off").await;
        let off = "const { levelOfControl } = await browser.proxy.settings.get({});
            return levelOfControl === 'controllable_by_this_extension'
                && document.querySelector('[data-testid=broken-off]').hidden";
        self.wait_until(off).await;
        self.browser.switch_to(&self.browsing).await.unwrap();
        let landed = self.browser.goto(&self.place.url()).await.unwrap();
        assert_eq!(landed, Landed::Page);
        // A page that was open before would keep the badge from green.
        let landed = self.browser.goto("about:blank").await.unwrap();
        assert_eq!(landed, Landed::Page);
    }

    /// Cases that take minutes or that a real browser cannot be brought to, with a clock that
    /// passes at once.
    async fn the_shell_bears_every_way_of_not_deciding(&self) {
        let page = self.browser.open_extension_page("shell/shell.html").await;
        page.unwrap();
        let wrong = "return (await globalThis.outcome).join()";
        let wrong = self.browser.call(wrong, vec![]).await.unwrap();
        assert_eq!(wrong, "");
        self.browser.close_tab(&self.popup.tab).await.unwrap();
    }

    /// No popup is open, no alarm is set, and the host is not found. Only the person wakes the
    /// worker, and then the badge shows the real state.
    async fn a_person_wakes_a_worker_that_was_killed(&self) {
        let bare = self.browser.open_extension_page("bare.html").await.unwrap();
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        self.browser.close_tab(&bare).await.unwrap();
        self.place.hide_host();
        let call = |body: &'static str| self.browser.call(body, vec![]);
        call("await browser.alarms.clearAll()").await.unwrap();
        self.browser.stop_background().await.unwrap();
        let green = call("return browser.action.getBadgeText({})").await;
        assert_ne!(green.unwrap(), "!", "nobody is there who could know");
        self.browser.open_tab().await.unwrap();
        self.browser.switch_to(&bare).await.unwrap();
        let known = "return await browser.action.getBadgeText({}) === '!'";
        self.browser.wait_until(LIMIT, known).await.unwrap();
    }

    async fn pictures(&self, name: &str) {
        for dark in [true, false] {
            self.browser.switch_to(&self.popup.tab).await.unwrap();
            self.browser.set_dark(dark).await.unwrap();
            let picture = self.picture(name, dark);
            self.popup.picture(&self.browser, &picture).await.unwrap();
        }
    }

    async fn broken_pictures(&self, name: &str) {
        for dark in [true, false] {
            self.browser.switch_to(&self.popup.tab).await.unwrap();
            self.browser.set_dark(dark).await.unwrap();
            let picture = self.picture(name, dark);
            let size = meter_testkit::browser::Size {
                width: 360,
                height: 220,
            };
            self.browser.screenshot(&picture, size).await.unwrap();
        }
    }

    fn picture(&self, name: &str, dark: bool) -> std::path::PathBuf {
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let look = if dark { "dark" } else { "light" };
        let folder = checks::stage::root().join("dist/checks");
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(format!("{kind}-{name}-{look}.png"))
    }
}
