//! Why a page did not load: in the popup, and on the badge of its tab.

use super::{FRONT, LIMIT, Show};
use meter_testkit::{browser::Landed, ports::HeldPort};
use meter_wire::{TorReply, Unreached};
use std::time::{Duration, Instant};

/// How long the popup may take to say why a page did not load.
const AGAIN: Duration = Duration::from_secs(20);

impl Show {
    /// Tor's own replies for a mistyped and an unknown onion address, an unknown name and a closed
    /// port, and the relay's reply for a local address.
    pub(super) async fn what_did_not_load_is_explained(&self) {
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
    pub(super) async fn the_tab_is_marked(&self, url: &str) {
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
    pub(super) async fn the_popup_says_first(
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
}

/// Badge and title of a tab whose page did not load.
const MARK: &str = "✕,This page did not load. Click to see why.";

/// 56 letters, and no checksum.
const MISTYPED: &str = "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion/";

/// The address of RFC 8032's first test key: it is well formed, and no service has it.
const NOT_THERE: &str = "http://25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion/";
