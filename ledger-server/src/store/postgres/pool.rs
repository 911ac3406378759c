//! Connections that are kept, and a limit for how many there are.

use super::{connection::Connection, url::PostgresUrl, wait::Driver};
use crate::store::StoreError;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long to wait for a connection that others use: a thousand times what one transaction takes.
const WAIT: Duration = Duration::from_secs(10);

/// Connections for one purpose.
pub(super) struct Pool {
    url: PostgresUrl,
    driver: Arc<Driver>,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    leased: usize,
}

impl Pool {
    /// At most `most` connections, which `driver` drives.
    pub(super) fn new(url: &PostgresUrl, driver: &Arc<Driver>, most: usize) -> Self {
        Self {
            url: url.clone(),
            driver: Arc::clone(driver),
            most,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// A connection on which the transaction `begin` has begun.
    pub(super) fn begin(&self, begin: &'static str) -> Result<Lease<'_>, StoreError> {
        let mut lease = self.take()?;
        let begun = lease.connection()?.script(begin);
        if begun.is_err() && lease.was_kept {
            // PostgreSQL may have been started anew since; nothing is lost by a second try.
            self.forget_idle();
            lease.connection = Some(self.open()?);
            lease.connection()?.script(begin)?;
        } else {
            begun?;
        }
        Ok(lease)
    }

    /// A kept connection that has not ended as far as is known, or a new one.
    pub(super) fn take(&self) -> Result<Lease<'_>, StoreError> {
        let (mut lease, kept) = self.lease()?;
        let kept = kept.filter(|kept| !kept.is_closed());
        lease.was_kept = kept.is_some();
        lease.connection = Some(match kept {
            Some(kept) => kept,
            None => self.open()?,
        });
        Ok(lease)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let new = Connection::open(&self.url, self.driver.handle());
        new.map_err(|fault| StoreError::Unavailable(fault.to_string()))
    }

    /// Closes idle connections, outside the lock: each closes a socket.
    fn forget_idle(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        drop(idle);
    }

    /// The right to one connection, and a kept one if there is any.
    fn lease(&self) -> Result<(Lease<'_>, Option<Connection>), StoreError> {
        let state = self.state();
        let waited = self
            .freed
            .wait_timeout_while(state, WAIT, |state| state.leased >= self.most);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.leased >= self.most {
            return Err(StoreError::Unavailable(format!(
                "all {} connections to PostgreSQL are in use",
                self.most
            )));
        }
        state.leased += 1;
        let kept = state.idle.pop();
        drop(state);
        let lease = Lease {
            pool: self,
            connection: None,
            was_kept: false,
            is_good: false,
        };
        Ok((lease, kept))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is in use. Dropping it closes the connection, unless it was
/// [given back](Self::give_back).
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
    was_kept: bool,
    is_good: bool,
}

impl Lease<'_> {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        let connection = self.connection.as_mut();
        connection.ok_or_else(|| StoreError::Unavailable("no connection".to_owned()))
    }

    /// Says that no transaction is open on it, so the next one can have it.
    pub(super) fn give_back(&mut self) {
        self.is_good = true;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|_| self.is_good);
        let mut state = self.pool.state();
        state.leased = state.leased.saturating_sub(1);
        state.idle.extend(connection);
        drop(state);
        self.pool.freed.notify_one();
    }
}
