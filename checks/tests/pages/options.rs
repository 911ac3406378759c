//! The options' page: what it sets is what the host has then, and what it refuses it explains.

use crate::{axe, desk::Desk, keyboard, windows};
use checks::pretended;
use meter_testkit::browser::Kind;
use serde_json::json;

const BY: &str = "const by = (id) => document.getElementById(id);
    const seen = (id) => by(id).checkVisibility();";

/// Opens the page and uses every part of it as a person would.
pub(crate) async fn are_set(kind: Kind) {
    let desk = Desk::with_settings(kind, 3, SETTINGS).await;
    desk.page("options/options.html").await;
    desk.wait(&with(
        "return seen('thresholds') && by('min_bytes').value === '100000'",
    ))
    .await;
    desk.wait(&with(
        "return document.querySelectorAll('[data-setting]').length === 17",
    ))
    .await;
    looks(&desk, "options").await;
    if kind == Kind::Chromium {
        keyboard::reaches_everything(&desk, "options").await;
    }
    windows::are_chosen(&desk).await;
    thresholds_are_checked_while_they_are_written(&desk).await;
    the_badge_shows_what_was_chosen(&desk).await;
    settings_are_changed_in_the_file(&desk).await;
    bridges_are_checked_line_by_line_and_kept(&desk).await;
    a_server_is_kept_and_not_shown_again(&desk).await;
    diagnostics_are_shown_before_they_are_copied(&desk).await;
    a_ledger_is_enrolled_with_and_left(&desk).await;
    another_language_is_spoken_at_once(&desk).await;
    desk.browser.close().await;
}

/// What the real program begins with: no Tor that could be started.
const SETTINGS: &str = "# mine\n[tor]\nbackend = \"managed\"\nprogram = \"/home/anna/tor\"\n\
    [daemon]\nidle_exit_s = 60 # soon\n";

/// The page loads itself anew in the language, and in its direction.
async fn another_language_is_spoken_at_once(desk: &Desk) {
    for (language, direction, title, no_port) in [
        ("fa", "rtl", "تنظیمات", "درگاه ندارد"),
        ("de", "ltr", "Einstellungen", "Der Port fehlt"),
    ] {
        desk.leave(&with(&format!(
            "by('language').value = '{language}';
            by('language').dispatchEvent(new Event('change'))"
        )))
        .await;
        desk.wait(&with(&format!(
            "return document.documentElement.dir === '{direction}' && seen('options')
                && document.querySelector('h1[data-text=options]').textContent === '{title}'"
        )))
        .await;
        // What the program refuses is told in the language, too.
        let wait = "return document.querySelector('[data-setting=\"tor.bridges\"]') !== null";
        desk.wait(wait).await;
        desk.run(&format!("{PART} paste('tor.bridges', '192.0.2.1')"))
            .await;
        desk.wait(&format!(
            "{PART} return of('tor.bridges', 'said').textContent.startsWith('{no_port}')"
        ))
        .await;
        // An address is typed from left to right in every language.
        let typed = format!("{PART} return getComputedStyle(of('tor.bridges', 'input')).direction");
        assert_eq!(desk.run(&typed).await, "ltr", "{language}");
        looks(desk, &format!("options-{language}")).await;
    }
}

fn with(body: &str) -> String {
    format!("{BY} {body}")
}

async fn looks(desk: &Desk, name: &str) {
    if desk.browser.kind() == Kind::Chromium {
        axe::finds_nothing(desk, name).await;
    }
    desk.pictures(name).await;
}

async fn thresholds_are_checked_while_they_are_written(desk: &Desk) {
    let write = |field: &str, value: &str| {
        with(&format!(
            "by('{field}').value = '{value}';
            by('{field}').dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ))
    };
    desk.run(&write("min_bytes", "9999")).await;
    desk.wait(&with(
        "return by('thresholds-wrong').textContent.includes('10,000 or more')
            && by('min_bytes').ariaInvalid === 'true' && by('thresholds-set').disabled",
    ))
    .await;
    looks(desk, "options-wrong").await;
    desk.run(&write("min_bytes", "1,000,000")).await;
    desk.wait(&with("return !by('thresholds-set').disabled"))
        .await;
    desk.run(&with("by('thresholds-set').click()")).await;
    // The worker got the new status, and the page the view of it.
    desk.wait(&with(
        "return by('min_bytes').value === '1000000'
            && by('thresholds-done').textContent === 'In force now, and kept.'",
    ))
    .await;
}

