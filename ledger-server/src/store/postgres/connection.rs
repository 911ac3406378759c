//! One connection, and a limit for every wait.

use super::{
    failure,
    many::{self, Kind},
    url::PostgresUrl,
    values::{self, parameters},
    wait::{behind, in_order, send, wait},
};
use crate::store::{Row, StoreError, StoreFault, Value};
use std::{collections::HashMap, future::Future, time::Duration};
use tokio::{runtime::Handle, task::AbortHandle};
use tokio_postgres::{Client, Error, NoTls, Statement, types::ToSql};

/// For a connection with its greeting.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// For one answer. It is above PostgreSQL's own limits, which end a statement and tell why.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);

/// PostgreSQL itself ends a statement that runs too long, a wait for a lock, and a transaction
/// whose client is gone. `remote_apply` waits for more than `on` does, so it is left.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '20s'; SET client_min_messages = error; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') <> 'remote_apply'";

/// A connection. It is used by one thread at a time.
pub(super) struct Connection {
    client: Client,
    /// The task that moves its bytes.
    driver: AbortHandle,
    /// Prepared once for each text.
    statements: HashMap<&'static str, Statement>,
    /// The same for lists of parameters, where there is such a statement.
    lists: HashMap<&'static str, Option<(Statement, Kind)>>,
    /// Sent together with the next query.
    before_next: Option<&'static str>,
}

/// Why there was no answer.
pub(super) enum NoAnswer {
    /// PostgreSQL refused, or the connection ended.
    Refused(Error),
    /// The limit passed.
    TooLate,
}

impl From<NoAnswer> for StoreError {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Refused(error) => failure::failure(&error),
            NoAnswer::TooLate => Self::Unavailable(format!(
                "PostgreSQL did not answer within {} s",
                ANSWER_LIMIT.as_secs()
            )),
        }
    }
}

impl Connection {
    /// Connects, on the thread that `tasks` leads to.
    pub(super) fn open(url: &PostgresUrl, tasks: Option<&Handle>) -> Result<Self, StoreFault> {
        let no_server = |why: &str| StoreFault::NoServer {
            place: url.to_string(),
            why: why.to_owned(),
        };
        let tasks = tasks.ok_or_else(|| no_server("the ledger has ended"))?;
        let (config, driving) = (url.config().clone(), tasks.clone());
        let greeting = tasks.spawn(async move {
            let (client, connection) = config.connect(NoTls).await?;
            let driver = driving.spawn(connection).abort_handle();
            let session = Self {
                client,
                driver,
                statements: HashMap::new(),
                lists: HashMap::new(),
                before_next: None,
            };
            session.client.batch_execute(SESSION).await?;
            Ok(session)
        });
        let abort = greeting.abort_handle();
        match wait(greeting, CONNECT_LIMIT) {
            Some(Ok(Ok(connection))) => Ok(connection),
            Some(Ok(Err(error))) => Err(failure::no_connection(&error, url)),
            Some(Err(_)) => Err(no_server("the ledger has ended")),
            None => {
                abort.abort();
                let seconds = CONNECT_LIMIT.as_secs();
                Err(no_server(&format!("no answer within {seconds} s")))
            }
        }
    }

    fn ask<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, NoAnswer> {
        match wait(answer, ANSWER_LIMIT) {
            Some(answer) => answer.map_err(NoAnswer::Refused),
            None => Err(NoAnswer::TooLate),
        }
    }

    /// Whether it has ended, as far as is known without asking.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Sends this statement together with the next query. If it fails, the query may have run
    /// nevertheless, so this is only for what changes nothing.
    pub(super) const fn send_before_next(&mut self, statement: &'static str) {
        self.before_next = Some(statement);
    }

    /// What may change something runs only after it.
    fn send_before_now(&mut self) -> Result<(), NoAnswer> {
        let before = self.before_next.take();
        before.map_or(Ok(()), |before| self.script(before))
    }

    /// Sends a statement that cannot fail on a connection that lives, and waits for no answer.
    pub(super) fn send(&mut self, statement: &'static str) {
        if self.before_next.take().is_none() {
            send(self.client.batch_execute(statement));
        }
    }

    /// Runs statements without parameters, one after the other.
    pub(super) fn script(&self, statements: &str) -> Result<(), NoAnswer> {
        Self::ask(self.client.batch_execute(statements))
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let prepared = Self::ask(self.client.prepare(sql))?;
        self.statements.insert(sql, prepared.clone());
        Ok(prepared)
    }

