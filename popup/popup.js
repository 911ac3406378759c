// Draws the view that the extension's Rust sends, and forwards a person's clicks. Writes text nodes
// only; makes no decision, does no arithmetic, holds no copy of the state. The page has its own
// thread: if the worker does not answer at all, it closes the browser in the worker's place
// (`shut.js`).

import { choosing } from "../dashboard/choice.js";
import {
  bar, button, by, obeyClicks, optional, reach, ready, tell, text,
} from "../dashboard/dom.js";
import { digits, format, say } from "../dashboard/words.js";
import { again, click, heard, ping } from "../clicks.js";
import { circuit, identity, unreached } from "./circuit.js";
import { keep } from "./kept.js";

const api = globalThis.browser ?? globalThis.chrome;

// The worker's shell answers each ping itself, whatever Rust does. It misses five in a row only
// while an event never ends.
const PING_MS = 2_000;
const PINGS_UNANSWERED = 5;

let port;
let unanswered = 0;
let silent = false;
let reportIds;
let torOptions;
let ledgerDifferences;

function connect() {
  port = api.runtime.connect({ name: "popup" });
  port.onMessage.addListener(async (message) => {
    if (message.pong) heard(message.pong);
    spoke();
    await ready;
    if (message.broken) broken(message.broken);
    else if (!message.pong) draw(message);
  });
  // The worker may be stopped at any time; connecting wakes it.
  port.onDisconnect.addListener(() => setTimeout(connect, 250));
  again(post);
}

/** The worker has said something. */
function spoke() {
  unanswered = 0;
  if (!silent) return;
  silent = false;
  // After this page acted in the worker's place, a new connection makes the worker draw everything
  // again.
  port.disconnect();
  connect();
}

function look() {
  ping(post);
  unanswered += 1;
  if (unanswered === PINGS_UNANSWERED) standIn();
}

// Loaded only for that: a popup opens sooner without.
const shell = () => import("../shut.js");

/** The worker does not end what it does, so nobody else is there to shut the browser and say so. */
async function standIn() {
  silent = true;
  const { shut } = await shell();
  await shut().catch(() => {});
  const story = await known();
  await ready;
  if (silent) broken(story);
}

async function known() {
  const { story } = await shell();
  return { ...(await story()).broken, unstarted: await isUnstarted() };
}

/** Whether Chromium has no worker that it could start. It may register one and never run it,
 *  whatever wakes it, until the browser itself starts again. */
async function isUnstarted() {
  if (api.proxy.onRequest) return false;
  const found = await navigator.serviceWorker.getRegistration().catch(() => undefined);
  return !(found?.active ?? found?.waiting ?? found?.installing);
}

/** What a person may ask for while the worker gives no answer; a later one hears it, too. */
async function obey(intent) {
  if (intent === "turn_off") {
    const { turnOff } = await shell();
    await turnOff();
    broken(await known());
  }
  // Firefox lets no request out meanwhile. Chromium would; it ends such a worker by itself.
  if (intent === "restart" && api.proxy.onRequest) api.runtime.reload();
}

const send = (intent) => click(intent, post);

function post(message) {
  try {
    port.postMessage(message);
  } catch {
    // The port has just closed; another one follows.
  }
}

// If one part cannot be drawn, the other parts still are, above all the switch.
function draw(view) {
  performance.mark("drawn");
  by("popup").dataset.badge = say(view.badge.text);
  by("popup").hidden = false;
  by("silence").hidden = true;
  by("broken").hidden = true;
  forget();
  const parts = [
    () => header(view.header, view.switch),
    () => page(view.page),
    () => problem(view.problem),
    () => button(by("action"), view.action),
    () => button(by("cancel"), view.cancel),
    () => note(view.note),
    () => balance(view.balance),
    () => ledger(view.ledger),
    () => session(view.session),
    () => unreached(view.unreached),
    () => circuit(view.circuit),
    () => tor(view.tor),
    () => identity(view.identity),
    () => reports(view.reports),
  ];
  by("incomplete").hidden = parts.map(drawn).every(Boolean);
  reach();
  keep(view);
}

/** What `first.js` showed of before. */
const forget = () => delete by("popup").dataset.kept;

function drawn(part) {
  try {
    part();
    return true;
  } catch {
    return false;
  }
}

