//! The options' choice which windows are protected, in a browser that does not allow the extension
//! in private windows, and in one that does.

use crate::desk::Desk;
use checks::desk::allow_in_private;
use meter_testkit::browser::Kind;
use serde_json::json;

const PAGE: &str = "options/options.html";

/// What the section offers: what is chosen, whether private windows alone can be chosen, whether
/// the button to the browser's switch is there, and the sentence.
const OFFERED: &str = "const by = (id) => document.getElementById(id);
    if (!by('options').checkVisibility()) return;
    return [document.querySelector('input[name=windows]:checked')?.value,
        !by('windows-private-only').disabled, by('windows-switch').checkVisibility(),
        by('windows-says').textContent]";

/// Uses the section as a person does. The options' page is the current tab, before and after.
pub(crate) async fn are_chosen(desk: &Desk) {
    if desk.browser.kind() == Kind::Chromium {
        let because = "Private windows go past Tor, because this browser does not allow Onionmeter \
                       there. Switch on Allow in Incognito, then choose here.";
        offers(desk, &json!(["all", false, true, because])).await;
        // Chromium loads an extension anew when it is allowed there.
        allow_in_private(&desk.browser, PAGE).await.unwrap();
    }
    let all = "Private windows go through Tor like all others.";
    offers(desk, &json!(["all", true, false, all])).await;
    choose(desk, "private-only").await;
    let past = match desk.browser.kind() {
        Kind::Chromium => "",
        Kind::Firefox => " past any proxy that was set before,",
    };
    let alone = format!(
        "Private windows go through Tor and are counted. Other windows go out directly,{past} and \
         sites see your address there. Video calls work in no window while protection is on."
    );
    offers(desk, &json!(["private_only", true, false, alone])).await;
    is_stored(desk, "private_only").await;
    desk.pictures("options-windows").await;
    choose(desk, "all").await;
    offers(desk, &json!(["all", true, false, all])).await;
    is_stored(desk, "all").await;
}

async fn offers(desk: &Desk, wanted: &serde_json::Value) {
    let same = format!(
        "const offered = await (async () => {{ {OFFERED} }})();
        return JSON.stringify(offered) === {}",
        json!(wanted.to_string())
    );
    desk.wait(&same).await;
}

async fn choose(desk: &Desk, which: &str) {
    desk.run(&format!(
        "document.getElementById('windows-{which}').click()"
    ))
    .await;
}

async fn is_stored(desk: &Desk, choice: &str) {
    let is = format!(
        "const all = await browser.storage.local.get('protected_windows');
        return all.protected_windows === '{choice}'"
    );
    desk.wait(&is).await;
}
