//! The account's devices, and what each was credited with.

use super::{amount::Credits, day::Moment, frame::Frame, paths};
use crate::number::{count, counted};
use askama::Template;
use meter_core::{Amount, DeviceKey, UnixMs};

/// Whether the reports of a device go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChainHealth {
    /// No report has arrived yet.
    Unused,
    /// Every report followed the one before.
    Good,
    /// Two different reports were signed for this place of the chain, so it takes no more.
    Frozen {
        /// The place.
        sequence: u64,
        /// When the second one arrived.
        seen: UnixMs,
    },
}

/// A device that may submit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// The random name that this ledger gave it.
    pub name: String,
    /// Its public key.
    pub key: DeviceKey,
    /// When it was enrolled.
    pub enrolled: UnixMs,
    /// When its newest report arrived.
    pub last_report: Option<UnixMs>,
    /// The number of its sessions.
    pub sessions: u64,
    /// What they were credited with.
    pub credited: Amount,
    /// The state of its newest chain.
    pub health: ChainHealth,
}

/// A device that was removed. What it was credited with stays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemovedDevice {
    /// Its name.
    pub name: String,
    /// When it was removed.
    pub removed: UnixMs,
    /// The number of its sessions.
    pub sessions: u64,
    /// What they were credited with.
    pub credited: Amount,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "devices.html")]
pub struct DevicesPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The account's balance: the sum of all devices, the removed ones included.
    pub credited: Credits,
    /// Those that may submit.
    pub devices: Vec<Device>,
    /// Those that may not any more.
    pub removed: Vec<RemovedDevice>,
    /// How many devices the policy allows.
    pub devices_max: u32,
}

impl Device {
    fn moment(&self, at: &UnixMs) -> Moment {
        Moment(*at)
    }

    fn amount(&self) -> Credits {
        self.credited.into()
    }

    fn number(&self) -> String {
        count(self.sessions)
    }

    fn key_text(&self) -> String {
        hex::encode(self.key.0)
    }

    /// The first bytes of the key in groups, as the device shows them: `3f2a 9c41 07d5 e880`.
    fn fingerprint(&self) -> String {
        let groups: Vec<_> = self.key.0.chunks(2).take(4).map(hex::encode).collect();
        groups.join(" ")
    }

    fn remove_path(&self) -> String {
        paths::device_remove(&self.key_text())
    }
}

impl RemovedDevice {
    fn moment(&self) -> Moment {
        Moment(self.removed)
    }

    fn amount(&self) -> Credits {
        self.credited.into()
    }

    fn number(&self) -> String {
        count(self.sessions)
    }
}

impl DevicesPage {
    fn limit(&self) -> String {
        format!(
            "{} of {}",
            self.devices.len(),
            counted(u64::from(self.devices_max), "device", "devices")
        )
    }
}
