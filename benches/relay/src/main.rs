//! Measures `onionmeter relay` beside its peers; `./build.sh bench` starts it.
//!
//! client (this program) → proxy → stand-in for Tor's SOCKS port (this program again). The client
//! discards in the kernel and the stand-in sends from a memory file, so the proxy causes most of
//! the cost. Every figure is the median of interleaved runs: trust ratios and order, not a third
//! digit. Nothing here is part of the tests.

#[cfg(target_os = "linux")]
mod limit;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod naive;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod socks;
#[cfg(target_os = "linux")]
mod stub;
#[cfg(target_os = "linux")]
mod table;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["stub", listen] => stub::run(listen.parse()?),
        ["naive", listen, upstream] => naive::run(listen.parse()?, upstream.parse()?),
        ["limit", listen, upstream] => limit::run(listen.parse()?, upstream.parse()?),
        ["run", program, rest @ ..] => run::run(program.as_ref(), &run::Options::parse(rest)?),
        _ => {
            anyhow::bail!("usage: bench run PROGRAM [--rounds N] [--only PART,…] [--figures FILE]")
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("the peers and the ways of measuring are Linux's")
}
