//! `onionmeter serve` against a private Tor network: a script with `curl` alone, then the page in
//! both browsers. Nothing here has the extension.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::stage::{Stage, program, root};
use meter_core::credits_exact;
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions, Size},
    ports::HeldPort,
};
use meter_wire::Status;
use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// A name that must stand in no file afterwards.
const SITE: &str = "canary-of-curl.test";

/// A server of the stage's home. Dropping it ends it.
struct Server {
    child: Child,
    port: HeldPort,
}

impl Server {
    fn start(stage: &Stage) -> Self {
        let port = HeldPort::take().unwrap();
        let child = Command::new(program().unwrap())
            .args(["serve", "--port", &port.number().to_string()])
            .env("ONIONMETER_HOME", stage.home())
            .env("HOME", stage.user())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    fn address(&self) -> String {
        format!("http://{}", self.port.address())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One network for both, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_alone_starts_tor_browses_and_earns_and_the_page_shows_it() {
    // The real thresholds; the script lowers them, as a person would for a try.
    let stage = Stage::set("").await.unwrap();
    fs::create_dir_all(stage.user()).unwrap();
    let server = Server::start(&stage);
    stage.wait_for(LIMIT, |_| true).await.unwrap();
    the_script_earns(&stage, &server).await;
    // What moved last may be in a session that is still open.
    let settled = |status: &Status| status.session.is_none();
    stage.wait_for(LIMIT, settled).await.unwrap();
    for kind in Kind::ALL {
        the_page_shows(&stage, &server, kind).await;
    }
    nothing_names_the_site(&stage);
}

/// Runs the script of the documents.
async fn the_script_earns(stage: &Stage, server: &Server) {
    let script = root().join("docs/without-the-extension.sh");
    let url = stage.site.url(SITE, "/bytes/6000");
    let mut command = tokio::process::Command::new("bash");
    command
        .arg(script)
        .args([&url, &server.address()])
        .env("ONIONMETER_HOME", stage.home())
        .env("MIN_BYTES", "10000")
        .env("MIN_SECONDS", "10")
        .env("MAX_SECONDS", "20")
        .env_remove("all_proxy");
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}{}", stage.log());
    let line = |begin: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(begin));
        line.unwrap_or_else(|| panic!("no {begin:?}: {said}"))
            .to_owned()
    };
    assert_eq!(line("credits before: "), "0.0");
    let captured = line("captured: ");
    let captured: u64 = captured.split(' ').next().unwrap().parse().unwrap();
    assert!(captured >= 6_000, "{said}");
    assert!(line("signed: ").contains(" s × 0.1 + "), "{said}");
    // What the script says is what the reports say, each verified by this process. One more may
    // have been signed since.
    let reports = stage.reports().unwrap();
    let credits = line("credits after: ");
    let mut sums = reports.list.iter().map(|report| report.totals.amount);
    assert!(sums.any(|sum| credits_exact(sum) == credits), "{said}");
    assert_ne!(credits, "0.0");
}

/// Opens the page by a link, and checks that it verified the reports and draws them.
async fn the_page_shows(stage: &Stage, server: &Server, kind: Kind) {
    let profile = stage.user().join(format!("{kind:?}"));
    fs::create_dir_all(&profile).unwrap();
    let options = LaunchOptions::new(&stage.user(), &profile);
    let browser = Browser::launch(kind, &options).await.unwrap();
    let address = server.address();
    browser.goto(&format!("{address}/")).await.unwrap();
    let source = browser.source().await.unwrap();
    let is_built = source.contains("dashboard.js");
    assert!(
        is_built,
        "the program has no page; docs/testing.md says how to build it with one"
    );
    browser
        .wait_until(LIMIT, "return !document.getElementById('locked').hidden")
        .await
        .unwrap();
    picture(&browser, kind, "locked", WIDE).await;

    let port = server.port.number().to_string();
    let object = stage
        .run(&["serve", "--link", "--port", &port, "--json"])
        .unwrap();
    let object: serde_json::Value = serde_json::from_str(&object).unwrap();
    // A change of what follows `#` alone loads nothing.
    browser.goto("about:blank").await.unwrap();
    browser
        .goto(object["link"].as_str().unwrap())
        .await
        .unwrap();
    let drawn = "const by = (id) => document.getElementById(id);
        return !by('dashboard').hidden && by('state').dataset.mode === 'ready'
            && document.querySelectorAll('[data-testid=session-row]').length > 0
            && { credits: by('balance').title, hash: location.hash }";
    let shown = browser.wait_until(LIMIT, drawn).await.unwrap();
    assert_eq!(shown["hash"], "");
    // One more may have been signed since the page was drawn.
    let reports = stage.reports().unwrap();
    let mut sums = reports.list.iter().map(|report| report.totals.amount);
    let is_shown = |sum| shown["credits"] == format!("{} credits", credits_exact(sum));
    assert!(sums.any(is_shown), "{shown}");
    for (name, size) in [("page", WIDE), ("narrow", NARROW)] {
        picture(&browser, kind, name, size).await;
        let wider = "return document.documentElement.scrollWidth > innerWidth";
        assert_eq!(
            browser.call(wider, Vec::new()).await.unwrap(),
            false,
            "{name}"
        );
    }
    if kind == Kind::Chromium {
        browser.set_dark(true).await.unwrap();
        open_first_report(&browser).await;
        picture(&browser, kind, "dark", WIDE).await;
        browser.set_dark(false).await.unwrap();
        let close = "document.getElementById('close').click(); return true";
        browser.call(close, Vec::new()).await.unwrap();
    }
    a_button_stops_and_starts_monitoring(stage, &browser).await;
    browser.close().await;
}

async fn open_first_report(browser: &Browser) {
    let open = "document.querySelector('[data-testid=session-row]').click(); return true";
    browser.call(open, Vec::new()).await.unwrap();
}

async fn a_button_stops_and_starts_monitoring(stage: &Stage, browser: &Browser) {
    let press = "document.getElementById('monitoring-button').click(); return true";
    for (mode, word) in [("stopped", "Off"), ("ready", "On")] {
        browser.call(press, Vec::new()).await.unwrap();
        let is_drawn = format!(
            "return document.getElementById('state').dataset.mode === '{mode}'
                && document.getElementById('monitoring-word').textContent === '{word}'"
        );
        let drawn = browser.wait_until(LIMIT, &is_drawn).await;
        assert!(drawn.is_ok(), "{mode}: {drawn:?}\n{}", stage.log());
    }
}

const WIDE: Size = Size {
    width: 1_000,
    height: 900,
};
const NARROW: Size = Size {
    width: 360,
    height: 900,
};

/// For people to look at.
async fn picture(browser: &Browser, kind: Kind, name: &str, size: Size) {
    let folder = root().join("dist/checks/without-extension");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{kind:?}-{name}.png"));
    browser.screenshot(&file, size).await.unwrap();
}

/// Neither the daemon nor the server keeps what was loaded, and the token stands in its file only.
fn nothing_names_the_site(stage: &Stage) {
    let token = fs::read_to_string(stage.home().join("http-token")).unwrap();
    let mut folders = vec![stage.home()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = fs::read(&path) else { continue };
            let holds = |text: &str| {
                bytes
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            };
            assert!(!holds(SITE), "{}", path.display());
            let is_own = path.ends_with("http-token");
            assert!(is_own || !holds(token.trim()), "{}", path.display());
        }
    }
}
