//! Reads the rows of a statement page by page.

use super::{Db, Row, StoreError, Value};
use std::cmp::Ordering;

/// Where the next page begins.
#[derive(Clone, Debug)]
pub struct Pages {
    sql: &'static str,
    of: Vec<Value>,
    after: Vec<Value>,
}

impl Pages {
    /// The pages of a statement whose parameters are the name of the last row, which is `after` at
    /// first, and how many rows a page has. The first columns of each row name it.
    #[must_use]
    pub const fn new(sql: &'static str, after: Vec<Value>) -> Self {
        let of = Vec::new();
        Self { sql, of, after }
    }

    /// The same with parameters before those.
    #[must_use]
    pub fn of(self, of: Vec<Value>) -> Self {
        Self { of, ..self }
    }

    /// At most `limit` further rows; none after the last.
    ///
    /// # Errors
    /// When the database cannot answer, or [`StoreError::Damaged`] when its rows do not come in the
    /// order of their names: then the pages might never end.
    pub fn next(&mut self, db: &mut dyn Db, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut parameters = [self.of.as_slice(), &self.after].concat();
        parameters.push(limit.into());
        let rows = db.rows(self.sql, &parameters)?;
        if let Some(last) = rows.last() {
            let name = last.columns().iter().take(self.after.len());
            let name: Vec<_> = name.cloned().collect();
            if !follows(&self.after, &name) {
                return Err(out_of_order());
            }
            self.after = name;
        }
        Ok(rows)
    }
}

/// Whether a name comes behind another one, column by column.
fn follows(before: &[Value], name: &[Value]) -> bool {
    for pair in before.iter().zip(name) {
        let order = match pair {
            (Value::Int(before), Value::Int(own)) => own.cmp(before),
            (Value::Bytes(before), Value::Bytes(own)) => own.cmp(before),
            _ => return false,
        };
        if order != Ordering::Equal {
            return order == Ordering::Greater;
        }
    }
    false
}

/// What damage to an index or to the columns that it holds looks like to who reads row after row.
pub(crate) fn out_of_order() -> StoreError {
    StoreError::Damaged("rows are not in the order of their index".to_owned())
}
