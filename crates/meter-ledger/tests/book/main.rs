//! Tests the book on a real disk: posting, refusing, surviving, noticing.

// All of this is test code. The attribute on each module tells clippy, which does not recognise
// helpers as test code.
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
