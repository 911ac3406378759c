//! Other extensions that choose the way of requests, private windows, a browser that opens no
//! further connections, and several browsers at once. The tests check when the badge is green, what
//! the popup says, and what goes past Tor. They use real browsers and one network.

mod chromium;
mod extension;
mod firefox;
mod together;
mod welcome;

use anyhow::{Result, ensure};
use checks::{
    popup::Popup,
    stage::{QUICK, Stage},
};
use meter_testkit::browser::{Browser, Landed, Tab};
use std::time::Duration;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_do_to_the_browser_takes_the_green_and_lets_nothing_past_tor() {
    let stage = Stage::set(QUICK).await.unwrap();
    firefox::check(&stage).await.unwrap();
    chromium::check(&stage).await.unwrap();
    together::check(&stage).await.unwrap();
}

/// A browser with a page of the site in one tab and the popup in another.
struct Show<'s> {
    stage: &'s Stage,
    browser: Browser,
    page: Tab,
    popup: Popup,
}

impl<'s> Show<'s> {
    /// Waits until everything is green and the page has come through Tor, so that the states
    /// checked below do not exist from the start.
    async fn begin(stage: &'s Stage, browser: Browser) -> Result<Self> {
        let page = browser.current_tab().await?;
        let popup = Popup::open(&browser).await?;
        popup.wait_for_state(&browser, LIMIT, "protected").await?;
        let show = Self {
            stage,
            browser,
            page,
            popup,
        };
        show.visit().await?;
        ensure!(show.page_asks().await?, "nothing stands in its way yet");
        Ok(show)
    }

    /// Loads a page of the site.
    async fn visit(&self) -> Result<()> {
        self.browser.switch_to(&self.page).await?;
        let page = self.stage.site.url("site.test", "/");
        let landed = self.browser.goto(&page).await?;
        ensure!(landed == Landed::Page, "{landed:?}");
        Ok(())
    }

    /// Whether the answer to a request of the page comes.
    async fn page_asks(&self) -> Result<bool> {
        self.browser.switch_to(&self.page).await?;
        let script =
            "return fetch('/bytes/10', { cache: 'no-store' }).then(() => true, () => false)";
        let came = self.browser.call(script, vec![]).await?;
        Ok(came.as_bool() == Some(true))
    }

    /// The answer to a request of the page does not come, and no part of the request has reached
    /// the site.
    async fn page_is_stopped(&self) -> Result<()> {
        let before = self.stage.site.totals().connections;
        ensure!(!self.page_asks().await?, "it came");
        let after = self.stage.site.totals().connections;
        ensure!(before == after, "{} reached the site", after - before);
        Ok(())
    }

    /// Opens the popup again, as a person does who looks, and closes it.
    async fn look_again(&self) -> Result<()> {
        Popup::open(&self.browser).await?;
        self.browser.close_tab(&self.popup.tab).await
    }

    async fn wait_for(&self, state: &str) -> Result<()> {
        let waited = self.popup.wait_for_state(&self.browser, LIMIT, state);
        waited.await.map(drop)
    }

    async fn wait_for_problem(&self, name: &str) -> Result<()> {
        let named = format!(
            "const problem = document.querySelector('[data-testid=problem]');
            return !problem.hidden && problem.dataset.problem === '{name}'"
        );
        let waited = self.popup.wait_until(&self.browser, LIMIT, &named);
        waited.await.map(drop)
    }
}
