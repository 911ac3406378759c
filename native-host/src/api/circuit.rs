//! The circuit of a site: from the site to its credentials, and from Tor's answer to a message.

use crate::engine::EngineHandle;
use meter_relay::Site;
use meter_tor::SiteCredentials;
use meter_wire::{Circuit, Hop, HopRole, SiteCircuit};

/// The circuit of a site. It goes to the client and is stored nowhere.
pub(super) async fn of_site(engine: &EngineHandle, site: &Site) -> SiteCircuit {
    let credentials = engine.isolation().credentials(site);
    let (user, password) = (credentials.user, credentials.password);
    let circuit = match engine
        .tor()
        .circuit(SiteCredentials { user, password })
        .await
    {
        meter_tor::Circuit::Untold => Circuit::Untold,
        meter_tor::Circuit::Unused => Circuit::Unused,
        meter_tor::Circuit::Built(built) => {
            let way = |way: Vec<_>| way.into_iter().map(hop).collect();
            Circuit::Built {
                ways: built.ways.into_iter().map(way).collect(),
                onion: built.onion,
            }
        }
    };
    SiteCircuit {
        site: site.as_str().to_owned(),
        circuit,
    }
}

fn hop(hop: meter_tor::Hop) -> Hop {
    Hop {
        role: match hop.role {
            meter_tor::HopRole::Guard => HopRole::Guard,
            meter_tor::HopRole::Bridge => HopRole::Bridge,
            meter_tor::HopRole::Middle => HopRole::Middle,
            meter_tor::HopRole::Exit => HopRole::Exit,
            meter_tor::HopRole::Meeting => HopRole::Meeting,
        },
        relay: hop.relay,
        country: hop.country,
    }
}
