//! The tables of a file, and the check that a file has exactly these.

use crate::{FileError, FileFault, FileKind, file_error::At as _};
use rusqlite::Connection;

/// Makes the tables in an empty file and sets its marks in the same transaction.
pub(crate) fn create(kind: FileKind, connection: &Connection) -> rusqlite::Result<()> {
    let (tables, application_id, format) = (kind.tables(), kind.application_id(), kind.format());
    connection.execute_batch(&format!(
        "BEGIN EXCLUSIVE;\n{tables}\n\
         PRAGMA application_id = {application_id};\nPRAGMA user_version = {format};\nCOMMIT;"
    ))
}

/// Compares every table, index and trigger with those of a new file. Without its triggers a file
/// would not be append-only, and with an added trigger our own writes could do more than intended.
///
/// # Errors
/// [`FileFault::Schema`] with the name of the first object that is missing, changed or added.
pub(crate) fn check(kind: FileKind, connection: &Connection) -> Result<(), FileError> {
    let model = Connection::open_in_memory().at(kind)?;
    model.execute_batch(kind.tables()).at(kind)?;
    let (expected, found) = (objects(&model).at(kind)?, objects(connection).at(kind)?);
    let unmatched = |own: &[Object], other: &[Object]| {
        let object = own.iter().find(|object| !other.contains(object));
        object.map(|object| object.name.clone())
    };
    match unmatched(&expected, &found).or_else(|| unmatched(&found, &expected)) {
        Some(name) => Err(FileError::Damaged(FileFault::Schema { name })),
        None => Ok(()),
    }
}

#[derive(Eq, PartialEq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    /// `None` for the indexes that SQLite makes automatically.
    sql: Option<String>,
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut select = connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name LIMIT 1000")?;
    let objects = select.query_map([], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    objects.collect()
}
