//! Which windows are protected: all, or private windows only. The outside counts what goes out of
//! each kind of window, while the choice changes and while the browser is killed and starts again.

use super::{LIMIT, Product, floor, until_seen};
use anyhow::{Context as _, Result, bail, ensure};
use checks::{
    defaults::{Arrival, Chromium, Firefox, World, firefox, inside},
    stage::{extension, extension_id},
};
use meter_testkit::site::Site;
use serde_json::json;

/// How often the choice changes while a private window asks.
const CHANGES: usize = 6;

/// How often the browser is started until a worker answers.
const STARTS_MAX: usize = 3;

/// Asks for another name ten times a second, without end.
const ASKS: &str = "globalThis.asked = 0; setInterval(() => {
    asked += 1;
    fetch(`http://${asked}.asks.private.test/`, { mode: 'no-cors' }).catch(() => {});
}, 100)";

fn is_private(arrival: &Arrival) -> bool {
    arrival.to.ends_with("private.test")
}

fn is_other(arrival: &Arrival) -> bool {
    arrival.to.ends_with("other.test")
}

/// With the choice `all` nothing of another window went out; with private windows only it goes out.
async fn others_are(world: &World, choice: &str) -> Result<()> {
    if choice != "all" {
        let out = world.wait_for(LIMIT, |seen| seen.iter().any(is_other));
        return out.await.map(drop);
    }
    let seen = world.arrivals().await?;
    ensure!(!seen.iter().any(is_other), "{seen:#?}");
    Ok(())
}

/// Nothing of a private window went out, nor anything that only our own requests ask for.
async fn nothing_private(world: &World, when: &str) -> Result<()> {
    let seen = world.arrivals().await?;
    let is_ours = |one: &Arrival| is_private(one) || one.to.ends_with(".invalid");
    ensure!(!seen.iter().any(is_ours), "{when}: {seen:#?}");
    Ok(())
}

#[test]
fn chromium_protects_the_windows_that_a_person_chose_and_no_moment_is_between() -> Result<()> {
    let name = "by_default::windows::\
                chromium_protects_the_windows_that_a_person_chose_and_no_moment_is_between";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        let site = Site::start().await?;
        let mut browser = product.start(&world, false).await?;
        let id = floor::protected(&mut browser).await?;

        // The control: the browser does not allow the extension there.
        let popup = open_popup(&mut browser).await?;
        open_private(&mut browser, &popup, "http://denied.private.test/").await?;
        world
            .wait_for(LIMIT, |seen| seen.iter().any(is_private))
            .await?;
        // The choice that would leave nothing protected is not taken.
        intend(&mut browser, &popup, "protect_private_only").await?;
        stored(&mut browser, &popup, "all").await?;

        let extensions = browser.open("chrome://extensions/").await?;
        // Without it, the reload that follows would disable an extension from a folder.
        floor::developer_mode(&mut browser, &extensions, true).await?;
        floor::allow_in_private(&mut browser, &extensions, &id).await?;
        close_private(&mut browser).await?;
        floor::protected(&mut browser).await?;
        let popup = open_popup(&mut browser).await?;
        world.forget().await?;
        let asking = open_private(&mut browser, &popup, &site.url("127.0.0.1", "/")).await?;
        let loaded = "location.protocol === 'http:' && document.readyState === 'complete'";
        browser.wait_until(&asking, LIMIT, loaded).await?;
        browser.evaluate(&asking, ASKS).await?;
        floor::asked_more(&mut browser, &asking).await?;

        for turn in 0..CHANGES {
            let (intent, choice) = match turn % 2 {
                0 => ("protect_private_only", "private_only"),
                _ => ("protect_all", "all"),
            };
            choose(&mut browser, &popup, intent, choice).await?;
            in_force(&mut browser, &popup, choice).await?;
            world.forget().await?;
            browser.open("http://other.test/").await?;
            floor::asked_more(&mut browser, &asking).await?;
            others_are(&world, choice).await?;
            nothing_private(&world, intent).await?;
        }

        // Killed while a private window is open, and started again with one.
        choose(&mut browser, &popup, "protect_private_only", "private_only").await?;
        in_force(&mut browser, &popup, "private_only").await?;
        browser.kill().await?;
        world.forget().await?;
        let (mut browser, popup) = begun_again(&world, &product).await?;
        in_force(&mut browser, &popup, "private_only").await?;
        nothing_private(&world, "after the browser's start").await?;
        intend(&mut browser, &popup, "turn_off").await?;
        let private = |seen: &[Arrival]| seen.iter().any(is_private);
        until_seen(&world, private, async || {
            let url = "http://off.private.test/";
            open_private(&mut browser, &popup, url).await.map(drop)
        })
        .await?;
        browser.close().await
    })
}

