//! Gives memory that a burst of connections has left behind back to the system.
//!
//! glibc keeps what was freed: after ten thousand connections some 15 MB, for ever. Nothing else in
//! this program is `unsafe`, and this is not on the way of any payload.

/// Fewer connections than that are not worth a look through the heap.
const CLOSED_MIN: u64 = 256;

/// Remembers bursts. One of these is enough for a process.
#[derive(Default)]
pub(crate) struct Bursts {
    most: u64,
}

impl Bursts {
    /// To be told every few seconds how many connections are open.
    pub(crate) fn look(&mut self, active: u64) {
        self.most = self.most.max(active);
        if self.most - active >= CLOSED_MIN {
            give_back();
            self.most = active;
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "malloc_trim(3) has no safe wrapper, and no other allocator does as well at this size"
)]
fn give_back() {
    // SAFETY: it takes no pointer, asks for nothing, and may be called at any time by any thread.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
