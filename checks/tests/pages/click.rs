//! A click while the worker has just gone.

use crate::desk::Desk;
use serde_json::json;

/// Of two workers the first is gone at the click. The page's module is loaded once more for it.
pub(crate) async fn waits_for_the_next_worker(desk: &Desk) {
    let clicked = "const { connect } = browser.runtime;
        const [sent, gone] = [[], []];
        browser.runtime.connect = () => {
            const isFirst = gone.length === 0;
            return {
                onMessage: { addListener() {} },
                onDisconnect: { addListener: (listener) => gone.push(listener) },
                postMessage(message) {
                    if (isFirst) throw new Error('closed');
                    sent.push(message.intent);
                },
            };
        };
        try {
            const { begin, intend } = await import('/dashboard/source.js?once-more');
            begin('popup', {});
            intend('turn_on');
            const before = [...sent];
            gone[0]();
            await new Promise((done) => setTimeout(done, 1_000));
            return { before, sent, connections: gone.length };
        } finally {
            browser.runtime.connect = connect;
        }";
    assert_eq!(
        desk.run(clicked).await,
        json!({"before": [], "sent": ["turn_on"], "connections": 2})
    );
}
