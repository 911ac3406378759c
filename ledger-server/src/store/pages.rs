//! Reads the rows of a statement page by page.

use super::{Db, Row, StoreError, Value};

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
    /// When the database cannot answer.
    pub fn next(&mut self, db: &mut dyn Db, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut parameters = [self.of.as_slice(), &self.after].concat();
        parameters.push(limit.into());
        let rows = db.rows(self.sql, &parameters)?;
        if let Some(last) = rows.last() {
            let name = last.columns().iter().take(self.after.len());
            self.after = name.cloned().collect();
        }
        Ok(rows)
    }
}
