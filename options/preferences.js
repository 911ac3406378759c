// What the extension itself keeps: the badge and the browser's notifications. The browser is asked
// for its permission at the click that wants them, and not before.

import { choosing } from "../dashboard/choice.js";
import { by, tell, text } from "../dashboard/dom.js";
import { intend } from "../dashboard/source.js";

const api = globalThis.browser ?? globalThis.chrome;
const SHOWN = ["credits", "speed", "nothing"];
const INTENTS = { credits: "badge_credits", speed: "badge_speed", nothing: "badge_nothing" };
const NEEDED = { permissions: ["notifications"] };
const TELLS = {
  tells_credited: ["tell_credited", "tell_no_credited"],
  tells_trouble: ["tell_trouble", "tell_no_trouble"],
};

/** Draws what is chosen. */
export function preferences(view) {
  badge.shows(SHOWN.indexOf(view.badge));
  by("badge-flashes").checked = !view.badge_stays;
  notices(view);
}

/** Without the permission nothing is shown, so no switch is on. */
async function notices(view) {
  const granted = await api.permissions.contains(NEEDED);
  for (const name of Object.keys(TELLS)) by(name).checked = granted && view[name];
}

const badge = choosing(by("badge-shows"), by("badge-hint"), (value) => intend(INTENTS[value]));

by("badge-flashes").addEventListener("click", ({ target }) =>
  intend(target.checked ? "badge_flashes" : "badge_stays"));

for (const [name, [on, off]] of Object.entries(TELLS)) {
  by(name).addEventListener("click", async () => {
    text(by("notices-said"), "");
    if (!by(name).checked) return intend(off);
    const granted = await api.permissions.request(NEEDED);
    if (granted) return intend(on);
    by(name).checked = false;
    tell(by("notices-said"), "notices_denied");
  });
}
