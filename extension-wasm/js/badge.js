// The badge: Rust and the shell name its words, and this puts them in the person's language.

import { say, spoken } from "./dashboard/words.js";

const api = globalThis.browser ?? globalThis.chrome;

let last;

/** Shows `{ text, title }` in two colours, background and letters. The newest one stays. */
export function drawBadge(badge, [background, letters]) {
  last = badge;
  api.action.setBadgeBackgroundColor({ color: background });
  api.action.setBadgeTextColor({ color: letters });
  spoken.finally(() => {
    if (badge === last) write(badge);
  });
}

/** Shows the same once more, after a person chose another language. */
export function speakBadge() {
  if (last !== undefined) write(last);
}

function write({ text, title }) {
  // Four letters fit, and marks of direction would take the place of some.
  api.action.setBadgeText({ text: say(text).replace(/[\u2066-\u2069]/g, "") });
  api.action.setTitle({ title: say(title) });
}
