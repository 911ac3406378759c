//! The browser's proxy settings.

use super::js::{from_json, in_scope, scope, settle, text, to_json};
use super::worker::{dispatch, with_worker};
use crate::bindings::api;
use crate::proxy_value::{self, BrowserFamily, PrivateReading, ProxyRefusal, Reading, Windows};
use crate::update::{Event, ProxyTurn};
use meter_wire::parse;

/// What is set for the other windows is cleared only after the browser has returned the new value,
/// so no window is without one in between.
pub(super) async fn apply(turn: ProxyTurn, port: u16, windows: Windows) {
    let value = proxy_value::settings(family(), port);
    let settings = api().proxy().settings();
    let set = settle(settings.set(&in_scope(&value, scope_of(windows)))).await;
    if let Err(error) = set {
        return answer(turn, Err(proxy_value::refusal(&text(&error))));
    }
    if let Ok((regular, private)) = read_both().await
        && proxy_value::is_replaced(windows, port, regular, private)
    {
        drop(settle(settings.clear(&scope(windows.other().scope()))).await);
    }
    answer(turn, read_for(windows).await);
}

pub(super) async fn clear(turn: ProxyTurn, windows: Windows) {
    let settings = api().proxy().settings();
    let cleared = settle(settings.clear(&scope(Windows::All.scope()))).await;
    if family() == BrowserFamily::Chromium {
        let private = scope(Windows::PrivateOnly.scope());
        drop(settle(settings.clear(&private)).await);
    }
    answer(
        turn,
        match cleared {
            Ok(_) => read_for(windows).await,
            Err(error) => Err(proxy_value::refusal(&text(&error))),
        },
    );
}

pub(super) async fn read(turn: ProxyTurn, windows: Windows) {
    answer(turn, read_for(windows).await);
}

/// `set` succeeds even if another extension stays in control, so only a value read back counts.
async fn read_for(windows: Windows) -> Result<Reading, ProxyRefusal> {
    let (regular, private) = read_both().await?;
    match family() {
        BrowserFamily::Gecko => Ok(regular),
        BrowserFamily::Chromium => proxy_value::combined(windows, regular, private),
    }
}

/// What applies to all windows, and in Chromium to private ones.
async fn read_both() -> Result<(Reading, Option<PrivateReading>), ProxyRefusal> {
    let regular = read_settings("{}").await?.reading;
    let private = match family() {
        BrowserFamily::Gecko => None,
        BrowserFamily::Chromium => read_settings(PRIVATE).await.ok(),
    };
    Ok((regular, private))
}

/// Firefox has one setting for all windows; which of them it is for, it asks for each request.
fn scope_of(windows: Windows) -> &'static str {
    match family() {
        BrowserFamily::Gecko => Windows::All.scope(),
        BrowserFamily::Chromium => windows.scope(),
    }
}

/// Details for [`read_settings`].
pub(super) const PRIVATE: &str = r#"{"incognito": true}"#;

/// Reads the settings of all windows (`{}`), or those of private windows. The browser tells the
/// latter only to an extension that may run there.
pub(super) async fn read_settings(details: &str) -> Result<PrivateReading, ProxyRefusal> {
    let settings = settle(api().proxy().settings().get(&from_json(details))).await;
    let settings = settings.map_err(|error| proxy_value::refusal(&text(&error)))?;
    let settings = parse(&to_json(&settings)).unwrap_or_default();
    let level = settings["levelOfControl"].as_str().unwrap_or_default();
    Ok(PrivateReading {
        reading: proxy_value::reading(family(), level, &settings["value"]),
        own: settings["incognitoSpecific"] == true,
    })
}

fn family() -> BrowserFamily {
    with_worker(|worker| worker.extension.state().family)
}

fn answer(turn: ProxyTurn, answer: Result<Reading, ProxyRefusal>) {
    dispatch(Event::ProxyAnswered { turn, answer });
}
