//! Browsers with a default profile and default flags, in a network of their own whose outside
//! counts everything.
//!
//! A test enters by [`inside`]: it then runs anew in a network namespace with loopback, one other
//! device and a default route; the other end of that device is the `outside` program, which answers
//! every name and every page and counts ([`World::arrivals`]) whatever arrives there: questions of
//! names, connections, and UDP of any kind. What stays on loopback is not seen: the relay, a
//! private Tor network, a site.
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
