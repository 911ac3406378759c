//! Our values as PostgreSQL's, and back.

use crate::store::{Row, StoreError, Value};
use tokio_postgres::{
    Statement,
    types::{ToSql, Type},
};

const NO_INT: Option<i64> = None;
const NO_BYTES: Option<&[u8]> = None;
const NO_TEXT: Option<&str> = None;

/// The values as parameters of a statement.
pub(super) fn parameters<'a>(
    statement: &Statement,
    values: &'a [Value],
) -> Vec<&'a (dyn ToSql + Sync)> {
    let kinds = statement.params().iter().map(Some);
    // With too many values PostgreSQL refuses the statement, and says so.
    let kinds = kinds.chain(std::iter::repeat(None));
    values
        .iter()
        .zip(kinds)
        .map(|(value, kind)| parameter(value, kind))
        .collect()
}

fn parameter<'a>(value: &'a Value, kind: Option<&Type>) -> &'a (dyn ToSql + Sync) {
    match value {
        Value::Int(number) => number,
        Value::Bytes(bytes) => bytes,
        Value::Text(text) => text,
        // The absence of a value has a type, too.
        Value::Null if kind == Some(&Type::INT8) => &NO_INT,
        Value::Null if kind == Some(&Type::BYTEA) => &NO_BYTES,
        Value::Null => &NO_TEXT,
    }
}

/// A row as our values.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(number, column)| value(row, number, column.type_()));
    Ok(Row::new(values.collect::<Result<_, _>>()?))
}

fn value(row: &tokio_postgres::Row, number: usize, kind: &Type) -> Result<Value, StoreError> {
    let value = match *kind {
        Type::INT8 => row
            .try_get(number)
            .map(|found: Option<_>| found.map(Value::Int)),
        Type::BYTEA => row
            .try_get(number)
            .map(|found: Option<_>| found.map(Value::Bytes)),
        Type::TEXT => row
            .try_get(number)
            .map(|found: Option<_>| found.map(Value::Text)),
        _ => return Err(StoreError::column(number)),
    };
    let value = value.map_err(|_| StoreError::column(number))?;
    Ok(value.unwrap_or(Value::Null))
}
