//! The book on a real disk: posting, refusing, surviving, noticing.

// All of this is test code. The attribute on each module says so to clippy, which cannot tell for
// helpers.
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod places;
#[cfg(test)]
mod posting;
#[cfg(test)]
mod support;
