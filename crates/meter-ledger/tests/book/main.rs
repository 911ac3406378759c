//! The book on a real disk: posting, refusing, surviving, noticing.

// All of this is test code; the attribute says so to clippy, which cannot tell for helpers.
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod places;
mod posting;
#[cfg(test)]
mod support;
