//! Tests the file of receipts on a real disk: enrolling, adding, refusing, surviving, noticing.

// All of this is test code. The attribute on each module tells clippy, which does not recognise
// helpers as test code.
#[cfg(test)]
mod adding;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod enrolling;
#[cfg(test)]
mod files;
#[cfg(test)]
mod support;
