//! The extension's own pages in real browsers: the dashboard lists, draws and verifies every
//! session of a host, and the popup leads to one tab of it.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod axe;
mod bars;
mod click;
mod digits;
mod every_state;
mod fixture;
mod flash;
mod icons;
mod keyboard;
mod narrow;
mod options;
mod soon;
mod windows;

use checks::popup::Popup;
use fixture::Fixture;
use meter_testkit::browser::Kind;
use serde_json::json;
use tokio::sync::Mutex;

/// Two browsers at once are too much for a small machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

const SESSIONS: u64 = 60;

/// In the dashboard: every session is verified, and none is missing.
const ALL_THERE: &str = "const found = document.getElementById('sessions-found').textContent;
    return found.endsWith('sessions, each verified in this page') && found";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_shows_every_session_on_the_dashboard() {
    the_dashboard(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_shows_every_session_on_the_dashboard() {
    the_dashboard(Kind::Firefox).await;
}

async fn the_dashboard(kind: Kind) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(kind, SESSIONS).await;
    the_popup_leads_to_one_dashboard(&fixture).await;
    fixture.page("dashboard/dashboard.html").await;
    let found = fixture.wait(ALL_THERE).await;
    assert_eq!(found, "60 sessions, each verified in this page");
    bars::sum_to_the_balance(&fixture).await;
    bars::are_hours_and_days_of_the_zone(&fixture).await;
    fixture.pictures("dashboard").await;
    a_session_is_opened_and_verified(&fixture).await;
    what_is_filtered_and_exported(&fixture).await;
    a_worker_that_ends_leaves_the_page_as_it_is(&fixture).await;
    click::a_worker_that_is_just_starting_hears(&fixture).await;
    a_receipt_is_verified_when_its_session_is_opened(&fixture).await;
    fixture.browser.close().await;
}

/// A second click puts the first one's tab in front.
async fn the_popup_leads_to_one_dashboard(fixture: &Fixture) {
    let popup = Popup::open(&fixture.browser).await.unwrap();
    let one = "const url = browser.runtime.getURL('dashboard/dashboard.html');
        const tabs = (await browser.tabs.query({})).filter((tab) => tab.url === url);
        return tabs.length === 1 && tabs[0].active && tabs[0].id";
    let mut seen = Vec::new();
    for _ in 0..2 {
        popup
            .press(&fixture.browser, "open-dashboard")
            .await
            .unwrap();
        seen.push(fixture.wait(one).await);
    }
    assert_eq!(seen[0], seen[1], "the same tab");
    let close = format!("await browser.tabs.remove({})", seen[0]);
    fixture.run(&close).await;
    fixture.browser.close_tab(&fixture.first_tab).await.unwrap();
}

/// The code of an opened session has text beside it, over all of its height.
const BESIDE: &str = "const box = (id) => document.getElementById(id).getBoundingClientRect();
    const code = document.querySelector('.qr svg').getBoundingClientRect();
    const [first, last] = [box('opened-directions'), box('checks')];
    return code.left >= last.right && first.top <= code.top + 4 && code.bottom <= last.bottom + 4";

async fn a_session_is_opened_and_verified(fixture: &Fixture) {
    fixture
        .run("document.querySelector('[data-testid=session-row]').click()")
        .await;
    let opened = "const fields = Object.fromEntries([...document.querySelectorAll('#fields div')]
            .map((pair) => [pair.children[0].textContent, pair.children[1].textContent]));
        const passed = document.querySelectorAll('#checks [data-passed=true]').length;
        const formula = document.getElementById('opened-addends').textContent;
        return { number: fields['Number in the chain'], signature: fields.Signature.length,
            passed, formula: formula.includes(' s × 0.1 + ') }";
    assert_eq!(
        fixture.run(opened).await,
        json!({"number": "60", "signature": 128, "passed": 3, "formula": true})
    );
    assert_eq!(
        fixture.run(BESIDE).await,
        true,
        "empty room beside the code"
    );
    fixture.pictures("session").await;
    fixture
        .run("document.getElementById('close').click()")
        .await;
    // The focus is back where it was.
    fixture
        .wait("return document.activeElement.dataset.testid === 'session-row'")
        .await;
}

