//! Cuts connections wherever they are. The relay keeps a list of their tasks, so that no task has
//! to wait for a word of it: that would be a fifth of what an idle connection holds.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use crate::isolation::SiteTag;

/// The tasks of one relay's connections.
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
    /// Whom it serves, once that is known.
    site: Option<SiteTag>,
}

impl List {
    fn place(&mut self, entry: Entry) -> Option<&mut Place> {
        let index = usize::try_from(entry.0).ok()?;
        self.places.get_mut(index)
    }
}

/// A task's place in the list. Small, since every idle connection has one.
#[derive(Clone, Copy)]
pub(crate) struct Entry(u32);

impl Tasks {
    /// Makes a place for a task that is about to begin.
    pub(crate) fn enter(&self) -> Entry {
        let mut list = self.list();
        list.open += 1;
        let index = list.free.pop().unwrap_or_else(|| {
            list.places.push(Place::default());
            u32::try_from(list.places.len() - 1).expect("fewer connections than numbers")
        });
        Entry(index)
    }

    /// The task itself, which may have left already: its handle then does nothing where it lies.
    pub(crate) fn began(&self, entry: Entry, handle: AbortHandle) {
        if let Some(place) = self.list().place(entry) {
            place.task = Some(handle);
        }
    }

    /// The task turns out to serve this site. To be said before anything is made of what the site
    /// is at this moment, so that whoever changes that and cuts afterwards misses no task.
    pub(crate) fn serves(&self, entry: Entry, site: SiteTag) {
        if let Some(place) = self.list().place(entry) {
            place.site = Some(site);
        }
    }

    /// The task has ended.
    pub(crate) fn leave(&self, entry: Entry) {
        let mut list = self.list();
        list.open = list.open.saturating_sub(1);
        if list.open == 0 {
            *list = List::default(); // a burst's list is not kept
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
        // An abort runs nothing here; each task leaves the list in its own time.
        of_site
            .filter_map(|place| place.task.as_ref())
            .for_each(AbortHandle::abort);
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Held for a few instructions, and never while anything could panic.
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
