//! What the popup does and shows beyond counting, in real browsers over the real Tor: a new
//! identity leads to new circuits, and the popup explains what did not load.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod not_loaded;
mod renewed;

use checks::{
    circuits::{self, Circuit, Stream},
    popup::Popup,
    stage::{QUICK, Stage},
};
use meter_testkit::{
    browser::{Browser, Kind, Landed, Tab},
    site::ConnectionRecord,
    tor_network::{ClientPorts, TorClient},
};
use std::{collections::HashSet, time::Duration};
use tokio::sync::Mutex;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);

/// A small machine cannot run two browsers and two Tor networks at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_gets_a_new_identity_and_the_reasons_for_its_error_pages() {
    everything(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_gets_a_new_identity_and_the_reasons_for_its_error_pages() {
    everything(Kind::Firefox).await;
}

/// One network and one browser for all claims, because starting them takes most of the time.
async fn everything(kind: Kind) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let stage = Stage::set(QUICK).await.unwrap();
    let ports = ClientPorts::hold().unwrap();
    let mut tor = stage.network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    stage.use_existing_tor(&ports).unwrap();
    let browser = stage.launch(kind, false).await.unwrap();
    let browsing = browser.current_tab().await.unwrap();
    let popup = Popup::open(&browser).await.unwrap();
    popup
        .wait_for_state(&browser, LIMIT, "protected")
        .await
        .unwrap();
    let show = Show {
        stage,
        tor,
        browser,
        browsing,
        popup,
    };

    show.a_new_identity_leads_to_new_circuits_for_the_same_site()
        .await;
    show.the_circuit_of_the_page_in_front_is_shown_and_renewed()
        .await;
    show.it_opens_at_its_button_over_the_page_in_front().await;
    show.what_did_not_load_is_explained().await;
    show.without_a_relay_there_is_a_reason_instead_of_an_identity()
        .await;
    show.commands_are_drawn_as_such().await;
    show.browser.close().await;
}

struct Show {
    stage: Stage,
    tor: TorClient,
    browser: Browser,
    browsing: Tab,
    popup: Popup,
}

impl Show {
    /// The note about the floor names a command: this browser was started without one.
    async fn commands_are_drawn_as_such(&self) {
        let drawn = "const command = document.querySelector('#note-text code')?.textContent;
            return command?.startsWith('onionmeter open')
                && !document.body.textContent.includes('`')";
        let waited = self.popup.wait_until(&self.browser, LIMIT, drawn);
        waited.await.unwrap();
    }

    /// Begins a request that stays open, in a tab of its own; returns the streams that are new
    /// since then.
    async fn begin(&self, path: &str) -> (HashSet<Stream>, HashSet<Circuit>) {
        let site = &self.stage.site;
        let before = circuits::streams_to(&self.tor, site.port()).await.unwrap();
        let tab = self.browser.open_tab().await.unwrap();
        self.browser.switch_to(&tab).await.unwrap();
        let page = site.url("site.test", "/");
        assert_eq!(self.browser.goto(&page).await.unwrap(), Landed::Page);
        let begin = "fetch(args[0]).catch(() => {});";
        self.browser.call(begin, vec![path.into()]).await.unwrap();
        site.wait_until(LIMIT, |all| {
            all.iter()
                .any(|record| record.asked_for(path) && record.sent > 0 && record.open)
        })
        .await
        .unwrap();
        let now = circuits::streams_to(&self.tor, site.port()).await.unwrap();
        let new: HashSet<_> = now.difference(&before).cloned().collect();
        let mut used = HashSet::new();
        for stream in &new {
            used.insert(circuits::circuit_of(&self.tor, stream).await.unwrap());
        }
        (new, used)
    }

    /// A popup shows the active tab. A popup in a tab of its own is loaded again while the page's
    /// tab is active, and the check leaves it alone until it has read that tab, because Firefox's
    /// driver activates the tab that it switches to.
    async fn open_popup_over(&self, page: &str, part: &str) {
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let script = "const tabs = await browser.tabs.query({});
            const page = tabs.find((tab) => tab.url === args[0]);
            await browser.tabs.update(page.id, { active: true });";
        self.browser.call(script, vec![page.into()]).await.unwrap();
        let origin = self.browser.extension_origin().unwrap();
        let popup = format!("{origin}/popup/popup.html");
        assert_eq!(self.browser.goto(&popup).await.unwrap(), Landed::Page);
        let shown = format!("return !document.querySelector('[data-testid={part}]').hidden");
        self.browser.wait_until(LIMIT, &shown).await.unwrap();
    }

    /// All other checks here read the popup in a tab, where nothing closes it and where pictures
    /// are possible.
    async fn it_opens_at_its_button_over_the_page_in_front(&self) {
        let page = self.stage.site.url("front.test", FRONT);
        self.open_popup_over(&page, "circuit").await;
        self.browser.open_popup().await.unwrap();
        let looks = self.browser.wait_until(LIMIT, TOOLBAR_POPUP).await.unwrap();
        assert_eq!(looks["title"], "Circuit for front.test");
        assert_eq!(looks["balance"], looks["in_a_tab"], "{looks}");
        // Firefox subtracts a scroll bar from the width that the page wants.
        let width = looks["width"].as_u64().unwrap();
        assert!((340..=360).contains(&width), "{looks}");
        assert_eq!(looks["cut_off"], 0, "{looks}");
        assert_eq!(looks["moves"], "hidden", "{looks}");
        let height = looks["height"].as_u64().unwrap();
        assert!((400..=600).contains(&height), "{looks}");
        let close = "browser.extension.getViews({ type: 'popup' })[0].close()";
        self.browser.call(close, vec![]).await.unwrap();
    }

    async fn pictures(&self, name: &str) {
        let kind = format!("{:?}", self.browser.kind()).to_lowercase();
        let folder = checks::stage::root().join("dist/checks");
        std::fs::create_dir_all(&folder).unwrap();
        for (dark, look) in [(true, "dark"), (false, "light")] {
            self.browser.set_dark(dark).await.unwrap();
            let picture = folder.join(format!("{kind}-{name}-{look}.png"));
            self.popup.picture(&self.browser, &picture).await.unwrap();
        }
    }
}

/// The texts and the size of the popup over a page, once it shows that it protects and names a
/// circuit. They are read twice and must be equal, because the size follows the texts.
const TOOLBAR_POPUP: &str = "
    const [view] = browser.extension.getViews({ type: 'popup' });
    const told = (page, id) => page.querySelector(`[data-testid=${id}]`).textContent.trim();
    if (view?.document.querySelector('[data-testid=state]')?.dataset.state !== 'protected') return;
    if (view.document.querySelector('[data-testid=circuit]').hidden) return;
    const root = view.document.documentElement;
    const sticks_out = (card) => card.getBoundingClientRect().right > root.clientWidth;
    const looks = () => ({
        title: told(view.document, 'circuit-title'),
        balance: told(view.document, 'balance'), in_a_tab: told(document, 'balance'),
        width: root.clientWidth, height: view.innerHeight,
        moves: view.getComputedStyle(root).overflowX,
        cut_off: [...view.document.querySelectorAll('.card:not([hidden])')]
            .filter(sticks_out).length,
    });
    const before = looks();
    await new Promise((done) => setTimeout(done, 500));
    const after = looks();
    return JSON.stringify(before) === JSON.stringify(after) && after;
";

/// How many times the page was requested.
fn loads(all: &[ConnectionRecord]) -> usize {
    all.iter().filter(|record| record.asked_for(FRONT)).count()
}

/// A page that nothing else here requests.
const FRONT: &str = "/bytes/1001";
