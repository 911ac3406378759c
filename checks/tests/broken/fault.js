// Faults for a copy of the extension. The module itself is the product's; only what it calls is not.
//
// `panic`: `Object.is`, which Rust calls when a popup has closed, enters Rust again, which holds its state
// at that moment: a real panic, in the middle of a real event.
// `start`: the module cannot be loaded. `tries` counts the attempts, either way.

const api = globalThis.browser ?? globalThis.chrome;
const instantiate = WebAssembly.instantiateStreaming;
let panics = false;

api.runtime.onMessage.addListener(({ fault }) => {
  panics = fault === "panic";
});

WebAssembly.instantiateStreaming = async (source, imports) => {
  const { fault, tries = 0 } = await api.storage.session.get(["fault", "tries"]);
  await api.storage.session.set({ tries: tries + 1 });
  if (fault === "start") throw new Error("a fault");
  let exports;
  for (const module of Object.values(imports)) {
    for (const [name, call] of Object.entries(module)) {
      if (!/^__wbg_is_[0-9a-f]+$/.test(name)) continue;
      module[name] = (...args) => {
        if (panics) exports.on_alarm();
        return call(...args);
      };
    }
  }
  const loaded = await instantiate(source, imports);
  ({ exports } = loaded.instance);
  panics = false;
  return loaded;
};