    /// Prepares statements and does not run them. All are sent at once.
    pub(super) fn prepare_all(&mut self, all: &[&'static str]) -> Result<(), StoreError> {
        let prepared = Self::ask(in_order(all.iter().map(|sql| self.client.prepare(sql))))?;
        self.statements.extend(all.iter().copied().zip(prepared));
        Ok(())
    }

    fn statement_of_lists(
        &mut self,
        sql: &'static str,
    ) -> Result<Option<(Statement, Kind)>, StoreError> {
        if let Some(known) = self.lists.get(sql) {
            return Ok(known.clone());
        }
        let one = self.statement(sql)?;
        let prepared = match many::of(sql, one.params()) {
            Some(many) => Some((Self::ask(self.client.prepare(&many.sql))?, many.kind)),
            None => None,
        };
        self.lists.insert(sql, prepared.clone());
        Ok(prepared)
    }

    /// The rows of a query for each set of parameters, by one statement where that is possible;
    /// otherwise all sets are sent at once.
    pub(super) fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[&[Value]],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        if let Some((rows, Kind::Query)) = self.by_lists(sql, sets)? {
            let mut found = vec![Vec::new(); sets.len()];
            for row in &rows {
                let of_set = found.get_mut(set_of(row)?);
                of_set
                    .ok_or_else(|| StoreError::column(0))?
                    .push(values::row(row, 1)?);
            }
            return Ok(found);
        }
        let statement = self.statement(sql)?;
        let sets: Vec<_> = sets.iter().map(|set| parameters(&statement, set)).collect();
        let queries = in_order(sets.iter().map(|set| self.client.query(&statement, set)));
        let found = match self.before_next.take() {
            None => Self::ask(queries)?,
            Some(before) => Self::ask(behind(self.client.batch_execute(before), queries))?,
        };
        let rows = |rows: Vec<_>| rows.iter().map(|row| values::row(row, 0)).collect();
        found.into_iter().map(rows).collect()
    }

    /// Runs a statement for each set of parameters, and returns how many rows each changed: by one
    /// statement where that is possible; otherwise all sets are sent at once.
    pub(super) fn run_all(
        &mut self,
        sql: &'static str,
        sets: &[&[Value]],
    ) -> Result<Vec<u64>, StoreError> {
        self.send_before_now()?;
        match self.by_lists(sql, sets)? {
            // Each set adds its row, or all fail.
            Some((_, Kind::Insert)) => return Ok(vec![1; sets.len()]),
            Some((rows, _)) => {
                let mut changed = vec![0; sets.len()];
                for row in &rows {
                    let of_set = changed.get_mut(set_of(row)?);
                    *of_set.ok_or_else(|| StoreError::column(0))? += 1;
                }
                return Ok(changed);
            }
            None => {}
        }
        let statement = self.statement(sql)?;
        let sets: Vec<_> = sets.iter().map(|set| parameters(&statement, set)).collect();
        let runs = sets.iter().map(|set| self.client.execute(&statement, set));
        Ok(Self::ask(in_order(runs))?)
    }

    /// Runs one statement for all sets. `None` for no set or a single one.
    fn by_lists(
        &mut self,
        sql: &'static str,
        sets: &[&[Value]],
    ) -> Result<Option<(Vec<tokio_postgres::Row>, Kind)>, StoreError> {
        if sets.len() < 2 {
            return Ok(None);
        }
        let Some((statement, kind)) = self.statement_of_lists(sql)? else {
            return Ok(None);
        };
        let Some(lists) = values::lists(&statement, sets) else {
            return Ok(None);
        };
        let lists: Vec<&(dyn ToSql + Sync)> = lists.iter().map(|list| &**list as _).collect();
        let query = self.client.query(&statement, &lists);
        let rows = match self.before_next.take() {
            None => Self::ask(query)?,
            Some(before) => Self::ask(behind(self.client.batch_execute(before), query))?,
        };
        Ok(Some((rows, kind)))
    }

    /// Runs a statement whose only parameter is a list of byte strings.
    pub(super) fn run_with_list(
        &mut self,
        sql: &'static str,
        list: &[&[u8]],
    ) -> Result<(), StoreError> {
        self.send_before_now()?;
        let statement = self.statement(sql)?;
        Self::ask(self.client.execute(&statement, &[&list]))?;
        Ok(())
    }
}

/// Which set a row belongs to, from 0.
fn set_of(row: &tokio_postgres::Row) -> Result<usize, StoreError> {
    let number: i64 = row.try_get(0).map_err(|_| StoreError::column(0))?;
    let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    place.ok_or_else(|| StoreError::column(0))
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A polite end would wait for a PostgreSQL that hangs. It rolls back when it sees this one.
        self.driver.abort();
    }
}
