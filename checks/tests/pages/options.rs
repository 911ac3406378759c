//! The options' page: what it sets is what the host has then, and what it refuses it explains.

mod waiting;
mod ways_to_tor;

use crate::{axe, fixture::Fixture, keyboard, windows};
use checks::pretended;
use meter_testkit::browser::Kind;
use serde_json::json;
use ways_to_tor::{
    PART, a_server_is_kept_and_not_shown_again, bridges_are_checked_line_by_line_and_kept,
};

const BY: &str = "const by = (id) => document.getElementById(id);
    const seen = (id) => by(id).checkVisibility();";

/// Opens the page and uses every part of it as a person would.
pub(crate) async fn are_set(kind: Kind) {
    let fixture = Fixture::with_settings(kind, 3, SETTINGS).await;
    fixture.page("options/options.html").await;
    fixture
        .wait(&with(
            "return seen('thresholds') && by('min_bytes').value === '100,000'",
        ))
        .await;
    fixture
        .wait(&with(
            "return document.querySelectorAll('[data-setting]').length === 17",
        ))
        .await;
    looks(&fixture, "options").await;
    if kind == Kind::Chromium {
        keyboard::reaches_everything(&fixture, "options").await;
    }
    windows::are_chosen(&fixture).await;
    waiting::is_not_written_over(&fixture).await;
    thresholds_are_checked_while_they_are_written(&fixture).await;
    the_badge_shows_what_was_chosen(&fixture).await;
    settings_are_changed_in_the_file(&fixture).await;
    waiting::a_line_is_emptied_and_the_page_follows_the_file(&fixture).await;
    bridges_are_checked_line_by_line_and_kept(&fixture).await;
    a_server_is_kept_and_not_shown_again(&fixture).await;
    diagnostics_are_shown_before_they_are_copied(&fixture).await;
    a_ledger_is_enrolled_with_and_left(&fixture).await;
    another_language_is_spoken_at_once(&fixture).await;
    fixture.browser.close().await;
}

/// What the real program begins with: no Tor that could be started.
const SETTINGS: &str = "# mine\n[tor]\nbackend = \"managed\"\nprogram = \"/home/anna/tor\"\n\
    [daemon]\nidle_exit_s = 60 # soon\n\
    [session]\nmin_bytes = 33000 # waits\n";

/// The page loads itself anew in the language, and in its direction.
async fn another_language_is_spoken_at_once(fixture: &Fixture) {
    for (language, direction, title, no_port) in [
        ("fa", "rtl", "تنظیمات", "درگاه ندارد"),
        ("de", "ltr", "Einstellungen", "Der Port fehlt"),
    ] {
        fixture
            .leave(&with(&format!(
                "by('language').value = '{language}';
            by('language').dispatchEvent(new Event('change'))"
            )))
            .await;
        fixture
            .wait(&with(&format!(
                "return document.documentElement.dir === '{direction}' && seen('options')
                && document.querySelector('h1[data-text=options]').textContent === '{title}'"
            )))
            .await;
        // What the program refuses is told in the language, too.
        let wait = "return document.querySelector('[data-setting=\"tor.bridges\"]') !== null";
        fixture.wait(wait).await;
        fixture
            .run(&format!("{PART} paste('tor.bridges', '192.0.2.1')"))
            .await;
        fixture
            .wait(&format!(
                "{PART} return of('tor.bridges', 'said').textContent.startsWith('{no_port}')"
            ))
            .await;
        // An address is typed from left to right in every language.
        let typed = format!("{PART} return getComputedStyle(of('tor.bridges', 'input')).direction");
        assert_eq!(fixture.run(&typed).await, "ltr", "{language}");
        looks(fixture, &format!("options-{language}")).await;
    }
}

fn with(body: &str) -> String {
    format!("{BY} {body}")
}

async fn looks(fixture: &Fixture, name: &str) {
    if fixture.browser.kind() == Kind::Chromium {
        axe::finds_nothing(fixture, name).await;
    }
    fixture.pictures(name).await;
}

