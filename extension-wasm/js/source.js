// Where a page of the extension gets its view and its answers: from the worker, which owns the port
// to the host. The page says by its port's name what it shows, and receives that view alone. The
// page of `onionmeter serve` has a file of the same name.

import { again, click, heard } from "../clicks.js";
import { ready } from "./dom.js";

const api = globalThis.browser ?? globalThis.chrome;
// Firefox gives no interfaces to a page that it loads while it ends the extension and starts it
// again, and never adds them. Such a page can only load itself anew.
if (api === undefined) setTimeout(() => location.reload(), 1_000);

// How often a page asks whether it still belongs to the extension, and how long a busy browser may
// take for the answer.
const ASK_MS = 5_000;
const ANSWER_MS = 15_000;

const waiting = new Map();
let port;
// Whether no worker decides.
let shut = false;
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
export function begin(name, page) {
  port = api.runtime.connect({ name });
  port.onMessage.addListener(async (message) => {
    await ready;
    if (message.pong) heard(message.pong);
    else if (message.answer !== undefined) answered(message.answer, message.frame.reply);
    else if (message.broken) {
      shut = true;
      lost();
      page.broken(message.broken);
    } else {
      shut = false;
      page.draw(message);
      send();
    }
  });
  // The worker may be stopped at any time; connecting wakes it.
  port.onDisconnect.addListener(() => {
    lost();
    setTimeout(() => begin(name, page), 250);
  });
  again(post);
  send();
}

// Firefox can leave a page open that it was just loading when it ended the extension to start it
// again. Such a page may even connect to the new worker, whose messages then end without a word, as
// do the browser's answers. Only loading it anew helps. A worker that is only slow is waited for:
// the browser itself answers this.
async function doubt() {
  const late = new Promise((settle) => setTimeout(() => settle(false), ANSWER_MS));
  const known = api.runtime.getPlatformInfo().then(() => true, () => late);
  if (await Promise.race([known, late])) setTimeout(doubt, ASK_MS);
  else location.reload();
}
if (api !== undefined) doubt();

const GONE = { code: "page_worker_gone" };

// What a worker may have been asked already is asked again only if that changes nothing: it reads,
// or sets what it has set. A code is made once, and who has left a ledger cannot leave it again.
const REPEATS = new Set([
  "reports", "receipts", "traffic", "settings", "change_setting", "set_thresholds", "ledger_look",
  "ledger_send", "ledger_devices",
]);

// How often at most, so that a request which a worker does not survive ends no further one.
const TRIES = 3;

const nameOf = (request) => (typeof request === "string" ? request : Object.keys(request)[0]);

/** Sends what no worker has yet. */
function send() {
  if (shut) return;
  for (const [number, question] of waiting) {
    if (question.sent || !post({ number, ask: question.request })) continue;
    question.sent = true;
    question.tries -= 1;
  }
}

/** Nobody answers any more what the worker was asked. */
function lost() {
  for (const [number, question] of waiting) {
    if (question.sent && question.tries === 0) answered(number, { error: GONE });
    question.sent = false;
  }
}

function answered(number, { ok, error }) {
  waiting.get(number)?.settle(error === undefined ? { ok } : { error });
  waiting.delete(number);
}

/** What a person wants. It waits for the next worker if this one does not hear it. */
export const intend = (intent) => click(intent, post);

/** Tells the worker what this page found out. */
export function found(what) {
  post(what);
}

/** Asks the host. Resolves to `{ ok }` or `{ error }`. With a worker that has just gone, the
 *  request waits for the next one. */
export function ask(request) {
  const number = ++last;
  const tries = REPEATS.has(nameOf(request)) ? TRIES : 1;
  const answer = new Promise((settle) => {
    waiting.set(number, { request, tries, settle, sent: false });
  });
  send();
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
