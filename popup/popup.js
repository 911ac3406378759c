// Draws the view that the extension's Rust sends and forwards what a person clicks. Text nodes
// only; no decision, no arithmetic, no copy of the state.

const api = globalThis.browser ?? globalThis.chrome;
const by = (id) => document.getElementById(id);

let port;
let reportIds;
let unreachedKinds;
let torOptions;

function connect() {
  port = api.runtime.connect({ name: "popup" });
  port.onMessage.addListener(draw);
  // The worker may be put to sleep at any time; connecting wakes it.
  port.onDisconnect.addListener(() => setTimeout(connect, 250));
}

const send = (intent) => port.postMessage({ intent });

// Writing what stands there already would make a screen reader say it again.
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

function draw(view) {
  by("popup").dataset.badge = view.badge.text;
  header(view.header, view.switch);
  problem(view.problem);
  button(by("action"), view.action);
  note(view.note);
  text(by("balance"), view.balance.credits);
  by("balance").title = view.balance.exact;
  text(by("balance-source"), view.balance.source);
  session(view.session);
  unreached(view.unreached);
  tor(view.tor);
  identity(view.identity);
  reports(view.reports);
  by("popup").hidden = false;
  by("silence").hidden = true;
}

function header({ state, word, sentence }, { on, intent }) {
  by("state").dataset.state = state;
  text(by("state-word"), word);
  text(by("state-sentence"), sentence);
  by("switch").setAttribute("aria-checked", String(on));
  by("switch").dataset.intent = intent;
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

function unreached(view) {
  by("unreached").hidden = view === null;
  if (view === null) return;
  text(by("unreached-summary"), view.summary);
  // What a person has selected would be lost.
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

function tor(view) {
  by("tor").hidden = view === null;
  if (view === null) return torChoice(null);
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

// Built anew only when it differs, since an open list would close.
function torChoice(view) {
  by("tor-choice").hidden = view === null;
  if (view === null) return;
  optional(by("tor-why"), view.why);
  const options = JSON.stringify(view.options);
  if (options !== torOptions) {
    torOptions = options;
    const draw = ({ label, intent }) => new Option(label, intent);
    by("tor-choices").replaceChildren(...view.options.map(draw));
  }
  by("tor-choices").value = view.options.find(({ chosen }) => chosen).intent;
}

// A disabled button would lose the keyboard's focus to nowhere, so it only says that it is.
function identity(view) {
  const button = by("identity-button");
  button.setAttribute("aria-disabled", String(view.intent === null));
  if (view.intent === null) delete button.dataset.intent;
  else button.dataset.intent = view.intent;
  optional(by("identity-again"), view.again);
  by("identity-text").hidden = view.done !== null;
  text(by("identity-text"), view.text);
  text(by("identity-done"), view.done ?? "");
}

function bar(node, value, words) {
  node.value = value;
  node.setAttribute("aria-valuetext", words);
}

// Built anew only when there is another report, so that opened ones stay open.
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
  for (const name of ["summary", "amount", "addends", "sums", "directions", "sequence", "id"]) {
    text(field(name), row[name]);
  }
  field("amount").title = row.exact;
  field("time").dateTime = row.ended_at;
  text(field("time"), TIME.format(new Date(row.ended_at)));
  return item;
}

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

addEventListener("click", ({ target }) => {
  const intent = target.closest("[data-intent]")?.dataset.intent;
  if (intent !== undefined) send(intent);
});

by("tor-choices").addEventListener("change", ({ target }) => send(target.value));

by("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("problem-command").textContent);
  text(by("copy"), "Copied");
});

connect();
