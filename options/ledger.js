// The ledger: looking at one, enrolling with its key before a person's eyes, leaving it, devices and
// codes. Codes are shown once; nothing of them is kept.

import { by, copyOf, text } from "../dashboard/dom.js";
import { ask, wasm } from "../dashboard/source.js";

let enrolled;
let offer = null;
let sure;

/** Draws what the view says of the ledger. */
export function ledger({ ledger: view, reachable }) {
  const was = enrolled;
  enrolled = view !== null;
  by("enrolled").hidden = !enrolled;
  by("look").hidden = enrolled || !reachable;
  by("enrol").hidden = enrolled || offer === null;
  if (was && !enrolled) by("device-list").hidden = true;
  if (!enrolled) return;
  offer = null;
  text(by("ledger-address"), view.address);
  text(by("ledger-account"), view.account);
  text(by("ledger-sending"), view.sending);
}

/** Asks, and says what came of it. Resolves to the success, or `null`. */
async function order(request, meanwhile, done = "") {
  text(by("ledger-said"), meanwhile);
  const { ok, error } = await ask(request);
  text(by("ledger-said"), error?.message ?? done);
  return error === undefined ? ok : null;
}

by("look").addEventListener("submit", async (event) => {
  event.preventDefault();
  const address = by("look-address").value.trim();
  const ok = await order({ ledger_look: { address } }, "Asking the ledger, through Tor …");
  const rust = await wasm();
  offer = JSON.parse(rust.ledger_offer(JSON.stringify({ ok })));
  by("enrol").hidden = offer === null || enrolled;
  if (offer === null) return;
  text(by("enrol-key"), offer.vkey);
  text(by("enrol-policy"), offer.policy);
  const label = "Invitation or recovery code";
  text(by("enrol-code-label"), offer.invited ? label : `${label}, if you have one`);
  by("enrol-code").required = offer.invited;
  by("enrol-code").focus();
});

by("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { address, key } = offer;
  const code = by("enrol-code").value.trim();
  const enrol = code === "" ? { address, key } : { address, key, code };
  const ok = await order({ ledger_enrol: enrol }, "Enrolling …", "This device is enrolled.");
  const secret = ok?.ledger_enrolled?.recovery_code;
  if (ok !== null) by("enrol-code").value = "";
  if (secret) show("The recovery code of your account: with it a new device gets in.", secret);
});
by("enrol-no").addEventListener("click", () => {
  offer = null;
  by("enrol").hidden = true;
  by("look-address").focus();
});

by("send").addEventListener("click", () => order("ledger_send", "", "What waits is being sent."));
by("invite").addEventListener("click", async () => {
  const ok = await order("ledger_invite", "Asking the ledger …");
  if (ok) show("An invitation for one more device of yours.", ok.ledger_secret.code);
});
by("recovery").addEventListener("click", () =>
  confirm("The recovery code that you have is worth nothing then.", "Make a new one", async () => {
    const ok = await order("ledger_recovery", "Asking the ledger …");
    if (ok) show("Your new recovery code.", ok.ledger_secret.code);
  }));
by("leave").addEventListener("click", () =>
  confirm("Nothing more is sent to this ledger, and what waits is not credited. Receipts stay.",
    "Leave the ledger", () => order("ledger_leave", "", "This device has left the ledger.")));
by("devices").addEventListener("click", devices);

async function devices() {
  const ok = await order("ledger_devices", "Asking the ledger …");
  by("device-list").hidden = ok === null;
  if (ok === null) return;
  by("device-list").replaceChildren(...ok.ledger_devices.devices.map(device));
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

function device({ key, name, enrolled_ms, removed_ms, here }) {
  const [item, field] = copyOf("device");
  const day = (ms) => DAY.format(new Date(Number(ms)));
  text(field("name"), name);
  const since = removed_ms ? `removed ${day(removed_ms)}` : `since ${day(enrolled_ms)}`;
  text(field("since"), here ? `${since} · this device` : since);
  field("remove").hidden = here || removed_ms !== undefined;
  field("remove").setAttribute("aria-label", `Remove ${name}`);
  field("remove").addEventListener("click", () =>
    confirm(`${name} can send nothing more then.`, "Remove it", async () => {
      const ok = await order({ ledger_remove: { device: key } }, "Asking the ledger …");
      if (ok !== null) await devices();
    }));
  return item;
}

function show(what, code) {
  text(by("secret-what"), what);
  text(by("secret-code"), code);
  by("secret").hidden = false;
  by("secret-done").focus();
}
by("secret-done").addEventListener("click", () => {
  by("secret").hidden = true;
  text(by("secret-code"), "");
});
by("secret-copy").addEventListener("click", () =>
  navigator.clipboard.writeText(by("secret-code").textContent));

function confirm(question, yes, act) {
  sure = act;
  text(by("sure-question"), question);
  text(by("sure-yes"), yes);
  by("sure").hidden = false;
  by("sure-no").focus();
}
by("sure-yes").addEventListener("click", () => {
  by("sure").hidden = true;
  sure();
});
by("sure-no").addEventListener("click", () => {
  by("sure").hidden = true;
});
