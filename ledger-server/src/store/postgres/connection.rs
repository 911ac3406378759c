//! One connection, and a limit for every wait.

use super::{
    failure,
    url::PostgresUrl,
    values::{self, parameters},
    wait::{behind, in_order, send, wait},
};
use crate::store::{Row, StoreError, StoreFault, Value};
use std::{collections::HashMap, future::Future, time::Duration};
use tokio::{runtime::Handle, task::AbortHandle};
use tokio_postgres::{Client, Error, NoTls, Statement};

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

    /// The rows of a query for each set of parameters. All sets are sent at once.
    pub(super) fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[&[Value]],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let statement = self.statement(sql)?;
        let sets: Vec<_> = sets.iter().map(|set| parameters(&statement, set)).collect();
        let queries = in_order(sets.iter().map(|set| self.client.query(&statement, set)));
        let found = match self.before_next.take() {
            None => Self::ask(queries)?,
            Some(before) => Self::ask(behind(self.client.batch_execute(before), queries))?,
        };
        let rows = |rows: Vec<_>| rows.iter().map(values::row).collect();
        found.into_iter().map(rows).collect()
    }

    /// Runs a statement for each set of parameters, and returns how many rows each changed. All
    /// sets are sent at once.
    pub(super) fn run_all(
        &mut self,
        sql: &'static str,
        sets: &[&[Value]],
    ) -> Result<Vec<u64>, StoreError> {
        self.send_before_now()?;
        let statement = self.statement(sql)?;
        let sets: Vec<_> = sets.iter().map(|set| parameters(&statement, set)).collect();
        let runs = sets.iter().map(|set| self.client.execute(&statement, set));
        Ok(Self::ask(in_order(runs))?)
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

impl Drop for Connection {
    fn drop(&mut self) {
        // A polite end would wait for a PostgreSQL that hangs. It rolls back when it sees this one.
        self.driver.abort();
    }
}
