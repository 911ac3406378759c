// One session, opened: its inputs, formula and amount, every signed field, and the checks that the
// Rust of this page makes again while the reader looks.

import { by, copyOf, text } from "./dom.js";

const PASSED = "m4.600 8.200 2.400 2.400 4.500-5";
const FAILED = "m5 5 6 6M11 5l-6 6";

/** Opens a session; the focus returns to `from` when it is closed. */
export function opened(proof, from) {
  if (proof === null) return;
  const { row, fields, checks } = proof;
  text(by("opened-title"), `Session ${row.sequence}: ${row.amount} credits`);
  text(by("opened-directions"), `${row.summary} · ${row.directions}`);
  text(by("opened-addends"), row.addends);
  text(by("opened-sums"), row.sums);
  by("checks").replaceChildren(...checks.map(check));
  by("fields").replaceChildren(...fields.map(field));
  by("opened").addEventListener("close", () => from.focus(), { once: true });
  by("opened").showModal();
}

function check({ passed, sentence }) {
  const [item, find] = copyOf("check");
  item.dataset.passed = passed;
  const mark = item.querySelector("svg");
  mark.setAttribute("aria-label", passed ? "Passed:" : "Failed:");
  mark.querySelector("path").setAttribute("d", passed ? PASSED : FAILED);
  text(find("sentence"), sentence);
  return item;
}

function field({ name, value }) {
  const pair = document.createElement("div");
  const term = document.createElement("dt");
  const description = document.createElement("dd");
  term.append(name);
  description.append(value);
  pair.append(term, description);
  return pair;
}

by("close").addEventListener("click", () => by("opened").close());
