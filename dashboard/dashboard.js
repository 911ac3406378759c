// Draws the dashboard's view, and forwards a person's clicks. Writes text nodes only; makes no
// decision and does no arithmetic. `source.js` knows where the view comes from: the Rust in this
// page or the extension's worker.

import { choosing } from "./choice.js";
import {
  bar, button, by, first, obeyClicks, optional, problem, showOnly, tell, text,
} from "./dom.js";
import { keep, kept } from "./kept.js";
import { ledger } from "./ledger.js";
import { sessions } from "./sessions.js";
import { begin, intend, memory } from "./source.js";
import { say, word } from "./words.js";

const PARTS = ["silence", "locked", "broken", "dashboard"];

let torOptions;

function draw(view) {
  showOnly("dashboard", PARTS);
  delete by("dashboard").dataset.kept;
  performance.mark("drawn");
  by("state").dataset.mode = view.mode;
  text(by("state-word"), view.word);
  text(by("state-sentence"), view.sentence);
  document.title = word("dashboard_title", { credits: view.balance.credits, state: view.word });
  problem(view.problem);
  button(by("action"), view.action);
  button(by("cancel"), view.cancel);
  text(by("balance"), view.balance.credits);
  by("balance").title = say(view.balance.exact);
  text(by("balance-unit"), view.balance.unit);
  text(by("balance-source"), view.balance.source);
  ledgerBeside(view.ledger);
  session(view.session);
  monitoring(view.monitoring);
  tor(view.tor);
  sessions(view.book);
  keep(memory, "dashboard", view);
}

/** Amounts as they were last known, until the host says what is so now. */
function remember() {
  const view = kept(memory, "dashboard");
  if (view === null || by("silence").hidden) return;
  showOnly("dashboard", PARTS);
  by("dashboard").dataset.kept = "";
  text(by("state-word"), { key: "looking" });
  text(by("state-sentence"), { key: "page_loading" });
  text(by("balance"), view.balance.credits);
  text(by("balance-unit"), view.balance.unit);
  text(by("balance-source"), view.balance.source);
  ledgerBeside(view.ledger);
  // Its place, so that nothing moves when its bars come.
  by("picture").hidden = false;
}

/** Beside what a ledger says the other card has room for the rate; else that has a card alone. */
function ledgerBeside(view) {
  ledger(view);
  const card = by(view === null ? "pace" : "running");
  if (by("rate").parentElement !== card) card.append(by("rate"));
}

function session(view) {
  by("session").hidden = view === null;
  by("no-session").hidden = view !== null;
  if (view === null) return;
  text(by("session-time"), view.time);
  text(by("session-up"), view.up);
  text(by("session-down"), view.down);
  text(by("session-waits"), view.waits);
  bar(by("session-bar"), view.permille, view.percent);
}

function monitoring(view) {
  by("monitoring").hidden = view === null;
  if (view === null) return;
  text(by("monitoring-word"), view.word);
  text(by("address"), view.address ?? "");
  by("address-line").hidden = view.address === null;
  button(by("monitoring-button"), view.button);
}

function tor(view) {
  by("tor").hidden = view === null;
  if (view === null) return;
  text(by("tor-word"), view.word);
  optional(by("tor-detail"), view.detail);
  button(by("tor-button"), view.button);
  torChoice(view.choice);
  by("bootstrap").hidden = view.bootstrap === null;
  if (view.bootstrap === null) return;
  const { percent, summary, warning } = view.bootstrap;
  text(by("tor-summary"), summary);
  text(by("tor-percent"), { percent });
  optional(by("tor-warning"), warning);
  bar(by("tor-bar"), percent, { percent });
}

// Rebuilt only when it differs, because an open list would close.
function torChoice(view) {
  by("tor-choice").hidden = view === null;
  if (view === null) return;
  optional(by("tor-why"), view.why);
  const options = JSON.stringify(view.options);
  if (options !== torOptions) {
    torOptions = options;
    by("tor-choices").replaceChildren(...view.options.map(torOption));
  }
  torChosen.shows(view.options.findIndex(({ chosen }) => chosen));
}

function torOption({ label, intent }) {
  const option = new Option(say(label), intent ?? "");
  option.disabled = intent === null;
  return option;
}

/** No worker decides; its shell says why. */
function broken({ sentence }) {
  showOnly("broken", PARTS);
  text(by("broken-sentence"), sentence);
}

obeyClicks(intend);
const torChosen = choosing(by("tor-choices"), by("tor-enter"), intend);

by("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("address").textContent);
  tell(by("copied"), "copied");
});

first.then(remember);
begin("dashboard", { draw, broken, locked: () => showOnly("locked", PARTS) });
