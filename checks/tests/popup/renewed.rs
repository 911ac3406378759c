//! Circuits in the popup: that of the page in front, and those of a new identity.

use super::{FRONT, LIMIT, Show, loads};
use meter_testkit::browser::Landed;
use serde_json::Value;

impl Show {
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

    pub(super) async fn the_circuit_of_the_page_in_front_is_shown_and_renewed(&self) {
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
    pub(super) async fn a_new_identity_leads_to_new_circuits_for_the_same_site(&self) {
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

    pub(super) async fn without_a_relay_there_is_a_reason_instead_of_an_identity(&self) {
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
}
