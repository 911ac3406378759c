// The badge: Rust and the shell name its words, and this puts them in the person's language.

import { plain, say, spoken, word } from "./dashboard/words.js";

const api = globalThis.browser ?? globalThis.chrome;

// As `Tone::Warning`, background and letters.
const WARNING = ["#f2b134", "#221700"];

let last;

// Nothing moves on a badge, but a change that ends by itself is what this setting is against. Only
// Firefox's background can ask for it.
const calm = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;

/** Shows `{ text, flash, title }` in two colours, background and letters. The newest one stays. */
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

/** Shows or hides that the page of a tab did not load, in place of the badge of all tabs. */
export function markTab(tabId, failed) {
  const [color, letters] = WARNING;
  const gone = () => {};
  spoken.finally(() => {
    const text = failed ? word("badge_failed") : null;
    api.action.setBadgeText({ tabId, text }).catch(gone);
    if (!failed) return;
    api.action.setBadgeBackgroundColor({ tabId, color }).catch(gone);
    api.action.setBadgeTextColor({ tabId, color: letters }).catch(gone);
    api.action.setTitle({ tabId, title: word("badge_failed_title") }).catch(gone);
  });
}

function write({ text, flash, title }) {
  const shown = calm() ? text : (flash ?? text);
  // Four letters fit, and marks of direction would take the place of some.
  api.action.setBadgeText({ text: say(shown).replace(/[\u2066-\u2069]/g, "") });
  api.action.setTitle({ title: plain(title) });
}
