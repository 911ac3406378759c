// Draws the view that the Rust of this page makes, and forwards a person's clicks. Writes text nodes
// only; makes no decision and does no arithmetic. Frames between Rust and the transport are passed
// on unread.

import { load } from "./onionmeter.js";
import { open, ready } from "./transport.js";

const by = (id) => document.getElementById(id);

let page;
let connection;
let reportIds;
let torOptions;

async function begin() {
  if (!(await ready())) return show("locked");
  const rust = load();
  await rust({ module_or_path: new URL("onionmeter_bg.wasm", import.meta.url) });
  page = new rust.Page();
  perform(page.start());
}

/** Does what follows from one event, then draws. */
function perform(json) {
  const { acts, view } = JSON.parse(json);
  for (const act of acts) {
    if (act.connect !== undefined) connect(act.connect);
    else if (act.disconnect !== undefined) disconnect(act.disconnect);
    else if (act.send) {
      if (connection?.number === act.send.connection) connection.transport.send(act.send.frame);
    } else if (act.after) setTimeout(() => perform(page.timer(act.after.timer)), act.after.ms);
  }
  if (view !== null) draw(view);
}

function connect(number) {
  const transport = open(
    (frame) => perform(page.frame(number, frame)),
    (reason) => perform(page.closed(number, reason)),
  );
  connection = { number, transport };
}

function disconnect(number) {
  if (connection?.number === number) connection.transport.close();
}

/** Shows one of the parts of the page in place of the others. */
function show(id) {
  for (const part of ["silence", "locked", "dashboard"]) by(part).hidden = part !== id;
}

// If the same text were written again, a screen reader would read it again.
function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** Shows `value` in a node, or hides the node where there is none. */
function optional(node, value) {
  node.hidden = value === null;
  text(node, value ?? "");
}

function button(node, view) {
  node.hidden = view === null;
  if (view === null) return;
  text(node, view.label);
  node.dataset.intent = view.intent;
}

function bar(node, value, words) {
  node.value = value;
  node.setAttribute("aria-valuetext", words);
}

function draw(view) {
  show("dashboard");
  by("state").dataset.mode = view.mode;
  text(by("state-word"), view.word);
  text(by("state-sentence"), view.sentence);
  document.title = `${view.balance.credits} credits · ${view.word} · Onionmeter`;
  problem(view.problem);
  button(by("action"), view.action);
  button(by("cancel"), view.cancel);
  text(by("balance"), view.balance.credits);
  by("balance").title = view.balance.exact;
  text(by("balance-source"), view.balance.source);
  session(view.session);
  monitoring(view.monitoring);
  tor(view.tor);
  reports(view.reports);
}

function problem(view) {
  by("problem").hidden = view === null;
  if (view === null) return;
  by("problem").dataset.problem = view.name;
  text(by("problem-sentence"), view.sentence);
  optional(by("problem-detail"), view.detail);
  optional(by("problem-hint"), view.hint);
  optional(by("problem-command"), view.command);
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
  text(by("tor-percent"), `${percent} %`);
  optional(by("tor-warning"), warning);
  bar(by("tor-bar"), percent, `${percent} %`);
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
  by("tor-choices").selectedIndex = view.options.findIndex(({ chosen }) => chosen);
}

function torOption({ label, intent }) {
  const option = new Option(label, intent ?? "");
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
  by("no-reports").hidden = rows.length > 0;
}

function report(row) {
  const item = by("report").content.cloneNode(true).firstElementChild;
  const field = (name) => item.querySelector(`[data-field="${name}"]`);
  item.dataset.id = row.id;
  for (const name of ["summary", "amount", "addends", "sums", "directions", "sequence", "id"]) {
    text(field(name), row[name]);
  }
  field("amount").title = row.exact;
  field("time").dateTime = row.ended_at;
  text(field("time"), TIME.format(new Date(row.ended_at)));
  return item;
}

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

function intend(intent) {
  perform(page.intent(JSON.stringify({ intent })));
}

// The second click of a double click is no answer to the question that the first one has brought.
addEventListener("click", ({ target, detail }) => {
  const intent = target.closest("[data-intent]")?.dataset.intent;
  if (intent === undefined || (detail > 1 && !by("cancel").hidden)) return;
  intend(intent);
});

by("tor-choices").addEventListener("change", ({ target }) => intend(target.value));

by("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("address").textContent);
  text(by("copied"), "Copied");
});

begin();
