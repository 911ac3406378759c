//! Bridges and the Shadowsocks server on the options' page.

use super::looks;
use crate::fixture::Fixture;

pub(super) const PART: &str =
    "const part = (key) => document.querySelector(`[data-setting='${key}']`);
    const of = (key, name) => part(key).querySelector(`[data-field=${name}]`);
    const paste = (key, text) => {
        of(key, 'input').value = text;
        of(key, 'input').dispatchEvent(new Event('input', { bubbles: true }));
    };";

pub(super) async fn bridges_are_checked_line_by_line_and_kept(fixture: &Fixture) {
    let run = |body: &str| format!("{PART} {body}");
    let paste = "paste('tor.bridges', '192.0.2.1:443\\nhttps://192.0.2.9\\n192.0.2.3:99999')";
    fixture.run(&run(paste)).await;
    fixture
        .wait(&run(
            "const lines = of('tor.bridges', 'said').textContent.split('\\n');
        return lines.length === 2 && lines[0].startsWith('Line 2: It is the address of a page')
            && lines[1] === 'Line 3: Its port is not a number from 1 to 65535.'
            && of('tor.bridges', 'keep').disabled",
        ))
        .await;
    looks(fixture, "options-bridges").await;
    fixture
        .run(&run(
            "paste('tor.bridges', '۱۹۲.۰.۲.۱:۴۴۳\\n192.0.2.2:443')",
        ))
        .await;
    fixture
        .wait(&run(
            "const keep = of('tor.bridges', 'keep'); return !keep.disabled && (keep.click(), true)",
        ))
        .await;
    fixture
        .wait(&run(
            "return of('tor.bridges', 'state').textContent === '2 bridges are kept.'
            && of('tor.bridges', 'input').value === '' && !of('tor.bridges', 'remove').hidden",
        ))
        .await;
    assert!(
        fixture
            .config()
            .contains("bridges = [\"192.0.2.1:443\", \"192.0.2.2:443\"]")
    );
}

pub(super) async fn a_server_is_kept_and_not_shown_again(fixture: &Fixture) {
    let run = |body: &str| format!("{PART} {body}");
    let link = "ss://aes-256-gcm:s3cret@192.0.2.7:8388";
    fixture
        .run(&run(&format!("paste('tor.shadowsocks', '{link}')")))
        .await;
    fixture
        .wait(&run(
            "return of('tor.shadowsocks', 'said').textContent.includes('do not go together')",
        ))
        .await;
    fixture
        .run(&run("of('tor.bridges', 'remove').click()"))
        .await;
    fixture
        .wait(&run(
            "return of('tor.bridges', 'state').textContent === 'None is kept.'
            && of('tor.bridges', 'said').textContent.startsWith('Removed.')",
        ))
        .await;
    fixture
        .run(&run(&format!("paste('tor.shadowsocks', '{link}')")))
        .await;
    fixture.wait(&run(
        "const keep = of('tor.shadowsocks', 'keep'); return !keep.disabled && (keep.click(), true)",
    ))
    .await;
    fixture
        .wait(&run(
            "return of('tor.shadowsocks', 'state').textContent.startsWith('A server is kept')",
        ))
        .await;
    let shown = fixture
        .run(
            "return document.documentElement.outerHTML
            + [...document.querySelectorAll('input, textarea')].map((field) => field.value)",
        )
        .await;
    assert!(!shown.as_str().unwrap().contains("s3cret"));
    assert!(!fixture.config().contains("s3cret"));
}
