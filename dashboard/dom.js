// What every page of ours does with its document. Text nodes and attributes only.

import {
  commands,
  isRightToLeft,
  knows,
  pieces,
  recalled,
  say,
  spoken,
  spokenLocale,
  word,
} from "./words.js";

export const by = (id) => document.getElementById(id);

/** Settles when the words of the page stand in it. Nothing of now is drawn before. */
export const ready = spoken.then(begin);

/** Settles when there are words for what was last known: at once if a page kept some. */
export const first = recalled ? Promise.resolve().then(begin) : ready;

function begin() {
  document.documentElement.lang = spokenLocale();
  document.documentElement.dir = isRightToLeft() ? "rtl" : "ltr";
  fill(document);
}

const ATTRIBUTES = {
  label: "aria-label",
  title: "title",
  placeholder: "placeholder",
};

/** Puts words where a document names their keys: `data-text`, `data-label` (`aria-label`),
    `data-title`, `data-placeholder`. An element inside that has `data-slot` is kept, in the place
    that the language gives to the placeholder of that name. */
function fill(root) {
  for (const node of root.querySelectorAll("[data-text]")) words(node);
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    for (const node of root.querySelectorAll(`[data-${name}]`)) {
      node.setAttribute(attribute, word(node.dataset[name]));
    }
  }
  for (const { content } of root.querySelectorAll("template")) fill(content);
}

// Words of before an update may have no place for one of them.
const slots = new WeakMap();

function words(node) {
  const found = () => new Map([...node.children].map((child) => [child.dataset.slot, child]));
  const kept = slots.get(node) ?? found();
  slots.set(node, kept);
  const parts = pieces({ key: node.dataset.text });
  node.replaceChildren(...parts.map(({ text: words, slot }) => words ?? kept.get(slot) ?? ""));
}

/** Shows one part of the page in place of the others. */
export function showOnly(id, parts) {
  for (const part of parts) by(part).hidden = part !== id;
}

/** Writes what Rust sends (a message with its values, or one value) or a string as it is; what
    stands between backquotes is a command. If the same text were written again, a screen reader
    would read it again. */
export function text(node, value) {
  const parts = commands(typeof value === "string" ? value : say(value));
  if (node.textContent === parts.join("")) return;
  node.replaceChildren(...parts.map((part, place) => (place % 2 === 1 ? command(part) : part)));
}

function command(line) {
  const code = document.createElement("code");
  // A person types it from left to right in every language.
  code.dir = "ltr";
  // A short one is never broken, as a process number would be from its `kill`.
  code.classList.toggle("short", line.length < 24);
  code.append(line);
  return code;
}

/** A message that the page names itself. */
export const tell = (node, key, values) => text(node, word(key, values));

/**
 * The host's error in words: those of its code and cause, or its own if the code is of a newer
 * host.
 */
export function failure({ code, cause, message = "" }) {
  const key = [`error_${code}_${cause}`, `error_${code}`].find(knows);
  return key === undefined ? message : word(key);
}

/** Shows `value` in a node, or hides the node where there is none. */
export function optional(node, value) {
  node.hidden = value === null;
  text(node, value ?? "");
}

/** Lets the keyboard reach texts (`data-long`) that are longer than their places. */
export function reach() {
  requestAnimationFrame(() => {
    for (const node of document.querySelectorAll("[data-long]")) {
      if (node.scrollHeight > node.clientHeight) node.tabIndex = 0;
      else node.removeAttribute("tabindex");
    }
  });
}
addEventListener("resize", reach);

export function button(node, view) {
  node.hidden = view === null;
  if (view === null) return;
  text(node, view.label);
  node.dataset.intent = view.intent;
}

export function bar(node, value, words) {
  node.value = value;
  node.setAttribute("aria-valuetext", say(words));
}

/** A copy of a template, and a function that finds its fields. */
export function copyOf(id) {
  const item = by(id).content.cloneNode(true).firstElementChild;
  return [item, (name) => item.querySelector(`[data-field="${name}"]`)];
}

export function problem(view) {
  by("problem").hidden = view === null;
  if (view === null) return;
  by("problem").dataset.problem = view.name;
  text(by("problem-sentence"), view.sentence);
  optional(by("problem-detail"), view.detail);
  optional(by("problem-hint"), view.hint);
  optional(by("problem-command"), view.command);
  reach();
}

/** A person's clicks on what has an intent. */
export function obeyClicks(intend) {
  // The second click of a double click is no order of its own: by then the button may ask for
  // something else, or its order may be refused because it was just obeyed. A switch has two sides.
  addEventListener("click", ({ target, detail }) => {
    const asks = target.closest("[data-intent]");
    if (asks === null || (detail > 1 && asks.role !== "switch")) return;
    intend(asks.dataset.intent);
  });
}
