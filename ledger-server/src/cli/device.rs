//! `device` and `revoke`.

use super::{
    account,
    answer::{Answer, CommandError},
    exit, ids,
    open::Common,
    quantity::time,
};
use clap::Subcommand;
use meter_core::{AccountId, DeviceKey};
use serde_json::json;

pub(super) const LIST_HELP: &str = "\
Examples:
  onionmeter-ledger device list 3f0c5a1d9e7b4c2688d1a05be4f7c913
  onionmeter-ledger device revoke \
e36ecf52d7c7db75c1a22a176d2abd918fcde81f700018448905a5d7878b6b49

The accounts: onionmeter-ledger account list.

Exit status: 0 done, 66 there is no such account or device.";

pub(super) const HELP: &str = "\
The key of a device is in `onionmeter-ledger device list ACCOUNT`.

The owner of an account removes a device on the page `Devices`, or with the recovery code. The
device's chain and what it was awarded stay.

Exit status: 0 it is removed, 66 there is no such device, or it was removed before.";

#[derive(clap::Args)]
pub(super) struct Device {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the devices of an account
    List {
        /// The account
        #[arg(value_parser = ids::account)]
        account: AccountId,
    },
    /// Remove a device (the same as `onionmeter-ledger revoke`)
    #[command(after_help = HELP)]
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub(super) struct Revoke {
    /// The device's public key
    #[arg(value_parser = ids::device)]
    device: DeviceKey,
}

impl Device {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        match self.command {
            Command::List { account } => list(common, account),
            Command::Revoke(revoke) => revoke.run(common),
        }
    }
}

fn list(common: &Common, of: AccountId) -> Result<Answer, CommandError> {
    let ledger = common.ledger()?;
    if account::find(&ledger, of)?.is_none() {
        let message = "there is no such account; see them with: onionmeter-ledger account list";
        return Err(CommandError::new(exit::NO_INPUT, message));
    }
    let (mut text, mut rows) = (String::new(), Vec::new());
    for device in ledger.devices(of)? {
        let key = hex::encode(device.key.0);
        let state = match device.revoked {
            None => "enrolled".to_owned(),
            Some(at) => format!("removed {}", time(at)),
        };
        text += &format!("{key}  {:<18} {state}\n", device.name);
        rows.push(json!({
            "device": key,
            "name": device.name,
            "enrolled_ms": device.enrolled.get().to_string(),
            "removed_ms": device.revoked.map(|at| at.get().to_string()),
        }));
    }
    Ok(Answer::new("devices", text).with("devices", rows))
}

impl Revoke {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let ledger = common.ledger()?;
        ledger.revoke(self.device, None)?;
        let key = hex::encode(self.device.0);
        let text = format!("Device {key} is removed; nothing more of it is taken.\n");
        Ok(Answer::new("removed", text).with("device", key))
    }
}