async fn what_is_filtered_and_exported(fixture: &Fixture) {
    let filtered = "const text = document.getElementById('filter-text');
        const type = (value) => {
            text.value = value;
            text.dispatchEvent(new Event('input', { bubbles: true }));
            return document.querySelectorAll('[data-testid=session-row]').length;
        };
        const one = type('#3');
        const said = document.getElementById('sessions-found').textContent;
        const labels = ['csv', 'json'].map((id) => document.getElementById(id).textContent);
        const files = [];
        URL.createObjectURL = (blob) => (files.push(blob), 'data:,');
        HTMLAnchorElement.prototype.click = () => {};
        document.getElementById('csv').click();
        document.getElementById('json').click();
        document.getElementById('filter-all').click();
        const [csv, file] = await Promise.all(files.map((blob) => blob.text()));
        const { format, reports } = JSON.parse(file);
        const day = (name) => document.getElementById(`filter-${name}`);
        const [from, to] = [day('from'), day('to')];
        [from.value, to.value] = ['2024-02-02', '2024-02-01'];
        to.dispatchEvent(new Event('input', { bubbles: true }));
        const turned = document.getElementById('sessions-found').textContent;
        document.getElementById('filter-all').click();
        return { one, said, labels, turned,
            lines: csv.trim().split('\\r\\n').length, format, all: reports.length,
            focus: document.activeElement.id }";
    assert_eq!(
        fixture.run(filtered).await,
        json!({
            "one": 1,
            "said": "1 of 60 sessions",
            "labels": ["Export CSV (1 of 60 sessions)", "Export JSON (60 of 60 sessions)"],
            "turned": "“From” is after “To”, so no session is left.",
            "lines": 2,
            "format": meter_wire::REPORTS_FORMAT,
            "all": 60,
            "focus": "filter-text",
        })
    );
}

async fn a_worker_that_ends_leaves_the_page_as_it_is(fixture: &Fixture) {
    let before = fixture
        .run("return document.getElementById('balance').title")
        .await;
    fixture.browser.stop_background().await.unwrap();
    let same = format!(
        "return !document.getElementById('dashboard').hidden
            && document.getElementById('state').dataset.mode === 'ready'
            && document.getElementById('balance').title === {before}"
    );
    fixture.wait(&same).await;
    fixture.wait(ALL_THERE).await;
}

