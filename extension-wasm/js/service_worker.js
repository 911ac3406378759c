// Registers every listener before the first await, because a browser wakes a worker only for the
// listeners that were there then, and Wasm is not ready in time. Each listener hands its event to
// Rust and decides nothing; the only decision here is what holds while Rust cannot decide: shut.

import init, * as onionmeter from "./onionmeter.js";

const api = globalThis.browser ?? globalThis.chrome;

// A port that nobody unprivileged can listen on. The `null` forbids Firefox any other way.
const SINK = [{ type: "socks", host: "127.0.0.1", port: 1, proxyDNS: true }, null];

const ready = init().then(() => onionmeter.start());
ready.catch(() => {
  api.action.setBadgeBackgroundColor({ color: "#b3261e" });
  api.action.setBadgeText({ text: "!" });
  api.action.setTitle({ title: "Onionmeter could not start. Restart the browser." });
});

// Errors end up in `ready.catch` or, after a panic, in the console without any page data.
const whenReady = (act) => ready.then(act).catch(() => console.error("onionmeter: event lost"));

// These two have nothing to say; without them the worker is not woken at browser start.
api.runtime.onStartup.addListener(() => whenReady(() => {}));
api.runtime.onInstalled.addListener(() => whenReady(() => {}));

api.alarms.onAlarm.addListener(() => whenReady(() => onionmeter.on_alarm()));
api.runtime.onConnect.addListener((port) => whenReady(() => onionmeter.on_popup(port)));
api.proxy.settings.onChange.addListener(() => whenReady(() => onionmeter.on_proxy_changed()));

// Chromium only.
api.proxy.onProxyError?.addListener(({ fatal }) =>
  whenReady(() => onionmeter.on_proxy_error(fatal === true)),
);

// Firefox only. Waits for Rust, however long that takes: a request that waits leaks nothing.
api.proxy.onRequest?.addListener(
  async ({ url }) => {
    try {
      await ready;
      return onionmeter.route(new URL(url).hostname);
    } catch {
      return (await isKnownToBeOff()) ? undefined : SINK;
    }
  },
  { urls: ["<all_urls>"] },
);

async function isKnownToBeOff() {
  try {
    const { protection_wanted: wanted } = await api.storage.local.get("protection_wanted");
    return wanted === false;
  } catch {
    return false;
  }
}
