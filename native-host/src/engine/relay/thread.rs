//! The relay's own thread and runtime. So nothing else in the daemon, above all no wait for a disk,
//! delays a byte; and one thread sets up connections at less cost than two.

use std::{io, thread};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// A thread that runs tasks. Dropping it cuts running tasks and waits for its end.
pub(super) struct RelayThread {
    runtime: Handle,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl RelayThread {
    /// # Errors
    /// When the system has no thread or file descriptor left.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = meter_relay::runtime()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::Builder::new()
            .name("relay".to_owned())
            .spawn(move || runtime.block_on(stopped.cancelled()))?;
        Ok(Self {
            runtime: handle,
            stop,
            thread: Some(thread),
        })
    }

    pub(super) const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for RelayThread {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            crate::ignore_because("a panic there was logged by its hook", thread.join());
        }
    }
}
