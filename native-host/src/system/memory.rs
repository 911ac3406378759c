//! Returns memory to the system after a burst of connections.
//!
//! glibc keeps freed memory: after ten thousand connections about 15 MB, permanently. Nothing else
//! in this program is `unsafe`, and no payload passes here.

/// Fewer connections are not worth a search through the heap.
const CLOSED_MIN: u64 = 256;

/// Remembers bursts. One per process is enough.
#[derive(Default)]
pub(crate) struct Bursts {
    most: u64,
}

impl Bursts {
    /// Must be called every few seconds with the number of open connections.
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

/// Other allocators return memory themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
