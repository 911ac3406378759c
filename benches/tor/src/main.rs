//! Measures how long a page takes through a real Tor; `./build.sh bench --tor` starts it.
//!
//! client (this program) → `onionmeter relay` → `tor` → a wire of a known length (this program) →
//! private network of real `tor`s → origin (this program). The relay runs with an ordinary port and
//! with an optimistic one. Every figure is the median of interleaved visits: trust ratios and order,
//! not a third digit. Then browsers are
//! shown what Tor refuses. Nothing here is part of the tests.

mod backend;
mod front;
mod loopback;
mod origin;
mod process;
mod refusals;
mod run;
mod table;
mod visit;
mod wire;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [program, rest @ ..] => run::run(program.as_ref(), &run::Options::parse(rest)?),
        [] => {
            anyhow::bail!("usage: bench-tor PROGRAM [--rounds N] [--only PART,…] [--figures FILE]")
        }
    }
}
