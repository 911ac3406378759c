//! Messages and listeners of ports, and the port to the native host.

use super::{dispatch, with_worker};
use crate::bindings::{Port, api};
use crate::update::{ConnectionId, Event};
use js_sys::{Function, JSON, JsString};
use meter_wire::{HOST_NAME, RequestEnvelope, write_request};
use wasm_bindgen::prelude::*;

/// The open port to the native host.
pub(super) struct Host {
    connection: ConnectionId,
    port: Port,
}

/// JSON of a message; empty where there is none.
pub(super) fn to_json(value: &JsValue) -> String {
    JSON::stringify(value).map_or_else(|_| String::new(), String::from)
}

/// A message from JSON that we wrote ourselves.
pub(super) fn from_json(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or(JsValue::UNDEFINED)
}

/// Hands a closure over to JavaScript, whose garbage collector frees it with the port.
pub(super) fn listener<T: ?Sized + wasm_bindgen::closure::WasmClosure>(
    closure: Closure<T>,
) -> Function {
    closure.into_js_value().unchecked_into()
}

/// Opens a port. The browser says later, and by closing it, that there is no such host.
pub(super) fn connect(connection: ConnectionId) {
    let port = match api().runtime().connect_native(HOST_NAME) {
        Ok(port) => port,
        Err(error) => return closed(connection, Some(text(&error))),
    };
    let on_message = Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
        let json = to_json(&message);
        dispatch(Event::Frame { connection, json });
    });
    let on_disconnect = Closure::<dyn FnMut(Port)>::new(move |port: Port| {
        let error = api().runtime().last_error().or_else(|| port.error());
        closed(connection, error.and_then(|error| error.message()));
    });
    port.on_message().add(&listener(on_message));
    port.on_disconnect().add(&listener(on_disconnect));
    with_worker(|worker| worker.host = Some(Host { connection, port }));
}

/// Closes a port by our own wish; the browser then tells the other side only.
pub(super) fn disconnect(connection: ConnectionId) {
    if let Some(host) = take(connection) {
        host.port.disconnect();
    }
}

/// Sends a request. A port that does not take it is closed.
pub(super) fn send(connection: ConnectionId, request: &RequestEnvelope) {
    let json = String::from_utf8_lossy(&write_request(request)).into_owned();
    let port = with_worker(|worker| {
        let host = worker.host.as_ref()?;
        (host.connection == connection).then(|| host.port.clone())
    });
    if let Some(Err(error)) = port.map(|port| port.post_message(&from_json(&json))) {
        closed(connection, Some(text(&error)));
    }
}

fn closed(connection: ConnectionId, reason: Option<String>) {
    drop(take(connection));
    dispatch(Event::Closed { connection, reason });
}

fn take(connection: ConnectionId) -> Option<Host> {
    with_worker(|worker| worker.host.take_if(|host| host.connection == connection))
}

/// The words of an exception, for telling kinds apart; they are not shown.
pub(super) fn text(error: &JsValue) -> String {
    let text: JsString = js_sys::Object::from(error.clone()).to_string();
    String::from(text)
}
