//! A browser that does not keep WebRTC from pages, or no longer.

use super::Show;

impl Show {
    pub(crate) async fn a_browser_that_refuses_to_forbid_web_rtc_is_not_green(&self) {
        self.fault("rules").await;
        self.press("switch").await;
        self.state("off").await;
        self.press("switch").await;
        self.problem("privacy_refused").await;
        assert_eq!(self.popup.badge(&self.browser).await.unwrap(), "!");
        self.fault("").await;
        self.is_green_again_after_the_action().await;

        // What was closed once is looked at again and again.
        self.run("await browser.scripting.unregisterContentScripts()")
            .await;
        self.problem("privacy_refused").await;
        self.is_green_again_after_the_action().await;
        let scripts = "return (await browser.scripting.getRegisteredContentScripts()).length";
        assert_eq!(self.run(scripts).await, 1);
    }

    async fn is_green_again_after_the_action(&self) {
        self.press("action").await;
        let green = "return document.querySelector('[data-testid=problem]').hidden
            && await browser.action.getBadgeText({}) !== '!'";
        self.wait_until(green).await;
        self.state("protected").await;
    }
}
