// How fast bytes move now. The relay's totals are asked for only while a person sees the page.

import { by, text } from "./dom.js";
import { ask } from "./source.js";

const PAUSE_MS = 1_000;

let rust;

/** Shows the rate from now on, by these sessions' host. */
export function follow(sessions) {
  const first = rust === undefined;
  rust = sessions;
  if (first) look();
}

async function look() {
  if (!document.hidden) {
    const answer = await ask("traffic");
    const now = Math.round(performance.now());
    const view = JSON.parse(rust.rate(now, JSON.stringify(answer)));
    // The first answer, and one after a pause, tell no rate yet.
    by("rate").hidden = view === null && answer.ok === undefined;
    for (const name of ["down", "up", "connections"]) {
      text(by(`rate-${name}`), view?.[name] ?? "…");
    }
  }
  setTimeout(look, PAUSE_MS);
}