/// Starts the killed browser again, with a private window. On a busy machine it may not start the
/// extension's worker at all (decision 24). Nothing may go out then, and the popup says to restart
/// the browser, so that is done.
async fn begun_again(world: &World, product: &Product) -> Result<(Chromium, String)> {
    let mut line = product.chromium(false)?;
    line.extend(["--incognito", "http://first.private.test/"].map(Into::into));
    for _ in 0..STARTS_MAX {
        let mut browser = product.begin(world, &line).await?;
        let popup = open_popup(&mut browser).await?;
        let drawn = "performance.getEntriesByName('drawn').length > 0";
        if browser.wait_until(&popup, LIMIT, drawn).await.is_ok() {
            return Ok((browser, popup));
        }
        nothing_private(world, "while no worker answers").await?;
        let advice = "document.body.innerText.includes('Restart the browser')";
        browser.wait_until(&popup, LIMIT, advice).await?;
        browser.kill().await?;
    }
    bail!("no worker after {STARTS_MAX} starts")
}

async fn open_popup(browser: &mut Chromium) -> Result<String> {
    let url = format!("chrome-extension://{}/popup/popup.html", extension_id()?);
    let popup = browser.open(&url).await?;
    // Until its document is there, the tab is an empty page without the extension's interfaces.
    let there = "document.readyState === 'complete' && chrome.windows !== undefined";
    browser.wait_until(&popup, LIMIT, there).await?;
    Ok(popup)
}

/// Opens a private window as the menu does; returns its page.
async fn open_private(browser: &mut Chromium, popup: &str, url: &str) -> Result<String> {
    let before = browser.targets(url).await?;
    let open = format!(
        "chrome.windows.create({{ incognito: true, url: {} }}).then(() => true)",
        json!(url)
    );
    browser.evaluate(popup, &open).await?;
    let deadline = tokio::time::Instant::now() + LIMIT;
    loop {
        let all = browser.targets(url).await?;
        let new = all.iter().find(|target| !before.contains(target));
        if let Some((target, _)) = new {
            return Ok(target.clone());
        }
        ensure!(tokio::time::Instant::now() < deadline, "no window: {all:?}");
    }
}

/// Closes the windows of the control.
async fn close_private(browser: &mut Chromium) -> Result<()> {
    for (target, _) in browser.targets("http://denied.private.test/").await? {
        let close = json!({ "targetId": target });
        // One window has several targets, which end together.
        drop(browser.call("Target.closeTarget", &close).await);
    }
    Ok(())
}

async fn intend(browser: &mut Chromium, popup: &str, intent: &str) -> Result<()> {
    let send = format!(
        "chrome.runtime.connect({{ name: 'popup' }}).postMessage({{ intent: '{intent}' }}) ?? true"
    );
    browser.wait_until(popup, LIMIT, &send).await
}

/// Chooses, and waits until the choice is stored.
async fn choose(browser: &mut Chromium, popup: &str, intent: &str, windows: &str) -> Result<()> {
    let body = chosen(intent, windows);
    let done = format!("(async () => {{ const browser = chrome; {body} }})()");
    browser.evaluate(popup, &done).await.map(drop)
}

