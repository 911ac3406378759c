//! The port to the native host.

use super::js::{after, from_json, listener, text, to_json};
use super::worker::{dispatch, dispatch_all, with_shell};
use crate::bindings::{Port, api};
use crate::inbox::{Arrival, Inbox, WINDOW_MS};
use crate::update::{ConnectionId, Event};
use meter_wire::{HOST_NAME, RequestEnvelope, write_request};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

/// The open port to the native host.
struct Host {
    connection: ConnectionId,
    port: Port,
    inbox: Inbox,
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

fn with_host<T>(act: impl FnOnce(&mut Option<Host>) -> T) -> T {
    HOST.with(|host| act(&mut host.borrow_mut()))
}

/// Opens a port. If there is no such host, the browser tells this later, by closing the port.
pub(super) fn connect(connection: ConnectionId) {
    let port = match api().runtime().connect_native(HOST_NAME) {
        Ok(port) => port,
        Err(error) => return closed(connection, Some(text(&error))),
    };
    let on_message = Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
        // Messages of a closed connection are not read.
        if with_inbox(connection, |_| ()).is_some() {
            arrive(connection, to_json(&message));
        }
    });
    let on_disconnect = Closure::<dyn FnMut(Port)>::new(move |port: Port| {
        let error = api().runtime().last_error().or_else(|| port.error());
        closed(connection, error.and_then(|error| error.message()));
    });
    port.on_message().add(&listener(on_message));
    port.on_disconnect().add(&listener(on_disconnect));
    with_shell(|shell| shell.set_host(&port));
    let inbox = Inbox::default();
    with_host(|host| {
        *host = Some(Host {
            connection,
            port,
            inbox,
        });
    });
}

fn arrive(connection: ConnectionId, json: String) {
    let Some(arrival) = with_inbox(connection, |inbox| inbox.arrive(json)) else {
        return;
    };
    match arrival {
        Arrival::Read { frames, opened } => {
            if opened {
                wait_for_window(connection);
            }
            read(connection, frames);
        }
        Arrival::Wait => {}
        Arrival::Cut => dispatch(Event::Flooded { connection }),
    }
}

fn wait_for_window(connection: ConnectionId) {
    after(WINDOW_MS, move || {
        let frames = with_inbox(connection, Inbox::window_over).unwrap_or_default();
        if !frames.is_empty() {
            wait_for_window(connection);
            read(connection, frames);
        }
    });
}

fn read(connection: ConnectionId, frames: Vec<String>) {
    let event = |json| Event::Frame { connection, json };
    dispatch_all(frames.into_iter().map(event));
}

fn with_inbox<T>(connection: ConnectionId, act: impl FnOnce(&mut Inbox) -> T) -> Option<T> {
    with_host(|host| {
        let host = host.as_mut();
        let host = host.filter(|host| host.connection == connection)?;
        Some(act(&mut host.inbox))
    })
}

/// Closes a port on our side. The browser then tells only the other side.
pub(super) fn disconnect(connection: ConnectionId) {
    if let Some(host) = take(connection) {
        host.port.disconnect();
    }
}

/// Sends a request. If the port does not accept it, the port is closed.
pub(super) fn send(connection: ConnectionId, request: &RequestEnvelope) {
    let json = String::from_utf8_lossy(&write_request(request)).into_owned();
    let port = with_host(|host| {
        let host = host.as_ref()?;
        (host.connection == connection).then(|| host.port.clone())
    });
    if let Some(Err(error)) = port.map(|port| port.post_message(&from_json(&json))) {
        closed(connection, Some(text(&error)));
    }
}

/// Reads the last messages before the end, because they may contain the reason.
fn closed(connection: ConnectionId, reason: Option<String>) {
    if let Some(mut host) = take(connection) {
        read(connection, host.inbox.window_over());
    }
    dispatch(Event::Closed { connection, reason });
}

fn take(connection: ConnectionId) -> Option<Host> {
    with_host(|host| host.take_if(|host| host.connection == connection))
}
