//! Gives memory that a burst of connections has left behind back to the system.
//!
//! glibc keeps what was freed: after ten thousand connections some 15 MB, for ever. Nothing else in
//! this program is `unsafe`, and this is not on the way of any payload.

use meter_relay::Counters;
use std::time::Duration;

/// How often to look: well below one wake-up a second.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Fewer connections than that are not worth a look through the heap.
const CLOSED_MIN: u64 = 256;

/// Looks after the heap for ever. One of these is enough for a process.
pub(crate) async fn give_back_after_bursts(counters: &Counters) {
    let mut most = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let active = counters.snapshot().active;
        most = active.max(most);
        if most - active >= CLOSED_MIN {
            give_back();
            most = active;
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
