// What every page of ours does with its document. Text nodes and attributes only.

export const by = (id) => document.getElementById(id);

/** Shows one part of the page in place of the others. */
export function showOnly(id, parts) {
  for (const part of parts) by(part).hidden = part !== id;
}

// If the same text were written again, a screen reader would read it again.
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

const NUMBER = new Intl.NumberFormat(document.documentElement.lang, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 9,
});

/** A decimal number from Rust with separators between thousands; no digit of it is lost. `?` is a
    number that is not known. */
export const grouped = (number) => (number === "?" ? number : NUMBER.format(number));

/** Shows `value` in a node, or hides the node where there is none. */
export function optional(node, value) {
  node.hidden = value === null;
  text(node, value ?? "");
}

export function button(node, view) {
  node.hidden = view === null;
  if (view === null) return;
  text(node, view.label);
  node.dataset.intent = view.intent;
}

export function bar(node, value, words) {
  node.value = value;
  node.setAttribute("aria-valuetext", words);
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
}

/** A person's clicks on what has an intent. */
export function obeyClicks(intend) {
  // The second click of a double click is no answer to the question that the first one has brought.
  addEventListener("click", ({ target, detail }) => {
    const intent = target.closest("[data-intent]")?.dataset.intent;
    if (intent === undefined || (detail > 1 && !by("cancel").hidden)) return;
    intend(intent);
  });
}