/// The host is enrolled, and the ledger has answered all but the last session.
async fn a_receipt_is_verified_when_its_session_is_opened(fixture: &Fixture) {
    fixture.enrol();
    fixture.sign();
    let open = |place: u8, says: &str| {
        format!(
            "const by = (id) => document.getElementById(id);
            if (!by('opened').open) {{
                document.querySelector('[data-place=\"{place}\"]').click();
            }}
            if (!by('receipt').checkVisibility()) return by('opened').close();
            return by('receipt-says').textContent.includes('{says}')
                && [...by('receipt-checks').children].map((item) => item.dataset.passed)"
        )
    };
    let close = "document.getElementById('close').click()";
    assert_eq!(
        fixture.wait(&open(1, "The ledger credited")).await,
        json!(["true", "true"])
    );
    fixture
        .run("document.querySelector('#receipt-more').open = true")
        .await;
    fixture.pictures("receipt").await;
    fixture.run(close).await;
    assert_eq!(fixture.wait(&open(0, "not answered")).await, json!([]));
    fixture.run(close).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_opens_the_popup_with_what_was_last_known() {
    let _alone = ONE_AT_A_TIME.lock().await;
    soon::the_popup_opens(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_flashes_what_a_session_brought() {
    let _alone = ONE_AT_A_TIME.lock().await;
    flash::is_shown(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_flashes_what_a_session_brought() {
    let _alone = ONE_AT_A_TIME.lock().await;
    flash::is_shown(Kind::Firefox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_sets_what_the_options_offer() {
    let _alone = ONE_AT_A_TIME.lock().await;
    options::are_set(Kind::Chromium).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firefox_sets_what_the_options_offer() {
    let _alone = ONE_AT_A_TIME.lock().await;
    options::are_set(Kind::Firefox).await;
}

/// Every page and state of it, in every look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_in_popup_and_pages() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(Kind::Chromium, SESSIONS).await;
    let popup = Popup::open(&fixture.browser).await.unwrap();
    popup
        .wait_for_state(&fixture.browser, fixture::LIMIT, "protected")
        .await
        .unwrap();
    fixture.pictures("popup-first").await;
    // What Chromium shows of a popup without a scroll bar.
    let height =
        "const bottom = (id) => document.getElementById(id).getBoundingClientRect().bottom;
        const [needed, all] = [bottom('identity'), bottom('popup')];
        return needed <= 600 || [needed, all]";
    assert_eq!(fixture.run(height).await, true);
    axe::finds_nothing(&fixture, "popup, protected").await;
    fixture
        .run("for (const part of document.querySelectorAll('details')) part.open = true")
        .await;
    axe::finds_nothing(&fixture, "popup, opened").await;
    keyboard::reaches_everything(&fixture, "popup").await;
    fixture.pictures("popup-opened").await;
    popup.press(&fixture.browser, "switch").await.unwrap();
    popup
        .wait_for_state(&fixture.browser, fixture::LIMIT, "off")
        .await
        .unwrap();
    axe::finds_nothing(&fixture, "popup, off").await;
    icons::differ_by_shape(&fixture).await;
    the_switch_and_the_bars_are_seen_in_forced_colours(&fixture).await;
    keyboard::an_arrow_orders_nothing_before_enter(&fixture).await;
    click::waits_for_the_next_worker(&fixture).await;
    click::requests_wait_for_the_next_worker(&fixture).await;

    fixture.page("welcome/welcome.html").await;
    fixture
        .wait("return document.querySelector('[data-step=counted]') !== null")
        .await;
    axe::finds_nothing(&fixture, "welcome").await;
    fixture.pictures("welcome").await;
    keyboard::reaches_everything(&fixture, "welcome").await;

    fixture.page("dashboard/dashboard.html").await;
    fixture.wait(ALL_THERE).await;
    axe::finds_nothing(&fixture, "dashboard").await;
    fixture
        .run("document.querySelector('input[value=traffic]').click()")
        .await;
    axe::finds_nothing(&fixture, "dashboard, traffic").await;
    fixture.pictures("traffic").await;
    keyboard::reaches_everything(&fixture, "dashboard").await;
    fixture
        .run("document.querySelector('[data-testid=session-row]').click()")
        .await;
    axe::finds_nothing(&fixture, "dashboard, a session").await;
    fixture.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_every_page_is_sound() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(Kind::Chromium, 3).await;
    every_state::is_sound(&fixture).await;
    fixture.browser.close().await;
}

/// In the colours of the system, on and off differ by more than a background that is taken away.
async fn the_switch_and_the_bars_are_seen_in_forced_colours(fixture: &Fixture) {
    let seen = "const button = document.getElementById('switch');
        const look = () => {
            const knob = getComputedStyle(button, '::before');
            const { backgroundColor } = getComputedStyle(button);
            return [backgroundColor, knob.backgroundColor, knob.borderColor];
        };
        const off = look();
        button.setAttribute('aria-checked', 'true');
        const on = look();
        button.setAttribute('aria-checked', 'false');
        const bar = getComputedStyle(document.getElementById('session-bar'));
        return { differs: on[0] !== off[0], knob: on[0] !== on[1], ring: off[0] !== off[2],
            bar: bar.borderTopStyle === 'solid' && bar.forcedColorAdjust === 'none' }";
    axe::media(fixture, "light", "active").await;
    assert_eq!(
        fixture.run(seen).await,
        json!({"differs": true, "knob": true, "ring": true, "bar": true})
    );
    axe::media(fixture, "light", "none").await;
}

/// Prints figures and checks none of them: `cargo test -p checks --test pages ten_thousand --
/// --nocapture`. Times are milliseconds since the page was asked for.
#[expect(
    clippy::print_stdout,
    reason = "figures are for a person who asks for them"
)]
async fn tell_how_fast(fixture: &Fixture) {
    let figures = "const all = (name) => performance.getEntriesByName(name);
        const first = (name) => Math.round(all(name)[0].startTime);
        const last = all('listed').at(-1).startTime;
        const list = document.getElementById('list');
        const frames = [];
        let before = await new Promise(requestAnimationFrame);
        for (let top = 0; top < list.scrollHeight && frames.length < 240; top += 1_500) {
            list.scrollTop = top;
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - before);
            before = now;
        }
        frames.sort((one, other) => one - other);
        return { 'first paint': first('first-contentful-paint'),
            'state and credits': first('drawn'),
            'first sessions': first('listed'), 'all verified and listed': Math.round(last),
            'frames while scrolling': frames.length,
            'median frame': Math.round(frames[frames.length / 2 | 0]),
            'longest frame': Math.round(frames.at(-1)) }";
    println!(
        "dashboard with 10,000 sessions: {}",
        fixture.run(figures).await
    );
}

/// A list of ten thousand has no more nodes than a screen shows, whichever end is looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_sessions_are_a_window_of_rows() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(Kind::Chromium, 10_000).await;
    fixture.page("dashboard/dashboard.html").await;
    let coming = "const found = document.getElementById('sessions-found').textContent;
        const files = ['csv', 'json'].map((id) => document.getElementById(id).disabled);
        return / of 10,000 sessions verified/.test(found) && files";
    let none = fixture.wait(coming).await;
    assert_eq!(none, json!([true, true]), "no file without a part");
    let found = fixture.wait(ALL_THERE).await;
    assert_eq!(found, "10,000 sessions, each verified in this page");
    let files = "return ['csv', 'json'].map((id) => document.getElementById(id).disabled)";
    assert_eq!(fixture.run(files).await, json!([false, false]));
    let ends = "const rows = document.getElementById('rows');
        const press = (key) => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        rows.querySelector('button').focus();
        const seen = [];
        for (const key of ['End', 'Home', 'ArrowDown']) {
            press(key);
            seen.push(document.activeElement.querySelector('[data-field=sequence]').textContent);
        }
        const place = document.activeElement.parentElement.ariaPosInSet;
        return { seen, place, few: rows.children.length < 60 }";
    assert_eq!(
        fixture.run(ends).await,
        json!({"seen": ["#1", "#10000", "#9999"], "place": "2", "few": true})
    );
    tell_how_fast(&fixture).await;
    fixture.browser.close().await;
}
