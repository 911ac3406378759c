//! A click and a request while the worker has just gone.

use crate::fixture::Fixture;
use serde_json::json;

/// Runs `script` in the page with its module loaded once more. Its connections are to no worker:
/// each takes down what it is sent, and `speak` and `close` do what a worker and a browser do. The
/// page's own timers end before, because its pings count as those of the script: the real worker's
/// answer to one would make a click of the script heard.
fn with_workers(script: &str) -> String {
    format!(
        "for (let timer = setInterval(() => {{}}, 60_000); timer > 0; timer -= 1) {{
            clearInterval(timer);
        }}
        const {{ connect }} = browser.runtime;
        const ports = [];
        browser.runtime.connect = () => {{
            const port = {{
                sent: [],
                onMessage: {{ addListener: (listener) => (port.speak = listener) }},
                onDisconnect: {{ addListener: (listener) => (port.close = listener) }},
                postMessage(message) {{
                    if (port.isClosed) throw new Error('closed');
                    if (message.ping) port.asked = message.ping;
                    else port.sent.push(message.intent ?? message.ask);
                }},
            }};
            ports.push(port);
            return port;
        }};
        const next = async () => {{
            const count = ports.length;
            ports.at(-1).close();
            while (ports.length === count) await new Promise((done) => setTimeout(done, 20));
            return ports.at(-1);
        }};
        try {{
            const source = await import(`/dashboard/source.js?${{Math.random()}}`);
            source.begin('options', {{ draw() {{}}, broken() {{}} }});
            {script}
        }} finally {{
            browser.runtime.connect = connect;
        }}"
    )
}

/// A click that no worker has heard is sent once more, and one that was heard is not.
pub(crate) async fn waits_for_the_next_worker(fixture: &Fixture) {
    let clicked = with_workers(
        "ports[0].isClosed = true;
        source.intend('turn_on');
        const second = await next();
        const third = await next();
        await third.speak({ pong: third.asked });
        const fourth = await next();
        return [ports[0], second, third, fourth].map(({ sent }) => sent)",
    );
    let once = json!(["turn_on"]);
    assert_eq!(fixture.run(&clicked).await, json!([[], once, once, []]));
}

/// A request that no worker has waits for one. One that a worker may have passed on already is sent
/// again only where that changes nothing, and not without end.
pub(crate) async fn requests_wait_for_the_next_worker(fixture: &Fixture) {
    let asked = with_workers(
        "const told = {};
        const ask = (request) => source.ask(request).then((said) => (told[request] = said));
        ask('settings');
        ask('ledger_invite');
        ports[0].isClosed = true;
        ask('ledger_recovery');
        const second = await next();
        await new Promise((done) => setTimeout(done, 50));
        const first = { ...told };
        await second.speak({ answer: 3, frame: { reply: { ok: 'code' } } });
        const third = await next();
        await third.speak({ broken: true });
        ask('traffic');
        const shut = third.sent.length;
        await third.speak({ view: true });
        const fourth = await next();
        await new Promise((done) => setTimeout(done, 50));
        return { first, told, shut, sent: ports.map(({ sent }) => sent) }",
    );
    let gone = json!({"error": {"code": "page_worker_gone"}});
    assert_eq!(
        fixture.run(&asked).await,
        json!({
            "first": {"ledger_invite": gone},
            "told": {
                "ledger_invite": gone,
                "ledger_recovery": {"ok": "code"},
                "settings": gone,
            },
            "shut": 1,
            "sent": [
                ["settings", "ledger_invite"],
                ["settings", "ledger_recovery"],
                ["settings", "traffic"],
                ["traffic"],
            ],
        })
    );
}

/// What a page says at once to a worker that it has just woken is heard, and reaches the host.
pub(crate) async fn a_worker_that_is_just_starting_hears(fixture: &Fixture) {
    for ended in [false, true] {
        if ended {
            fixture.browser.stop_background().await.unwrap();
        }
        let asked = "const port = browser.runtime.connect({ name: 'options' });
            const told = new Promise((done) => port.onMessage.addListener(({ answer, frame }) =>
                answer === 7 && done(Object.keys(frame.reply))));
            port.postMessage({ number: 7, ask: 'traffic' });
            const late = new Promise((done) => setTimeout(() => done('nobody answered'), 20_000));
            const keys = await Promise.race([told, late]);
            port.disconnect();
            return keys";
        assert_eq!(fixture.run(asked).await, json!(["id", "ok"]), "{ended}");
    }
    fixture.browser.stop_background().await.unwrap();
    let clicked = "const port = browser.runtime.connect({ name: 'popup' });
        port.postMessage({ intent: 'badge_nothing' });
        const shows = async () =>
            (await browser.storage.local.get('preferences')).preferences?.badge;
        for (let look = 0; look < 400 && (await shows()) !== 'nothing'; look += 1) {
            await new Promise((done) => setTimeout(done, 50));
        }
        const shown = await shows();
        port.postMessage({ intent: 'badge_credits' });
        port.disconnect();
        return shown";
    assert_eq!(fixture.run(clicked).await, "nothing");
}
