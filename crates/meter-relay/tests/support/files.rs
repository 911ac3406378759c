//! The file table of this process.

use rustix::process::{Resource, getrlimit, setrlimit};

/// This process holds four sockets per connection, so it needs a higher limit.
pub(crate) fn raise_the_limit_on_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
