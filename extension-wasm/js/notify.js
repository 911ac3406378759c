// Notifications of the browser, in the person's language. The permission is asked for where a
// person chooses them, in the options; without it nothing is shown.

import { plain, spoken, word } from "./dashboard/words.js";

const api = globalThis.browser ?? globalThis.chrome;

/** Shows one; a later one with the same id takes its place. */
export async function notify({ id, text }) {
  if (!api.notifications) return;
  await spoken;
  api.notifications.create(id, {
    type: "basic",
    iconUrl: api.runtime.getURL("icons/128.png"),
    title: word("name"),
    message: plain(text),
  });
}