/// The choice is the extension's own, and outlives the worker. Notifications stay off where the
/// browser does not give its permission.
async fn the_badge_shows_what_was_chosen(desk: &Desk) {
    let choose = |value: &str| {
        with(&format!(
            "by('badge-shows').value = '{value}';
            by('badge-shows').dispatchEvent(new Event('change'))"
        ))
    };
    let badge = "const text = await browser.action.getBadgeText({});";
    desk.run(&choose("nothing")).await;
    desk.wait(&format!("{badge} return text.trim() === ''"))
        .await;
    desk.run(&choose("speed")).await;
    desk.wait(&format!("{badge} return /^[0-9.]+[kMG]?$/.test(text)"))
        .await;
    let stored = json!({
        "badge": "speed",
        "badge_stays": false,
        "tells_credited": false,
        "tells_trouble": false,
    });
    // The badge is drawn first.
    desk.wait(&format!(
        "const {{ preferences }} = await browser.storage.local.get('preferences');
        const wanted = {stored};
        const keys = Object.keys(wanted);
        return Object.keys(preferences ?? {{}}).length === keys.length
            && keys.every((key) => preferences[key] === wanted[key])"
    ))
    .await;
    desk.run(&choose("credits")).await;
    desk.wait(&format!("{badge} return text !== '' && text !== '0'"))
        .await;
    let denied = "browser.permissions.request = async () => false;
        by('tells_credited').click();";
    desk.run(&with(denied)).await;
    desk.wait(&with(
        "return !by('tells_credited').checked && by('notices-said').textContent !== ''",
    ))
    .await;
    let granted = "browser.permissions.request = async () => true;
        by('tells_trouble').click();";
    desk.run(&with(granted)).await;
    desk.wait(&with(
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
async fn settings_are_changed_in_the_file(desk: &Desk) {
    desk.run(&set("relay.port", "80")).await;
    desk.wait(&said(
        "relay.port",
        "said.textContent === 'It must be from 1024 to 65535.'
            && said.classList.contains('wrong') && keep.disabled",
    ))
    .await;
    assert!(!desk.config().contains("[relay]"));
    desk.run(&set("relay.port", "9201")).await;
    desk.wait(&said(
        "relay.port",
        "!keep.disabled && (keep.click(), true)",
    ))
    .await;
    desk.wait(&said(
        "relay.port",
        "said.textContent.startsWith('Kept. It counts from the relay')",
    ))
    .await;
    for (key, value) in [
        ("daemon.desktop_notice", ""),
        ("ledger.badge", "credited"),
        ("tor.exit_country", "de"),
    ] {
        desk.run(&set(key, value)).await;
        desk.wait(&said(key, "said.textContent.startsWith('Kept')"))
            .await;
    }
    let config = desk.config();
    for line in [
        "# mine\n[tor]\n",
        "idle_exit_s = 60 # soon\n",
        "port = 9201\n",
        "desktop_notice = true\n",
        "badge = \"credited\"\n",
        "exit_country = \"de\"\n",
        "min_bytes = 1000000\n",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    looks(desk, "options-settings").await;
    desk.run(&set("tor.exit_country", "")).await;
    desk.wait(&said(
        "tor.exit_country",
        "said.textContent.startsWith('Kept')",
    ))
    .await;
    assert!(!desk.config().contains("exit_country"));
}

const PART: &str = "const part = (key) => document.querySelector(`[data-setting='${key}']`);
    const of = (key, name) => part(key).querySelector(`[data-field=${name}]`);
    const paste = (key, text) => {
        of(key, 'input').value = text;
        of(key, 'input').dispatchEvent(new Event('input', { bubbles: true }));
    };";

async fn bridges_are_checked_line_by_line_and_kept(desk: &Desk) {
    let run = |body: &str| format!("{PART} {body}");
    let paste = "paste('tor.bridges', '192.0.2.1:443\\nhttps://192.0.2.9\\n192.0.2.3:99999')";
    desk.run(&run(paste)).await;
    desk.wait(&run(
        "const lines = of('tor.bridges', 'said').textContent.split('\\n');
        return lines.length === 2 && lines[0].startsWith('Line 2: It is the address of a page')
            && lines[1] === 'Line 3: Its port is not a number from 1 to 65535.'
            && of('tor.bridges', 'keep').disabled",
    ))
    .await;
    looks(desk, "options-bridges").await;
    desk.run(&run(
        "paste('tor.bridges', '192.0.2.1:443\\n192.0.2.2:443')",
    ))
    .await;
    desk.wait(&run(
        "const keep = of('tor.bridges', 'keep'); return !keep.disabled && (keep.click(), true)",
    ))
    .await;
    desk.wait(&run(
        "return of('tor.bridges', 'state').textContent === '2 bridges are kept.'
            && of('tor.bridges', 'input').value === '' && !of('tor.bridges', 'remove').hidden",
    ))
    .await;
    assert!(
        desk.config()
            .contains("bridges = [\"192.0.2.1:443\", \"192.0.2.2:443\"]")
    );
}

async fn a_server_is_kept_and_not_shown_again(desk: &Desk) {
    let run = |body: &str| format!("{PART} {body}");
    let link = "ss://aes-256-gcm:s3cret@192.0.2.7:8388";
    desk.run(&run(&format!("paste('tor.shadowsocks', '{link}')")))
        .await;
    desk.wait(&run(
        "return of('tor.shadowsocks', 'said').textContent.includes('do not go together')",
    ))
    .await;
    desk.run(&run("of('tor.bridges', 'remove').click()")).await;
    desk.wait(&run(
        "return of('tor.bridges', 'state').textContent === 'None is kept.'",
    ))
    .await;
    desk.run(&run(&format!("paste('tor.shadowsocks', '{link}')")))
        .await;
    desk.wait(&run(
        "const keep = of('tor.shadowsocks', 'keep'); return !keep.disabled && (keep.click(), true)",
    ))
    .await;
    desk.wait(&run(
        "return of('tor.shadowsocks', 'state').textContent.startsWith('A server is kept')",
    ))
    .await;
    let shown = desk
        .run(
            "return document.documentElement.outerHTML
            + [...document.querySelectorAll('input, textarea')].map((field) => field.value)",
        )
        .await;
    assert!(!shown.as_str().unwrap().contains("s3cret"));
    assert!(!desk.config().contains("s3cret"));
}

async fn diagnostics_are_shown_before_they_are_copied(desk: &Desk) {
    desk.run(&with("by('diagnose').click()")).await;
    let text = desk
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

async fn a_ledger_is_enrolled_with_and_left(desk: &Desk) {
    desk.run(&with(
        "by('look-address').value = 'some.onion'; by('look').requestSubmit()",
    ))
    .await;
    desk.wait(&with(
        "return seen('enrol') && by('enrol-key').textContent.startsWith('ledger.')",
    ))
    .await;
    looks(desk, "options-offer").await;
    desk.run(&with("by('enrol').requestSubmit()")).await;
    let code = desk
        .wait(&with(
            "return seen('secret') && seen('enrolled') && by('secret-code').textContent",
        ))
        .await;
    assert_eq!(code, pretended::CODE);
    looks(desk, "options-secret").await;
    desk.run(&with("by('secret-done').click(); by('devices').click()"))
        .await;
    desk.wait(&with("return by('device-list').children.length === 2"))
        .await;
    let kept = desk
        .run(&with(
            "const { local, session } = browser.storage;
            return [by('secret-code').textContent, JSON.stringify(await local.get(null)),
                JSON.stringify(await session.get(null))].join()",
        ))
        .await;
    assert!(!kept.as_str().unwrap().contains("abandon"), "shown once");
    looks(desk, "options-enrolled").await;
    desk.run(&with("by('leave').click()")).await;
    desk.wait(&with(
        "return seen('sure') && document.activeElement.id === 'sure-no'",
    ))
    .await;
    let left = desk
        .run(&with(
            "by('sure-yes').click(); return by('sure-question').textContent",
        ))
        .await;
    assert!(
        left.as_str().unwrap().starts_with("Nothing more is sent"),
        "{left}"
    );
    // The new view and the answer to the order come in either order.
    desk.wait(&with(
        "return seen('look') && !seen('enrolled')
            && by('ledger-said').textContent === 'This device has left the ledger.'",
    ))
    .await;
}
