// The settings of config.toml, one control each. Rust says which there are and what each may be
// changed to; the host checks a value while it is written, and keeps it.

import { choosing } from "../dashboard/choice.js";
import { by, copyOf, failure, tell, text } from "../dashboard/dom.js";
import { ask, intend, wasm } from "../dashboard/source.js";
import { digits, knows, say, typed as latin, word } from "../dashboard/words.js";

const MAKERS = {
  switch: toggle,
  choice,
  country: choice,
  line,
  bridges: paste,
  server: paste,
  command,
};
const drawn = new Map();
// Why what a kept value names cannot be used yet, by the setting's key.
const unusableNow = new Map();
let again = () => {};

/** Draws the settings; `refresh()` asks for them once more, after one was changed. */
export function controls(all, refresh) {
  again = refresh;
  for (const control of all) {
    if (!drawn.has(control.key)) drawn.set(control.key, make(control));
    drawn.get(control.key)(control);
  }
}

/** Makes the control. Returns `show(control)`, which shows another value of it. */
function make({ key, group, kind, label, about, options }) {
  const template = { country: "choice", server: "paste", bridges: "paste" }[kind] ?? kind;
  const [item, field] = copyOf(`control-${template}`);
  const id = `setting-${key.replace(".", "-")}`;
  item.dataset.setting = key;
  text(field("label"), label);
  text(field("about"), about);
  field("about").id = `${id}-about`;
  field("said").id = `${id}-said`;
  const input = field("input");
  input?.setAttribute("aria-describedby", `${id}-about ${id}-said`);
  if (input) input.id = id;
  if (field("label").tagName === "LABEL") field("label").htmlFor = id;
  field("anew")?.addEventListener("click", () => intend(by("tor-choices").value));
  by(`settings-${group}`).append(item);
  const show = MAKERS[kind]({ key, kind, field, input, options, item });
  return (control) => show(control);
}

/** Asks the host to keep a value, or only to check it. Resolves to its answer. */
async function change(key, value, keep) {
  const rust = await wasm();
  return ask(JSON.parse(rust.change_setting(key, value, keep)));
}

async function keep({ key, kind, field }, value) {
  text(field("said"), "");
  const answer = await change(key, value, true);
  refused(field, answer.error);
  if (answer.error) return false;
  const rust = await wasm();
  const { effect, unusable } = JSON.parse(rust.setting_said(JSON.stringify(answer)));
  unusableNow.set(key, unusable);
  waits(field, value === "" ? removed(kind, effect) : effect, unusable);
  again();
  return true;
}

/** What the host says against a value, line by line. */
function refused(field, error) {
  field("said").classList.toggle("wrong", error !== undefined);
  field("input")?.setAttribute("aria-invalid", String(error !== undefined));
  delete field("said").dataset.waits;
  if (error === undefined) return text(field("said"), "");
  const { code, detail } = error;
  if (field("anew")) field("anew").hidden = true;
  const isRefused = code === "setting_refused" && typeof detail === "string";
  const why = isRefused ? reasons(error) : `${failure(error)} ${detail ?? ""}`;
  text(field("said"), why.trim());
}

/** What is wrong with each line: in the person's language where the host names the cause. */
function reasons({ cause, detail }) {
  const causes = typeof cause === "string" ? cause.split("\n") : [];
  return detail.split("\n").map((line, place) => reason(causes[place]) ?? line).join("\n");
}

/** `2 bridge_lacks cert`: the line, if there are several; the word; what its message names. */
function reason(cause = "") {
  const [, line, name, value, other] =
    /^(?:(\d+) )?(\w+)(?: (\S+))?(?: (\S+))?$/.exec(cause) ?? [];
  const key = `refused_${name}`;
  if (!knows(key)) return undefined;
  const why = { key, values: { value: written(value), other: written(other) } };
  if (line === undefined) return say(why);
  return word("refused_line", { line: { number: line }, why: { text: why } });
}

/** A limit or a length is read in the person's digits, a word of the line as it stands there. */
const written = (part) => (/^\d+$/.test(part ?? "") ? digits(part) : part);

/** When a kept value counts, why it could not be used now, and the button that brings it about. */
function waits(field, effect, unusable) {
  text(field("said"), [effect, unusable].map(say).join(" ").trim());
  const helps = effect.key.endsWith("_tor_start") && by("tor-choices").value !== "";
  if (field("anew")) field("anew").hidden = !helps;
}

