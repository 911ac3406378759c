//! The dashboard where it is narrow: what a session's row says is read whole in every language.

use crate::{ONE_AT_A_TIME, SESSIONS, fixture::Fixture};
use meter_testkit::browser::{Kind, Size};
use serde_json::json;

/// A phone, a window at 200 %, and both sides of the width from which a row has one line.
const WIDTHS: [u32; 5] = [320, 550, 680, 720, 1_100];

/// What is cut off in the rows, a number that breaks, and names under the bars that touch.
const CUT: &str = "const cells = [...document.querySelectorAll('.session-row > :not(svg)')];
    const cut = cells.filter((cell) => cell.scrollWidth > cell.clientWidth
        || !cell.checkVisibility());
    const found = cut.map((cell) => `${cell.className || cell.tagName}: ${cell.textContent}`);
    const balance = document.getElementById('balance');
    const { lineHeight } = getComputedStyle(balance);
    const { height } = balance.getBoundingClientRect();
    if (height > 1.5 * parseFloat(lineHeight)) found.push('balance');
    const times = [...document.querySelectorAll('#times span')]
        .filter((one) => one.checkVisibility());
    const boxes = times.map((one) => one.getBoundingClientRect());
    if (boxes.some((box, place) => place > 0 && box.left < boxes[place - 1].right + 4)) {
        found.push('times');
    }
    if (cells.length < 40) found.push('no rows');
    return [...new Set(found)]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_session_is_read_whole_at_every_width_and_in_every_language() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let fixture = Fixture::open(Kind::Chromium, SESSIONS).await;
    let browser = &fixture.browser;
    let mut found = Vec::new();
    for language in ["en", "de", "ru", "zh_CN", "fa"] {
        fixture.page("options/options.html").await;
        let speak = format!("await browser.storage.local.set({{ language: '{language}' }})");
        fixture.run(&speak).await;
        fixture.page("dashboard/dashboard.html").await;
        fixture
            .wait("return document.querySelectorAll('.session-row').length > 10")
            .await;
        for width in WIDTHS {
            let height = 800;
            browser
                .set_viewport(Some(Size { width, height }))
                .await
                .unwrap();
            // The rows follow the size of their list.
            fixture
                .run("await new Promise((done) => setTimeout(done, 200))")
                .await;
            let cut = fixture.run(CUT).await;
            if cut != json!([]) {
                found.push(format!("{language}, {width}: {cut}"));
            }
        }
        browser.set_viewport(None).await.unwrap();
        fixture.picture(&format!("rows-{language}"), 320).await;
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    fixture.browser.close().await;
}
