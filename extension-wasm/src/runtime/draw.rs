//! Writes and draws changes.

use super::js::{from_json, watch};
use super::worker::{dispatch_all, with_shell, with_worker};
use crate::bindings::api;
use crate::extension::Changes;
use crate::text::Text;
use crate::update::{Stored, SubscriberId};
use crate::view::{Badge, Tone};
use js_sys::Promise;
use meter_wire::write_json;
use serde::Serialize;
use std::cell::Cell;
use wasm_bindgen::prelude::*;

thread_local! {
    /// How many writes of `storage.local` are under way.
    static STORING: Cell<u32> = const { Cell::new(0) };
}

/// Writes `storage.local`. What changed is shown once it is stored: the worker may be killed at any
/// time, and then what a person saw must still be so.
pub(super) fn save(stored: &Stored) {
    let json = write_json(stored);
    STORING.set(STORING.get() + 1);
    with_shell(|shell| shell.store(&json));
}

/// Whether everything that must survive this worker is stored.
pub(super) fn is_stored() -> bool {
    STORING.get() == 0
}

/// A write has ended: shows what waited for it.
pub(super) fn stored() {
    STORING.set(STORING.get().saturating_sub(1));
    dispatch_all([]);
}

/// Shows the visible changes.
pub(super) fn changes(changes: &Changes) {
    if let Some(watched) = changes.watch {
        watch_closely(watched);
    }
    if let Some(badge) = &changes.badge {
        draw_badge(badge);
    }
    if let Some(session) = &changes.session {
        write(|items| api().storage().session().set(items), &**session);
    }
    if let Some((view, subscribers)) = &changes.view {
        draw_view(&**view, subscribers);
    }
    for (view, subscribers) in &changes.pages {
        draw_view(view, subscribers);
    }
    for notification in &changes.notifications {
        let json = write_json(notification);
        with_shell(|shell| shell.notify(&json));
    }
}

/// Through text, as everything that is written: a serializer of its own for values of JavaScript
/// would be a second copy of every view's code.
fn to_js(value: &impl Serialize) -> JsValue {
    from_json(&write_json(value))
}

fn write(set: impl FnOnce(&JsValue) -> Promise, items: &impl Serialize) {
    watch("write the storage", Ok(set(&to_js(items))));
}

/// Sets two alarms between those of the shell, after ten and after twenty seconds. Chromium fires
/// them for an extension that is loaded unpacked; one from a store is woken at most every 30 s.
fn watch_closely(watched: bool) {
    for (name, delay) in [("wake after 10 s", "0.17"), ("wake after 20 s", "0.34")] {
        match watched {
            true => wake(
                name,
                &format!(r#"{{"delayInMinutes": {delay}, "periodInMinutes": 0.5}}"#),
            ),
            false => drop(api().alarms().clear(name)),
        }
    }
}

fn wake(name: &str, when: &str) {
    // Firefox returns nothing here, and Chromium a promise without a value.
    drop(api().alarms().create(name, &from_json(when)));
}

/// A badge as `badge.js` takes it.
#[derive(Serialize)]
struct Shown<'a> {
    text: &'a Text,
    flash: Option<&'a Text>,
    tone: Tone,
    title: &'a Text,
}

fn draw_badge(badge: &Badge) {
    let Badge {
        text,
        flash,
        tone,
        title,
    } = badge;
    // With the flash, which is not kept with the rest.
    let shown = Shown {
        text,
        flash: flash.as_ref(),
        tone: *tone,
        title,
    };
    let json = write_json(&shown);
    with_shell(|shell| shell.badge(&json));
}

fn draw_view(view: &impl Serialize, subscribers: &[SubscriberId]) {
    let view = to_js(view);
    // If a popup closes at this moment, its own event tells us.
    for page in with_worker(|worker| worker.pages(subscribers)) {
        drop(page.post_message(&view));
    }
}
