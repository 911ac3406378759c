//! Measures `onionmeter-ledger serve` beside the limit of the same run; `./build.sh bench --ledger`
//! starts it.
//!
//! load (this program) → HTTP → the real program → SQLite or PostgreSQL, all on the same
//! processors. The reports are signed before a measurement begins. The limit is what this machine
//! can do at most with the same durability: verify a report, sign 200 bytes, insert 264 bytes, in
//! batches; without HTTP, accounts, chains, receipts and indexes. Limit and server are measured in
//! turn, and a ratio is the median of such pairs: trust ratios, not a third digit. Only the pure
//! parts of this are tested.

mod alone;
mod connection;
mod contention;
mod crowd;
mod enrol;
mod hostile;
mod kills;
mod large;
mod limit;
mod load;
mod options;
mod postgres;
mod process;
mod run;
mod sqlite;
mod table;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [program, rest @ ..] => run::run(program.as_ref(), &options::Options::parse(rest)?),
        [] => anyhow::bail!(
            "usage: bench-ledger PROGRAM [--only PART,…] [--rounds N] [--devices N] [--reports N]\n\
             \x20      [--large N] [--kills N] [--figures FILE]"
        ),
    }
}
