//! A host that lies, in real browsers: nothing unverified is ever counted, none of its texts is
//! ever markup, the browser is never led to a port of its choice, and a sentence says what is
//! wrong.

use crate::{Show, place::Place};
use checks::hostile::Way;
use meter_testkit::browser::Landed;
use serde_json::json;

/// In a page of ours: what it took of a text for markup, and whether it shows that text at all.
const MADE: &str = "const all = [...document.querySelectorAll('*')];
    const text = document.documentElement.textContent;
    const said = text + await browser.action.getTitle({});
    const made = all.filter((node) => node.matches('.hostile, [src=x], script:not([src])'));
    return { made: made.length,
        ran: globalThis.hostile === 'ran',
        turned: /[\\u202A-\\u202E]/.test(said), read: text.includes('<img src=x') }";

impl Show {
    pub(crate) async fn a_hostile_host_is_never_believed(&self) {
        for way in [
            Way::Silence,
            Way::Nonsense,
            Way::Oversized,
            Way::Port(0),
            Way::Port(80),
            Way::Port(65_536),
        ] {
            self.meet(way).await;
            self.a_sentence_says(problem_of(way)).await;
            self.is_led_nowhere(way).await;
        }
        self.what_does_not_verify_is_not_counted().await;
        self.no_text_is_markup().await;
        self.place.be(None);
        self.anew().await;
        self.state("protected").await;
    }

    /// The host is hostile from now on, and the worker knows nothing of before.
    async fn meet(&self, way: Way) {
        self.place.be(Some(way));
        self.anew().await;
    }

    async fn a_sentence_says(&self, name: &str) {
        self.problem(name).await;
        let sentence =
            "return document.querySelector('[data-testid=problem-sentence]').textContent";
        let sentence = self.run(sentence).await;
        assert!(
            sentence.as_str().unwrap().trim().ends_with('.'),
            "{name}: {sentence}"
        );
    }

    /// Neither the port that the host names nor any page is reached, and nothing is green.
    async fn is_led_nowhere(&self, way: Way) {
        let read = "const { value } = await browser.proxy.settings.get({});
            const port = value.rules?.singleProxy?.port ?? Number(value.socks?.split(':').pop());
            const { state } = document.querySelector('[data-testid=state]').dataset;
            return { port, state, badge: await browser.action.getBadgeText({}) }";
        let read = self.run(read).await;
        assert_ne!(read["state"], "protected", "{way}: {read}");
        assert_eq!(read["badge"], "!", "{way}: {read}");
        let own = json!([1, self.place.port()]);
        assert!(
            own.as_array().unwrap().contains(&read["port"]),
            "{way}: {read}"
        );
        let before = self.place.arrivals().1;
        self.browser.switch_to(&self.browsing).await.unwrap();
        let landed = self.browser.goto(&self.place.url()).await.unwrap();
        assert!(
            matches!(landed, Landed::NetworkError(_)),
            "{way}: {landed:?}"
        );
        assert_eq!(self.place.arrivals().1, before, "{way}: past the relay");
    }

    /// Of three sessions, none is counted whose signature is wrong, and none after the first where
    /// the second is missing.
    async fn what_does_not_verify_is_not_counted(&self) {
        self.place.sign(3);
        for (way, counted) in [(Way::Signature, 0_u8), (Way::Chain, 1)] {
            self.meet(way).await;
            self.a_sentence_says("report_refused").await;
            let ticked = "return [...document.querySelectorAll('[data-verified=true]')]
                .map((row) => row.dataset.sequence)";
            let ticked = self.run(ticked).await;
            assert_eq!(
                ticked.as_array().unwrap().len(),
                usize::from(counted),
                "{way}: {ticked}"
            );
            let shown =
                "return [document.querySelector('[data-testid=balance]').textContent.trim(),
                await browser.action.getBadgeText({})]";
            let shown = self.run(shown).await;
            assert_eq!(shown, json!([Place::credits(counted.into()), "!"]), "{way}");
        }
    }

    async fn no_text_is_markup(&self) {
        self.meet(Way::Markup).await;
        let read = "return document.documentElement.textContent.includes('<img src=x')";
        self.wait_until(read).await;
        for page in ["popup", "dashboard", "options", "welcome"] {
            let path = format!("{page}/{page}.html");
            self.browser.open_extension_page(&path).await.unwrap();
            let drawn = format!("return document.getElementById('{page}').checkVisibility()");
            self.browser.wait_until(crate::LIMIT, &drawn).await.unwrap();
            if page == "popup" {
                // It first shows what was last known.
                self.browser.wait_until(crate::LIMIT, read).await.unwrap();
            }
            let made = self.browser.call(MADE, vec![]).await.unwrap();
            let nothing = json!({ "made": 0, "ran": false, "turned": false, "read": made["read"] });
            assert_eq!(made, nothing, "{page}");
            self.browser.close_tab(&self.popup.tab).await.unwrap();
        }
    }
}

const fn problem_of(way: Way) -> &'static str {
    match way {
        Way::Silence => "host_silent",
        Way::Oversized => "host_stopped",
        Way::Port(0 | 80) => "relay_port_refused",
        Way::Nonsense | Way::Port(_) | Way::Signature | Way::Chain | Way::Markup => {
            "host_unreadable"
        }
    }
}
