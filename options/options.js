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

let inForce;
let touched = false;
let torOptions;
let askedSettings = false;

function draw(view) {
  showOnly("options", PARTS);
  problem(view.problem);
  button(by("action"), view.action);
  button(by("cancel"), view.cancel);
  windows(view.windows);
  preferences(view.preferences);
  tor(view.tor);
  thresholds(view.thresholds);
  ledger(view);
  if (view.reachable && !askedSettings) settings();
}

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
  by("thresholds").hidden = view === null;
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
  const { error } = await ask(request);
  touched = error !== undefined;
  if (!touched) by("thresholds-set").disabled = by("thresholds-back").disabled = true;
  const unkept = error ?? (await kept(request));
  text(by("thresholds-done"), unkept ? failure(unkept) : { key: "thresholds_done" });
});
/** Keeps them beyond the end of the program. Resolves to the host's error, if there is one. */
async function kept({ set_thresholds: thresholds }) {
  const rust = await wasm();
  let waiting = JSON.parse(rust.keep_thresholds(JSON.stringify(thresholds)));
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
  askedSettings = true;
  const answer = await ask("settings");
  askedSettings = answer.ok !== undefined;
  const rust = await wasm();
  const rows = JSON.parse(rust.setting_rows(JSON.stringify(answer)));
  by("settings").replaceChildren(...rows.map(setting));
  controls(JSON.parse(rust.setting_controls(JSON.stringify(answer))), settings);
  return rust.diagnostics(navigator.userAgent, JSON.stringify(answer));
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
