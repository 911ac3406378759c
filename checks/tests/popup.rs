//! What the popup does and shows beyond counting, in real browsers over the real Tor: a new
//! identity leads to new circuits, and the popup explains what did not load.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    circuits::{self, Circuit, Stream},
    popup::Popup,
    stage::{QUICK, Stage},
};
use meter_testkit::{
    browser::{Browser, Kind, Landed, Tab},
    ports::HeldPort,
    site::ConnectionRecord,
    tor_network::{ClientPorts, TorClient},
};
use meter_wire::{TorReply, Unreached};
use serde_json::Value;
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);

/// How long the popup may take to say why a page did not load.
const AGAIN: Duration = Duration::from_secs(20);

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

    async fn wait_until_circuit(&self, is: &str) {
        let wanted = format!(
            "const card = document.querySelector('[data-testid=circuit]');
            const stops = [...card.querySelectorAll('li')].map((stop) => stop.innerText);
            const button = card.querySelector('button');
            const done = card.querySelector('[data-testid=circuit-done]').textContent;
            return !card.hidden && {is}"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &wanted)
            .await
            .unwrap();
    }

    /// The relays that the card names, in order.
    async fn relays_shown(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[data-testid=circuit] .relay')]
            .map((relay) => relay.textContent).filter((name) => name !== '')";
        let shown = self.browser.call(script, vec![]).await.unwrap();
        serde_json::from_value(shown).unwrap()
    }

    async fn the_circuit_of_the_page_in_front_is_shown_and_renewed(&self) {
        let site = &self.stage.site;
        let page = site.url("front.test", FRONT);
        self.browser.switch_to(&self.browsing).await.unwrap();
        assert_eq!(self.browser.goto(&page).await.unwrap(), Landed::Page);
        self.open_popup_over(&page, "circuit").await;
        self.wait_until_circuit("stops.length === 5").await;
        let title = self.popup.text(&self.browser, "circuit-title").await;
        assert_eq!(title.unwrap(), "Circuit for front.test");
        let ends = "stops[0] === 'This browser' && stops[4] === 'front.test'";
        self.wait_until_circuit(ends).await;
        let before = self.relays_shown().await;
        assert!(self.is_path_of_tor(&before).await, "{before:?}");
        self.pictures("circuit").await;

        let loads = loads(&site.connections());
        self.wait_until_circuit("button.ariaDisabled === 'false'")
            .await;
        self.popup
            .press(&self.browser, "circuit-button")
            .await
            .unwrap();
        self.wait_until_circuit("done !== '' && button.ariaDisabled === 'true'")
            .await;
        site.wait_until(LIMIT, |all| self::loads(all) > loads)
            .await
            .unwrap();
        self.wait_until_circuit("stops.length === 5").await;
        let after = self.relays_shown().await;
        assert!(self.is_path_of_tor(&after).await, "{after:?}");
        self.pictures("circuit-renewed").await;

        // The popup stores nothing about the circuit.
        let stored = "const { local, session } = browser.storage;
            return JSON.stringify([await local.get(null), await session.get(null)])";
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let stored = self.browser.call(stored, vec![]).await.unwrap().to_string();
        for part in ["front", before[0].as_str()] {
            assert!(!stored.contains(part), "{part}: {stored}");
            assert!(!self.stage.log().contains(part), "{part}");
        }
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

    /// Whether Tor has a circuit over exactly these relays.
    async fn is_path_of_tor(&self, relays: &[String]) -> bool {
        let lines = self.tor.ask("GETINFO circuit-status").await.unwrap();
        lines.iter().any(|line| {
            let path = line.split(' ').nth(2).unwrap_or_default();
            let names = path.split(',').filter_map(|hop| hop.split('~').nth(1));
            names.eq(relays.iter().map(String::as_str))
        })
    }

    async fn identity(&self, field: &str) -> Value {
        self.browser.switch_to(&self.popup.tab).await.unwrap();
        let script = format!(
            "const button = document.querySelector('[data-testid=identity-button]');
            return {field}"
        );
        self.browser.call(&script, vec![]).await.unwrap()
    }

    async fn wait_until_identity(&self, is: &str) {
        let wanted = format!(
            "const button = document.querySelector('[data-testid=identity-button]');
            return {is}"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &wanted)
            .await
            .unwrap();
    }

    /// The first stream is still open when the second is examined, so Tor cannot have given one
    /// circuit's number to two circuits.
    async fn a_new_identity_leads_to_new_circuits_for_the_same_site(&self) {
        let (_, before) = self.begin("/slow/50000000/20").await;
        assert!(!before.is_empty());

        // Checks that a keyboard can reach the button and which name a screen reader reads.
        let reached = self
            .identity("button.tabIndex === 0 && button.textContent === 'New identity'")
            .await;
        assert_eq!(reached, true);
        self.wait_until_identity("button.ariaDisabled === 'false'")
            .await;
        self.identity("button.focus() ?? button.click()").await;
        self.wait_until_identity("button.ariaDisabled === 'true'")
            .await;
        assert_eq!(
            self.identity("document.activeElement === button").await,
            true,
            "the focus stays"
        );
        let done = "document.querySelector('[data-testid=identity-done]').textContent !== ''";
        self.wait_until_identity(done).await;
        let done = self
            .popup
            .text(&self.browser, "identity-done")
            .await
            .unwrap();
        assert!(done.contains("Cookies and log-ins stay"), "{done}");
        let again = self
            .popup
            .text(&self.browser, "identity-again")
            .await
            .unwrap();
        assert!(again.starts_with("again in "), "{again}");
        self.pictures("identity").await;

        let (_, after) = self.begin("/slow/50000001/20").await;
        assert!(!after.is_empty());
        for (old, new) in before
            .iter()
            .flat_map(|old| after.iter().map(move |new| (old, new)))
        {
            assert_ne!(old.path, new.path, "another circuit");
            assert_ne!(old.password, new.password, "with other credentials");
        }
        self.wait_until_identity("button.ariaDisabled === 'false'")
            .await;
    }

    /// Tor's own replies for a mistyped and an unknown onion address, an unknown name and a closed
    /// port, and the relay's reply for a local address.
    async fn what_did_not_load_is_explained(&self) {
        let closed = HeldPort::take().unwrap();
        let port = closed.number();
        let errors = [
            (MISTYPED.to_owned(), TorReply::OnionMistyped),
            (NOT_THERE.to_owned(), TorReply::OnionNotFound),
            (
                "http://nowhere.example/".to_owned(),
                TorReply::HostUnreachable,
            ),
            (
                format!("http://site.test:{port}/"),
                TorReply::GeneralFailure,
            ),
            ("http://192.168.1.1/".to_owned(), TorReply::NotAllowed),
        ];
        for (url, reply) in errors {
            let because = format!("This page did not load. {}", reply.sentence());
            let deadline = Instant::now() + LIMIT;
            loop {
                self.browser.switch_to(&self.browsing).await.unwrap();
                let landed = self.browser.goto(&url).await.unwrap();
                assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
                self.explains(reply).await;
                self.the_tab_is_marked(&url).await;
                let words = (&*because, reply.action());
                let said = self.the_popup_says_first(&url, words, AGAIN);
                // If something else fails meanwhile, the reason is not certain, and a person loads
                // the page again. Chromium itself loads a page again that could not be loaded.
                match said.await {
                    Ok(()) => break,
                    Err(other) => assert!(Instant::now() < deadline, "{other}"),
                }
            }
        }
        self.pictures("unreached").await;
        self.a_page_that_loads_takes_the_mark_away().await;
        let status = self.stage.run(&["status"]).unwrap();
        let latest = Unreached::new(TorReply::NotAllowed, 1);
        for part in [latest.message, latest.action] {
            assert!(status.contains(&part), "{status}");
        }
        let names = ["onion\n", ".onion", "nowhere", "site.test", "192.168"];
        for name in names {
            let said = self.stage.log().contains(name) || status.contains(&format!("//{name}"));
            assert!(!said, "{name} is told to nobody");
        }
    }

    /// The button in the toolbar says that the page of this tab did not load, and says so of no
    /// other tab.
    async fn the_tab_is_marked(&self, url: &str) {
        let marked = format!(
            "const all = await browser.tabs.query({{}});
            const {{ action }} = browser;
            const shown = async ({{ id: tabId }}) => [await action.getBadgeText({{ tabId }}),
                await action.getTitle({{ tabId }})].join();
            const is = ({{ url }}) => url === '{url}';
            const failed = await Promise.all(all.filter(is).map(shown));
            const others = await Promise.all(all.filter((tab) => !is(tab)).map(shown));
            return failed.join() === '{MARK}' && !others.includes('{MARK}')"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &marked)
            .await
            .unwrap();
    }

    /// A popup over this tab begins with what happened to its page; otherwise the error is what it
    /// says.
    async fn the_popup_says_first(
        &self,
        url: &str,
        (sentence, action): (&str, &str),
        limit: Duration,
    ) -> Result<(), String> {
        self.open_popup_over(url, "page").await;
        let first = format!(
            "const page = document.querySelector('[data-testid=page]');
            const parts = [...document.querySelectorAll('#popup > section')];
            return parts.find((part) => part.checkVisibility()) === page
                && page.innerText.includes({}) && page.innerText.includes({})",
            serde_json::json!(sentence),
            serde_json::json!(action),
        );
        if self.browser.wait_until(limit, &first).await.is_ok() {
            return Ok(());
        }
        let shown = "return document.querySelector('#popup').innerText";
        Err(self.browser.call(shown, vec![]).await.unwrap().to_string())
    }

    async fn a_page_that_loads_takes_the_mark_away(&self) {
        let page = self.stage.site.url("front.test", FRONT);
        self.browser.switch_to(&self.browsing).await.unwrap();
        assert_eq!(self.browser.goto(&page).await.unwrap(), Landed::Page);
        let gone = format!(
            "const tabs = await browser.tabs.query({{}});
            const tabId = tabs.find((tab) => tab.url === '{page}')?.id;
            const shown = async (which) => [await browser.action.getBadgeText(which),
                await browser.action.getTitle(which)].join();
            return tabId !== undefined && await shown({{ tabId }}) === await shown({{}})"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &gone)
            .await
            .unwrap();
    }

    /// Waits until the popup names this reply as the latest, in its own words.
    async fn explains(&self, reply: TorReply) {
        let name = serde_json::to_value(reply).unwrap();
        let named = format!(
            "return document.querySelector('[data-testid=unreached-kinds] li')?.dataset.reply === \
             {name}"
        );
        self.popup
            .wait_until(&self.browser, LIMIT, &named)
            .await
            .unwrap();
        let words = self.popup.text(&self.browser, "unreached").await.unwrap();
        assert!(words.contains(reply.sentence()), "{words}");
        assert!(words.contains(reply.action()), "{words}");
    }

    async fn without_a_relay_there_is_a_reason_instead_of_an_identity(&self) {
        self.stage.run(&["monitor", "stop"]).unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "blocked")
            .await
            .unwrap();
        self.browser.switch_to(&self.browsing).await.unwrap();
        let page = "http://without-a-relay.test/";
        let landed = self.browser.goto(page).await.unwrap();
        assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
        self.the_tab_is_marked(page).await;
        let nothing_left = "so nothing of it left this computer.";
        self.the_popup_says_first(page, (nothing_left, ""), LIMIT)
            .await
            .unwrap();
        self.pictures("page").await;
        self.wait_until_identity("button.ariaDisabled === 'true'")
            .await;
        let reason = self
            .popup
            .text(&self.browser, "identity-text")
            .await
            .unwrap();
        assert_eq!(reason, "The relay is stopped.");
        let asked = self.identity("button.click() ?? 'pressed'").await;
        assert_eq!(asked, "pressed");
        let status = self.stage.status().unwrap().unwrap();
        assert_eq!(
            status.new_identity_in_s, 0,
            "a button that is off does nothing"
        );
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

/// Badge and title of a tab whose page did not load.
const MARK: &str = "✕,This page did not load. Click to see why.";
/// A page that nothing else here requests.
const FRONT: &str = "/bytes/1001";
/// 56 letters, and no checksum.
const MISTYPED: &str = "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion/";
/// The address of RFC 8032's first test key: it is well formed, and no service has it.
const NOT_THERE: &str = "http://25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion/";
