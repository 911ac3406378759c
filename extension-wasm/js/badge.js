// What the toolbar shows: Rust and the shell name the words of the badge and its tone, and this
// puts the words in the person's language and gives the tone its colours and the icon its shape.

import { number, plain, say, spoken, word } from "./dashboard/words.js";

const api = globalThis.browser ?? globalThis.chrome;

// For each `Tone` of Rust background and letters. A colour is never all that tells two of them
// apart: each has an icon of its own shape, `icons/states`.
const COLOURS = {
  good: ["#17693c", "#ffffff"],
  private: ["#6b3fa8", "#ffffff"],
  busy: ["#2a5db0", "#ffffff"],
  warning: ["#f2b134", "#221700"],
  alarm: ["#b3261e", "#ffffff"],
  off: ["#5f6368", "#ffffff"],
};

const SIZES = [16, 32];

let last;

// Nothing moves on a badge, but a change that ends by itself is what this setting is against. Only
// Firefox's background can ask for it.
const calm = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;

/** Shows `{ text, flash, title, tone }`. The newest one stays. */
export function drawBadge(badge) {
  const [background, letters] = COLOURS[badge.tone];
  last = badge;
  api.action.setBadgeBackgroundColor({ color: background });
  api.action.setBadgeTextColor({ color: letters });
  // Also if it is the same: a popup draws one itself while the worker does not answer.
  api.action.setIcon({ path: icon(badge.tone) }).catch(() => {});
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
  const [color, letters] = COLOURS.warning;
  const gone = () => {};
  spoken.finally(() => {
    const text = failed ? word("badge_failed") : null;
    api.action.setBadgeText({ tabId, text }).catch(gone);
    if (!failed) return void unmark(tabId).catch(gone);
    api.action.setBadgeBackgroundColor({ tabId, color }).catch(gone);
    api.action.setBadgeTextColor({ tabId, color: letters }).catch(gone);
    api.action.setTitle({ tabId, title: word("badge_failed_title") }).catch(gone);
  });
}

// A browser takes a tab's own title and colours away with the page, but the page may stay: when
// protection is turned off. Chromium cannot take them away itself; an empty title is the name.
async function unmark(tabId) {
  const { status } = await api.tabs.get(tabId);
  const title = await api.action.getTitle({ tabId });
  if (status !== "complete" || title !== word("badge_failed_title")) return;
  const [color, letters] = COLOURS.off;
  await api.action.setTitle({ tabId, title: "" });
  await api.action.setBadgeBackgroundColor({ tabId, color });
  await api.action.setBadgeTextColor({ tabId, color: letters });
}

function write({ text, flash, title }) {
  const shown = calm() ? text : (flash ?? text);
  // Four letters fit, and marks of direction would take the place of some.
  api.action.setBadgeText({ text: short(say(shown)).replace(/[\u2066-\u2069]/g, "") });
  api.action.setTitle({ title: plain(title) });
}

/** The number of `1.7k` as the language writes it. */
function short(text) {
  const written = (found, decimal) =>
    number(Number(found), { useGrouping: false, minimumFractionDigits: decimal ? 1 : 0 });
  return text.replace(/\d+(\.\d)?/g, written);
}

function icon(tone) {
  const url = (size) => api.runtime.getURL(`icons/states/${tone}-${size}.png`);
  return Object.fromEntries(SIZES.map((size) => [size, url(size)]));
}
