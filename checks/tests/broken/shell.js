// Tests the worker's shell, which is the real `service_worker.js` and `shut.js`. The browser, the
// module and the clock are replaced. Each scenario returns whether everything was as expected.

const later = globalThis.setTimeout;
const settled = () => new Promise((done) => later(done, 0));
const never = () => new Promise(() => {});

let now;
let timers;
globalThis.setTimeout = (act, ms = 0) => timers.push({ at: now + ms, act });

/** Lets this many seconds pass. */
async function pass(seconds) {
  const end = now + seconds * 1_000;
  for (;;) {
    await settled();
    timers.sort((one, other) => one.at - other.at);
    if (timers.length === 0 || timers[0].at > end) break;
    const { at, act } = timers.shift();
    now = at;
    act();
  }
  now = end;
}

let seen;
let listeners;
let stored;
let storage;

const event = (name) => ({ addListener: (act) => (listeners[name] = act) });
const setting = { set: async () => {}, clear: async () => {} };
globalThis.browser = {
  action: {
    setBadgeBackgroundColor: async () => {},
    setBadgeTextColor: async () => {},
    setBadgeText: async ({ text }) => (seen.badge = text),
    setTitle: async ({ title }) => (seen.title = title),
    setIcon: async ({ path }) => (seen.icon = path[32]),
  },
  alarms: { create: (name) => (seen.alarm = name), onAlarm: event("alarm") },
  declarativeNetRequest: {
    getDynamicRules: async () => [{ id: 1 }],
    updateDynamicRules: async ({ removeRuleIds }) => (seen.rules = removeRuleIds),
  },
  privacy: { network: { webRTCIPHandlingPolicy: setting, networkPredictionEnabled: setting } },
  proxy: {
    settings: {
      onChange: event("proxy"),
      set: async ({ value }) => (seen.port = value.rules.singleProxy.port),
      clear: async () => (seen.port = null),
    },
    onProxyError: event("proxy error"),
  },
  runtime: {
    onStartup: event("startup"),
    onInstalled: event("installed"),
    onUpdateAvailable: event("update"),
    onConnect: event("connect"),
    getURL: (path) => `/${path}`,
  },
  scripting: { unregisterContentScripts: async () => (seen.scripts = 0) },
  storage: {
    local: { get: () => storage(), set: async (items) => Object.assign(stored, items) },
    onChanged: event("changed"),
    session: { remove: async (name) => (seen.removed = name) },
  },
  webRequest: { onBeforeRequest: event("before"), onErrorOccurred: event("failed") },
  tabs: {
    onActivated: event("activated"),
    onUpdated: event("updated"),
    onRemoved: event("removed"),
  },
};

// Replaces `onionmeter.js`: makes instances that do what a scenario needs.
globalThis.load = () => {
  const instance = Object.assign(() => seen.begins(), {
    start: async (shell) => {
      seen.shells.push(shell);
      shell.host = { disconnect: () => (seen.disconnects += 1) };
      await seen.starts();
    },
    is_stuck: () => seen.stuck,
  });
  const pages = ["on_page", "on_page_closed", "on_page_message"];
  const events = ["on_alarm", "on_proxy_changed", "on_proxy_error", ...pages];
  for (const name of [...events, "route", "is_astray"]) {
    instance[name] = () => {
      seen.calls.push(name);
      if (seen.throws) throw new Error("a fault");
    };
  }
  seen.loads += 1;
  return instance;
};

let workers = 0;

/** Starts a worker; `options` describes its module and its browser. */
async function worker(options = {}) {
  now = 0;
  timers = [];
  listeners = {};
  stored = { protection_wanted: true, applied_port: 9149 };
  storage = async () => stored;
  seen = {
    loads: 0,
    disconnects: 0,
    calls: [],
    shells: [],
    stuck: false,
    begins: async () => {},
    starts: async () => {},
    ...options,
  };
  browser.proxy.onRequest = options.firefox ? event("request") : undefined;
  workers += 1;
  await import(`./service_worker.js?${workers}`);
  await settled();
}

function popup() {
  const told = [];
  const port = {
    told,
    postMessage: (message) => told.push(message),
    onMessage: { addListener: (act) => (port.say = act) },
    onDisconnect: { addListener: (act) => (port.close = act) },
  };
  listeners.connect(port);
  return port;
}

const fails = async () => {
  throw new Error("a fault");
};

const request = () => listeners.request({ url: "http://site.test/", requestId: "1" });
const goesNowhere = (way) => way?.length === 2 && way[0].port === 1 && way[1] === null;