async fn stored(browser: &mut Chromium, popup: &str, windows: &str) -> Result<()> {
    let is = format!(
        "chrome.storage.local.get('protected_windows').then(
             (all) => all.protected_windows === '{windows}')"
    );
    browser.wait_until(popup, LIMIT, &is).await
}

/// Waits until the choice is stored and the browser has it: in one scope, and not in the other.
async fn in_force(browser: &mut Chromium, popup: &str, windows: &str) -> Result<()> {
    stored(browser, popup, windows).await?;
    let (regular, own) = match windows {
        "all" => ("controlled_by_this_extension", false),
        _ => ("controllable_by_this_extension", true),
    };
    let is = format!(
        "Promise.all([{{}}, {{ incognito: true }}].map((which) => chrome.proxy.settings.get(which)))
         .then(([regular, own]) => regular.levelOfControl === '{regular}'
             && own.levelOfControl === 'controlled_by_this_extension'
             && own.incognitoSpecific === {own})"
    );
    browser.wait_until(popup, LIMIT, &is).await
}

#[test]
fn firefox_protects_the_windows_that_a_person_chose_and_no_moment_is_between() -> Result<()> {
    let name = "by_default::windows::\
                firefox_protects_the_windows_that_a_person_chose_and_no_moment_is_between";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        let profile = world.folder().join("firefox");
        let line = firefox(&profile)?;
        Firefox::keeps_unsigned_extensions(&profile)?;
        let environment = [("ONIONMETER_HOME", product.home.clone().into())];
        let mut browser = Firefox::start_with(&world, &line, &profile, &environment).await?;

        let id = is_not_allowed(&world, &mut browser).await?;
        browser.remove(&id).await?;
        browser.install_for_good(&extension()).await?;
        let is_set = "Services.prefs.getIntPref('network.proxy.type', 0) === 1";
        browser.wait_until(LIMIT, is_set).await?;
        let mut popup = browser.extension_page(&id, POPUP).await?;
        world.forget().await?;
        let page = format!("data:text/html,<script>{ASKS}</script>");
        browser.open(&page, true).await?;
        for turn in 0..CHANGES {
            let (word, choice) = match turn % 2 {
                0 => ("protect_private_only", "private_only"),
                _ => ("protect_all", "all"),
            };
            browser.in_page(&popup, &chosen(word, choice)).await?;
            world.forget().await?;
            let other = format!("turn{turn}.other.test");
            browser.open(&format!("http://{other}/"), false).await?;
            if choice == "all" {
                are_refused(&mut browser, &[&other]).await?;
            }
            others_are(&world, choice).await?;
            nothing_private(&world, word).await?;
        }
        for (word, choice) in [
            ("protect_private_only", "private_only"),
            ("protect_all", "all"),
        ] {
            browser.in_page(&popup, &chosen(word, choice)).await?;
            browser.kill().await?;
            world.forget().await?;
            let mut line = line.clone();
            line.extend(FIRST_PAGES.map(Into::into));
            browser = Firefox::start_with(&world, &line, &profile, &environment).await?;
            popup = browser.extension_page(&id, POPUP).await?;
            browser.in_page(&popup, &is_stored(choice)).await?;
            is_in_force_from_the_start(&world, &mut browser, choice).await?;
        }
        browser.in_page(&popup, &intent("turn_off")).await?;
        let private = |seen: &[Arrival]| seen.iter().any(is_private);
        until_seen(&world, private, async || {
            browser.open("http://off.private.test/", true).await
        })
        .await?;
        browser.close().await
    })
}

