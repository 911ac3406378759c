// Registers every listener before the first await: a browser wakes a worker only for listeners that
// were registered by then, and Wasm is not ready in time. Each listener passes its event to Rust
// and decides nothing. If Rust cannot decide (it does not start, has panicked, or was interrupted
// in the middle of an event), `shut.js` shows that and keeps the browser closed, and another
// instance is started. The storage holds everything that the new instance needs.

import { drawBadge, markTab, speakBadge } from "./badge.js";
import { speakAgain } from "./dashboard/words.js";
import { load } from "./onionmeter.js";
import { notify } from "./notify.js";
import { isAstray, route, shut, story, turnOff, within } from "./shut.js";

const api = globalThis.browser ?? globalThis.chrome;

// Loading and reading the storage take some tenths of a second.
const START_MS = 20_000;

// Pauses between the end of an instance and the start of the next, one after the other. After
// these, each alarm tries once, and so does a person who presses "Restart".
const PAUSES_MS = [1_000, 5_000, 25_000];

// If an instance ran this long, its start did not fail.
const STEADY_MS = 60_000;

// How long a write to the storage may keep what changed from being shown. A disk that is slower
// than this must not hide a problem.
const STORE_MS = 1_000;

// Ports of popups and of pages of ours.
const popups = new Set();
let breaks = 0;
let depth = 0;

// The instance that decides; none while no instance can.
let running = begin();

