//! The tables in an order in which each comes after those that it refers to.

use crate::store::{Value, statements};

/// One table, and the statements that read and write its rows.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// Before the first row: one value for each column that names a row.
    pub(super) first: &'static [First],
    /// Reads a page.
    pub(super) read: &'static str,
    /// Writes a row.
    pub(super) write: &'static str,
}

/// A value that is before every other one.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// Of a number. None of ours is negative.
    Number,
    /// Of bytes. None of ours is empty.
    Bytes,
}

impl First {
    pub(super) const fn value(self) -> Value {
        match self {
            Self::Number => Value::Int(-1),
            Self::Bytes => Value::Bytes(Vec::new()),
        }
    }
}

const NUMBER: [First; 1] = [First::Number];
const NUMBERS: [First; 2] = [First::Number, First::Number];
const NAME: [First; 1] = [First::Bytes];
const NAME_AND_NUMBER: [First; 2] = [First::Bytes, First::Number];

/// Every table but `ledger`, which opening a database fills.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "keys",
        first: &NUMBER,
        read: statements::COPY_KEY,
        write: statements::PASTE_KEY,
    },
    Table {
        name: "policies",
        first: &NUMBER,
        read: statements::COPY_POLICY_ROW,
        write: statements::PASTE_POLICY_ROW,
    },
    Table {
        name: "accounts",
        first: &NAME,
        read: statements::COPY_ACCOUNT_ROW,
        write: statements::PASTE_ACCOUNT_ROW,
    },
    Table {
        name: "devices",
        first: &NAME,
        read: statements::COPY_DEVICE_ROW,
        write: statements::PASTE_DEVICE_ROW,
    },
    Table {
        name: "chains",
        first: &NUMBER,
        read: statements::COPY_CHAIN_ROW,
        write: statements::PASTE_CHAIN_ROW,
    },
    Table {
        name: "reports",
        first: &NUMBERS,
        read: statements::COPY_REPORT_ROW,
        write: statements::PASTE_REPORT_ROW,
    },
    Table {
        name: "movements",
        first: &NUMBER,
        read: statements::COPY_MOVEMENT_ROW,
        write: statements::PASTE_MOVEMENT_ROW,
    },
    Table {
        name: "forks",
        first: &NUMBERS,
        read: statements::COPY_FORK_ROW,
        write: statements::PASTE_FORK_ROW,
    },
    Table {
        name: "invites",
        first: &NAME,
        read: statements::COPY_INVITE_ROW,
        write: statements::PASTE_INVITE_ROW,
    },
    Table {
        name: "used_challenges",
        first: &NAME,
        read: statements::COPY_CHALLENGE_ROW,
        write: statements::PASTE_CHALLENGE_ROW,
    },
    Table {
        name: "logins",
        first: &NAME,
        read: statements::COPY_LOGIN_ROW,
        write: statements::PASTE_LOGIN_ROW,
    },
    Table {
        name: "web_sessions",
        first: &NAME,
        read: statements::COPY_WEB_SESSION_ROW,
        write: statements::PASTE_WEB_SESSION_ROW,
    },
    Table {
        name: "deleted_devices",
        first: &NAME,
        read: statements::COPY_DELETED_ROW,
        write: statements::PASTE_DELETED_ROW,
    },
    Table {
        name: "marks",
        first: &NAME_AND_NUMBER,
        read: statements::COPY_MARK_ROW,
        write: statements::PASTE_MARK_ROW,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_schema_is_copied() {
        let schema = include_str!("../store/schema.sql");
        let made = schema.lines().filter_map(|line| {
            let name = line.strip_prefix("CREATE TABLE ")?.strip_suffix(" (")?;
            (name != "ledger").then_some(name)
        });
        let made: std::collections::BTreeSet<_> = made.collect();
        let copied = TABLES.iter().map(|table| table.name).collect();
        assert_eq!(made, copied);
    }

    #[test]
    fn every_column_of_a_table_is_copied() {
        let schema = include_str!("../store/schema.sql");
        for table in TABLES {
            let begin = format!("CREATE TABLE {} (\n", table.name);
            let (_, rest) = schema.split_once(&begin).expect("made");
            let (body, _) = rest.split_once("\n);").expect("ended");
            let columns = body.lines().filter_map(|line| {
                let (name, kind) = line.trim().split_once(' ')?;
                let is_column = ["BIGINT", "BYTEA", "TEXT"]
                    .iter()
                    .any(|k| kind.starts_with(k));
                is_column.then_some(name)
            });
            for column in columns {
                for statement in [table.read, table.write] {
                    let named = statement
                        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                    let found = named.filter(|word| *word == column).count();
                    assert!(found > 0, "{}.{column}: {statement}", table.name);
                }
            }
        }
    }
}
