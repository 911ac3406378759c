// The ledger: looking at one, enrolling with its key before a person's eyes, leaving it, devices
// and codes. Codes are shown once; nothing of them is kept.

import { by, copyOf, failure, tell, text } from "../dashboard/dom.js";
import { ask, wasm } from "../dashboard/source.js";
import { format, word } from "../dashboard/words.js";

let enrolled;
let offer = null;
let sure;
/** The button that has asked what stands in `sure`. */
let opener;

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
async function order(request, meanwhile, done = null) {
  said(meanwhile);
  const { ok, error } = await ask(request);
  if (error) text(by("ledger-said"), failure(error));
  else said(done);
  return error === undefined ? ok : null;
}

/** `key` names a message; `null`: nothing is to be said. */
function said(key) {
  text(by("ledger-said"), key === null ? "" : word(key));
}

by("look").addEventListener("submit", async (event) => {
  event.preventDefault();
  const address = by("look-address").value.trim();
  const ok = await order({ ledger_look: { address } }, "ledger_asking_through_tor");
  const rust = await wasm();
  offer = JSON.parse(rust.ledger_offer(JSON.stringify({ ok })));
  by("enrol").hidden = offer === null || enrolled;
  if (offer === null) return;
  text(by("enrol-key"), offer.vkey);
  text(by("enrol-policy"), offer.policy);
  if (offer.invited) tell(by("enrol-code-label"), "ledger_code");
  else tell(by("enrol-code-label"), "ledger_code_if_any");
  by("enrol-code").required = offer.invited;
  by("enrol-code").focus();
});

by("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { address, key } = offer;
  const code = by("enrol-code").value.trim();
  const enrol = code === "" ? { address, key } : { address, key, code };
  const ok = await order({ ledger_enrol: enrol }, "ledger_enrolling", "ledger_is_enrolled");
  const secret = ok?.ledger_enrolled?.recovery_code;
  if (ok !== null) by("enrol-code").value = "";
  if (secret) show("secret_of_account", secret);
});
by("enrol-no").addEventListener("click", () => {
  offer = null;
  by("enrol").hidden = true;
  by("look-address").focus();
});

by("send").addEventListener("click", () => order("ledger_send", null, "ledger_being_sent"));
by("invite").addEventListener("click", async () => {
  const ok = await order("ledger_invite", "ledger_asking");
  if (ok) show("secret_invitation", ok.ledger_secret.code);
});
by("recovery").addEventListener("click", () =>
  confirm(word("sure_recovery"), "sure_recovery_yes", async () => {
    const ok = await order("ledger_recovery", "ledger_asking");
    if (ok) show("secret_recovery", ok.ledger_secret.code);
  }));
by("leave").addEventListener("click", () =>
  confirm(word("sure_leave"), "sure_leave_yes", () =>
    order("ledger_leave", null, "ledger_is_left")));
by("devices").addEventListener("click", devices);

async function devices() {
  const ok = await order("ledger_devices", "ledger_asking");
  by("device-list").hidden = ok === null;
  if (ok === null) return;
  by("device-list").replaceChildren(...ok.ledger_devices.devices.map(device));
}

function device({ key, name, enrolled_ms, removed_ms, here }) {
  const [item, field] = copyOf("device");
  const day = (ms) => format("DateTimeFormat", { dateStyle: "medium" }).format(Number(ms));
  text(field("name"), name);
  const since = removed_ms
    ? word("device_removed", { day: day(removed_ms) })
    : word("device_since", { day: day(enrolled_ms) });
  text(field("since"), here ? word("device_this", { since }) : since);
  field("remove").hidden = here || removed_ms !== undefined;
  field("remove").setAttribute("aria-label", word("device_remove_name", { name }));
  field("remove").addEventListener("click", () =>
    confirm(word("sure_remove", { name }), "sure_remove_yes", async () => {
      const ok = await order({ ledger_remove: { device: key } }, "ledger_asking");
      if (ok !== null) await devices();
    }));
  return item;
}

function show(what, code) {
  tell(by("secret-what"), what);
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
  opener = document.activeElement;
  text(by("sure-question"), question);
  tell(by("sure-yes"), yes);
  by("sure").hidden = false;
  by("sure-no").focus();
}
by("sure-yes").addEventListener("click", () => {
  close();
  sure();
});
by("sure-no").addEventListener("click", close);

/** Without this the focus would be lost with the button that had it. */
function close() {
  by("sure").hidden = true;
  opener?.focus();
}
