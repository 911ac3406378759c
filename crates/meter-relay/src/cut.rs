//! Cuts connections in whatever step they are. The relay keeps a list of their tasks. The other
//! way, a stop signal that each task waits for, would cost a fifth of the memory of an idle
//! connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use crate::isolation::SiteTag;

/// The tasks of all connections of one relay.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<List>);

#[derive(Default)]
struct List {
    places: Vec<Place>,
    free: Vec<u32>,
    open: usize,
}

#[derive(Default)]
struct Place {
    task: Option<AbortHandle>,
    /// The site of the connection, once it is known.
    site: Option<SiteTag>,
}

impl List {
    fn place(&mut self, entry: Entry) -> Option<&mut Place> {
        let index = usize::try_from(entry.0).ok()?;
        self.places.get_mut(index)
    }
}

/// Index of a task in the list. Kept small because every idle connection holds one.
#[derive(Clone, Copy)]
pub(crate) struct Entry(u32);

impl Tasks {
    /// Reserves an entry for a task that is about to start.
    pub(crate) fn enter(&self) -> Entry {
        let mut list = self.list();
        list.open += 1;
        let index = list.free.pop().unwrap_or_else(|| {
            list.places.push(Place::default());
            u32::try_from(list.places.len() - 1).expect("fewer connections than numbers")
        });
        Entry(index)
    }

    /// Stores the handle of the task. The task may have ended already; its handle then has no
    /// effect.
    pub(crate) fn began(&self, entry: Entry, handle: AbortHandle) {
        if let Some(place) = self.list().place(entry) {
            place.task = Some(handle);
        }
    }

    /// Notes that the task serves this site. Must be called before the task uses the site's current
    /// circuit. So a caller that renews the site and cuts afterwards misses no task.
    pub(crate) fn serves(&self, entry: Entry, site: SiteTag) {
        if let Some(place) = self.list().place(entry) {
            place.site = Some(site);
        }
    }

    /// Removes the entry after the task has ended.
    pub(crate) fn leave(&self, entry: Entry) {
        let mut list = self.list();
        list.open = list.open.saturating_sub(1);
        if list.open == 0 {
            *list = List::default(); // frees the memory that a burst needed
            return;
        }
        if let Some(place) = list.place(entry) {
            *place = Place::default();
        }
        list.free.push(entry.0);
    }

    /// Ends all tasks. Their connections are reset as they are dropped.
    pub(crate) fn cut(&self) {
        let places = std::mem::take(&mut self.list().places);
        for task in places.into_iter().filter_map(|place| place.task) {
            task.abort();
        }
    }

    /// Ends the tasks that serve this site.
    pub(crate) fn cut_site(&self, site: SiteTag) {
        let list = self.list();
        let of_site = list.places.iter().filter(|place| place.site == Some(site));
        // `abort` runs nothing here. Each task leaves the list later, by itself.
        of_site
            .filter_map(|place| place.task.as_ref())
            .for_each(AbortHandle::abort);
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Held for a few instructions, none of which can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_cut_ends_those_that_run_and_no_others() {
        let tasks = Tasks::default();
        let mut set = JoinSet::new();
        let entries: Vec<_> = (0..3).map(|_| tasks.enter()).collect();
        for &entry in &entries {
            tasks.began(entry, set.spawn(pending::<()>()));
        }
        tasks.leave(entries[1]);
        let again = tasks.enter();
        assert_eq!(again.0, 1, "a place that was left is taken again");
        tasks.began(again, set.spawn(async {}));
        tasks.cut();
        let mut cut = 0;
        let left = loop {
            match set.join_next().await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    assert!(error.is_cancelled());
                    cut += 1;
                    if cut == 2 {
                        break set.len();
                    }
                }
                None => break 0,
            }
        };
        assert_eq!(cut, 2);
        assert!(left >= 1, "one had left the list and goes on");
    }

    #[tokio::test]
    async fn a_task_that_ended_before_it_was_listed_disturbs_nobody() {
        let tasks = Tasks::default();
        let mut set = JoinSet::new();
        let entry = tasks.enter();
        tasks.leave(entry);
        tasks.began(entry, set.spawn(async {}));
        assert_eq!(tasks.enter().0, 0);
        assert!(tasks.list().places[0].task.is_none());
    }
}
