//! The options' choice which windows are protected, in a browser that does not allow the extension
//! in private windows, and in one that does.

use crate::fixture::Fixture;
use checks::fixture::allow_in_private;
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
pub(crate) async fn are_chosen(fixture: &Fixture) {
    if fixture.browser.kind() == Kind::Chromium {
        let because = "Private windows are not covered, because this browser does not allow \
                       Onionmeter there. Switch on Allow in Incognito, then choose here.";
        offers(fixture, &json!(["all", false, true, because])).await;
        // Chromium loads an extension anew when it is allowed there.
        allow_in_private(&fixture.browser, PAGE).await.unwrap();
    }
    let all = "Private windows go the same way as all others.";
    offers(fixture, &json!(["all", true, false, all])).await;
    choose(fixture, "private-only").await;
    let past = match fixture.browser.kind() {
        Kind::Chromium => "",
        Kind::Firefox => " past any proxy that was set before,",
    };
    let alone = format!(
        "Private windows go through Tor and are counted. Other windows go out directly,{past} and \
         sites see your address there. Video calls work in no window while protection is on."
    );
    offers(fixture, &json!(["private_only", true, false, alone])).await;
    is_stored(fixture, "private_only").await;
    fixture.pictures("options-windows").await;
    choose(fixture, "all").await;
    offers(fixture, &json!(["all", true, false, all])).await;
    is_stored(fixture, "all").await;
}

async fn offers(fixture: &Fixture, wanted: &serde_json::Value) {
    let same = format!(
        "const offered = await (async () => {{ {OFFERED} }})();
        return JSON.stringify(offered) === {}",
        json!(wanted.to_string())
    );
    fixture.wait(&same).await;
}

async fn choose(fixture: &Fixture, which: &str) {
    fixture
        .run(&format!(
            "document.getElementById('windows-{which}').click()"
        ))
        .await;
}

async fn is_stored(fixture: &Fixture, choice: &str) {
    let is = format!(
        "const all = await browser.storage.local.get('protected_windows');
        return all.protected_windows === '{choice}'"
    );
    fixture.wait(&is).await;
}
