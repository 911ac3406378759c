// Where the page of `onionmeter serve` gets its view and its answers: from the Rust in this page,
// which speaks with the host over `transport.js`. Frames between the two are passed on unread. The
// extension has a file of the same name for its own pages.

import { ready } from "./dom.js";
import { open, ready as unlocked } from "./transport.js";

const waiting = new Map();
let page;
let connection;
let loaded;
let last = 0;
let drawn;

/** Where amounts are kept until the page opens again: as long as this tab, like the token. */
export const memory = sessionStorage;

/** The Rust of this page. */
export function wasm() {
  loaded ??= (async () => {
    const { load } = await import("./onionmeter.js");
    const rust = load();
    await rust({ module_or_path: new URL("onionmeter_bg.wasm", import.meta.url) });
    return rust;
  })();
  return loaded;
}

/** Begins; `draw(view)` is called with each new view, `locked()` if there is no way to the host. */
export async function begin(_name, { draw, locked }) {
  await ready;
  if (!(await unlocked())) return locked();
  const rust = await wasm();
  drawn = draw;
  page = new rust.Page();
  perform(page.start());
}

export function intend(intent) {
  perform(page.intent(JSON.stringify({ intent })));
}

/** Asks the host. Resolves to `{ ok }` or `{ error }`. */
export function ask(request) {
  const number = ++last;
  const answer = new Promise((resolve) => waiting.set(number, resolve));
  perform(page.ask(JSON.stringify({ number, ask: request })));
  return answer;
}

/** Does what follows from one event, then draws. */
function perform(json) {
  const { acts, view } = JSON.parse(json);
  for (const act of acts) {
    if (act.connect !== undefined) connect(act.connect);
    else if (act.disconnect !== undefined) disconnect(act.disconnect);
    else if (act.send) {
      if (connection?.number === act.send.connection) connection.transport.send(act.send.frame);
    } else if (act.answer) {
      const { ok, error } = JSON.parse(act.answer.frame).reply;
      waiting.get(act.answer.number)?.(error === undefined ? { ok } : { error });
      waiting.delete(act.answer.number);
    } else if (act.after) setTimeout(() => perform(page.timer(act.after.timer)), act.after.ms);
  }
  if (view !== null) drawn(view);
}

function connect(number) {
  const transport = open(
    (frame) => perform(page.frame(number, frame)),
    (reason) => perform(page.closed(number, reason)),
  );
  connection = { number, transport };
}

function disconnect(number) {
  if (connection?.number === number) connection.transport.close();
}
