//! Checks the test vectors of `docs/spec`, and that changed bytes are refused.

mod bytes;
mod cases;
mod enrolment;
mod policy;
mod receipt;
mod session_report;
