//! Chromium has one proxy setting and tells who controls it. It does not tell by itself about
//! private windows and the number of connections.

use crate::{LIMIT, Show, extension, welcome};
use anyhow::{Context as _, Result, ensure};
use checks::stage::Stage;
use meter_testkit::browser::{Browser, Kind};
use serde_json::json;
use tokio::time::Instant;

/// More than Chromium opens through one proxy, which is 256 at most.
const STREAMS: u32 = 300;

pub(crate) async fn check(stage: &Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rival = extension::write(folder.path(), "// Its page does it all.")?;
    let mut options = stage.options("chromium")?;
    options.others = vec![rival];
    options.welcome = true;
    let since = Instant::now();
    let browser = Browser::launch(Kind::Chromium, &options).await?;
    welcome::sets_itself_up(stage, &browser, since).await?;
    let show = Show::begin(stage, browser).await?;
    private_windows_are_spoken_of(&show).await?;
    another_takes_the_setting(&show).await?;
    another_opens_a_way_past_the_proxy(&show).await?;
    streams_take_every_connection(&show).await?;
    show.browser.close().await;
    Ok(())
}

async fn private_windows_are_spoken_of(show: &Show<'_>) -> Result<()> {
    let said = "const says = (text) => text.includes('rivate windows');
        const note = document.querySelector('[data-testid=note]');
        const header = document.querySelector('[data-testid=state-sentence]').textContent;
        // Other notes come first.
        if (!note.hidden && !says(note.textContent)) note.querySelector('button').click();
        return !note.hidden && says(note.textContent) && says(header)
            && says(await browser.action.getTitle({}))";
    let waited = show.popup.wait_until(&show.browser, LIMIT, said);
    waited.await.map(drop)
}

async fn another_takes_the_setting(show: &Show<'_>) -> Result<()> {
    // A page that is open now would later count as opened before, and would keep the badge from
    // green.
    show.browser.switch_to(&show.page).await?;
    show.browser.goto("about:blank").await?;
    let origin = rival(show).await?;
    let tab = show.browser.open_tab().await?;
    show.browser.goto(&format!("{origin}/rival.html")).await?;
    let set = "await browser.proxy.settings.set({ value: { mode: 'direct' }, scope: 'regular' })";
    show.browser.call(set, vec![]).await?;
    show.wait_for("unprotected").await?;
    show.wait_for_problem("proxy_controlled_by_other").await?;
    show.browser.switch_to(&tab).await?;
    let clear = "await browser.proxy.settings.clear({ scope: 'regular' })";
    show.browser.call(clear, vec![]).await?;
    show.browser.close_tab(&show.popup.tab).await?;
    show.wait_for("protected").await?;
    show.visit().await?;
    ensure!(show.page_asks().await?, "the way is free again");
    Ok(())
}

/// It has been installed later, so its word on WebRTC is the one that counts.
async fn another_opens_a_way_past_the_proxy(show: &Show<'_>) -> Result<()> {
    let tab = show.browser.open_tab().await?;
    show.browser
        .goto(&format!("{}/rival.html", rival(show).await?))
        .await?;
    let open = "await browser.privacy.network.webRTCIPHandlingPolicy.set({ value: 'default' })";
    show.browser.call(open, vec![]).await?;
    show.wait_for_problem("privacy_refused").await?;
    show.browser.switch_to(&tab).await?;
    let close = "await browser.privacy.network.webRTCIPHandlingPolicy.clear({})";
    show.browser.call(close, vec![]).await?;
    show.browser.close_tab(&show.popup.tab).await?;
    show.popup.press(&show.browser, "action").await?;
    show.wait_for("protected").await?;
    let gone = "return document.querySelector('[data-testid=problem]').hidden";
    let waited = show.popup.wait_until(&show.browser, LIMIT, gone);
    waited.await.map(drop)
}

/// The other extension's origin.
async fn rival(show: &Show<'_>) -> Result<String> {
    let targets = show
        .browser
        .cdp("Target.getTargets", json!({ "filter": [{}] }));
    let targets = targets.await?;
    let targets = targets["targetInfos"].as_array().context("a list")?.iter();
    let mut rival = targets.filter_map(|target| target["url"].as_str()?.strip_suffix("/rival.js"));
    let origin = rival.next().context("the other extension runs")?;
    Ok(origin.to_owned())
}

/// Each stream has a host of its own, because a browser opens six connections to one.
async fn streams_take_every_connection(show: &Show<'_>) -> Result<()> {
    show.browser.switch_to(&show.page).await?;
    let begin = "const { port } = location;
        for (let number = 0; number < args[0]; number++) {
            const url = `http://s${number}.site.test:${port}/slow/10000000/10000`;
            fetch(url, { mode: 'no-cors', cache: 'no-store' }).catch(() => {});
        }";
    show.browser.call(begin, vec![STREAMS.into()]).await?;
    let many = |status: &meter_wire::Status| status.connections >= 100;
    show.stage.wait_for(LIMIT, many).await?;
    show.look_again().await?;
    show.wait_for_problem("connections_full").await?;
    show.wait_for("blocked").await?;
    let badge = show.popup.badge(&show.browser).await?;
    ensure!(badge == "!", "{badge}");
    let detail = show.popup.text(&show.browser, "problem-detail").await?;
    let count: u32 = detail.split(' ').next().unwrap_or_default().parse()?;
    ensure!((100..STREAMS).contains(&count), "{detail}");
    let status = show.stage.run(&["status"])?;
    ensure!(status.contains(" connections open"), "{status}");
    show.browser.switch_to(&show.page).await?;
    show.browser.goto("about:blank").await?;
    show.popup.press(&show.browser, "action").await?;
    show.wait_for("protected").await
}
