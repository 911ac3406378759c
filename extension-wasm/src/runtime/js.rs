//! Values, promises and listeners of JavaScript.

use super::worker::with_shell;
use crate::bindings::{console_error, set_timeout};
use js_sys::{Function, JSON, JsString, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The JSON of a message; empty for a value that has none.
pub(super) fn to_json(value: &JsValue) -> String {
    JSON::stringify(value).map_or_else(|_| String::new(), String::from)
}

/// A message from JSON that we wrote ourselves.
pub(super) fn from_json(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or(JsValue::UNDEFINED)
}

/// The scope for regular windows. Private windows inherit from it if the person allows this
/// extension there ([`crate::update::PrivateWindows`]).
pub(super) fn regular() -> JsValue {
    scope("regular")
}

/// A scope of the browser's settings.
pub(super) fn scope(name: &str) -> JsValue {
    from_json(&format!(r#"{{"scope": "{name}"}}"#))
}

/// This value of a setting, which is JSON, in the scope of [`regular`].
pub(super) fn in_regular(value: &str) -> JsValue {
    in_scope(value, "regular")
}

/// This value of a setting, in this scope.
pub(super) fn in_scope(value: &str, name: &str) -> JsValue {
    from_json(&format!(r#"{{"value": {value}, "scope": "{name}"}}"#))
}

/// The text of an exception. It is used only to tell exceptions apart and is not shown.
pub(super) fn text(error: &JsValue) -> String {
    let text: JsString = js_sys::Object::from(error.clone()).to_string();
    String::from(text)
}

/// Gives a closure to JavaScript. Its garbage collector frees the closure together with the port.
pub(super) fn listener<T: ?Sized + wasm_bindgen::closure::WasmClosure>(
    closure: Closure<T>,
) -> Function {
    guarded(closure.into_js_value().unchecked_ref())
}

/// Wraps a function so that it runs only while this instance of the module can decide. The wrapper
/// tells the shell when the instance cannot.
fn guarded(act: &Function) -> Function {
    with_shell(|shell| shell.guard(act)).unwrap_or_else(|| act.clone())
}

/// Calls `act` after this many milliseconds.
pub(super) fn after(ms: u32, act: impl FnOnce() + 'static) {
    let act = Closure::once_into_js(act);
    drop(set_timeout(&guarded(act.unchecked_ref()), ms));
}

pub(super) async fn settle(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// Waits for a promise, and writes to the console what the browser refused.
pub(super) async fn tell(what: &str, promise: Result<Promise, JsValue>) -> bool {
    let is_done = settle(promise).await.is_ok();
    if !is_done {
        console_error(&format!("onionmeter: the browser refused to {what}"));
    }
    is_done
}

/// Like [`tell`], without waiting.
pub(super) fn watch(what: &'static str, promise: Result<Promise, JsValue>) {
    spawn_local(async move {
        tell(what, promise).await;
    });
}