function begin() {
  const instance = { rust: load(), host: undefined };
  const shell = {
    broke: () => broke(instance),
    isCurrent: () => instance === running,
    mark: (tab, failed) => instance === running && markTab(tab, failed),
    badge: (view) => {
      if (instance === running) drawBadge(JSON.parse(view));
    },
    notify: (json) => notify(JSON.parse(json)),
    store: (json) => {
      const written = within(STORE_MS, api.storage.local.set(JSON.parse(json)));
      written
        .catch(() => console.error("onionmeter: the storage was not written in time"))
        .then(() => enter(instance, (rust) => rust.on_stored()));
    },
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

// Every call into Rust goes through here. An ended instance is never called again.
function enter(instance, act) {
  if (instance !== running) return undefined;
  depth += 1;
  try {
    if (depth === 1 && instance.rust.is_stuck()) throw new Error("an event was never finished");
    return act(instance.rust);
  } catch {
    // Without the error's text, because it may quote a page.
    console.error("onionmeter: an instance ended");
    broke(instance);
    return undefined;
  } finally {
    depth -= 1;
  }
}

// May be called during a panic, with Rust still on the stack.
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

// A popup that has closed meanwhile would never answer.
function greet(popup) {
  decide((rust) => popups.has(popup) && rust.on_page(popup));
}

// Nothing waits for an instance that may never start.
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

// An error in a promise or a timer does not pass through our listeners.
for (const name of ["error", "unhandledrejection"]) {
  addEventListener(name, ({ error, reason }) => {
    if ((error ?? reason) instanceof WebAssembly.RuntimeError && running) broke(running);
  });
}

// With this listener an update waits until the browser restarts. Without it the browser would
// reload the extension at once, and during a reload requests can leave if there is no floor.
api.runtime.onUpdateAvailable.addListener(() => {});

api.runtime.onStartup.addListener(() => decide((rust) => rust.on_startup()));
// Without this listener the worker would not be woken when it is installed.
api.runtime.onInstalled.addListener(() => decide((rust) => rust.on_installed()));

// Actions of a person on pages wake a killed worker, so that its badge is soon correct.
for (const event of [api.tabs.onActivated, api.windows?.onFocusChanged]) {
  event?.addListener(() => decide(() => {}));
}
api.tabs.onUpdated.addListener((tab, { status }) =>
  decide((rust) => {
    if (status === "loading") rust.on_tab_loading(tab);
    if (status === "complete") rust.on_page_settled(tab);
  }),
);
api.tabs.onRemoved.addListener((tab) => decide((rust) => rust.on_tab_closed(tab)));

// A tab's own page: that it begins to load, and that it did not load. Rust sees the host
// alone, to tell this computer from others, and keeps nothing of it.
const PAGES = { urls: ["<all_urls>"], types: ["main_frame"] };
api.webRequest.onBeforeRequest.addListener(
  ({ tabId }) => void decide((rust) => rust.on_page_begun(tabId)),
  PAGES,
);
api.webRequest.onErrorOccurred.addListener(
  async ({ tabId, error, url, incognito }) => {
    const isPrivate = incognito ?? (await isPrivateTab(tabId));
    decide((rust) => rust.on_page_failed(tabId, error, hostOf(url), isPrivate));
  },
  PAGES,
);

// Chromium tells this of a tab and not of its requests. A tab that has closed does not matter.
async function isPrivateTab(tab) {
  const found = await api.tabs.get(tab).catch(() => undefined);
  return found?.incognito === true;
}

api.alarms.onAlarm.addListener(() => {
  if (running === undefined) again();
  else decide((rust) => rust.on_alarm());
});
// Another extension may take any of them.
const { webRTCIPHandlingPolicy, networkPredictionEnabled, peerConnectionEnabled } =
  api.privacy.network;
for (const setting of [
  api.proxy.settings,
  webRTCIPHandlingPolicy,
  networkPredictionEnabled,
  peerConnectionEnabled,
]) {
  setting?.onChange?.addListener(() => decide((rust) => rust.on_proxy_changed()));
}

api.runtime.onConnect.addListener((popup) => {
  popups.add(popup);
  popup.onDisconnect.addListener(() => {
    popups.delete(popup);
    decide((rust) => rust.on_page_closed(popup));
  });
  popup.onMessage.addListener((message) => {
    // Answered here and not by Rust: it shows that no event blocks this thread.
    if (message.ping) return popup.postMessage({ pong: message.ping });
    obey(message.intent);
    // A worker that this connection has woken hears it as soon as it can. Rust's own listeners
    // would be registered too late for that.
    decide((rust) => rust.on_page_message(popup, message));
  });
  if (running === undefined) tell();
  else greet(popup);
});

// The badge changes its language at once; pages load themselves again.
api.storage.onChanged.addListener(({ language }) => language && speakAgain().then(speakBadge));

// The only two requests that a person can make while no instance can decide. An instance that is
// just starting may never be ready, so "off" does not wait for it.
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

// The shortest period that browsers allow. Set here and not by Rust, because this alarm starts Rust
// again.
api.alarms.create("wake", { periodInMinutes: 0.5 });

const hostOf = (url) => URL.parse(url)?.hostname ?? "";

// Requests of Firefox for which it asked for a way. It does not ask when only its cache may answer.
const asked = new Set();
const ASKED_MAX = 10_000;

// Firefox only. Waits for Rust as long as a start may take: a request that waits leaks nothing.
api.proxy.onRequest?.addListener(
  async ({ url, requestId, incognito }) => {
    const host = hostOf(url);
    if (asked.size >= ASKED_MAX) asked.clear();
    asked.add(requestId);
    const isPrivate = incognito !== false;
    const answer = await decide((rust) => ({ route: rust.route(host, isPrivate) }));
    return answer === undefined ? route(isPrivate) : answer.route;
  },
  { urls: ["<all_urls>"] },
);

// Firefox only. Another extension may answer after ours; this event shows the result of all
// answers.
if (api.proxy.onRequest) {
  api.webRequest.onBeforeRequest.addListener(
    async ({ url, requestId, incognito, proxyInfo }) => {
      const [host, wasAsked] = [hostOf(url), asked.delete(requestId)];
      const [isPrivate, way] = [incognito !== false, proxyInfo ?? null];
      const cancel = await decide((rust) => rust.is_astray(host, isPrivate, way, wasAsked));
      return { cancel: cancel ?? (await isAstray(isPrivate, proxyInfo)) };
    },
    { urls: ["<all_urls>"] },
    ["blocking"],
  );
}