/** What was pasted is kept no more. */
function removed(kind, effect) {
  if (MAKERS[kind] !== paste) return effect;
  return { key: effect.key === "effect_now" ? "set_removed" : "set_removed_tor_start" };
}

function shown(field, control) {
  const { key, kind, effect, is_empty: isEmpty } = control;
  const { classList, dataset } = field("said");
  // What a person is writing comes first.
  if (classList.contains("wrong") || field("keep")?.disabled === false) return;
  if (control.waits) {
    waits(field, isEmpty ? removed(kind, effect) : effect, unusableNow.get(key));
    dataset.waits = "";
    return;
  }
  if (field("anew")) field("anew").hidden = true;
  if (dataset.waits === undefined) return;
  // It has started since.
  delete dataset.waits;
  text(field("said"), "");
}

function toggle(made) {
  const { field, input } = made;
  let value;
  input.addEventListener("change", async () => {
    if (!(await keep(made, String(input.checked)))) input.checked = value;
  });
  return (control) => {
    value = input.checked = control.value === "true";
    shown(field, control);
  };
}

function choice(made) {
  const { kind, field, input, options } = made;
  const name = ({ value, label }) => {
    if (label !== null) return say(label);
    if (kind !== "country") return value;
    return value === "" ? say({ key: "country_any" }) : say({ country: value.toUpperCase() });
  };
  const named = options.map((option) => [option.value, name(option)]);
  // Any country comes first.
  if (kind === "country") {
    named.sort(([one, first], [other, second]) =>
      (one !== "") - (other !== "") || first.localeCompare(second));
  }
  input.replaceChildren(...named.map(([value, words]) => new Option(words, value)));
  const chosen = choosing(input, field("hint"), (value) => keep(made, value));
  return (control) => {
    const values = () => [...input.options].map((option) => option.value);
    if (!values().includes(control.value)) {
      input.append(new Option(name({ value: control.value, label: null }), control.value));
    }
    chosen.shows(values().indexOf(control.value));
    shown(field, control);
  };
}

const GROUPED = /^\s*\d{1,3}([\s,.'’_]\d{3})+\s*$/;

/** What a person wrote, as the program reads it: the same for the check and for what is kept. */
function read({ kind, input: { value } }) {
  // Any sign may be one of a server's password.
  if (kind === "server") return value;
  const plain = latin(value);
  return kind === "line" && GROUPED.test(plain) ? plain.replace(/\D/g, "") : plain;
}

/** Checks what is being written with the host. Only the answer for the newest text counts. */
function checks(made, typed) {
  const { key, kind, field, input } = made;
  let newest = 0;
  input.addEventListener("input", async () => {
    const mine = ++newest;
    field("keep").disabled = true;
    if (input.value.trim() === "") {
      // An empty line is the value of which nothing is set; what was pasted has a button for that.
      field("keep").disabled = kind !== "line";
      return refused(field, undefined);
    }
    const { error } = await change(key, read(made), false);
    if (mine !== newest) return;
    refused(field, error);
    field("keep").disabled = error !== undefined;
    if (!error) typed();
  });
  return () => {
    newest += 1;
    field("keep").disabled = true;
  };
}

function line(made) {
  const { field, input, item } = made;
  let touched = false;
  input.addEventListener("input", () => {
    touched = true;
  });
  const done = checks(made, () => {});
  item.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await keep(made, read(made)))) return;
    touched = false;
    done();
  });
  return (control) => {
    if (!touched) input.value = written(control.value);
    shown(field, control);
  };
}

function paste(made) {
  const { kind, field, input, item } = made;
  const done = checks(made, () => tell(field("said"), "set_paste_good"));
  item.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await keep(made, read(made)))) return;
    // It may be a secret, and the host has it now.
    input.value = "";
    done();
  });
  field("remove").addEventListener("click", async () => {
    input.value = "";
    if (await keep(made, "")) done();
  });
  return (control) => {
    field("remove").hidden = control.is_empty;
    if (control.is_empty) tell(field("state"), "set_none");
    else if (kind === "server") tell(field("state"), "set_server_kept");
    else tell(field("state"), "set_bridges_kept", { bridges: Number.parseInt(control.value, 10) });
    shown(field, control);
  };
}

function command({ key, field }) {
  const words = `${field("command").textContent} ${key}`;
  text(field("command"), words);
  field("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(words);
    tell(field("said"), "copied");
  });
  return (control) => text(field("value"), control.value);
}
