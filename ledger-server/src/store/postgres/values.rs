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

/// Parameter by parameter the values of all sets, as lists; `None` where a value is not of the type
/// that the statement has there.
pub(super) fn lists<'a>(
    statement: &Statement,
    sets: &[&'a [Value]],
) -> Option<Vec<Box<dyn ToSql + Sync + 'a>>> {
    let lists = statement.params().iter().enumerate();
    let list = |(place, kind): (usize, &Type)| {
        let column = sets.iter().map(|set| set.get(place));
        Some(match *kind {
            Type::INT8_ARRAY => boxed(column.map(|value| match value? {
                Value::Null => Some(None),
                Value::Int(number) => Some(Some(*number)),
                _ => None,
            }))?,
            Type::BYTEA_ARRAY => boxed(column.map(|value| match value? {
                Value::Null => Some(None),
                Value::Bytes(bytes) => Some(Some(bytes.as_slice())),
                _ => None,
            }))?,
            Type::TEXT_ARRAY => boxed(column.map(|value| match value? {
                Value::Null => Some(None),
                Value::Text(text) => Some(Some(text.as_str())),
                _ => None,
            }))?,
            _ => return None,
        })
    };
    lists.map(list).collect()
}

fn boxed<'a, T>(values: impl Iterator<Item = Option<T>>) -> Option<Box<dyn ToSql + Sync + 'a>>
where
    Vec<T>: ToSql + Sync + 'a,
{
    Some(Box::new(values.collect::<Option<Vec<T>>>()?))
}

/// A row as our values, without its first `skip` columns.
pub(super) fn row(row: &tokio_postgres::Row, skip: usize) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate().skip(skip);
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
