//! The options' page: what it sets is what the host has then, and what it refuses it explains.

use crate::{axe, desk::Desk};
use checks::pretended;
use meter_testkit::browser::Kind;
use serde_json::json;

const BY: &str = "const by = (id) => document.getElementById(id);
    const seen = (id) => by(id).checkVisibility();";

/// Opens the page and uses every part of it as a person would.
pub(crate) async fn are_set(kind: Kind) {
    let desk = Desk::open(kind, 3).await;
    desk.page("options/options.html").await;
    desk.wait(&with(
        "return seen('thresholds') && by('min_bytes').value === '100000'",
    ))
    .await;
    looks(&desk, "options").await;
    thresholds_are_checked_while_they_are_written(&desk).await;
    diagnostics_are_shown_before_they_are_copied(&desk).await;
    a_ledger_is_enrolled_with_and_left(&desk).await;
    desk.browser.close().await;
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
            && by('thresholds-done').textContent === 'In force now.'",
    ))
    .await;
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
        text.contains("tor.program = set\ntor.bridges = 2 lines\n"),
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
    desk.wait(&with("return seen('look') && !seen('enrolled')"))
        .await;
    assert_eq!(
        desk.run(&with("return by('ledger-said').textContent"))
            .await,
        json!("This device has left the ledger.")
    );
}
