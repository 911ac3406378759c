//! The book on a real disk: posting, refusing, surviving, noticing.

mod crash;
mod damage;
mod files;
mod posting;
mod support;
