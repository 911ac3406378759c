//! Browsers with a default profile and default flags, in a separate network. Everything that leaves
//! this network is counted.
//!
//! A test calls [`inside`]. It then starts again in a network namespace with loopback, one other
//! device and a default route. The other end of that device is the `outside` program. It answers
//! every name and every page and counts ([`World::arrivals`]) everything that arrives there:
//! questions for names, connections, and UDP of any kind. It does not see what stays on loopback:
//! the relay, a private Tor network, a site.
//!
//! ```ignore
//! #[test]
//! fn a_page_goes_out() -> Result<()> {
//!     inside("by_default::a_page_goes_out", async |world| {
//!         let mut browser = Chromium::start(&world, &chromium(&world)?).await?;
//!         browser.open("http://page.test/").await?;
//!         world.wait_for(LIMIT, |seen| seen.iter().any(|one| one.to == "page.test")).await?;
//!         Ok(())
//!     })
//! }
//! ```

mod chromium;
mod firefox;
pub mod packet;
mod world;

pub use chromium::{Chromium, chromium};
pub use firefox::{Firefox, firefox, prepare};
pub use world::{Arrival, Kind, World, inside};

use std::time::Duration;

/// Only an upper bound, for a busy machine.
const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);
