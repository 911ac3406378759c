// Where a page of the extension gets its view and its answers: from the worker, which owns the port
// to the host. The page says by its port's name what it shows, and receives that view alone. The
// page of `onionmeter serve` has a file of the same name.

import { ready } from "./dom.js";

const api = globalThis.browser ?? globalThis.chrome;
const waiting = new Map();
let port;
let kept = null;
let last = 0;
let loaded;

/** Where amounts are kept until the page opens again: beside what the worker stores of them. */
export const memory = localStorage;

/** The Rust of this page. It is another instance than the worker's, and holds no state of it. */
export function wasm() {
  loaded ??= (async () => {
    const { load } = await import("../onionmeter.js");
    const rust = load();
    await rust({ module_or_path: new URL("../onionmeter_bg.wasm", import.meta.url) });
    return rust;
  })();
  return loaded;
}

/** Begins; `draw(view)` is called with each new view, `broken(story)` while no worker decides. */
export function begin(name, { draw, broken }) {
  port = api.runtime.connect({ name });
  port.onMessage.addListener(async (message) => {
    await ready;
    if (message.broken) broken(message.broken);
    else if (message.answer !== undefined) answered(message.answer, message.frame.reply);
    else draw(message);
  });
  // The worker may be stopped at any time; connecting wakes it.
  port.onDisconnect.addListener(() => {
    for (const number of waiting.keys()) answered(number, { error: GONE });
    setTimeout(() => begin(name, { draw, broken }), 250);
  });
  if (kept !== null) {
    const intent = kept;
    kept = null;
    intend(intent);
  }
}

const GONE = { code: "page_worker_gone" };

function answered(number, { ok, error }) {
  waiting.get(number)?.(error === undefined ? { ok } : { error });
  waiting.delete(number);
}

/** What a person wants. With a worker that has just gone, it waits for the next one. */
export function intend(intent) {
  if (!post({ intent })) kept = intent;
}

/** Tells the worker what this page found out. */
export function found(what) {
  post(what);
}

/** Asks the host. Resolves to `{ ok }` or `{ error }`. */
export function ask(request) {
  const number = ++last;
  const answer = new Promise((resolve) => waiting.set(number, resolve));
  if (!post({ number, ask: request })) answered(number, { error: GONE });
  return answer;
}

/** Whether the port is open. If it has just closed, another one follows. */
function post(message) {
  try {
    port.postMessage(message);
    return true;
  } catch {
    return false;
  }
}

// Another language was chosen in the options.
api.storage.onChanged.addListener(({ language }) => language && location.reload());
