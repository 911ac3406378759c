//! What changes in a cluster while it runs.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::{POLL, Postgres, START_LIMIT};

impl Postgres {
    /// Makes a standby take writes from now on.
    ///
    /// # Errors
    /// It is no standby, or it does not run.
    pub fn promote(&self) -> Result<()> {
        let done = self.sql("postgres", "SELECT pg_promote(true, 60)")?;
        ensure!(done == "t", "the standby was not promoted: {done}");
        Ok(())
    }

    /// Makes a standby follow nothing from now on, as if it had lost its connection.
    ///
    /// # Errors
    /// It does not run.
    pub fn stop_following(&self) -> Result<()> {
        self.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''")?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        self.wait_for("SELECT count(*) = 0 FROM pg_stat_wal_receiver")
    }

    /// Changes a setting of the running server, for every session that begins from now on. Only
    /// those that need no start.
    ///
    /// # Errors
    /// It does not run, or knows no such setting.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = {value}"))?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        // The server reads the new value a moment later.
        self.wait_for(&format!("SELECT current_setting('{name}') = '{value}'"))
    }

    /// Waits until a query says `t`.
    ///
    /// # Errors
    /// It does not run, or the query stays false for a minute.
    pub fn wait_for(&self, query: &str) -> Result<()> {
        let began = Instant::now();
        while self.sql("postgres", query)? != "t" {
            ensure!(began.elapsed() < START_LIMIT, "it stays false: {query}");
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}
