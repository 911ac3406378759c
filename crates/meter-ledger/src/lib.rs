//! The double-entry book of session reports, in SQLite.
