//! `circuit SITE`, `new-circuit SITE`.

use super::{
    ask,
    ask::Patience,
    control::if_running,
    outcome::Outcome,
    output::{Answer, Format},
    site, wait,
};
use crate::{home::Home, ipc};
use clap::Args;
use meter_wire::{Circuit, Hop, Request, SiteCircuit, SiteQuery, Success};

const HELP: &str = "\
Examples:
  onionmeter circuit www.example.com
  onionmeter circuit https://www.example.com/page
  onionmeter new-circuit bücher.example

A site is a domain with all its hosts. Addresses of this computer and its network are not reached
through Tor.

Exit status: 0 done, 3 the daemon does not run, 64 that is no site, 75 a site got a new circuit a
moment ago (only new-circuit), 124 not within --timeout.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The site: a name, an address such as https://www.example.com/page, or host:port
    #[arg(value_parser = site::host)]
    site: String,
    #[command(flatten)]
    patience: Patience,
}

impl Arguments {
    fn query(&self) -> SiteQuery {
        SiteQuery {
            site: self.site.clone(),
        }
    }
}

const NO_CIRCUIT: &str = ", so no site has a circuit; `onionmeter up` starts it";

pub(super) fn show(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let request = Request::Circuit(arguments.query());
    let asking = async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(None);
        };
        let asking = daemon.ask(request);
        match wait::or_say(format, "waiting for Tor to name its circuits", asking).await? {
            Success::Circuit(found) => Ok(Some(found)),
            _ => Err(ipc::unexpected()),
        }
    };
    let found = arguments.patience.wait(asking)?;
    let found = found.ok_or_else(|| ask::not_running(NO_CIRCUIT))?;
    let state = match &found.circuit {
        Circuit::Untold => "untold",
        Circuit::Unused => "unused",
        Circuit::Built { .. } => "built",
    };
    Answer::new(state, words(&found))
        .with_all(&found)
        .print(format)
}

pub(super) fn renew(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let request = Request::NewCircuit(arguments.query());
    if !if_running(home, &request, arguments.patience)? {
        return Err(ask::not_running(NO_CIRCUIT));
    }
    Answer::new(
        "done",
        "The site gets a new circuit from now on. Connections to it are cut: load its pages \
         again. Cookies and log-ins stay.",
    )
    .with("site", &arguments.site)
    .print(format)
}

fn words(found: &SiteCircuit) -> String {
    let SiteCircuit { site, circuit } = found;
    match circuit {
        Circuit::Untold => UNTOLD.to_owned(),
        Circuit::Unused => format!("{site} has no circuit now; it gets one when it is opened.\n"),
        Circuit::Built { ways, onion } => {
            let mut text = format!("Circuit for {site}\n");
            for (number, way) in ways.iter().enumerate() {
                if number > 0 {
                    text += "and, to the same last relay,\n";
                }
                text.extend(way.iter().map(hop_words));
            }
            let end = if *onion { "onion service" } else { "site" };
            text + &format!("  {end:<14} {site}\n")
        }
    }
}

const UNTOLD: &str = "No circuit is known: Tor is not connected, does not answer, or does not tell \
    its circuits (`onionmeter status`).\n";

fn hop_words(hop: &Hop) -> String {
    let word = hop.role.word().to_lowercase();
    let country = hop.country.as_ref();
    let country = country.map_or(String::new(), |country| format!(" ({country})"));
    format!("  {word:<14} {}{country}\n", hop.relay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::HopRole;

    #[track_caller]
    fn check(circuit: Circuit, expected: &str) {
        let site = "example.com".to_owned();
        assert_eq!(words(&SiteCircuit { site, circuit }), expected);
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
            "Circuit for example.com\n  guard          one (de)\n  middle         two\n  \
                exit           three (is)\n\
             and, to the same last relay,\n  guard          other (de)\n  middle         two\n  \
             exit           three (is)\n  site           example.com\n",
        );
    }

    #[test]
    fn what_is_not_known_is_said_in_a_sentence() {
        check(Circuit::Untold, UNTOLD);
        check(
            Circuit::Unused,
            "example.com has no circuit now; it gets one when it is opened.\n",
        );
    }
}
