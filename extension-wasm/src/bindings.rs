//! Every browser API that the extension calls. No other file names one.

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The shell in `service_worker.js`: it runs an instance of this module, and acts in its place
    /// when the instance can no longer decide.
    pub(crate) type Shell;
    /// Closes everything, because this instance has panicked.
    #[wasm_bindgen(method)]
    pub(crate) fn broke(this: &Shell);
    /// Shows a notification of the browser: `{"id":"credited","text":{"key":…}}`.
    #[wasm_bindgen(method)]
    pub(crate) fn notify(this: &Shell, json: &str);
    /// Whether this is the instance that decides.
    #[wasm_bindgen(method, js_name = isCurrent)]
    pub(crate) fn is_current(this: &Shell) -> bool;
    /// Wraps `act` so that it is called only while the instance can decide.
    #[wasm_bindgen(method)]
    pub(crate) fn guard(this: &Shell, act: &Function) -> Function;
    /// Shows a badge, given as JSON, in the person's language.
    #[wasm_bindgen(method)]
    pub(crate) fn badge(this: &Shell, badge: &str);
    /// Shows a sign of its own beside a tab whose page did not load, or takes it away.
    #[wasm_bindgen(method)]
    pub(crate) fn mark(this: &Shell, tab: i32, failed: bool);
    /// Writes members of a JSON object to `storage.local`; `on_stored` is called when that has
    /// ended.
    #[wasm_bindgen(method)]
    pub(crate) fn store(this: &Shell, json: &str);
    /// Sets the port to close when the instance can no longer decide.
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_host(this: &Shell, port: &Port);

    /// `browser` or `chrome`.
    pub(crate) type Api;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn runtime(this: &Api) -> Runtime;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn storage(this: &Api) -> Storage;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn proxy(this: &Api) -> Proxy;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn privacy(this: &Api) -> Privacy;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn action(this: &Api) -> Action;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn alarms(this: &Api) -> Alarms;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn tabs(this: &Api) -> Tabs;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn scripting(this: &Api) -> Scripting;
    #[wasm_bindgen(method, getter, js_name = declarativeNetRequest)]
    pub(crate) fn net_request(this: &Api) -> NetRequest;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn extension(this: &Api) -> Extension;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn windows(this: &Api) -> Option<Windows>;

    pub(crate) type Windows;
    #[wasm_bindgen(method)]
    pub(crate) fn update(this: &Windows, id: i32, details: &JsValue) -> Promise;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn create(this: &Windows, details: &JsValue) -> Result<Promise, JsValue>;

    pub(crate) type Extension;
    #[wasm_bindgen(method, catch, js_name = isAllowedIncognitoAccess)]
    pub(crate) fn is_allowed_incognito_access(this: &Extension) -> Result<Promise, JsValue>;

    pub(crate) type Runtime;
    #[wasm_bindgen(method, catch, js_name = connectNative)]
    pub(crate) fn connect_native(this: &Runtime, name: &str) -> Result<Port, JsValue>;
    #[wasm_bindgen(method, js_name = getManifest)]
    pub(crate) fn manifest(this: &Runtime) -> Manifest;
    /// The extension's id.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn id(this: &Runtime) -> String;
    /// The whole address of a file of this extension.
    #[wasm_bindgen(method, js_name = getURL)]
    pub(crate) fn url(this: &Runtime, path: &str) -> String;
    /// Chromium's reason why a port closed. Set only while the listener runs.
    #[wasm_bindgen(method, getter, js_name = lastError)]
    pub(crate) fn last_error(this: &Runtime) -> Option<ErrorText>;

    pub(crate) type Manifest;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn version(this: &Manifest) -> String;

    /// A port to the native host or to a popup.
    #[derive(Clone)]
    pub(crate) type Port;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn name(this: &Port) -> String;
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    pub(crate) fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn disconnect(this: &Port);
    #[wasm_bindgen(method, getter, js_name = onMessage)]
    pub(crate) fn on_message(this: &Port) -> Listeners;
    #[wasm_bindgen(method, getter, js_name = onDisconnect)]
    pub(crate) fn on_disconnect(this: &Port) -> Listeners;
    /// Firefox's reason why a port closed.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn error(this: &Port) -> Option<ErrorText>;

    pub(crate) type Listeners;
    #[wasm_bindgen(method, js_name = addListener)]
    pub(crate) fn add(this: &Listeners, listener: &Function);

    pub(crate) type ErrorText;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn message(this: &ErrorText) -> Option<String>;

    pub(crate) type Storage;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn local(this: &Storage) -> StorageArea;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn session(this: &Storage) -> StorageArea;

    pub(crate) type StorageArea;
    /// With `null`: returns everything.
    #[wasm_bindgen(method)]
    pub(crate) fn get(this: &StorageArea, keys: &JsValue) -> Promise;
    #[wasm_bindgen(method)]
    pub(crate) fn set(this: &StorageArea, items: &JsValue) -> Promise;

    pub(crate) type Proxy;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn settings(this: &Proxy) -> Setting;
    /// Firefox only.
    #[wasm_bindgen(method, getter, js_name = onRequest)]
    pub(crate) fn on_request(this: &Proxy) -> Option<Object>;

    /// `types.ChromeSetting` and `types.BrowserSetting`.
    pub(crate) type Setting;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn get(this: &Setting, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn set(this: &Setting, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn clear(this: &Setting, details: &JsValue) -> Result<Promise, JsValue>;

    pub(crate) type Privacy;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn network(this: &Privacy) -> PrivacyNetwork;
    pub(crate) type PrivacyNetwork;
    #[wasm_bindgen(method, getter, js_name = webRTCIPHandlingPolicy)]
    pub(crate) fn web_rtc_policy(this: &PrivacyNetwork) -> Setting;
    #[wasm_bindgen(method, getter, js_name = networkPredictionEnabled)]
    pub(crate) fn prediction(this: &PrivacyNetwork) -> Setting;
    /// Firefox only.
    #[wasm_bindgen(method, getter, js_name = peerConnectionEnabled)]
    pub(crate) fn peer_connection(this: &PrivacyNetwork) -> Option<Setting>;

    pub(crate) type Action;
    /// Missing in older browsers.
    #[wasm_bindgen(method, catch, js_name = getUserSettings)]
    pub(crate) fn user_settings(this: &Action) -> Result<Promise, JsValue>;

    pub(crate) type Alarms;
    #[wasm_bindgen(method)]
    pub(crate) fn create(this: &Alarms, name: &str, details: &JsValue) -> JsValue;
    #[wasm_bindgen(method)]
    pub(crate) fn clear(this: &Alarms, name: &str) -> JsValue;

    pub(crate) type Tabs;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn query(this: &Tabs, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn reload(this: &Tabs, id: i32) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn discard(this: &Tabs, id: i32) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn create(this: &Tabs, details: &JsValue) -> Promise;
    #[wasm_bindgen(method)]
    pub(crate) fn update(this: &Tabs, id: i32, details: &JsValue) -> Promise;

    pub(crate) type Scripting;
    #[wasm_bindgen(method, catch, js_name = executeScript)]
    pub(crate) fn execute(this: &Scripting, details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = registerContentScripts)]
    pub(crate) fn register(this: &Scripting, scripts: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = unregisterContentScripts)]
    pub(crate) fn unregister(this: &Scripting, filter: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getRegisteredContentScripts)]
    pub(crate) fn registered(this: &Scripting, filter: &JsValue) -> Result<Promise, JsValue>;

    pub(crate) type NetRequest;
    #[wasm_bindgen(method, catch, js_name = getDynamicRules)]
    pub(crate) fn rules(this: &NetRequest) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = updateDynamicRules)]
    pub(crate) fn update_rules(this: &NetRequest, options: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch)]
    pub(crate) fn fetch(url: &str, options: &JsValue) -> Result<Promise, JsValue>;
    /// `AbortSignal.timeout`.
    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    pub(crate) fn timeout_signal(ms: u32) -> JsValue;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, ms: u32) -> JsValue;

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn console_error(text: &str);

    #[wasm_bindgen(thread_local_v2, js_name = browser)]
    static BROWSER: Option<Api>;
    #[wasm_bindgen(thread_local_v2, js_name = chrome)]
    static CHROME: Api;
}

/// Firefox names its API `browser`; its `chrome` is for older extensions. Chromium has `chrome`
/// only.
pub(crate) fn api() -> Api {
    let of = |object: &Api| object.unchecked_ref::<JsValue>().clone().unchecked_into();
    BROWSER.with(|browser| match browser {
        Some(browser) => of(browser),
        None => CHROME.with(of),
    })
}
