// Draws what the ledger says: three numbers, why they differ, and what is wrong.

import { by, optional, text } from "./dom.js";
import { say } from "./words.js";

const UNVERIFIED = { credits: { plain: "?" }, exact: { key: "not_verified" } };

let ledgerDifferences;

// Rebuilt only when it differs: otherwise a person's selection of text would be lost.
export function ledger(view) {
  by("ledger").hidden = view === null;
  if (view === null) return;
  amount(by("ledger-claimed"), view.claimed);
  amount(by("ledger-credited"), view.credited ?? UNVERIFIED);
  amount(by("ledger-waiting"), view.waiting);
  const lines = JSON.stringify(view.differences);
  if (lines !== ledgerDifferences) {
    ledgerDifferences = lines;
    by("ledger-differences").replaceChildren(...view.differences.map(ledgerDifference));
  }
  by("ledger-notice").hidden = view.notice === null;
  if (view.notice === null) return;
  const { kind, sentence, detail, command } = view.notice;
  by("ledger-notice").dataset.kind = kind;
  text(by("ledger-sentence"), sentence);
  optional(by("ledger-detail"), detail);
  by("ledger-command-line").hidden = command === null;
  optional(by("ledger-purpose"), command?.purpose ?? null);
  text(by("ledger-command"), command?.line ?? "");
}

function ledgerDifference(view) {
  const item = by("ledger-difference").content.cloneNode(true).firstElementChild;
  text(item.querySelector('[data-field="reason"]'), view.reason);
  amount(item.querySelector('[data-field="amount"]'), view.amount);
  return item;
}

function amount(node, { credits, exact }) {
  text(node, credits);
  node.title = say(exact);
}
