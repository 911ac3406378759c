//! One statement for many sets of parameters: each parameter becomes a list.
//!
//! PostgreSQL spends most of the time of a small statement on receiving, binding and answering it.
//! So the texts of `statements.rs`, which both databases share, are turned into texts that do the
//! same for a whole list.

use tokio_postgres::types::Type;

/// A text that does for lists what another one does for single values.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Many {
    pub(super) sql: String,
    pub(super) kind: Kind,
}

/// What its answer holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Rows; their first column says which set they belong to, from 1.
    Query,
    /// One row was added for each set.
    Insert,
    /// A row for each row that was changed, with the set that changed it.
    Update,
}

/// The text for lists of parameters of these types; `None` where a text has another form than those
/// that are known to mean the same for a list.
pub(super) fn of(sql: &str, types: &[Type]) -> Option<Many> {
    let mut lists = Vec::new();
    let mut names = Vec::new();
    for (kind, number) in types.iter().zip(1..) {
        let kind = match *kind {
            Type::INT8 => "bigint",
            Type::BYTEA => "bytea",
            Type::TEXT => "text",
            _ => return None,
        };
        lists.push(format!("${number}::{kind}[]"));
        names.push(format!("p{number}"));
    }
    if lists.is_empty() {
        return None;
    }
    let (lists, names) = (lists.join(", "), names.join(", "));
    let sets = format!("unnest({lists}) WITH ORDINALITY AS k ({names}, n)");
    let (sql, kind) = if sql.starts_with("SELECT ") {
        // OFFSET 0: PostgreSQL plans the inner query as it plans it alone, by its indexes.
        let inner = named(sql);
        let sql = format!("SELECT k.n, q.* FROM {sets} CROSS JOIN LATERAL ({inner} OFFSET 0) AS q");
        (sql, Kind::Query)
    } else if sql.contains(" RETURNING ") || sql.contains(" ON CONFLICT ") {
        return None;
    } else if sql.starts_with("INSERT ") {
        let (table, values) = sql.split_once(" VALUES (")?;
        let values = named(values.strip_suffix(')')?);
        (format!("{table} SELECT {values} FROM {sets}"), Kind::Insert)
    } else if sql.starts_with("UPDATE ") {
        let (change, rows) = sql.split_once(" WHERE ")?;
        let (change, rows) = (named(change), named(rows));
        let sql = format!("{change} FROM {sets} WHERE {rows} RETURNING k.n");
        (sql, Kind::Update)
    } else {
        return None;
    };
    Some(Many { sql, kind })
}

/// The text with its parameters as columns of the lists.
fn named(sql: &str) -> String {
    sql.replace('$', "k.p")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, types: &[Type], expected: Option<(&str, Kind)>) {
        let expected = expected.map(|(sql, kind)| Many {
            sql: sql.to_owned(),
            kind,
        });
        assert_eq!(of(sql, types), expected);
    }

    #[test]
    fn each_parameter_becomes_a_column_of_a_list() {
        check(
            "SELECT a FROM t WHERE b = $1 AND c = $2",
            &[Type::BYTEA, Type::INT8],
            Some((
                "SELECT k.n, q.* FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY \
                 AS k (p1, p2, n) CROSS JOIN LATERAL \
                 (SELECT a FROM t WHERE b = k.p1 AND c = k.p2 OFFSET 0) AS q",
                Kind::Query,
            )),
        );
        check(
            "INSERT INTO t (a, b) VALUES ($1, $2)",
            &[Type::INT8, Type::TEXT],
            Some((
                "INSERT INTO t (a, b) SELECT k.p1, k.p2 FROM unnest($1::bigint[], $2::text[]) \
                 WITH ORDINALITY AS k (p1, p2, n)",
                Kind::Insert,
            )),
        );
        check(
            "UPDATE t SET a = $1 WHERE b = $2",
            &[Type::INT8, Type::INT8],
            Some((
                "UPDATE t SET a = k.p1 FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY \
                 AS k (p1, p2, n) WHERE b = k.p2 RETURNING k.n",
                Kind::Update,
            )),
        );
    }

    #[test]
    fn a_text_that_would_mean_something_else_for_a_list_stays_as_it_is() {
        for (sql, types) in [
            ("SELECT 1", &[][..]),
            ("SELECT a FROM t WHERE b = $1", &[Type::FLOAT8]),
            ("DELETE FROM t WHERE a = $1", &[Type::INT8]),
            ("INSERT INTO t (a) VALUES ($1) RETURNING b", &[Type::INT8]),
            (
                "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING",
                &[Type::INT8],
            ),
        ] {
            check(sql, types, None);
        }
    }
}
