//! Whether an SQLite file is in order as SQLite itself sees it, and whether its tables are ours.
//!
//! An index that lacks a row says that the row is not there, and no sum shows that: a chain that is
//! not found would begin anew, and its reports would be awarded once more.

use super::{StoreError, StoreFault, schema, sqlite::connect};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// How often the check asks whether it may continue.
const PAUSE: Duration = Duration::from_millis(100);
/// Tables, indexes, triggers and views, and the columns of each table.
const PARTS: &str = "SELECT part.type, part.name, part.tbl_name, field.name, field.type \
     FROM sqlite_schema part LEFT JOIN pragma_table_xinfo(part.name) field \
     WHERE part.name NOT LIKE 'sqlite_stat%'";

/// What SQLite finds wrong with a file.
///
/// # Errors
/// When it does not answer.
pub(super) fn damage(path: &Path, go_on: &dyn Fn() -> bool) -> Result<Vec<String>, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let stop = connection.get_interrupt_handle();
    let (done, ended) = channel::<()>();
    let found = thread::scope(|scope| {
        let looking = scope.spawn(move || {
            let found = integrity(&connection);
            drop(done);
            found
        });
        while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            if !go_on() {
                stop.interrupt();
            }
        }
        looking.join()
    });
    match found {
        Ok(Ok(lines)) => Ok(lines),
        Ok(Err(error)) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(Vec::new()),
            Some(ErrorCode::DatabaseCorrupt) => Ok(vec![error.to_string()]),
            _ => Err(StoreError::Unavailable(error.to_string())),
        },
        Err(_) => Err(StoreError::Unavailable("a check of it panicked".to_owned())),
    }
}

/// The lines that SQLite says, 100 at most; none if everything is in order.
fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let lines = lines.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Refuses a file whose tables are not those of this program, before anything is read from them.
///
/// # Errors
/// When something is missing or does not belong there.
pub(super) fn check_tables(path: &Path) -> Result<(), StoreError> {
    let torn = |why: String| StoreFault::Torn {
        path: path.to_owned(),
        why,
    };
    let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = parts(&opened).map_err(|error| torn(error.to_string()))?;
    let ours = ours().map_err(|error| StoreError::Unavailable(error.to_string()))?;
    if let Some(part) = found.difference(&ours).next() {
        return Err(torn(format!("{part} does not belong there")).into());
    }
    match ours.difference(&found).next() {
        Some(part) => Err(torn(format!("{part} is missing")).into()),
        None => Ok(()),
    }
}

fn ours() -> rusqlite::Result<BTreeSet<String>> {
    let empty = Connection::open_in_memory()?;
    empty.execute_batch(&schema::for_sqlite())?;
    parts(&empty)
}

/// A name for every part of the tables.
fn parts(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare(PARTS)?;
    let named = statement.query_map([], |row| {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let field: Option<(String, String)> = match row.get::<_, Option<String>>(3)? {
            Some(field) => Some((field, row.get(4)?)),
            None => None,
        };
        Ok(match field {
            Some((field, form)) => format!("the column {field} {form} of the {kind} {name}"),
            None => format!("the {kind} {name} of {table}"),
        })
    })?;
    named.collect()
}
