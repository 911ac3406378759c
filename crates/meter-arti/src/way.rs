//! The way of Tor's own connections in Arti's configuration. It is set last, over every other
//! option about the way, and refused if it cannot be kept. Pure.
//!
//! Arti's own error texts are not passed on: they quote the text that is wrong, which is secret
//! here.

use arti_client::config::{
    BoolOrAuto, BridgeConfigBuilder, CfgPath, TorClientConfigBuilder, pt::TransportConfigBuilder,
};
use meter_embedded::{EmbeddedError, EmbeddedTransport, EmbeddedWay};

/// Whether the rest of the configuration may set a proxy. A proxy beside a way that is not the
/// straight one would be a second way.
pub(crate) fn may_have_proxy(way: &EmbeddedWay) -> bool {
    match way {
        EmbeddedWay::Straight => true,
        EmbeddedWay::Proxy { .. } | EmbeddedWay::Bridges { .. } => false,
    }
}

/// Keeps `builder` on `way`.
///
/// # Errors
/// [`EmbeddedError::BadConfig`] when the way cannot be kept.
pub(crate) fn keep(
    builder: &mut TorClientConfigBuilder,
    way: &EmbeddedWay,
) -> Result<(), EmbeddedError> {
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
            // Set explicitly: with the automatic setting, Arti would take an empty list as the
            // straight way.
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

fn bridge(line: &str) -> Result<BridgeConfigBuilder, EmbeddedError> {
    let unusable = || bad("one of the bridges cannot be used");
    let bridge: BridgeConfigBuilder = line.parse().map_err(|_| unusable())?;
    // Checked here: later the bridge is built again with everything else, and an error there would
    // be passed on with its text.
    bridge.build().map_err(|_| unusable())?;
    Ok(bridge)
}

fn transport(program: &EmbeddedTransport) -> Result<TransportConfigBuilder, EmbeddedError> {
    let name = program.name.parse();
    let name = name.map_err(|_| bad("a transport's name cannot be used"))?;
    let mut builder = TransportConfigBuilder::default();
    builder
        .protocols(vec![name])
        .path(CfgPath::new_literal(&program.program));
    Ok(builder)
}

fn bad(reason: &str) -> EmbeddedError {
    EmbeddedError::BadConfig(reason.to_owned())
}
