// All sessions: fetched in pages, verified by the Rust of this page, and listed in a window of the
// list that a person sees. Nothing here computes an amount.

import { by, copyOf, optional, text } from "./dom.js";
import { opened } from "./opened.js";
import { drawn as drawPicture } from "./picture.js";
import { follow } from "./rate.js";
import { ask, wasm } from "./source.js";
import { digits, format, say, typed, word } from "./words.js";

/** The heights of a row in CSS pixels, as `sessions.css` has them: of one line, two and three. */
const ROW = 44;
const TALL_ROW = 60;
const TALLEST_ROW = 80;
/** Rows beyond the two edges, so that a quick scroll shows no gap. */
const SPARE = 12;
/** A list of fewer CSS pixels has no room for a session in one line, or in two. */
const NARROW = 640;
const NARROWEST = 400;
/** While sessions come in, the picture is drawn anew at most this often. */
const CALM_MS = 400;

let rust;
let known;
let promised;
let ledger = null;
let count = 0;
let fetching = false;
let height = ROW;
let current = 0;
let drawnAt = 0;
const filter = { text: "" };

/** The host's chain and how many sessions it has, from the view. */
export async function sessions(book) {
  if (book === null) {
    // A page that remembers has kept a place for a picture that does not come.
    by("picture").hidden = count === 0;
    return;
  }
  const module = await wasm();
  const chain = `${book.key} ${book.chain}`;
  if (chain !== known) {
    known = chain;
    rust = new module.Sessions(book.key, book.chain);
    current = 0;
    follow(rust);
    show();
  }
  promised = book.reports;
  ledger = book.ledger;
  for (const part of ["picture", "exports"]) by(part).hidden = promised === "0";
  if (fetching) return;
  fetching = true;
  exports();
  await fetchAll();
  fetching = false;
  exports();
}

/** A file is never shorter than its button says: while sessions come there is none, and where some
    were not brought or are filtered out, the button has how many it is about. */
function exports() {
  const { verified, listed } = JSON.parse(rust.progress());
  const isPart = verified !== promised || isFiltered();
  for (const [name, number] of [["csv", String(listed)], ["json", verified]]) {
    by(name).disabled = fetching && verified !== promised;
    const part = word("sessions_listed", { listed: { number }, all: { number: promised } });
    text(by(name), `${word(`export_${name}`)}${isPart ? ` (${part})` : ""}`);
  }
}

const isFiltered = () =>
  filter.text !== "" || filter.from_ms !== undefined || filter.until_ms !== undefined;

const verified = () => JSON.parse(rust.progress()).verified;

// One page after the other, and between two the browser draws and hears clicks.
async function fetchAll() {
  let mine = rust;
  let left = verified() !== promised;
  while (left) {
    const answer = await ask(JSON.parse(mine.next()));
    const brought = mine.take(JSON.stringify(answer));
    left = (brought || mine !== rust) && verified() !== promised;
    mine = rust;
    if (!left) break;
    text(by("sessions-found"), found());
    if (count === 0 || performance.now() - drawnAt > CALM_MS) show();
    await new Promise(requestAnimationFrame);
  }
  show();
  text(by("sessions-found"), found());
}

function found() {
  if (filter.from_ms >= filter.until_ms) return word("filter_order");
  const { verified, listed, count: all } = JSON.parse(rust.progress());
  if (verified !== promised && all > 0) {
    return word("sessions_coming", { verified: { number: verified }, all: { number: promised } });
  }
  if (all === 0) return "";
  if (listed === all) return word("sessions_verified", { sessions: all });
  return word("sessions_listed", { listed: { number: listed }, all: { number: all } });
}

/** Draws list and picture anew, after there is something new or another filter. */
function show() {
  drawnAt = performance.now();
  const progress = JSON.parse(rust.progress());
  count = progress.listed;
  optional(by("sessions-trouble"), progress.trouble);
  by("no-sessions").hidden = progress.count > 0;
  by("list").hidden = count === 0;
  by("filter").hidden = progress.count === 0;
  exports();
  current = Math.min(current, Math.max(count - 1, 0));
  rows();
  drawPicture(rust, chosen);
  if (count > 0) performance.mark("listed");
}

