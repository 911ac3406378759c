//! The tables of the book, and the check that a file has exactly these.

use crate::{BookError, BookFault};
use rusqlite::Connection;

/// `OMBK`, in the file's header: identifies the file as a book.
pub(crate) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"OMBK");
/// The newest format that this version knows; so far the only one.
pub(crate) const FORMAT: u32 = 1;

const TABLES: &str = include_str!("schema.sql");

/// Makes the tables in an empty file and sets its marks in the same transaction.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN EXCLUSIVE;\n{TABLES}\n\
         PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {FORMAT};\nCOMMIT;"
    ))
}

/// Compares every table, index and trigger with those of a new book. Without its triggers a book
/// would not be append-only, and with an added trigger our own writes could do more than intended.
///
/// # Errors
/// [`Damage::Schema`] with the name of the first object that is missing, changed or added.
pub(crate) fn check(connection: &Connection) -> Result<(), BookError> {
    let model = Connection::open_in_memory()?;
    model.execute_batch(TABLES)?;
    let (expected, found) = (objects(&model)?, objects(connection)?);
    let unmatched = |own: &[Object], other: &[Object]| {
        let object = own.iter().find(|object| !other.contains(object));
        object.map(|object| object.name.clone())
    };
    match unmatched(&expected, &found).or_else(|| unmatched(&found, &expected)) {
        Some(name) => Err(BookFault::Schema { name }.into()),
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