/// The control: Firefox does not allow the extension in private windows, so nothing is protected.
async fn is_not_allowed(world: &World, browser: &mut Firefox) -> Result<String> {
    let id = browser.install(&extension(), false).await?;
    let popup = browser.extension_page(&id, POPUP).await?;
    let chooses = intent("protect_private_only");
    let says = format!(
        "for (let look = 0; ; look++) {{
            if (look % 20 === 0) {chooses};
            const {{ state }} = document.querySelector('[data-testid=state]').dataset;
            const badge = await browser.action.getBadgeText({{}});
            if (state === 'unprotected' && badge === '!') return true;
            await new Promise((done) => setTimeout(done, 50));
        }}"
    );
    browser.in_page(&popup, &says).await?;
    let named = browser.in_page(&popup, NAMED).await?;
    ensure!(named == "private_windows_not_allowed", "{named}");
    browser.open("http://denied.private.test/", true).await?;
    world
        .wait_for(LIMIT, |seen| seen.iter().any(is_private))
        .await?;
    Ok(id)
}

/// The problem of the popup, unless it changes within two seconds.
const NAMED: &str = "
    const named = () => document.getElementById('problem').dataset.problem;
    while (named() === undefined) await new Promise((done) => setTimeout(done, 50));
    for (let look = 0; look < 40; look++) {
        if (named() !== 'private_windows_not_allowed') break;
        await new Promise((done) => setTimeout(done, 50));
    }
    return named()";

/// Pages that Firefox opens at its start, one in each kind of window.
const FIRST_PAGES: [&str; 3] = [
    "http://first.other.test/",
    "--private-window",
    "http://first.private.test/",
];

/// Opens more pages, and checks what became of these and the first ones.
async fn is_in_force_from_the_start(
    world: &World,
    browser: &mut Firefox,
    choice: &str,
) -> Result<()> {
    browser.open("http://second.private.test/", true).await?;
    browser.open("http://second.other.test/", false).await?;
    let private = ["first.private.test", "second.private.test"];
    are_refused(browser, &private).await?;
    if choice == "all" {
        are_refused(browser, &["first.other.test", "second.other.test"]).await?;
    }
    others_are(world, choice).await?;
    nothing_private(world, "after the browser's start").await
}

/// Waits until the choice is stored.
fn is_stored(choice: &str) -> String {
    format!(
        "for (;;) {{
             const all = await browser.storage.local.get('protected_windows');
             if (all.protected_windows === '{choice}') return true;
             await new Promise((done) => setTimeout(done, 50));
         }}"
    )
}

/// Chooses as a popup does, and waits until the choice is stored. A worker that has just begun
/// hears nothing yet, and the popup would press again.
fn chosen(word: &str, choice: &str) -> String {
    let choose = intent(word);
    format!(
        "for (let look = 0; ; look++) {{
             if (look % 20 === 0) {choose};
             const all = await browser.storage.local.get('protected_windows');
             if (all.protected_windows === '{choice}') return true;
             await new Promise((done) => setTimeout(done, 50));
         }}"
    )
}

pub(super) const POPUP: &str = "popup/popup.html";

/// Waits until Firefox says of each of these hosts that its page cannot be reached. The relay
/// refuses them, because no Tor runs. In the moment of its start Firefox may send other pages there
/// too (decision 40), so they are not counted.
async fn are_refused(browser: &mut Firefox, hosts: &[&str]) -> Result<()> {
    let hosts = json!(hosts);
    let done = format!(
        "{hosts}.every((host) => {PAGES}.some((page) => page.startsWith('about:neterror')
             && URL.parse(new URLSearchParams(page.split('?')[1]).get('u'))?.hostname === host))"
    );
    let done = browser.wait_until(LIMIT, &done).await;
    let pages = browser.privileged(&format!("return {PAGES};")).await?;
    done.with_context(|| format!("{pages:#}"))
}

/// The address of the document in each tab.
const PAGES: &str = "[...Services.wm.getEnumerator('navigator:browser')]
    .flatMap((window) => window.gBrowser.browsers)
    .map((page) => page.documentURI?.spec ?? '')";

/// Says to the worker what a popup says when this is pressed.
pub(super) fn intent(word: &str) -> String {
    format!("browser.runtime.connect({{ name: 'popup' }}).postMessage({{ intent: '{word}' }})")
}
