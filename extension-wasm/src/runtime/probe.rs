//! Finds out by trying whether requests are sent, and whether private windows are covered.

use super::js::{from_json, settle, text, to_json};
use super::proxy::{PRIVATE, read_settings};
use crate::bindings::{api, fetch, timeout_signal};
use crate::update::PrivateWindows;
use meter_wire::parse;

/// Requests a name as pages do, and drops the answer. Returns whether the request ended before the
/// time limit.
pub(super) async fn knock(name: &str, max_ms: u32) -> bool {
    let options = from_json(
        r#"{"mode": "no-cors", "cache": "no-store", "credentials": "omit", "redirect": "error",
            "referrerPolicy": "no-referrer"}"#,
    );
    let signal = timeout_signal(max_ms);
    // Only a frozen object refuses a field.
    drop(js_sys::Reflect::set(&options, &"signal".into(), &signal));
    match settle(fetch(&format!("http://{name}/"), &options)).await {
        Ok(_) => true,
        Err(error) => !text(&error).starts_with("TimeoutError"),
    }
}

/// Asks the browser whether its private windows use the same proxy settings.
pub(super) async fn private_windows() -> PrivateWindows {
    let allowed = settle(api().extension().is_allowed_incognito_access()).await;
    if allowed.is_ok_and(|allowed| allowed.as_bool() == Some(true)) {
        match read_settings(PRIVATE).await {
            Ok(found) => PrivateWindows::Allowed(found.reading),
            Err(_) => PrivateWindows::NotAllowed,
        }
    } else {
        PrivateWindows::NotAllowed
    }
}

/// Whether the button is on the toolbar; `None` where the browser does not tell.
pub(super) async fn on_toolbar() -> Option<bool> {
    let settings = settle(api().action().user_settings()).await.ok()?;
    let settings = parse(&to_json(&settings))?;
    settings["isOnToolbar"].as_bool()
}
