//! The standard streams of this process.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{self, stdout},
};

/// Whether stdout still has a reader. A write would tell, but a command that waits writes nothing.
pub(crate) fn has_reader() -> bool {
    let out = stdout();
    let mut look = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec::default();
    let gone = PollFlags::ERR | PollFlags::HUP;
    !(poll(&mut look, Some(&at_once)).is_ok() && look[0].revents().intersects(gone))
}

/// If stderr is a pipe, replaces it by `/dev/null`, so that its reader sees the end.
///
/// # Errors
/// The error of the system; stderr is then unchanged.
pub(crate) fn close_pipe_of_stderr() -> io::Result<()> {
    let kind = rustix::fs::fstat(rustix::stdio::stderr())?.st_mode;
    if rustix::fs::FileType::from_raw_mode(kind) == rustix::fs::FileType::Fifo {
        let nowhere = File::options().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stderr(&nowhere)?;
    }
    Ok(())
}
