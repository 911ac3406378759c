//! Firefox asks every extension which way a request must go, and the extension that was installed
//! last decides.

use crate::{
    Show,
    extension::{self, GECKO_ID},
    welcome,
};
use anyhow::{Result, ensure};
use checks::stage::Stage;
use meter_testkit::browser::{Browser, Kind};
use std::{io::ErrorKind, net::TcpListener};
use tokio::time::Instant;

pub(crate) async fn check(stage: &Stage) -> Result<()> {
    let mut options = stage.options("firefox")?;
    options.welcome = true;
    let since = Instant::now();
    let browser = Browser::launch(Kind::Firefox, &options).await?;
    welcome::sets_itself_up(stage, &browser, since).await?;
    let show = Show::begin(stage, browser).await?;
    let elsewhere = TcpListener::bind("127.0.0.1:0")?;
    elsewhere.set_nonblocking(true)?;
    let port = elsewhere.local_addr()?.port();
    let other = format!("({{ type: 'socks', host: '127.0.0.1', port: {port}, proxyDNS: true }})");
    for way in ["null", &other] {
        takes_all(&show, way).await?;
    }
    let untouched = elsewhere.accept().expect_err("somebody connected");
    ensure!(untouched.kind() == ErrorKind::WouldBlock, "{untouched}");
    takes_pages_and_lets_us_pass(&show).await?;
    breaks(&show).await?;
    show.browser.close().await;
    Ok(())
}

async fn install(show: &Show<'_>, answer: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script =
        format!("browser.proxy.onRequest.addListener({answer}, {{ urls: ['<all_urls>'] }})");
    let rival = extension::write(folder.path(), &script)?;
    show.browser.add_extension(&rival).await
}

/// It answers every request. The green ends although no page makes a request, and comes back by
/// itself.
async fn takes_all(show: &Show<'_>, way: &str) -> Result<()> {
    install(show, &format!("() => {way}")).await?;
    show.look_again().await?;
    show.wait_for("unprotected").await?;
    show.page_is_stopped().await?;
    show.wait_for_problem("witness_lost").await?;
    show.browser.remove_extension(GECKO_ID).await?;
    show.wait_for("protected").await?;
    ensure!(show.page_asks().await?, "the way is free again");
    Ok(())
}

/// It recognizes our own requests by what Firefox tells about them. A page that makes a request
/// reveals it.
async fn takes_pages_and_lets_us_pass(show: &Show<'_>) -> Result<()> {
    install(show, "({ tabId }) => tabId < 0 ? undefined : null").await?;
    show.page_is_stopped().await?;
    show.wait_for("unprotected").await?;
    show.wait_for_problem("proxy_overridden").await?;
    show.browser.remove_extension(GECKO_ID).await?;
    // The extension cannot find out whether the other one is gone, so a person confirms it.
    show.popup.press(&show.browser, "action").await?;
    show.wait_for("protected").await?;
    ensure!(show.page_asks().await?, "the way is free again");
    Ok(())
}

/// It fails at every request, and Firefox uses our answer.
async fn breaks(show: &Show<'_>) -> Result<()> {
    install(show, "() => { throw new Error('rival') }").await?;
    show.look_again().await?;
    ensure!(show.page_asks().await?, "nothing was taken over");
    show.wait_for("protected").await?;
    show.browser.remove_extension(GECKO_ID).await
}
