//! Prints the test vectors of one page of `docs/spec`, for the JSON file beside the page:
//! `cargo run -p meter-core --example vectors PAGE`.
//! PAGE is `session-report`, `receipt`, `policy` or `enrolment`.

mod cases;
mod enrolment;
mod policy;
mod receipt;
mod session_report;

#[expect(clippy::print_stdout, reason = "this program exists to print")]
fn main() {
    let page = std::env::args().nth(1).unwrap_or_default();
    let vectors = match page.as_str() {
        "session-report" => session_report::vectors(),
        "receipt" => receipt::vectors(),
        "policy" => policy::vectors(),
        "enrolment" => enrolment::vectors(),
        _ => panic!("name one page: session-report, receipt, policy or enrolment"),
    };
    println!(
        "{}",
        serde_json::to_string_pretty(&vectors).expect("plain JSON")
    );
}
