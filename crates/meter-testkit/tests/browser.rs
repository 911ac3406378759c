//! Both browsers load an extension, show its pages, reach the site and end with their owner.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, helpers included"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use meter_fixtures::script;
use meter_testkit::{
    browser::{Browser, Kind, Landed, LaunchOptions, Size},
    site::{Answer, Site},
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const VIEWPORT: Size = Size {
    width: 360,
    height: 600,
};

#[tokio::test]
async fn chromium_does_everything_a_test_needs() {
    a_browser_does_everything_a_test_needs(Kind::Chromium).await;
}

#[tokio::test]
async fn firefox_does_everything_a_test_needs() {
    a_browser_does_everything_a_test_needs(Kind::Firefox).await;
}

/// One browser for all checks, because starting it takes most of the time.
async fn a_browser_does_everything_a_test_needs(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let mut options =
        LaunchOptions::new(&folder.path().join("home"), &folder.path().join("profile"));
    options.extension = Some(fixture());
    register_echo_host(kind, &options, folder.path());
    let browser = Browser::launch(kind, &options).await.unwrap();

    a_page_costs_exactly_one_connection_with_the_answers_bytes(&browser).await;
    an_extension_page_opens_in_a_tab_and_reads_the_badge(&browser).await;
    a_screenshot_has_the_size_asked_for(&browser, kind).await;
    a_native_host_in_the_announced_folder_answers(&browser).await;
    a_stopped_background_starts_anew(&browser).await;
    a_server_that_hangs_up_shows_an_error_page(&browser).await;
    a_dead_proxy_shows_an_error_page_and_never_the_site(&browser).await;

    let group = browser.process_group();
    assert!(
        living_in_group(group) > 1,
        "driver and browser are one group"
    );
    browser.kill();
    assert_eq!(living_in_group(group), 0, "nothing is left");
}

#[tokio::test]
async fn a_browser_started_dark_is_dark_and_closes_by_itself() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut options = LaunchOptions::new(&home, &folder.path().join("profile"));
        options.dark = true;
        let browser = Browser::launch(kind, &options).await.unwrap();
        let site = Site::start().await.unwrap();
        assert_eq!(
            browser.goto(&site.url("site.test", "/")).await.unwrap(),
            Landed::Page
        );
        let is_dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
        assert_eq!(
            browser.execute(is_dark, vec![]).await.unwrap(),
            json!(true),
            "{kind:?}"
        );
        browser.set_dark(false).await.unwrap();
        browser
            .wait_until(
                LIMIT,
                "return matchMedia('(prefers-color-scheme: light)').matches",
            )
            .await
            .unwrap();
        browser.close().await;
    }
}

async fn a_page_costs_exactly_one_connection_with_the_answers_bytes(browser: &Browser) {
    let site = Site::start().await.unwrap();
    for path in ["/", "/bytes/150000"] {
        assert_eq!(
            browser.goto(&site.url("site.test", path)).await.unwrap(),
            Landed::Page
        );
    }
    assert_eq!(browser.network_error().await.unwrap(), None);
    assert!(browser.text().await.unwrap().starts_with("abcdef"));
    let records = site
        .wait_until(LIMIT, |all| {
            all.iter().filter(|one| !one.open && one.sent > 0).count() >= 2
        })
        .await
        .unwrap();

    for path in ["/", "/bytes/150000"] {
        let ours: Vec<_> = records.iter().filter(|one| one.asked_for(path)).collect();
        let [record] = ours.as_slice() else {
            panic!("one connection for {path}: {records:#?}")
        };
        assert_eq!(record.sent, Answer::to(path).total_bytes(), "{path}");
        assert_eq!(record.received, record.requests[0].head_bytes, "{path}");
    }
    // Apart from these, a browser requests only the icon of a page that names none.
    let others = records
        .iter()
        .flat_map(|one| &one.requests)
        .filter(|request| !["/", "/bytes/150000", "/favicon.ico"].contains(&request.path.as_str()));
    assert_eq!(others.count(), 0, "{records:#?}");
}

async fn an_extension_page_opens_in_a_tab_and_reads_the_badge(browser: &Browser) {
    let before = browser.current_tab().await.unwrap();
    browser.open_extension_page("page.html").await.unwrap();
    assert_eq!(browser.badge_text().await.unwrap(), "4.6");
    browser
        .wait_until(LIMIT, "return document.body.innerText.includes('4.6')")
        .await
        .unwrap();
    assert!(browser.source().await.unwrap().contains("Fixture page"));
    browser.close_tab(&before).await.unwrap();
    assert!(
        browser.text().await.unwrap().starts_with("abcdef"),
        "back on the site"
    );
}

async fn a_screenshot_has_the_size_asked_for(browser: &Browser, kind: Kind) {
    let before = browser.current_tab().await.unwrap();
    browser.open_extension_page("page.html").await.unwrap();
    for dark in [false, true] {
        browser.set_dark(dark).await.unwrap();
        let scheme = if dark { "dark" } else { "light" };
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind:?}-{scheme}.png"));
        browser.screenshot(&file, VIEWPORT).await.unwrap();
        assert_eq!(
            png_size(&fs::read(&file).unwrap()),
            VIEWPORT,
            "{}",
            file.display()
        );
    }
    browser.set_dark(false).await.unwrap();
    browser.close_tab(&before).await.unwrap();
}

