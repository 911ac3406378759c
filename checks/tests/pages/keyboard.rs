//! The Tab key reaches every control of a page, and each shows that it has the focus. Keys in a
//! list of choices order nothing by the way.

use crate::fixture::Fixture;
use serde_json::{Value, json};

/// Notes every control that gets the focus, and those of which nobody sees that: neither they nor
/// the word beside a hidden input have an outline.
const NOTE: &str = "globalThis.reached = new Set();
    globalThis.unseen = new Set();
    const isDrawn = (node) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(node);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
    };
    document.addEventListener('focusin', ({ target }) => {
        reached.add(target);
        const shown = getComputedStyle(target).opacity === '0' ? target.nextElementSibling : target;
        if (!isDrawn(shown)) unseen.add(target);
    });
    document.activeElement.blur();
    getSelection().removeAllRanges()";

/// How many controls there are, those that were not reached, and those without an outline. Of radio
/// buttons, Tab reaches one of each group, and of a list of many the one in turn.
const FOUND: &str =
    "const name = (node) => node.id || node.dataset.testid || node.textContent.trim();
    const all = document.querySelectorAll('button, input, select, textarea, summary, [tabindex]');
    const wanted = [...all].filter((node) => node.tabIndex >= 0 && !node.disabled
        && node.checkVisibility({ visibilityProperty: true })
        && (node.type !== 'radio' || node.checked));
    return { controls: wanted.length,
        missed: wanted.filter((node) => !reached.has(node)).map(name),
        unseen: [...unseen].map(name) }";

/// A field for a date takes the key several times.
const STOPS_MORE: u64 = 20;

pub(crate) async fn reaches_everything(fixture: &Fixture, page: &str) {
    let opened = "for (const part of document.querySelectorAll('details')) part.open = true";
    fixture.run(opened).await;
    fixture.run(NOTE).await;
    let controls = fixture.run(FOUND).await["controls"].as_u64().unwrap();
    assert!(controls > 2, "{page}: {controls} controls");
    for _ in 0..controls + STOPS_MORE {
        press_tab(fixture).await;
    }
    let found: Value = fixture.run(FOUND).await;
    let nothing: [&str; 0] = [];
    assert_eq!(found["missed"], json!(nothing), "{page}: not reached");
    assert_eq!(
        found["unseen"],
        json!(nothing),
        "{page}: without an outline"
    );
}

async fn press_tab(fixture: &Fixture) {
    for kind in ["rawKeyDown", "keyUp"] {
        let key = json!({
            "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9,
        });
        let sent = fixture.browser.cdp("Input.dispatchKeyEvent", key).await;
        sent.unwrap();
    }
}

/// What is ordered is what the popup sends to the worker.
pub(crate) async fn an_arrow_orders_nothing_before_enter(fixture: &Fixture) {
    let keys = "const { choosing } = await import('/dashboard/choice.js');
        const [list, hint] = [document.createElement('select'), document.createElement('p')];
        for (const name of ['one', 'two', 'three']) list.append(new Option(name, name));
        document.body.append(list, hint);
        const orders = [];
        const chosen = choosing(list, hint, (value) => orders.push(value));
        const press = (key) => {
            list.dispatchEvent(new KeyboardEvent('keydown', { key }));
            if (key !== 'ArrowDown') return;
            list.selectedIndex += 1;
            list.dispatchEvent(new Event('change'));
        };
        press('ArrowDown');
        press('ArrowDown');
        chosen.shows(0);
        const waits = [orders.length, list.value, hint.textContent];
        press('Enter');
        list.dispatchEvent(new Event('blur'));
        list.dispatchEvent(new Event('pointerdown'));
        list.value = 'one';
        list.dispatchEvent(new Event('change'));
        list.remove();
        return { waits, orders }";
    assert_eq!(
        fixture.run(keys).await,
        json!({
            "waits": [0, "three", "Press Enter to use this one."],
            "orders": ["three", "one"],
        })
    );
}