/** The rows that a person sees, and a few more. Nodes that are there already are used again. */
function rows() {
  // All that is read from the layout is read here: after a row was written, the browser would first
  // have to lay out everything again.
  const { scrollTop, clientHeight, clientWidth } = by("list");
  height = clientWidth < NARROWEST ? TALLEST_ROW : clientWidth < NARROW ? TALL_ROW : ROW;
  by("list").classList.toggle("tall", height !== ROW);
  by("list").classList.toggle("tallest", height === TALLEST_ROW);
  by("rows").style.height = `${count * height}px`;
  const time = format("DateTimeFormat", { dateStyle: "medium", timeStyle: "short" });
  const first = Math.max(Math.floor(scrollTop / height) - SPARE, 0);
  const wanted = Math.ceil(clientHeight / height) + 2 * SPARE;
  const views = JSON.parse(rust.rows(first, wanted));
  const nodes = by("rows").children;
  while (nodes.length > views.length) nodes[nodes.length - 1].remove();
  while (nodes.length < views.length) by("rows").append(copyOf("row")[0]);
  views.forEach((view, place) => row(nodes[place], view, first + place, time));
}

function row(item, view, place, time) {
  const field = (name) => item.querySelector(`[data-field="${name}"]`);
  item.style.transform = `translateY(${place * height}px)`;
  item.ariaSetSize = count;
  item.ariaPosInSet = place + 1;
  const button = item.firstElementChild;
  button.dataset.place = place;
  button.tabIndex = place === current ? 0 : -1;
  text(field("sequence"), word("session_number", { number: digits(view.sequence) }));
  text(field("summary"), view.summary);
  text(field("amount"), view.amount);
  field("amount").title = say(view.exact);
  field("time").dateTime = view.ended_at;
  text(field("time"), time.format(new Date(view.ended_at)));
}

function go(place) {
  current = Math.max(0, Math.min(place, count - 1));
  const list = by("list");
  const top = current * height;
  if (top < list.scrollTop) list.scrollTop = top;
  const bottom = top + height;
  if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
  rows();
  by("rows").querySelector(`[data-place="${current}"]`)?.focus({ preventScroll: true });
}

let asked = false;
by("list").addEventListener("scroll", () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    rows();
  });
}, { passive: true });
new ResizeObserver(() => rust && rows()).observe(by("list"));

const STEPS = {
  ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity,
};
by("rows").addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  go(current + step);
});
by("rows").addEventListener("click", ({ target }) => {
  const button = target.closest("[data-place]");
  if (button === null) return;
  current = Number(button.dataset.place);
  rows();
  const proof = JSON.parse(rust.proof(current));
  if (proof === null) return;
  opened(proof, button, ledger === null ? null : receipt(rust, current, proof.row.sequence));
});

/** The receipt of a session, verified by the Rust of this page with the key that is pinned here.
 *  While the host answers, a new session may take the place of this one in the list. */
async function receipt(mine, place, number) {
  const pinned = ledger;
  const answer = await ask(JSON.parse(mine.ask_receipt(place)));
  return JSON.parse(mine.receipt(number, pinned, JSON.stringify(answer)));
}

/** A person chose a bar, or a line of its table: the list shows what ended in that time. */
function chosen(from, until) {
  by("filter-from").valueAsNumber = NaN;
  by("filter-to").valueAsNumber = NaN;
  Object.assign(filter, { from_ms: from, until_ms: until });
  refilter();
}

/** The first moment of a day in the person's own calendar, or of a later one. */
function day(field, later) {
  const date = by(field).value;
  if (date === "") return undefined;
  const [year, month, of_month] = date.split("-").map(Number);
  return new Date(year, month - 1, of_month + later).getTime();
}

function refilter() {
  filter.text = typed(by("filter-text").value);
  rust?.filter(JSON.stringify(filter));
  by("filter-all").hidden = !isFiltered();
  by("list").scrollTop = 0;
  current = 0;
  if (rust === undefined) return;
  show();
  text(by("sessions-found"), found());
}

by("filter").addEventListener("submit", (event) => event.preventDefault());
by("filter-text").addEventListener("input", refilter);
for (const name of ["filter-from", "filter-to"]) {
  by(name).addEventListener("input", () => {
    filter.from_ms = day("filter-from", 0);
    filter.until_ms = day("filter-to", 1);
    refilter();
  });
}
by("filter-all").addEventListener("click", () => {
  for (const name of ["filter-text", "filter-from", "filter-to"]) by(name).value = "";
  chosen(undefined, undefined);
  by("filter-text").focus();
});

by("csv").addEventListener("click", () => save("onionmeter-sessions.csv", "text/csv", rust.csv()));
by("json").addEventListener("click", () =>
  save("onionmeter-reports.json", "application/json", rust.json()));

function save(name, type, content) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  URL.revokeObjectURL(link.href);
}
