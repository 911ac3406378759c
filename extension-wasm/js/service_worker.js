// Registers every listener before the first await, because a browser wakes a worker only for the
// listeners that were there then, and Wasm is not ready in time. Each listener hands its event to
// Rust and decides nothing. When Rust cannot decide, because it does not start, panicked or was
// torn off in the middle of an event, `shut.js` says so and keeps the browser shut, and another
// instance is started: what it has to know is in the storage.

import { load } from "./onionmeter.js";
import { isAstray, route, shut, story, turnOff, within } from "./shut.js";

const api = globalThis.browser ?? globalThis.chrome;

// Loading and reading the storage take some tenths of a second.
const START_MS = 20_000;

// Between an instance's end and the start of the next, one after the other; then each alarm tries
// once, and a person who presses "Restart".
const PAUSES_MS = [1_000, 5_000, 25_000];

// An instance that lived for this long did not break at its start.
const STEADY_MS = 60_000;

const popups = new Set();
let breaks = 0;
let depth = 0;

// The instance that decides; none while nobody can.
let running = begin();

function begin() {
  const instance = { rust: load(), host: undefined };
  const shell = {
    broke: () => broke(instance),
    isCurrent: () => instance === running,
    guard: (act) => (...args) => enter(instance, () => act(...args)),
    set host(port) {
      instance.host = port;
    },
  };
  const wasm = new URL("onionmeter_bg.wasm", import.meta.url);
  const load_wasm = instance.rust({ module_or_path: wasm });
  const started = load_wasm.then(() => instance.rust.start(shell));
  instance.ready = within(START_MS, started);
  instance.ready.then(
    () => {
      instance.decides = true;
      steady(instance);
    },
    () => broke(instance),
  );
  return instance;
}

function steady(instance) {
  setTimeout(() => {
    if (instance === running) breaks = 0;
  }, STEADY_MS);
}

// Everything that enters Rust enters here. An instance that is no more is never entered again.
function enter(instance, act) {
  if (instance !== running) return undefined;
  depth += 1;
  try {
    if (depth === 1 && instance.rust.is_stuck()) throw new Error("an event was never finished");
    return act(instance.rust);
  } catch {
    // Without any words of the error: they may quote a page.
    console.error("onionmeter: an instance ended");
    broke(instance);
    return undefined;
  } finally {
    depth -= 1;
  }
}

// May be called from within a panic, with Rust still on the stack.
function broke(instance) {
  if (instance !== running) return;
  running = undefined;
  instance.host?.disconnect();
  shut().catch(() => console.error("onionmeter: the browser did not let itself be shut"));
  tell();
  if (breaks < PAUSES_MS.length) setTimeout(again, PAUSES_MS[breaks++]);
}

async function tell() {
  const told = await story();
  if (running !== undefined) return;
  for (const popup of popups) popup.postMessage(told);
}

function again() {
  if (running !== undefined) return;
  running = begin();
  popups.forEach(greet);
}

// One that closed meanwhile would be waited for in vain.
function greet(popup) {
  decide((rust) => popups.has(popup) && rust.on_popup(popup));
}

// Nothing waits for an instance that may never come.
async function decide(act) {
  const instance = running;
  if (instance === undefined) return undefined;
  try {
    await instance.ready;
  } catch {
    return undefined;
  }
  return enter(instance, act);
}

// A trap in a promise's continuation or a timer passes through no listener of ours.
for (const name of ["error", "unhandledrejection"]) {
  addEventListener(name, ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError && running) broke(running);
  });
}

// An update that is listened for waits for the browser's restart; without a listener the browser
// would reload the extension at once, and a reload lets requests out where there is no floor.
api.runtime.onUpdateAvailable.addListener(() => {});

api.runtime.onStartup.addListener(() => decide((rust) => rust.on_startup()));
// It has nothing to say; without it the worker is not woken by its own installation.
api.runtime.onInstalled.addListener(() => decide(() => {}));

// Whatever a person does with pages wakes a worker that was killed, so that its badge soon says
// what holds now.
for (const event of [api.tabs.onActivated, api.tabs.onUpdated, api.windows?.onFocusChanged]) {
  event?.addListener(() => decide(() => {}));
}

api.alarms.onAlarm.addListener(() => {
  if (running === undefined) again();
  else decide((rust) => rust.on_alarm());
});
api.proxy.settings.onChange.addListener(() => decide((rust) => rust.on_proxy_changed()));

api.runtime.onConnect.addListener((popup) => {
  popups.add(popup);
  popup.onDisconnect.addListener(() => popups.delete(popup));
  popup.onMessage.addListener(({ intent, ping }) => {
    // Answered here and not by Rust: it says that no event holds this thread for ever.
    if (ping) popup.postMessage({ pong: true });
    else obey(intent);
  });
  if (running === undefined) tell();
  else greet(popup);
});

// A person's only two wishes while nobody else is there to hear them. One that is just starting may
// never be, so that "off" does not wait for it.
function obey(intent) {
  if (running?.decides) return;
  if (intent === "restart") again();
  if (intent === "turn_off") {
    if (running !== undefined) broke(running);
    turnOff().finally(tell);
  }
}

// Chromium only.
api.proxy.onProxyError?.addListener(({ fatal }) =>
  decide((rust) => rust.on_proxy_error(fatal === true)),
);

// The browsers' shortest period. Made here and not by Rust, because it is what starts Rust again.
api.alarms.create("wake", { periodInMinutes: 0.5 });

const hostOf = (url) => URL.parse(url)?.hostname ?? "";

// Requests of Firefox whose way was asked for. It asks for none where only its cache may answer.
const asked = new Set();
const ASKED_MAX = 10_000;

// Firefox only. Waits for Rust for as long as a start may take: a request that waits leaks nothing.
api.proxy.onRequest?.addListener(
  async ({ url, requestId }) => {
    const host = hostOf(url);
    if (asked.size >= ASKED_MAX) asked.clear();
    asked.add(requestId);
    const answer = await decide((rust) => ({ route: rust.route(host) }));
    return answer === undefined ? route() : answer.route;
  },
  { urls: ["<all_urls>"] },
);

// Firefox only. Another extension's answer may come after ours; here is what became of all of them.
if (api.proxy.onRequest) {
  api.webRequest.onBeforeRequest.addListener(
    async ({ url, requestId, proxyInfo }) => {
      const [host, wasAsked] = [hostOf(url), asked.delete(requestId)];
      const cancel = await decide((rust) => rust.is_astray(host, proxyInfo ?? null, wasAsked));
      return { cancel: cancel ?? (await isAstray(proxyInfo)) };
    },
    { urls: ["<all_urls>"] },
    ["blocking"],
  );
}