async fn a_native_host_in_the_announced_folder_answers(browser: &Browser) {
    let before = browser.current_tab().await.unwrap();
    browser.open_extension_page("page.html").await.unwrap();
    let body = "
        const port = browser.runtime.connectNative('testkit.echo');
        const answer = await new Promise((done, fail) => {
            port.onMessage.addListener(done);
            port.onDisconnect.addListener(ended => fail(
                ended.error?.message ?? globalThis.chrome?.runtime?.lastError?.message));
            port.postMessage({ number: 7 });
        });
        port.disconnect();
        return answer;
    ";
    assert_eq!(
        browser.call(body, vec![]).await.unwrap(),
        json!({ "number": 7 })
    );
    browser.close_tab(&before).await.unwrap();
}

async fn a_stopped_background_starts_anew(browser: &Browser) {
    let before = browser.current_tab().await.unwrap();
    browser.open_extension_page("page.html").await.unwrap();
    let birth = "return await browser.runtime.sendMessage('born')";
    let first = browser.call(birth, vec![]).await.unwrap();
    assert_eq!(
        browser.call(birth, vec![]).await.unwrap(),
        first,
        "one background, one birth"
    );
    // With a port to a native host, which keeps the background from ending.
    browser
        .call("await browser.runtime.sendMessage('hold a port')", vec![])
        .await
        .unwrap();
    browser.stop_background().await.unwrap();
    let second = browser.call(birth, vec![]).await.unwrap();
    assert!(
        second.is_string() && second != first,
        "{first} then {second}"
    );
    browser.close_tab(&before).await.unwrap();
}

async fn a_server_that_hangs_up_shows_an_error_page(browser: &Browser) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://site.test:{}/",
        listener.local_addr().unwrap().port()
    );
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { while listener.accept().await.is_ok() {} });
    let landed = browser.goto(&url).await.unwrap();
    assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
}

async fn a_dead_proxy_shows_an_error_page_and_never_the_site(browser: &Browser) {
    let site = Site::start().await.unwrap();
    let before = browser.current_tab().await.unwrap();
    let page = browser.open_extension_page("page.html").await.unwrap();
    let controlled = browser.call(DEAD_PROXY, vec![]).await.unwrap();
    assert_eq!(controlled, json!("controlled_by_this_extension"));

    browser.switch_to(&before).await.unwrap();
    let expected = match browser.kind() {
        Kind::Chromium => "ERR_PROXY_CONNECTION_FAILED",
        Kind::Firefox => "proxyConnectFailure",
    };
    let landed = browser.goto(&site.url("site.test", "/")).await.unwrap();
    assert_eq!(landed, Landed::NetworkError(expected.to_owned()));
    assert_eq!(
        browser.network_error().await.unwrap().as_deref(),
        Some(expected)
    );
    assert_eq!(site.connections(), []);

    browser.switch_to(&page).await.unwrap();
    browser
        .call("await browser.proxy.settings.clear({})", vec![])
        .await
        .unwrap();
    browser.close_tab(&before).await.unwrap();
    assert_eq!(
        browser.goto(&site.url("site.test", "/")).await.unwrap(),
        Landed::Page
    );
}

/// Port 1 of this computer: nothing listens there.
const DEAD_PROXY: &str = "
    const value = globalThis.browser?.runtime.getBrowserInfo
        ? { proxyType: 'manual', socks: '127.0.0.1:1', socksVersion: 5, proxyDNS: true,
            passthrough: '' }
        : { mode: 'fixed_servers',
            rules: { singleProxy: { scheme: 'socks5', host: '127.0.0.1', port: 1 } } };
    await browser.proxy.settings.set({ value });
    return (await browser.proxy.settings.get({})).levelOfControl;
";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/extension")
}

/// A native host that returns every frame unchanged: `cat`.
fn register_echo_host(kind: Kind, options: &LaunchOptions, folder: &Path) {
    let program = folder.join("echo-host");
    script::put(&program, "#!/bin/sh\nexec cat\n").unwrap();
    let mut manifest = json!({
        "name": "testkit.echo", "description": "echo", "type": "stdio", "path": program,
    });
    let (key, value): (&str, Value) = match kind {
        Kind::Chromium => (
            "allowed_origins",
            json!([format!("chrome-extension://{FIXTURE_ID}/")]),
        ),
        Kind::Firefox => ("allowed_extensions", json!(["testkit@fixture.test"])),
    };
    manifest[key] = value;
    let hosts = options.native_hosts_folder(kind);
    fs::create_dir_all(&hosts).unwrap();
    fs::write(hosts.join("testkit.echo.json"), manifest.to_string()).unwrap();
}

/// Derived from `key` in the fixture's manifest.
const FIXTURE_ID: &str = "hennconiaabigkgnbhoikclgolflmldj";

/// Width and height from the first chunk of a PNG.
fn png_size(png: &[u8]) -> Size {
    assert_eq!(&png[12..16], b"IHDR");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    Size {
        width: number(16),
        height: number(20),
    }
}

/// Members of a process group that are not zombies.
fn living_in_group(group: u32) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    // After the name in parentheses: state, parent, group (proc_pid_stat(5)).
    stats
        .filter_map(|stat| Some(stat.rsplit_once(") ")?.1.to_owned()))
        .map(|rest| rest.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|fields| fields[0] != "Z" && fields[2] == group.to_string())
        .count()
}