/** Nobody is there to send a view; the worker's shell says so. */
function broken({ sentence, wanted, unstarted = false }) {
  forget();
  by("popup").hidden = true;
  by("silence").hidden = true;
  by("broken").hidden = false;
  tell(by("broken-title"), unstarted ? "broken_unstarted_title" : "broken_title");
  text(by("broken-sentence"), sentence);
  tell(by("broken-about"), unstarted ? "broken_unstarted" : "broken_about");
  by("broken-restart").hidden = unstarted;
  by("broken-off").hidden = !wanted;
}

function balance({ credits, exact, unit, source }) {
  text(by("balance"), credits);
  text(by("balance-unit"), unit);
  by("balance").title = say(exact);
  text(by("balance-source"), source);
}

// Rebuilt only when it differs: otherwise a person's selection of text would be lost.
function ledger(view) {
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

const UNVERIFIED = { credits: { key: "not_verified" }, exact: null };

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

function header({ state, word, sentence, in_part: inPart = false }, { on, intent }) {
  by("state").dataset.state = state;
  by("state").toggleAttribute("data-in-part", inPart);
  text(by("state-word"), word);
  text(by("state-sentence"), sentence);
  by("switch").setAttribute("aria-checked", String(on));
  by("switch").dataset.intent = intent;
  tell(by("switch-word"), on ? "switch_on" : "switch_off");
}

/** Why the page of the tab below this popup did not load. */
function page(view) {
  by("page").hidden = view === null;
  if (view === null) return;
  by("page").dataset.reply = view.name ?? "";
  text(by("page-sentence"), view.sentence);
  optional(by("page-action"), view.action);
}

function problem(view) {
  by("problem").hidden = view === null;
  if (view === null) return delete by("problem").dataset.problem;
  by("problem").dataset.problem = view.name;
  text(by("problem-sentence"), view.sentence);
  optional(by("problem-detail"), view.detail);
  optional(by("problem-hint"), view.hint);
  by("problem-command-line").hidden = view.command === null;
  text(by("problem-command"), view.command ?? "");
}

function note(view) {
  by("note").hidden = view === null;
  text(by("note-text"), view?.text ?? "");
  button(by("note-button"), view?.button ?? null);
}

function session(view) {
  by("session").hidden = view === null;
  if (view === null) return;
  text(by("session-time"), view.time);
  text(by("session-up"), view.up);
  text(by("session-down"), view.down);
  text(by("session-waits"), view.waits);
  bar(by("session-bar"), view.permille, view.percent);
}

function tor(view) {
  by("tor").hidden = view === null;
  if (view === null) {
    by("bootstrap").hidden = true;
    return torChoice(null);
  }
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

// Rebuilt only when there is a new report, so that opened ones stay open.
function reports(rows) {
  const ids = rows.map((row) => row.id).join();
  if (ids === reportIds) return;
  reportIds = ids;
  const known = new Map([...by("reports").children].map((item) => [item.dataset.id, item]));
  by("reports").replaceChildren(...rows.map((row) => known.get(row.id) ?? report(row)));
  by("reports-card").hidden = rows.length === 0;
}

function report(row) {
  const item = by("report").content.cloneNode(true).firstElementChild;
  const field = (name) => item.querySelector(`[data-field="${name}"]`);
  item.dataset.id = row.id;
  item.dataset.sequence = row.sequence;
  item.dataset.verified = "true";
  for (const name of ["summary", "amount", "addends", "sums", "directions", "id"]) {
    text(field(name), row[name]);
  }
  text(field("sequence"), digits(row.sequence));
  field("amount").title = say(row.exact);
  field("time").dateTime = row.ended_at;
  text(field("time"), TIME().format(new Date(row.ended_at)));
  return item;
}

const TIME = () => format("DateTimeFormat", { dateStyle: "short", timeStyle: "short" });

obeyClicks((intent) => {
  send(intent);
  if (silent) obey(intent);
});

const torChosen = choosing(by("tor-choices"), by("tor-enter"), send);

by("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("problem-command").textContent);
  tell(by("copy"), "copied");
});

api.storage.onChanged.addListener(({ language }) => language && location.reload());

connect();
setInterval(look, PING_MS);