/** Whether Firefox stops a request that goes this way. */
async function isStopped(proxyInfo) {
  const seen = { url: "http://site.test/", requestId: "1", proxyInfo };
  return (await listeners.before(seen)).cancel;
}

const scenarios = {
  "a ping is answered whatever Rust does": async () => {
    await worker({ begins: never });
    const port = popup();
    port.say({ ping: true });
    return port.told.at(-1).pong === true;
  },
  "a module that never loads is given up": async () => {
    await worker({ begins: never });
    await pass(19);
    const before = seen.badge;
    await pass(2);
    return before === undefined && seen.badge === "!" && seen.port === 1;
  },
  "a start that never ends is given up": async () => {
    await worker({ starts: never });
    await pass(21);
    return seen.badge === "!" && seen.port === 1 && seen.disconnects === 1;
  },
  "one that comes late is not the one that decides": async () => {
    let come;
    await worker({ starts: () => new Promise((done) => (come = done)) });
    await pass(20.5);
    const [late] = seen.shells;
    seen.starts = async () => {};
    await pass(2);
    come();
    await settled();
    late.guard(() => seen.calls.push("late"))();
    return !late.isCurrent() && seen.shells[1].isCurrent() && !seen.calls.includes("late");
  },
  "the icon has the shape of what the badge says": async () => {
    await worker();
    const [title, text] = [{ key: "shut_off" }, "4.6"];
    const shapes = [];
    for (const tone of ["good", "private", "busy"]) {
      seen.shells[0].badge(JSON.stringify({ text, title, tone }));
      shapes.push(seen.icon);
    }
    seen.shells[0].broke();
    await settled();
    shapes.push(seen.icon);
    const wanted = ["good", "private", "busy", "warning"];
    return shapes.join() === wanted.map((tone) => `/icons/states/${tone}-32.png`).join();
  },
  "a fault at every start makes no loop": async () => {
    await worker({ starts: fails });
    await pass(3_600);
    return seen.loads === 4;
  },
  "and each alarm tries once": async () => {
    await worker({ starts: fails });
    for (let alarm = 0; alarm < 100; alarm += 1) {
      await pass(30);
      listeners.alarm();
    }
    await settled();
    return seen.loads === 104;
  },
  "storage that does not answer is taken for the worst": async () => {
    await worker({ begins: never });
    storage = never;
    await pass(30);
    return seen.badge === "!" && seen.port === 1;
  },
  "storage that throws is taken for the worst": async () => {
    await worker({ begins: never });
    storage = fails;
    await pass(21);
    return seen.badge === "!" && seen.port === 1;
  },
  "what was off stays off": async () => {
    await worker({ begins: never });
    stored = { protection_wanted: false };
    await pass(20.5);
    const told = popup().told;
    await settled();
    const says = told.at(-1).broken.sentence.key === "shut_off";
    return says && seen.badge === "!" && seen.port === undefined && !/blocked/.test(seen.title);
  },
  "what was never applied blocks nobody": async () => {
    await worker({ begins: never });
    stored = {};
    await pass(20.5);
    const told = popup().told;
    await settled();
    const says = told.at(-1).broken.sentence.key === "shut_open";
    return says && seen.badge === "!" && seen.port === undefined && !/blocked/.test(seen.title);
  },
  "a fault in any event shuts": async () => {
    const wrong = [];
    for (const name of ["alarm", "proxy", "proxy error", "connect"]) {
      await worker({ throws: true });
      name === "connect" ? popup() : listeners[name]({ fatal: true });
      await settled();
      if (seen.badge !== "!" || seen.port !== 1) wrong.push(name);
    }
    return wrong.length === 0;
  },
  "a fault in a listener or timer of the module shuts": async () => {
    await worker();
    seen.shells[0].guard(() => {
      throw new RangeError("a fault");
    })();
    await settled();
    return seen.badge === "!" && seen.port === 1;
  },
  "an event that was never finished shuts": async () => {
    await worker();
    seen.stuck = true;
    listeners.updated(1, {});
    await settled();
    return seen.badge === "!" && seen.port === 1 && seen.calls.length === 0;
  },
  "no event waits for an instance that may never come": async () => {
    await worker();
    seen.shells[0].broke();
    for (let time = 0; time < 100; time += 1) listeners.proxy();
    await pass(2);
    return seen.loads === 2 && seen.calls.length === 0;
  },
  "popups are told, and drawn again later": async () => {
    await worker();
    const open = popup();
    await settled();
    seen.shells[0].broke();
    const late = popup();
    await settled();
    const told = [open, late].map((port) => port.told.at(-1)?.broken?.wanted);
    seen.calls = [];
    late.close();
    await pass(2);
    return told.join() === "true,true" && seen.calls.join() === "on_page";
  },
  "a popup that closes during a start is not waited for": async () => {
    let come;
    await worker({ starts: () => new Promise((done) => (come = done)) });
    popup().close();
    popup();
    come();
    await settled();
    return seen.calls.join() === "on_page_closed,on_page";
  },
  "what is said to a worker that is just starting is heard once, behind the greeting": async () => {
    let come;
    await worker({ starts: () => new Promise((done) => (come = done)) });
    popup().say({ intent: "turn_on" });
    const before = seen.calls.length;
    come();
    await settled();
    return before === 0 && seen.calls.join() === "on_page,on_page_message";
  },
  "a person turns protection off while an instance starts that never will": async () => {
    await worker({ starts: never });
    const port = popup();
    port.say({ intent: "turn_off" });
    await settled();
    return seen.port === null && stored.protection_wanted === false && seen.badge === "off";
  },
  "what shuts the browser late does not undo what a person turned off": async () => {
    await worker({ starts: never });
    const port = popup();
    const read = [];
    storage = () => new Promise((done) => read.push(done));
    port.say({ intent: "turn_off" });
    await settled();
    const off = seen.port === null;
    for (const done of read) done({ protection_wanted: true, applied_port: 9149 });
    await settled();
    return read.length > 0 && off && seen.port === null;
  },
  "of two quick clicks, the next worker hears the one that was not heard": async () => {
    const { again, click, heard } = await import("./clicks.js");
    const [first, second] = [[], []];
    const told = (list) => list.flatMap(({ intent }) => intent ?? []).join();
    for (const intent of ["turn_off", "turn_on"]) click(intent, (message) => first.push(message));
    heard(first[1].ping);
    again((message) => second.push(message));
    const once = told(first) === "turn_off,turn_on" && told(second) === "turn_on";
    heard(second[1].ping);
    const third = [];
    again((message) => third.push(message));
    return once && third.length === 0;
  },
  "the alarm is there before any instance, and the badge of before is gone": async () => {
    await worker({ begins: never });
    const alarm = seen.alarm === "wake";
    await pass(21);
    return alarm && seen.removed === "badge";
  },
  "a person turns protection off and starts again": async () => {
    await worker();
    seen.starts = fails;
    seen.shells[0].broke();
    await pass(60);
    const port = popup();
    await settled();
    port.say({ intent: "turn_off" });
    await settled();
    const off = seen.port === null && stored.protection_wanted === false && seen.badge === "off"
      && seen.scripts === 0 && seen.rules.length === 1;
    const told = port.told.at(-1).broken.wanted === false;
    seen.starts = async () => {};
    port.say({ intent: "restart" });
    await settled();
    return off && told && seen.shells.at(-1).isCurrent();
  },
  // `shut.js` is loaded once for all scenarios, so its settings stay in the form of Chromium.
  "in Firefox a request while nobody decides goes nowhere": async () => {
    await worker({ firefox: true });
    seen.shells[0].broke();
    const [nowhere, stopped] = [goesNowhere(await request()), await isStopped(null)];
    const sink = { host: "127.0.0.1", port: 1, proxyDNS: true };
    return nowhere && stopped && !(await isStopped(sink));
  },
  "in Firefox a request that waits for a start goes nowhere when that fails": async () => {
    await worker({ firefox: true, starts: never });
    const way = request();
    await pass(21);
    return goesNowhere(await way);
  },
  "in Firefox a request whose way Rust fails to decide goes nowhere": async () => {
    await worker({ firefox: true, throws: true });
    return goesNowhere(await request()) && seen.badge === "!";
  },
  "in Firefox a request goes nowhere when the storage says nothing either": async () => {
    await worker({ firefox: true });
    seen.shells[0].broke();
    storage = fails;
    return goesNowhere(await request()) && (await isStopped(null));
  },
  "in Firefox a request goes as it would where protection is off": async () => {
    await worker({ firefox: true });
    seen.shells[0].broke();
    stored = { protection_wanted: false };
    return (await request()) === undefined && !(await isStopped(null));
  },
};

async function run() {
  const wrong = [];
  await (await import("./dashboard/words.js")).spoken;
  for (const [name, scenario] of Object.entries(scenarios)) {
    const right = await scenario().catch((error) => wrong.push(String(error)));
    if (right !== true) wrong.push(name);
  }
  return wrong;
}

globalThis.outcome = run();
