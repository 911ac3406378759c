//! A host that earns without browsing: its reports are signed here with its own key, and given to
//! its daemon as a client gives back what it has stored.

use crate::{host::Host, reports::Reports};
use anyhow::{Context as _, Result};
use meter_core::{SessionReport, Verified};
use meter_testkit::device::Device;
use meter_wire::{HexBytes, REPORTS_FORMAT, ReportsFile, Status, WireReport};
use std::{fs, path::Path};

/// The device of one home.
pub struct Earner {
    device: Device,
    chain: HexBytes<16>,
    /// The size of its next reports.
    pub bytes: u64,
}

impl Earner {
    /// The device of a running host, with the chain in use.
    ///
    /// # Errors
    /// There is no daemon, or its key or book cannot be read.
    pub fn of(host: &Host) -> Result<Self> {
        let key = fs::read(host.folder().join("om/key/device.key"))?;
        let seed: [u8; 32] = key.as_slice().try_into()?;
        let status: Status = serde_json::from_str(&host.run(&["status", "--json"])?)?;
        let chain = status.chain.context("there is no chain")?;
        let mut device = Device::with(&seed, meter_core::ChainId(chain.0));
        if status.reports.0 > 0 {
            let file: ReportsFile = serde_json::from_str(&host.run(&["reports", "--json"])?)?;
            device.go_on_from(Reports::verify(&file)?.head);
        }
        Ok(Self {
            device,
            chain,
            bytes: 100_000,
        })
    }

    /// Signs `count` more reports, of 30 s each, and gives them to the daemon.
    ///
    /// # Errors
    /// The daemon does not take them.
    pub fn earns(&mut self, host: &Host, count: u32) -> Result<Vec<Verified<SessionReport>>> {
        let signed: Vec<_> = (0..count)
            .map(|_| self.device.report(30_000, self.bytes))
            .collect();
        let reports = signed
            .iter()
            .map(|report| WireReport::try_from(report.signed()))
            .collect::<Result<_, _>>()?;
        let file = ReportsFile {
            state: None,
            format: REPORTS_FORMAT.to_owned(),
            key: HexBytes(self.device.key().0),
            chain: self.chain,
            reports,
        };
        let path = host.folder().join("reports.json");
        fs::write(&path, serde_json::to_string(&file)?)?;
        host.run(&["restore", text(&path)?])?;
        Ok(signed)
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("UTF-8")
}
