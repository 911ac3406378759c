// Faults for a copy of the extension. The module itself is the product's; only what it calls is
// not.
//
// `panic`: `Object.is`, which Rust calls when a popup has closed, enters Rust again, which holds
// its state at that moment: a real panic, in the middle of a real event. `loop`: the same call
// never comes back, so that the worker's one thread does nothing else any more. `rules`: the
// browser refuses the rules that forbid WebRTC. `start`: the module cannot be loaded. `tries`
// counts the attempts, either way.

const api = globalThis.browser ?? globalThis.chrome;
const instantiate = WebAssembly.instantiateStreaming;
let wished;

api.runtime.onMessage.addListener(({ fault }) => {
  wished = fault;
});

const { declarativeNetRequest } = api;
const update = declarativeNetRequest.updateDynamicRules.bind(declarativeNetRequest);
declarativeNetRequest.updateDynamicRules = async (rules) => {
  if (wished === "rules") throw new Error("a fault");
  return update(rules);
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
        if (wished === "panic") exports.on_alarm();
        while (wished === "loop");
        return call(...args);
      };
    }
  }
  const loaded = await instantiate(source, imports);
  ({ exports } = loaded.instance);
  if (wished === "panic") wished = undefined;
  return loaded;
};
