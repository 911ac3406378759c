// One session, opened: its inputs, formula and amount, every signed field, the ledger's receipt,
// and the checks that the Rust of this page makes again while the reader looks.

import { by, copyOf, tell, text } from "./dom.js";
import { digits, say, word } from "./words.js";

const PASSED = "m4.600 8.200 2.400 2.400 4.500-5";
const FAILED = "m5 5 6 6M11 5l-6 6";

/**
 * Opens a session; the focus returns to `from` when it is closed. `receipt` is a promise of what
 * the ledger says, or `null` without a ledger.
 */
export function opened(proof, from, receipt) {
  const { row, qr, fields, checks } = proof;
  tell(by("opened-title"), "opened_title", { number: digits(row.sequence), amount: row.amount });
  const { summary, directions } = row;
  tell(by("opened-directions"), "opened_directions", { summary, directions });
  text(by("opened-addends"), row.addends);
  text(by("opened-sums"), row.sums);
  by("checks").replaceChildren(...checks.map(check));
  by("fields").replaceChildren(...fields.map(field));
  by("qr-path").setAttribute("d", qr);
  by("receipt").hidden = receipt === null;
  if (receipt !== null) receipted(receipt);
  by("opened").addEventListener("close", () => from.focus(), { once: true });
  by("opened").showModal();
}

let newest;

/** Shows the receipt as soon as it is there, unless another session was opened meanwhile. */
async function receipted(promise) {
  newest = promise;
  draw({ sentences: [{ key: "receipt_asked" }], checks: [], fields: [] });
  const view = await promise;
  const unread = { sentences: [{ key: "receipt_unread" }], checks: [], fields: [] };
  if (promise === newest) draw(view ?? unread);
}

function draw({ sentences, checks, fields }) {
  by("receipt-says").replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.append(say(sentence));
    return line;
  }));
  by("receipt-checks").replaceChildren(...checks.map(check));
  by("receipt-fields").replaceChildren(...fields.map(field));
  by("receipt-more").hidden = fields.length === 0;
  by("receipt-more").open = false;
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
