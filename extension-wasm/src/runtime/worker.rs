//! The only mutable values of the worker, and the queue of events.

use crate::bindings::{Port, Shell};
use crate::extension::Extension;
use crate::update::{Event, SubscriberId};
use js_sys::Object;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;

/// Everything that ends with the worker, which may happen at any time.
#[derive(Default)]
pub(super) struct Worker {
    pub(super) extension: Extension,
    /// Events that came while another event was being handled.
    waiting: VecDeque<Event>,
    is_busy: bool,
    subscribers: Vec<(SubscriberId, Port)>,
    last_subscriber: SubscriberId,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
    static SHELL: OnceCell<Shell> = const { OnceCell::new() };
    static HANDLE_ALL: Cell<Option<fn()>> = const { Cell::new(None) };
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Stores what lasts for all events: the shell, and the function that handles waiting events.
pub(super) fn begin(shell: Shell, handle_all: fn()) {
    SHELL.with(|place| drop(place.set(shell)));
    HANDLE_ALL.set(Some(handle_all));
}

pub(super) fn with_worker<T>(act: impl FnOnce(&mut Worker) -> T) -> T {
    WORKER.with(|worker| act(&mut worker.borrow_mut()))
}

pub(super) fn with_shell<T>(act: impl FnOnce(&Shell) -> T) -> Option<T> {
    SHELL.with(|shell| shell.get().map(act))
}

/// Notes that this instance has panicked. It decides nothing any more.
pub(super) fn panicked() {
    PANICKED.set(true);
    with_shell(Shell::broke);
}

/// Whether an event is still being handled. Between two callbacks of the browser this is false,
/// unless an exception of JavaScript has interrupted the handling.
pub(super) fn is_stuck() -> bool {
    PANICKED.get()
        || WORKER.with(|worker| worker.try_borrow().map_or(true, |worker| worker.is_busy))
}

/// Handles an event and its effects. An event that comes meanwhile waits.
pub(super) fn dispatch(event: Event) {
    dispatch_all([event]);
}

/// Like [`dispatch`], for several events at once. The display is updated after all of them.
pub(super) fn dispatch_all(events: impl IntoIterator<Item = Event>) {
    // Nothing can be decided any more, so nothing is queued.
    if PANICKED.get() {
        return;
    }
    let first = with_worker(|worker| {
        worker.waiting.extend(events);
        !std::mem::replace(&mut worker.is_busy, true)
    });
    if !first {
        return;
    }
    if let Some(handle_all) = HANDLE_ALL.get() {
        handle_all();
    }
    with_worker(|worker| worker.is_busy = false);
}

impl Worker {
    /// The next waiting event.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    /// Adds a page of this extension to the subscribers and numbers it.
    pub(super) fn subscribe(&mut self, page: Port) -> SubscriberId {
        self.last_subscriber = SubscriberId(self.last_subscriber.0.wrapping_add(1));
        self.subscribers.push((self.last_subscriber, page));
        self.last_subscriber
    }

    /// The page of ours with this port. A popup is not such a page.
    pub(super) fn page_of(&self, port: &Port) -> Option<SubscriberId> {
        let (page, _) = self.subscribers.get(self.place_of(port)?)?;
        let pages = self.extension.state().pages_of_ours();
        pages.contains_key(page).then_some(*page)
    }

    /// Removes the page with this port, which has closed.
    pub(super) fn unsubscribe(&mut self, gone: &Port) -> Option<SubscriberId> {
        let place = self.place_of(gone)?;
        Some(self.subscribers.swap_remove(place).0)
    }

    fn place_of(&self, port: &Port) -> Option<usize> {
        let is_it = |(_, page): &(_, Port)| Object::is(page, port);
        self.subscribers.iter().position(is_it)
    }

    /// The pages with these numbers.
    pub(super) fn pages(&self, ids: &[SubscriberId]) -> Vec<Port> {
        let pages = self.subscribers.iter();
        let pages = pages.filter(|(id, _)| ids.contains(id));
        pages.map(|(_, page)| page.clone()).collect()
    }
}
