//! `circuit SITE`, `new-circuit SITE`.

use super::{Outcome, block_on, control::if_running};
use crate::{home::Home, ipc};
use clap::Args;
use meter_wire::{Circuit, Hop, Request, SiteCircuit, SiteQuery, Success};
use std::{
    io::{self, Write, stdout},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Arguments {
    /// The site, by any of its hosts, for example www.example.com
    site: String,
}

impl Arguments {
    fn query(&self) -> SiteQuery {
        SiteQuery {
            site: self.site.clone(),
        }
    }
}

pub(super) fn show(arguments: &Arguments, home: &Home) -> Outcome {
    let request = Request::Circuit(arguments.query());
    let told = block_on(async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(None);
        };
        match daemon.ask(request).await? {
            Success::Circuit(told) => Ok(Some(told)),
            _ => Err(ipc::unexpected()),
        }
    })?;
    let mut out = stdout().lock();
    match told {
        None => writeln!(out, "The daemon is not running, so no site has a circuit.")?,
        Some(told) => write(&mut out, &told)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn renew(arguments: &Arguments, home: &Home) -> Outcome {
    if_running(
        home,
        Request::NewCircuit(arguments.query()),
        "The site gets a new circuit from now on. Its open connections were cut: load its pages \
         again. Cookies and log-ins stay.",
        "The daemon is not running, so no site has a circuit.",
    )
}

fn write(out: &mut impl Write, told: &SiteCircuit) -> io::Result<()> {
    let SiteCircuit { site, circuit } = told;
    match circuit {
        Circuit::Untold => {
            writeln!(out, "The Tor in use does not tell its circuits.")
        }
        Circuit::Unused => {
            writeln!(
                out,
                "{site} has no circuit now; it gets one when it is opened."
            )
        }
        Circuit::Built { ways, onion } => {
            writeln!(out, "Circuit for {site}")?;
            for (number, way) in ways.iter().enumerate() {
                if number > 0 {
                    writeln!(out, "and, to the same last relay,")?;
                }
                way.iter().try_for_each(|hop| write_hop(out, hop))?;
            }
            let end = if *onion { "onion service" } else { "site" };
            writeln!(out, "  {end:<14} {site}")
        }
    }
}

fn write_hop(out: &mut impl Write, hop: &Hop) -> io::Result<()> {
    let word = hop.role.word().to_lowercase();
    let country = hop.country.as_ref();
    let country = country.map_or(String::new(), |country| format!(" ({country})"));
    writeln!(out, "  {word:<14} {}{country}", hop.relay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::HopRole;

    #[track_caller]
    fn check(circuit: Circuit, expected: &str) {
        let site = "example.com".to_owned();
        let mut out = Vec::new();
        write(&mut out, &SiteCircuit { site, circuit }).expect("a Vec takes all");
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    fn hop(role: HopRole, relay: &str, country: Option<&str>) -> Hop {
        Hop {
            role,
            relay: relay.to_owned(),
            country: country.map(str::to_owned),
        }
    }

    #[test]
    fn every_hop_has_a_line_with_what_is_known_of_it() {
        let way = |guard| {
            vec![
                hop(HopRole::Guard, guard, Some("de")),
                hop(HopRole::Middle, "two", None),
                hop(HopRole::Exit, "three", Some("is")),
            ]
        };
        check(
            Circuit::Built {
                ways: vec![way("one"), way("other")],
                onion: false,
            },
            "Circuit for example.com\n  guard          one (de)\n  middle         two\n  exit           three (is)\n\
             and, to the same last relay,\n  guard          other (de)\n  middle         two\n  exit           three (is)\n  site           example.com\n",
        );
    }

    #[test]
    fn what_is_not_known_is_said_in_a_sentence() {
        check(
            Circuit::Untold,
            "The Tor in use does not tell its circuits.\n",
        );
        check(
            Circuit::Unused,
            "example.com has no circuit now; it gets one when it is opened.\n",
        );
    }
}
