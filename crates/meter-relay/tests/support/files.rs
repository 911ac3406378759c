//! The table of files of this process.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Four sockets per connection live in this one process.
pub(crate) fn raise_the_limit_on_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
