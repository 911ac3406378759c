// What applies while Rust cannot decide: the browser is kept closed. Nothing here needs Rust or
// waits for it. A popup does the same in place of a worker that does not answer.

import { drawBadge } from "./badge.js";

const api = globalThis.browser ?? globalThis.chrome;

// A port on which no unprivileged program can listen. The `null` prevents any other way in Firefox.
const SINK_PORT = 1;
const SINK = [{ type: "socks", host: "127.0.0.1", port: SINK_PORT, proxyDNS: true }, null];

// The same values as in `proxy_value::settings`, so that Rust later recognises them as its own.
const SINK_SETTINGS = api.proxy.onRequest
  ? {
      proxyType: "manual",
      socks: `127.0.0.1:${SINK_PORT}`,
      socksVersion: 5,
      proxyDNS: true,
      passthrough: "",
    }
  : {
      mode: "fixed_servers",
      rules: {
        singleProxy: { scheme: "socks5", host: "127.0.0.1", port: SINK_PORT },
        bypassList: ["<-loopback>", "localhost", "*.localhost", "127.0.0.0/8", "[::1]"],
      },
    };

// As in `Windows`, and Chromium's scope for the second. Firefox has one setting for all windows.
const ALL = "all";
const PRIVATE_ONLY = "private_only";
const PRIVATE = "incognito_persistent";

// If the storage does not answer within this time, it counts as empty.
const STORAGE_MS = 2_000;

const STOPPED = { key: "shut_stopped" };
const OPEN = { key: "shut_open" };
const BLOCKED = { key: "shut_blocked" };
const OFF = { key: "shut_off" };

// How often a person turned protection off here.
let offs = 0;

/** Settles as `promise` does, or fails after `ms`. */
export function within(ms, promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), ms));
  return Promise.race([promise, late]);
}

/** Says on the badge that nobody decides, and points the browser where nobody listens. */
export async function shut() {
  drawBadge({ text: { key: "badge_attention" }, title: STOPPED, tone: "warning" });
  // The next instance must not show the earlier badge for a moment.
  api.storage.session.remove("badge").catch(() => {});
  const before = offs;
  const { wanted, port, windows } = await stored();
  // Before a port was ever applied, there is no protection that could be lost.
  if (!wanted || port === null) return;
  // A person may turn protection off between any two steps of this.
  const set = async (scope) => {
    if (offs === before) await api.proxy.settings.set({ value: SINK_SETTINGS, scope });
  };
  if (windows !== PRIVATE_ONLY || api.proxy.onRequest) await set("regular");
  // Refused where this extension is not allowed in private windows: then nothing is set there.
  if (windows !== ALL && !api.proxy.onRequest) await set(PRIVATE).catch(() => {});
}

/** What popups show in place of a view. */
export async function story() {
  const { wanted, port } = await stored();
  // Firefox asks `route` about each request, whatever was applied before.
  const open = port === null && !api.proxy.onRequest;
  return { broken: { sentence: !wanted ? OFF : open ? OPEN : BLOCKED, wanted } };
}

/** Firefox: where a request is to go. */
export async function route(isPrivate) {
  const { wanted, windows } = await stored();
  if (!wanted) return undefined;
  // Bare, `null` means directly: the person chose that only private windows are protected.
  return isPrivate || windows !== PRIVATE_ONLY ? SINK : null;
}

/** Firefox: whether a request goes elsewhere than `route` says. One that goes there fails with a
 *  page that says so; one that is cancelled would leave the person before the old page, without a
 *  word. */
export async function isAstray(isPrivate, proxy) {
  const { wanted, windows } = await stored();
  const isOurs = wanted && (isPrivate || windows !== PRIVATE_ONLY);
  return isOurs && !(proxy?.host === "127.0.0.1" && proxy.port === SINK_PORT && proxy.proxyDNS);
}

/** A person turned protection off, the only reason for which the proxy is cleared. */
export async function turnOff() {
  offs += 1;
  await api.storage.local.set({ protection_wanted: false, applied_port: null });
  const regular = { scope: "regular" };
  await api.proxy.settings.clear(regular);
  if (!api.proxy.onRequest) await api.proxy.settings.clear({ scope: PRIVATE }).catch(() => {});
  drawBadge({ text: { key: "badge_off" }, title: OFF, tone: "off" });
  const { webRTCIPHandlingPolicy, networkPredictionEnabled, peerConnectionEnabled } =
    api.privacy.network;
  const rules = await api.declarativeNetRequest.getDynamicRules();
  await Promise.all([
    webRTCIPHandlingPolicy.clear(regular),
    networkPredictionEnabled.clear(regular),
    peerConnectionEnabled?.clear(regular),
    api.scripting.unregisterContentScripts(),
    api.declarativeNetRequest.updateDynamicRules({ removeRuleIds: rules.map(({ id }) => id) }),
  ]);
}

// Above a floor, Firefox must send nothing directly (`State::routed_windows`).
async function isHeldByFloor() {
  if (!api.proxy.onRequest) return false;
  const read = within(STORAGE_MS, api.storage.session.get("floor"));
  const { floor } = await read.catch(() => ({ floor: true }));
  return floor === true;
}

// If the storage cannot be read, the worst case is assumed: wanted and applied, and which windows
// is not known.
async function stored() {
  try {
    const names = ["protection_wanted", "applied_port", "protected_windows"];
    const read = await within(STORAGE_MS, api.storage.local.get(names));
    const isPrivateOnly = read.protected_windows === PRIVATE_ONLY && !(await isHeldByFloor());
    const windows = isPrivateOnly ? PRIVATE_ONLY : ALL;
    return { wanted: read.protection_wanted !== false, port: read.applied_port ?? null, windows };
  } catch {
    return { wanted: true, port: undefined, windows: undefined };
  }
}
