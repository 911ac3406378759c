// One session, opened: its inputs, formula and amount, every signed field, and the checks that the
// Rust of this page makes again while the reader looks.

import { by, copyOf, tell, text } from "./dom.js";
import { say, word } from "./words.js";

const PASSED = "m4.600 8.200 2.400 2.400 4.500-5";
const FAILED = "m5 5 6 6M11 5l-6 6";

/** Opens a session; the focus returns to `from` when it is closed. */
export function opened(proof, from) {
  if (proof === null) return;
  const { row, fields, checks } = proof;
  tell(by("opened-title"), "opened_title", { number: row.sequence, amount: row.amount });
  tell(by("opened-directions"), "opened_directions", { summary: row.summary, directions: row.directions });
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
  mark.setAttribute("aria-label", passed ? word("check_passed") : word("check_failed"));
  mark.querySelector("path").setAttribute("d", passed ? PASSED : FAILED);
  text(find("sentence"), sentence);
  return item;
}

function field({ name, value }) {
  const pair = document.createElement("div");
  const term = document.createElement("dt");
  const description = document.createElement("dd");
  term.append(say(name));
  description.append(say(value));
  pair.append(term, description);
  return pair;
}

by("close").addEventListener("click", () => by("opened").close());