async fn thresholds_are_checked_while_they_are_written(fixture: &Fixture) {
    let write = |field: &str, value: &str| {
        with(&format!(
            "by('{field}').value = '{value}';
            by('{field}').dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ))
    };
    fixture.run(&write("min_bytes", "9999")).await;
    fixture
        .wait(&with(
            "return by('thresholds-wrong').textContent.includes('10,000 or more')
            && by('min_bytes').ariaInvalid === 'true' && by('thresholds-set').disabled",
        ))
        .await;
    looks(fixture, "options-wrong").await;
    fixture.run(&write("min_bytes", "1,000,000")).await;
    fixture
        .wait(&with("return !by('thresholds-set').disabled"))
        .await;
    fixture.run(&with("by('thresholds-set').click()")).await;
    // The worker got the new status, and the page the view of it.
    fixture
        .wait(&with(
            "return by('min_bytes').value === '1,000,000'
            && by('thresholds-done').textContent === 'In force now, and kept.'",
        ))
        .await;
}

/// The choice is the extension's own, and outlives the worker. Notifications stay off where the
/// browser does not give its permission.
async fn the_badge_shows_what_was_chosen(fixture: &Fixture) {
    let choose = |value: &str| {
        with(&format!(
            "by('badge-shows').value = '{value}';
            by('badge-shows').dispatchEvent(new Event('change'))"
        ))
    };
    let badge = "const text = await browser.action.getBadgeText({});";
    fixture.run(&choose("nothing")).await;
    fixture
        .wait(&format!("{badge} return text.trim() === ''"))
        .await;
    fixture.run(&choose("speed")).await;
    fixture
        .wait(&format!("{badge} return /^[0-9.]+[kMG]?$/.test(text)"))
        .await;
    let stored = json!({
        "badge": "speed",
        "badge_stays": false,
        "tells_credited": false,
        "tells_trouble": false,
    });
    // The badge is drawn first.
    fixture
        .wait(&format!(
            "const {{ preferences }} = await browser.storage.local.get('preferences');
        const wanted = {stored};
        const keys = Object.keys(wanted);
        return Object.keys(preferences ?? {{}}).length === keys.length
            && keys.every((key) => preferences[key] === wanted[key])"
        ))
        .await;
    fixture.run(&choose("credits")).await;
    fixture
        .wait(&format!("{badge} return text !== '' && text !== '0'"))
        .await;
    let denied = "browser.permissions.request = async () => false;
        by('tells_credited').click();";
    fixture.run(&with(denied)).await;
    fixture
        .wait(&with(
            "return !by('tells_credited').checked && by('notices-said').textContent !== ''",
        ))
        .await;
    let granted = "browser.permissions.request = async () => true;
        browser.permissions.contains = async () => true;
        by('tells_trouble').click();";
    fixture.run(&with(granted)).await;
    fixture
        .wait(&with(
            "const { preferences } = await browser.storage.local.get('preferences');
        return by('tells_trouble').checked && preferences.tells_trouble
            && by('notices-said').textContent === ''",
        ))
        .await;
}

/// Writes a value into the control of a setting, as a person does.
fn set(key: &str, value: &str) -> String {
    with(&format!(
        "const part = document.querySelector('[data-setting=\"{key}\"]');
    part.closest('details')?.setAttribute('open', '');
    const input = part.querySelector('[data-field=input]');
    if (input.type === 'checkbox') input.click();
    else {{
        input.value = '{value}';
        input.dispatchEvent(new Event('input', {{ bubbles: true }}));
        input.dispatchEvent(new Event('change', {{ bubbles: true }}));
    }}"
    ))
}

/// A condition on what is said about a setting.
fn said(key: &str, test: &str) -> String {
    with(&format!(
        "const part = document.querySelector('[data-setting=\"{key}\"]');
    const [said, keep] = ['said', 'keep'].map((name) =>
        part.querySelector(`[data-field=${{name}}]`));
    return {test}"
    ))
}

