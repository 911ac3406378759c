//! Measures what a page and its bytes cost through a real Tor; `./build.sh bench --tor` starts it.
//!
//! Every part uses a private network of real `tor`s and an origin (this program). For the rows
//! called far, a wire of a known length (this program) is between client and network.
//!
//! - `waits`: client (this program) → `onionmeter relay` → `tor`. The relay runs with an ordinary
//!   port and with an optimistic one.
//! - `refusals`: browsers are shown what Tor refuses.
//! - `backends`: client → the managed Tor, and → the embedded one, both started as the daemon does.
//! - `build`, by itself: building the program from nothing, with the embedded Tor and without.
//!
//! Figures are medians of interleaved samples: trust ratios and order, not a third digit. Only the
//! pure parts of this are tested.

mod backends;
mod from_nothing;
mod front;
mod loopback;
mod options;
mod origin;
mod plain_tor;
mod process;
mod refusals;
mod run;
mod table;
mod usage;
mod visit;
mod waits;
mod wire;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["build", rest @ ..] => from_nothing::run(&options::Options::parse(rest)?),
        [program, rest @ ..] => run::run(program.as_ref(), &options::Options::parse(rest)?),
        [] => anyhow::bail!(
            "usage: bench-tor PROGRAM [--rounds N] [--only PART,…] [--figures FILE]\n\
             \x20      bench-tor build [--figures FILE]"
        ),
    }
}
