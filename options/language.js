// The language of every page: the browser's own, or one that a person chooses here. Each page hears
// of the change by the storage and loads itself again.

import { by, ready } from "../dashboard/dom.js";
import { LANGUAGES, chosen, word } from "../dashboard/words.js";

const api = globalThis.browser ?? globalThis.chrome;

ready.then(async () => {
  const own = Object.entries(LANGUAGES).map(([folder, name]) => option(folder, name));
  by("language").replaceChildren(option("", word("language_of_browser")), ...own);
  by("language").value = await chosen();
});

/** A language stands in its own words, so that who needs it finds it in any other. */
function option(folder, name) {
  const item = new Option(name, folder);
  if (folder !== "") item.lang = folder.replace("_", "-");
  return item;
}

by("language").addEventListener("change", () => {
  // What the popup would show first is in the former language.
  localStorage.removeItem("popup");
  api.storage.local.set({ language: by("language").value });
});
