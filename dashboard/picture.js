// Sessions over time: bars, and the same numbers as a table. The Rust of this page computes every
// number and every length; this file names the times.

import { edges } from "./calendar.js";
import { by, copyOf, tell, text } from "./dom.js";
import { format as formatOf, number as plain, say, spokenLocale, word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const FORMATS = {
  hours: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  days: { weekday: "short", day: "numeric", month: "short" },
  weeks: { day: "numeric", month: "short", year: "2-digit" },
};
const COLUMNS = { hours: "column_hour", days: "column_day", weeks: "column_week" };

let rust;
let onChosen;
let shown;
/** The edges of the bars that are drawn: what a click is about, whatever time it is by then. */
let between = [];

/** An hour or a day that ends moves every bar. A timer of an hour would stand still while the
    computer sleeps. */
const LOOK_MS = 10_000;

const chosenOf = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

/** Draws these sessions; `chosen(from, until)` is called when a person chooses a bar. */
export function drawn(sessions, chosen) {
  rust = sessions;
  onChosen = chosen;
  draw();
}

function draw() {
  const [measure, span] = [chosenOf("measure"), chosenOf("span")];
  between = edges(span, spokenLocale());
  const json = rust.picture(measure, JSON.stringify(between));
  // Otherwise a person's selection of text, or the focus, would be lost.
  const now = `${json} ${between[0]} ${span}`;
  if (now === shown) return;
  shown = now;
  const view = JSON.parse(json);
  const format = formatOf("DateTimeFormat", FORMATS[span]);
  const names = view.bars.map((_, place) => format.format(between[place]));
  by("bars").setAttribute("viewBox", view.view_box);
  by("bars").replaceChildren(
    ...view.grid.map(line),
    ...view.bars.map((bar, place) => column(bar, names[place], place)),
  );
  by("scale").replaceChildren(...view.grid.map(({ label }) => note(rounded(label))).reverse());
  const middle = Math.floor(names.length / 2);
  by("times").replaceChildren(...[names[0], names[middle], names.at(-1)].map(note));
  tell(by("column-time"), COLUMNS[span]);
  const numbers = view.bars.map((bar, place) => number(bar, names[place], place));
  by("numbers").replaceChildren(...numbers.reverse());
  by("picture-key").hidden = measure !== "traffic";
  text(by("picture-sum"), sum(view, measure, span));
  tell(by("picture-zone"), "picture_zone", { zone: ZONE });
}

/** A sentence for each combination of measure and span, and for what is outside the bars. */
function sum({ sessions, total, before, after, all }, measure, span) {
  const credits = (value) => ({ key: "credits_exact", values: { credits: value } });
  const amount = (value) => (measure === "credits" ? credits(value) : value);
  const whole = word(`sum_${span}`, { total: amount(total), sessions });
  if (before === null && after === null) return word("sum_alone", { sum: whole });
  const values = { sum: whole, all: amount(all) };
  if (after === null) return word("sum_before", { ...values, before });
  if (before === null) return word("sum_after", { ...values, after });
  return word("sum_both", { ...values, before, after });
}

function line({ y }) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("d", `M0 ${y}H720`);
  node.classList.add("grid");
  return node;
}

function column(bar, name, place) {
  const group = document.createElementNS(SVG, "g");
  const title = document.createElementNS(SVG, "title");
  title.append(word("bar_title", { name, credits: bar.credits, down: bar.down, up: bar.up }));
  group.append(title, rect(bar.x, 0, bar.width, 200, "whole"));
  group.append(rect(bar.x, bar.y, bar.width, bar.height, "low"));
  group.append(rect(bar.x, bar.top_y, bar.width, bar.top_height, "top"));
  group.dataset.bar = place;
  return group;
}

function rect(x, y, width, height, name) {
  const node = document.createElementNS(SVG, "rect");
  Object.entries({ x, y, width, height }).forEach(([key, value]) => node.setAttribute(key, value));
  node.classList.add(name);
  return node;
}

/** The values of lines are round, so a decimal would only be read. */
function rounded(label) {
  if (label.credits === undefined) return say(label);
  return plain(label.credits, { maximumFractionDigits: 9 });
}

function note(label) {
  const node = document.createElement("span");
  node.append(label);
  return node;
}

function number(bar, name, place) {
  const [row, field] = copyOf("number");
  text(field("time"), name);
  field("time").dataset.bar = place;
  for (const key of ["sessions", "credits", "down", "up"]) text(field(key), bar[key]);
  row.classList.toggle("empty", bar.height === 0 && bar.top_height === 0);
  return row;
}

function choose({ target }) {
  const place = target.closest("[data-bar]")?.dataset.bar;
  if (place === undefined) return;
  onChosen(between[Number(place)], between[Number(place) + 1]);
}

by("bars").addEventListener("click", choose);
by("numbers").addEventListener("click", choose);
for (const input of document.querySelectorAll("input[name=measure], input[name=span]")) {
  input.addEventListener("change", () => rust && draw());
}
setInterval(() => {
  if (rust && edges(chosenOf("span"), spokenLocale())[0] !== between[0]) draw();
}, LOOK_MS);
