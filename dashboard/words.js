// Words in the person's language. Rust and the pages name a message by its key, with typed values;
// the messages are `_locales/LANGUAGE/messages.json`, in the browsers' own format. They are read
// here and not by `i18n.getMessage` alone, because a person may choose another language than the
// browser's, and `onionmeter serve` has no such call. A message that a language lacks is English.
//
// `say(value)` takes what Rust sends: `{ key, values }`, with `or` for what to say if there is no
// such message, or one value such as `{ bytes: "1200" }`.
// `word(key, values)` is for messages that a page names itself: a string is text as it is, a number
// a count. Nothing here knows a document; `dom.js` fills one.

const api = globalThis.browser ?? globalThis.chrome;

/** The folders of `_locales`, each with the language's own name for a list to choose from. */
export const LANGUAGES = {
  en: "English", de: "Deutsch", ru: "Русский", zh_CN: "简体中文", fa: "فارسی",
};

const UNITS = [
  ["terabyte", 10n ** 12n],
  ["gigabyte", 10n ** 9n],
  ["megabyte", 10n ** 6n],
  ["kilobyte", 10n ** 3n],
];

const STORAGE_MS = 1_000;
const KEPT = "words";

let own = {};
let english = {};
let formats = new Map();
let locale = "en";

/** The folder of the language in use. */
export let language = "en";

/** Whether the words of the page before this one are there at once. Reading the files takes longer
    than a browser takes to paint. A worker has no such memory. */
export const recalled = recall();

/** Settles as soon as the words are there. */
export let spoken = speak();

/** Reads the words once more, after a person chose another language. */
export function speakAgain() {
  spoken = speak();
  return spoken;
}

async function speak() {
  const first = messages("en");
  const wanted = (await chosen()) || api?.i18n?.getUILanguage?.() || navigator.language;
  language = folderOf(wanted);
  const tag = language.replace("_", "-");
  // The person's own region decides about dates and numbers, if it is one of the language.
  locale = wanted.startsWith(tag.slice(0, 2)) ? wanted.replace("_", "-") : tag;
  formats = new Map();
  own = language === "en" ? await first : await messages(language);
  english = await first;
  keep(JSON.stringify({ language, locale, own }));
}

function recall() {
  try {
    ({ language, locale, own } = JSON.parse(localStorage.getItem(KEPT)));
    return true;
  } catch {
    return false;
  }
}

function keep(words) {
  try {
    if (localStorage.getItem(KEPT) !== words) localStorage.setItem(KEPT, words);
  } catch {
    // A worker, or a browser that keeps nothing: the next page waits for its words.
  }
}

/** What the person chose in the options; empty: as the browser has it, and where the storage does
    not answer soon. */
export async function chosen() {
  try {
    const late = new Promise((resolve) => setTimeout(() => resolve({}), STORAGE_MS));
    const { language: wanted } = await Promise.race([api.storage.local.get("language"), late]);
    return typeof wanted === "string" ? wanted : "";
  } catch {
    return "";
  }
}

function folderOf(wanted) {
  const [first] = wanted.replace("-", "_").split("_");
  const folders = Object.keys(LANGUAGES);
  return folders.find((folder) => folder.split("_")[0] === first) ?? "en";
}

async function messages(folder) {
  try {
    const url = new URL(`../_locales/${folder}/messages.json`, import.meta.url);
    return await (await fetch(url)).json();
  } catch {
    return {};
  }
}

/** Whether the language is written from right to left. */
export const isRightToLeft = () => language === "fa";

/** The person's language and region, for `Intl`. */
export const spokenLocale = () => locale;

/** Whether there is such a message. */
export const knows = (key) => Object.hasOwn(english, key) || Object.hasOwn(english, `${key}_other`);

/** A message by its key. */
export function word(key, values = {}) {
  return say({ key, values });
}

/** What Rust sends, in words. */
export function say(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return isolated(value);
  if (typeof value === "number") return number(value, {});
  if (value.key === undefined) return formatted(value);
  if (value.or !== undefined && messageOf(value.key, value.values ?? {}) === "") {
    return isolated(value.or);
  }
  const words = pieces(value).map((piece) => piece.text ?? "");
  return words.join("").replace(TWO_POINTS, ".");
}

