// Faults for a copy of the extension. The Wasm module is the product's own; only functions that it
// calls are replaced.
//
// `panic`: Rust calls `Object.is` when a popup has closed. The replacement calls Rust again while
// Rust holds its state: a real panic, in the middle of a real event. `loop`: the same call never
// returns, so the worker's only thread does nothing else. `rules`: the browser refuses the rules
// that forbid WebRTC. `slow`: what is stored is stored a moment later. `start`: the module cannot
// be loaded. `tries` counts all attempts to load it.

const api = globalThis.browser ?? globalThis.chrome;
const instantiate = WebAssembly.instantiateStreaming;
let asked;

api.runtime.onMessage.addListener(({ fault }) => {
  asked = fault;
});

const { declarativeNetRequest } = api;
const update = declarativeNetRequest.updateDynamicRules.bind(declarativeNetRequest);
declarativeNetRequest.updateDynamicRules = async (rules) => {
  if (asked === "rules") throw new Error("a fault");
  return update(rules);
};

const { local } = api.storage;
const store = local.set.bind(local);
local.set = async (items) => {
  if (asked === "slow") await new Promise((done) => setTimeout(done, 400));
  return store(items);
};

WebAssembly.instantiateStreaming = async (source, imports) => {
  const { fault, tries = 0 } = await api.storage.session.get(["fault", "tries"]);
  await api.storage.session.set({ tries: tries + 1 });
  if (fault === "start") throw new Error("a fault");
  let exports;
  for (const module of Object.values(imports)) {
    for (const [name, call] of Object.entries(module)) {
      if (!/^__wbg_is_[0-9a-f]+$/.test(name)) continue;
      module[name] = (...args) => {
        if (asked === "panic") exports.on_alarm();
        while (asked === "loop");
        return call(...args);
      };
    }
  }
  const loaded = await instantiate(source, imports);
  ({ exports } = loaded.instance);
  if (asked === "panic") asked = undefined;
  return loaded;
};
