//! The way of Tor's own connections, as Arti's configuration: set last, over whatever else says
//! where they go, and refused where it cannot be kept. Pure.
//!
//! Arti's own reasons are not passed on: they quote what they do not understand, and here that is
//! secret.

use arti_client::config::{
    BoolOrAuto, BridgeConfigBuilder, CfgPath, TorClientConfigBuilder, pt::TransportConfigBuilder,
};
use meter_embedded::{EmbeddedFault, EmbeddedTransport, EmbeddedWay};

/// Whether the rest of the configuration may name a proxy of its own. Beside a way that is not the
/// straight one, it would be another way.
pub(crate) fn may_have_proxy(way: &EmbeddedWay) -> bool {
    match way {
        EmbeddedWay::Straight => true,
        EmbeddedWay::Proxy { .. } | EmbeddedWay::Bridges { .. } => false,
    }
}

/// Keeps `builder` on `way`.
///
/// # Errors
/// [`EmbeddedFault::BadConfig`]: it cannot be kept there.
pub(crate) fn keep(
    builder: &mut TorClientConfigBuilder,
    way: &EmbeddedWay,
) -> Result<(), EmbeddedFault> {
    match way {
        EmbeddedWay::Straight => {}
        EmbeddedWay::Proxy {
            address,
            user,
            password,
        } => {
            if !address.ip().is_loopback() {
                return Err(bad("the proxy is not on this computer"));
            }
            let url = format!("socks5://{user}:{password}@{address}");
            let proxy = url.parse().map_err(|_| bad("the proxy cannot be used"))?;
            builder.channel().outbound_proxy(Some(proxy));
        }
        EmbeddedWay::Bridges { lines, transports } => {
            builder.channel().outbound_proxy(None);
            let bridges = builder.bridges();
            // By name: a list that is empty would mean the straight way if Arti were to decide.
            bridges.enabled(BoolOrAuto::Explicit(true));
            for line in lines {
                bridges.bridges().push(bridge(line)?);
            }
            for program in transports {
                bridges.transports().push(transport(program)?);
            }
        }
    }
    Ok(())
}

fn bridge(line: &str) -> Result<BridgeConfigBuilder, EmbeddedFault> {
    let unusable = || bad("one of the bridges cannot be used");
    let bridge: BridgeConfigBuilder = line.parse().map_err(|_| unusable())?;
    // Built again with the whole; an error there would be passed on as it is.
    bridge.build().map_err(|_| unusable())?;
    Ok(bridge)
}

fn transport(program: &EmbeddedTransport) -> Result<TransportConfigBuilder, EmbeddedFault> {
    let name = program.name.parse();
    let name = name.map_err(|_| bad("a transport's name cannot be used"))?;
    let mut builder = TransportConfigBuilder::default();
    builder
        .protocols(vec![name])
        .path(CfgPath::new_literal(&program.program));
    Ok(builder)
}

fn bad(reason: &str) -> EmbeddedFault {
    EmbeddedFault::BadConfig(reason.to_owned())
}
