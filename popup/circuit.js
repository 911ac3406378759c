// The parts of the popup about Tor's ways: the circuit of a site, a new identity, and why
// connections failed.

import { by, optional, text } from "../dashboard/dom.js";

let unreachedKinds;
let circuitStops;

/** Why connections of the last minutes failed. */
export function unreached(view) {
  by("unreached").hidden = view === null;
  if (view === null) return;
  text(by("unreached-summary"), view.summary);
  // Otherwise a person's selection of text would be lost.
  const kinds = JSON.stringify(view.kinds);
  if (kinds === unreachedKinds) return;
  unreachedKinds = kinds;
  by("unreached-kinds").replaceChildren(...view.kinds.map(unreachedKind));
}

function unreachedKind({ name, sentence, times, action }) {
  const item = by("unreached-kind").content.cloneNode(true).firstElementChild;
  item.dataset.reply = name;
  const fields = { sentence, times, action };
  for (const [field, value] of Object.entries(fields)) {
    optional(item.querySelector(`[data-field="${field}"]`), value);
  }
  return item;
}

// A disabled button would lose the keyboard focus, so it is only announced as disabled.
function able(button, intent) {
  button.setAttribute("aria-disabled", String(intent === null));
  if (intent === null) delete button.dataset.intent;
  else button.dataset.intent = intent;
}

/** The circuit of the site in the tab, and the button for a new one. */
export function circuit(view) {
  by("circuit").hidden = view === null;
  if (view === null) return;
  text(by("circuit-title"), view.title);
  optional(by("circuit-text"), view.text);
  text(by("circuit-done"), view.done ?? "");
  able(by("circuit-button"), view.intent);
  optional(by("circuit-again"), view.again);
  const stops = JSON.stringify(view.stops);
  if (stops === circuitStops) return;
  circuitStops = stops;
  by("circuit-stops").replaceChildren(...view.stops.map(circuitStop));
}

function circuitStop({ name, country, relay }) {
  const item = by("circuit-stop").content.cloneNode(true).firstElementChild;
  const fields = { name, country, relay };
  for (const [field, value] of Object.entries(fields)) {
    optional(item.querySelector(`[data-field="${field}"]`), value);
  }
  return item;
}

/** The button for a new identity. */
export function identity(view) {
  able(by("identity-button"), view.intent);
  optional(by("identity-again"), view.again);
  by("identity-text").hidden = view.done !== null;
  text(by("identity-text"), view.text);
  text(by("identity-done"), view.done ?? "");
}
