// Draws the welcome page's view and forwards a person's clicks. It decides nothing; only here can a
// WebRTC connection be tried, so the page does that when the view asks for it, and tells the worker
// what came of it.

import {
  button, by, copyOf, obeyClicks, optional, showOnly, tell, text,
} from "../dashboard/dom.js";
import { begin, found, intend } from "../dashboard/source.js";
import { say } from "../dashboard/words.js";

const PARTS = ["silence", "broken", "welcome"];

// The ways of this computer are gathered within some milliseconds.
const GATHER_MS = 2_000;
const AGAIN_MS = 1_000;

const MARKS = {
  done: { key: "welcome_mark_done" },
  busy: { key: "welcome_mark_busy" },
  todo: { key: "welcome_mark_todo" },
  optional: { key: "welcome_mark_optional" },
  waits: { key: "welcome_mark_waits" },
  fault: { key: "welcome_mark_fault" },
};

let probing = false;
let wanted = false;

function draw(view) {
  showOnly("welcome", PARTS);
  by("welcome").dataset.done = view.done;
  text(by("says"), view.says);
  list(by("steps"), view.steps);
  list(by("tests"), [...view.tests, view.counted]);
  wanted = view.probe;
  if (wanted) probe();
}

// What this page told may not have arrived: the worker may end at any time.
setInterval(() => wanted && probe(), AGAIN_MS);

/** Each line keeps its nodes, so that the focus stays where it is. */
function list(node, steps) {
  const lines = steps.map((step) => line(node, step));
  if (lines.some((item, place) => node.children[place] !== item)) node.replaceChildren(...lines);
  if (node.children.length > lines.length) node.replaceChildren(...lines);
}

function line(node, step) {
  const item = node.querySelector(`[data-step="${step.name}"]`) ?? created(step.name);
  const field = (name) => item.querySelector(`[data-field="${name}"]`);
  item.dataset.mark = step.mark;
  item.querySelector("svg").setAttribute("aria-label", say(MARKS[step.mark]));
  text(field("title"), step.title);
  optional(field("says"), step.says);
  optional(field("detail"), step.detail);
  bar(field("bar"), step);
  field("command-line").hidden = step.command === null;
  text(field("command"), step.command ?? "");
  field("act-line").hidden = step.act === null;
  button(field("act"), step.act);
  return item;
}

function bar(node, { percent, title }) {
  node.hidden = percent === null;
  node.value = percent ?? 0;
  node.setAttribute("aria-label", say(title));
}

function created(name) {
  const [item, field] = copyOf("step");
  item.dataset.step = name;
  field("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(field("command").textContent);
    tell(field("copy"), "copied");
    setTimeout(() => tell(field("copy"), "copy"), 2_000);
  });
  return item;
}

async function probe() {
  if (probing) return;
  probing = true;
  const over = new Promise((done) => setTimeout(done, 2 * GATHER_MS));
  // A connection that cannot even be begun finds no way; one that says nothing proves nothing.
  const ways = await Promise.race([gathered().catch(() => 0), over]);
  if (ways !== undefined) found({ web_rtc: ways });
  probing = false;
}

/** How many ways for packets a connection to nobody gathers. No server is named, so nothing outside
    is asked. */
async function gathered() {
  if (globalThis.RTCPeerConnection === undefined) return 0;
  let connection;
  try {
    connection = new RTCPeerConnection();
  } catch {
    return 0;
  }
  const ways = new Set();
  const over = new Promise((done) => {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) done();
      else if (candidate.protocol === "udp") ways.add(candidate.candidate);
    };
    setTimeout(done, GATHER_MS);
  });
  connection.createDataChannel("x");
  await connection.setLocalDescription();
  await over;
  connection.close();
  return ways.size;
}

/** No worker decides; its shell says why. */
function broken({ sentence }) {
  showOnly("broken", PARTS);
  text(by("broken-sentence"), sentence);
}

obeyClicks(intend);
begin("welcome", { draw, broken });
