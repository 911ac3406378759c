// Draws the options' view, and forwards what a person sets. Writes text nodes only; what a form may
// hold is decided by the Rust of this page, and what is set is set by the host.

import { choosing } from "../dashboard/choice.js";
import {
  button, by, copyOf, failure, obeyClicks, optional, problem, showOnly, tell, text,
} from "../dashboard/dom.js";
import { ask, begin, intend, wasm } from "../dashboard/source.js";
import { number, say, typed } from "../dashboard/words.js";
import "./language.js";
import { ledger } from "./ledger.js";
import { preferences } from "./preferences.js";
import { controls } from "./settings.js";

const PARTS = ["silence", "broken", "options"];
const FIELDS = ["min_bytes", "min_s", "max_s"];
const KEYS = {
  min_bytes: "session.min_bytes",
  min_s: "session.min_duration_ms",
  max_s: "session.max_duration_ms",
};

let inForce;
let touched = false;
let torOptions;
/** What ran when the settings were last asked for. A start brings what waited into force. */
let ran;
/** The name of the problem that the page shows. */
let trouble;

function draw(view) {
  showOnly("options", PARTS);
  problem(view.problem);
  trouble = view.problem?.name;
  button(by("action"), view.action);
  button(by("cancel"), view.cancel);
  windows(view.windows);
  preferences(view.preferences);
  tor(view.tor);
  thresholds(view.thresholds);
  ledger(view);
  needs(view);
  if (!view.reachable) ran = undefined;
  else if (String(view.running) !== ran) {
    ran = String(view.running);
    settings();
  }
}

/** What only the program can say has no place where it is away. A worker that wakes asks it anew,
    and takes no field from a person who writes in it. */
function needs({ reachable, problem: away }) {
  if (!reachable && away === null) return;
  for (const node of document.querySelectorAll("[data-needs-program]")) node.hidden = !reachable;
}

// A command in a terminal may have changed them while the person was there.
addEventListener("focus", () => ran !== undefined && settings());
document.addEventListener("visibilitychange", () =>
  !document.hidden && ran !== undefined && settings());

/** The mark stands at what is in force, also after a choice that was not taken. */
function windows({ chosen, all, private_only, says, switch: leads }) {
  const choices = { all, private_only };
  for (const [value, intent] of Object.entries(choices)) {
    const input = document.querySelector(`input[name=windows][value=${value}]`);
    input.checked = value === chosen;
    input.disabled = intent === null && value !== chosen;
    input.dataset.chooses = intent ?? "";
  }
  text(by("windows-says"), says);
  by("windows-switch").hidden = leads === null;
}

for (const input of document.querySelectorAll("input[name=windows]")) {
  input.addEventListener("change", () => intend(input.dataset.chooses));
}

// Rebuilt only when it differs, because an open list would close.
function tor(view) {
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

/** What is in force, unless a person is just writing something else. */
function thresholds(view) {
  inForce = view ?? inForce;
  if (view !== null && !touched) untouched();
}

function untouched() {
  touched = false;
  for (const name of FIELDS) by(name).value = inForce ? number(inForce[name], {}) : "";
  wrong({ field: null, sentence: null, request: null });
  by("thresholds-set").disabled = true;
  by("thresholds-back").disabled = true;
}

function wrong({ field, sentence, request }) {
  for (const name of FIELDS) by(name).setAttribute("aria-invalid", String(name === field));
  text(by("thresholds-wrong"), sentence ?? "");
  by("thresholds-set").disabled = request === null;
}

async function checked() {
  const rust = await wasm();
  const result = JSON.parse(rust.check_thresholds(...FIELDS.map((name) => typed(by(name).value))));
  wrong(result);
  return result.request;
}

by("thresholds").addEventListener("input", () => {
  touched = true;
  by("thresholds-back").disabled = false;
  text(by("thresholds-done"), "");
  checked();
});
by("thresholds").addEventListener("submit", async (event) => {
  event.preventDefault();
  const request = await checked();
  if (request === null) return;
  const mine = FIELDS.filter((name) => by(name).value !== number(inForce[name], {}));
  const { error } = await ask(request);
  touched = error !== undefined;
  if (!touched) by("thresholds-set").disabled = by("thresholds-back").disabled = true;
  const unkept = error ?? (await kept(request, mine));
  text(by("thresholds-done"), unkept ? failure(unkept) : { key: "thresholds_done" });
});
/** Keeps what the person wrote beyond the end of the program: config.toml may have another value
    for the rest, which waits for the next start. Resolves to the host's error, if there is one. */
async function kept({ set_thresholds: thresholds }, mine) {
  const rust = await wasm();
  const all = JSON.parse(rust.keep_thresholds(JSON.stringify(thresholds)));
  const keys = mine.map((name) => KEYS[name]);
  let waiting = all.filter(({ change_setting: { key } }) => keys.includes(key));
  let error;
  // Of the two times one may be refused until the other is kept.
  for (let round = 0; round < 2 && waiting.length > 0; round += 1) {
    const late = [];
    for (const request of waiting) {
      const answer = await ask(request);
      if (answer.error) late.push(request);
      error = answer.error ?? error;
    }
    waiting = late;
  }
  settings();
  return waiting.length > 0 ? error : undefined;
}

by("thresholds-back").addEventListener("click", untouched);

async function settings() {
  const answer = await ask("settings");
  if (answer.ok === undefined) ran = undefined;
  const rust = await wasm();
  const rows = JSON.parse(rust.setting_rows(JSON.stringify(answer)));
  by("settings").replaceChildren(...rows.map(setting));
  controls(JSON.parse(rust.setting_controls(JSON.stringify(answer))), settings);
  const known = rust.diagnostics(navigator.userAgent, JSON.stringify(answer));
  const named = { problem: trouble, settings: answer.error?.code };
  const lines = Object.entries(named).filter(([, code]) => code !== undefined);
  return known + lines.map(([name, code]) => `${name}: ${code}\n`).join("");
}

function setting({ key, value, waits }) {
  const [row, field] = copyOf("setting");
  text(field("key"), key);
  text(field("value"), value);
  text(field("waits"), waits ?? "");
  return row;
}

// Shown before it is copied, so that a person sees what leaves.
by("diagnose").addEventListener("click", async () => {
  text(by("diagnostics-text"), await settings());
  by("diagnostics").hidden = false;
});
by("diagnostics-copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("diagnostics-text").textContent);
  tell(by("diagnostics-copied"), "copied");
});

by("backup-copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(by("backup-command").textContent);
  tell(by("backup-copied"), "copied");
});

/** No worker decides; its shell says why. */
function broken({ sentence }) {
  showOnly("broken", PARTS);
  text(by("broken-sentence"), sentence);
}

obeyClicks(intend);
const torChosen = choosing(by("tor-choices"), by("tor-enter"), intend);
begin("options", { draw, broken });