/** Words in parts: every second one stood between backquotes and is a command. */
export const commands = (words) => words.split(/`([^`\n]+)`/);

/** What Rust sends, for a place that shows only text. */
export const plain = (value) => commands(say(value)).join("");

/** A message in pieces: `{ text }`, and `{ slot }` for a placeholder without a value, which a page
    fills with an element of its own. */
export function pieces({ key, values = {} }) {
  const message = messageOf(key, values);
  return message.split(/(\$\w*\$)/).map((part) => {
    if (part === "$$") return { text: "$" };
    if (!/^\$\w+\$$/.test(part)) return { text: part };
    const name = part.slice(1, -1).toLowerCase();
    return Object.hasOwn(values, name) ? { text: say(values[name]) } : { slot: name };
  });
}

function messageOf(key, values) {
  const of = (name) => own[name]?.message ?? english[name]?.message;
  const counts = Object.values(values).find((value) => count(value) !== undefined);
  // A count of 0 is one, too.
  const form = () => format("PluralRules", {}).select(Number(count(counts)));
  const plural = counts !== undefined && `${key}_${form()}`;
  // Before the words are there, the browser has them in its own language.
  const ours = (plural ? of(plural) : undefined) ?? of(`${key}_other`) ?? of(key);
  return ours ?? api?.i18n?.getMessage?.(key) ?? "";
}

const count = (value) => (typeof value === "number" ? value : value?.count);

function formatted(value) {
  const [[kind, of]] = Object.entries(value);
  switch (kind) {
    case "count":
    case "number":
      return number(of, { maximumFractionDigits: 20 });
    case "credits":
      return number(of, decimals(of));
    case "bytes":
      return bytes(BigInt(of));
    case "duration":
      return duration(BigInt(of) / 1000n);
    case "clock":
      return clock(BigInt(of) / 1000n);
    case "percent":
      return number(of / 100, { style: "percent" });
    case "time":
      return format("DateTimeFormat", { dateStyle: "short", timeStyle: "short" })
        .format(Number(of));
    case "country":
      return format("DisplayNames", { type: "region" }).of(of);
    case "text":
      return say(of);
    default:
      return isolated(/^\d+$/.test(of) ? digits(of) : String(of));
  }
}

/** Amounts below each other come with equally many decimals, and stay so. */
const decimals = (amount) => ({
  minimumFractionDigits: Math.max(1, amount.split(".")[1]?.length ?? 0),
  maximumFractionDigits: 9,
});

/** A number with the separators of the language; no digit of a decimal string is lost. */
export const number = (value, options) => format("NumberFormat", options).format(value);

/** Each digit as the language writes it, for a number that is a name: no separator, no rounding. */
export const digits = (text) => text.replace(/\d/g, (digit) => number(Number(digit), {}));

/** What a person typed, with the digits and separators that programs read: a Persian or Arabic
    keyboard has its own. */
export const typed = (text) => text
  .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => digit.charCodeAt(0) & 15)
  .replaceAll("\u066c", ",");

function unit(value, name, options) {
  return number(value, { style: "unit", unit: name, unitDisplay: "short", ...options });
}

/** Cut off and never rounded up. */
function bytes(all) {
  const [name, size] = UNITS.find(([, least]) => all >= least) ?? ["byte", 1n];
  if (size === 1n) return unit(all, name, { unitDisplay: "long" });
  if (all / size >= 100n) return unit(all / size, name, {});
  return unit(`${all / size}.${(all % size) / (size / 10n)}`, name, { minimumFractionDigits: 1 });
}

function duration(seconds) {
  const [minutes, hours] = [seconds / 60n, seconds / 3600n];
  const parts =
    hours > 0n ? [[hours, "hour"], [minutes % 60n, "minute"]]
    : [[minutes, "minute"], [seconds % 60n, "second"]];
  const shown = parts.filter(([amount]) => amount > 0n);
  const least = shown.length > 0 ? shown : [[0n, "second"]];
  const units = least.map(([amount, name]) => unit(amount, name, {}));
  return format("ListFormat", { type: "unit", style: "narrow" }).format(units);
}

function clock(seconds) {
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const shown = parts[0] > 0n ? parts : parts.slice(1);
  const digits = (place) => ({ useGrouping: false, minimumIntegerDigits: place === 0 ? 1 : 2 });
  return shown.map((part, place) => number(part, digits(place))).join(":");
}

/** A format of `Intl` in the person's language, made once. */
export function format(name, options) {
  const id = `${name} ${JSON.stringify(options)}`;
  if (!formats.has(id)) formats.set(id, new Intl[name](locale, options));
  return formats.get(id);
}

// "Seit 5 Min." at the end of a sentence: one point ends both.
const TWO_POINTS = /(?<=\p{L})\.\.(?=\s|$)/gu;
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Foreign text cannot turn the direction of the words around it. */
function isolated(text) {
  const plain = text.replace(BIDI_CONTROLS, "");
  return isRightToLeft() || RIGHT_TO_LEFT.test(plain) ? `\u2068${plain}\u2069` : plain;
}