/// Every change is in `config.toml`, and nothing else of it is another.
async fn settings_are_changed_in_the_file(fixture: &Fixture) {
    fixture.run(&set("relay.port", "80")).await;
    fixture
        .wait(&said(
            "relay.port",
            "said.textContent === 'It must be from 1024 to 65535.'
            && said.classList.contains('wrong') && keep.disabled",
        ))
        .await;
    assert!(!fixture.config().contains("[relay]"));
    fixture.run(&set("relay.port", "9201")).await;
    fixture
        .wait(&said(
            "relay.port",
            "!keep.disabled && (keep.click(), true)",
        ))
        .await;
    fixture
        .wait(&said(
            "relay.port",
            "said.textContent.startsWith('Kept. It takes effect at the relay')",
        ))
        .await;
    for (key, value) in [
        ("daemon.desktop_notice", ""),
        ("ledger.badge", "credited"),
        ("tor.exit_country", "de"),
    ] {
        fixture.run(&set(key, value)).await;
        fixture
            .wait(&said(key, "said.textContent.startsWith('Kept')"))
            .await;
    }
    let config = fixture.config();
    for line in [
        "# mine\n[tor]\n",
        "idle_exit_s = 60 # soon\n",
        "port = 9201\n",
        "desktop_notice = true\n",
        "badge = \"credited\"\n",
        "exit_country = \"de\"\n",
        "min_bytes = 1000000 # waits\n",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    looks(fixture, "options-settings").await;
    fixture.run(&set("tor.exit_country", "")).await;
    fixture
        .wait(&said(
            "tor.exit_country",
            "said.textContent.startsWith('Kept')",
        ))
        .await;
    assert!(!fixture.config().contains("exit_country"));
}

async fn diagnostics_are_shown_before_they_are_copied(fixture: &Fixture) {
    fixture.run(&with("by('diagnose').click()")).await;
    let text = fixture
        .wait(&with(
            "return seen('diagnostics') && by('diagnostics-text').textContent",
        ))
        .await;
    let text = text.as_str().unwrap();
    assert!(
        text.contains("tor.program = set\n")
            && text.contains("tor.shadowsocks = none [config.toml: set]\n"),
        "{text}"
    );
    assert!(!text.contains("anna"), "{text}");
}

async fn a_ledger_is_enrolled_with_and_left(fixture: &Fixture) {
    fixture
        .run(&with(
            "by('look-address').value = 'some.onion'; by('look').requestSubmit()",
        ))
        .await;
    fixture
        .wait(&with(
            "return seen('enrol') && by('enrol-key').textContent.startsWith('ledger.')",
        ))
        .await;
    looks(fixture, "options-offer").await;
    fixture.run(&with("by('enrol').requestSubmit()")).await;
    let code = fixture
        .wait(&with(
            "return seen('secret') && seen('enrolled') && by('secret-code').textContent",
        ))
        .await;
    assert_eq!(code, pretended::CODE);
    looks(fixture, "options-secret").await;
    fixture
        .run(&with("by('secret-done').click(); by('devices').click()"))
        .await;
    fixture
        .wait(&with("return by('device-list').children.length === 2"))
        .await;
    let kept = fixture
        .run(&with(
            "const { local, session } = browser.storage;
            return [by('secret-code').textContent, JSON.stringify(await local.get(null)),
                JSON.stringify(await session.get(null))].join()",
        ))
        .await;
    assert!(!kept.as_str().unwrap().contains("abandon"), "shown once");
    looks(fixture, "options-enrolled").await;
    fixture.run(&with("by('leave').click()")).await;
    fixture
        .wait(&with(
            "return seen('sure') && document.activeElement.id === 'sure-no'",
        ))
        .await;
    let left = fixture
        .run(&with(
            "by('sure-yes').click(); return by('sure-question').textContent",
        ))
        .await;
    assert!(
        left.as_str().unwrap().starts_with("Nothing more is sent"),
        "{left}"
    );
    // The new view and the answer to the order come in either order.
    fixture
        .wait(&with(
            "return seen('look') && !seen('enrolled')
            && by('ledger-said').textContent === 'This device has left the ledger.'",
        ))
        .await;
}
