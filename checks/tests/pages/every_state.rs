//! Every state of every page, as the gallery shows it: axe-core finds nothing, and no word is cut
//! off in English, Persian or German, also as narrow as a phone. In Persian no number is Latin.

use crate::{digits::LATIN, fixture::Fixture};
use checks::{axe, fixture::CUT_OFF, shown};
use meter_testkit::browser::Size;
use serde_json::{Value, json};

const PAGES: [&str; 4] = ["popup", "dashboard", "options", "welcome"];

const NARROW: Size = Size {
    width: 320,
    height: 640,
};

pub(crate) async fn is_sound(fixture: &Fixture) {
    let browser = &fixture.browser;
    shown::prepare(browser).await.unwrap();
    let mut states = shown::states().unwrap();
    let broken = PAGES.map(|page| (page.to_owned(), "broken".to_owned(), shown::broken()));
    states.extend(broken);
    assert!(states.len() > 60, "only {} states", states.len());
    let mut found = Vec::new();
    for language in ["en", "fa", "de"] {
        shown::speak(browser, language).await.unwrap();
        for (page, state, message) in &states {
            shown::show(browser, page, Some(message)).await.unwrap();
            let mut note = |what: &Value| {
                if *what != json!([]) {
                    found.push(format!("{page}, {state}, {language}: {what}"));
                }
            };
            for size in [None, Some(NARROW)] {
                browser.set_viewport(size).await.unwrap();
                note(&fixture.run(CUT_OFF).await);
            }
            browser.set_viewport(None).await.unwrap();
            if language == "fa" {
                note(&fixture.run(LATIN).await);
            }
            if language == "en" {
                let findings = axe::findings_in_both_schemes(browser).await.unwrap();
                note(&json!(findings));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
