//! What the pages show of an account beside its sessions, each read at one moment.

use super::{Day, Ledger};
use crate::{
    shelf,
    store::{Db, Row, StoreError, Value, statements},
};
use meter_core::{AccountId, Amount, ByteCount, DeviceKey, DurationMs, UnixMs};

/// The numbers of an account, all of one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The ledger's time at that moment.
    pub now: UnixMs,
    /// When the account began.
    pub began: UnixMs,
    /// The sum of its awards.
    pub awarded: Amount,
    /// The sum of its movements, which may be negative.
    pub moved: i64,
    /// The days with awards since the asked time.
    pub days: Vec<Day>,
    /// What its devices did, in the order in which they first reported.
    pub devices: Vec<DeviceTotals>,
    /// The evidence of two histories, the newest last.
    pub forks: Vec<Fork>,
}

/// What one device did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeviceTotals {
    /// Its key.
    pub key: DeviceKey,
    /// How many reports of it were taken.
    pub reports: u64,
    /// What they were awarded.
    pub awarded: Amount,
    /// When the last of them was taken.
    pub last: Option<UnixMs>,
    /// Whether its newest chain is frozen.
    pub frozen: bool,
}

/// Two reports for one place of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fork {
    /// The device that signed both.
    pub device: DeviceKey,
    /// The place.
    pub sequence: u64,
    /// When the second one came.
    pub seen: UnixMs,
}

/// Numbers over all accounts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// The ledger's time.
    pub now: UnixMs,
    /// Accounts.
    pub accounts: u64,
    /// Devices that may submit.
    pub devices: u64,
    /// Reports that were taken.
    pub reports: u64,
    /// What was awarded.
    pub awarded: Amount,
    /// Chains with two histories.
    pub frozen: u64,
}

impl Standing {
    /// How many reports of the account were taken.
    #[must_use]
    pub fn reports(&self) -> u64 {
        let reports = self.devices.iter().map(|device| device.reports);
        reports.fold(0, u64::saturating_add)
    }

    /// The device that reported last, and when.
    #[must_use]
    pub fn last(&self) -> Option<(UnixMs, DeviceKey)> {
        let ends = self.devices.iter();
        let ends = ends.filter_map(|device| Some((device.last?, device.key)));
        ends.max_by_key(|(at, _)| *at)
    }
}

impl Ledger {
    /// The numbers of an account, with its days since `from`. `None` if there is no such account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn standing(
        &self,
        account: AccountId,
        from: impl Fn(UnixMs) -> UnixMs,
    ) -> Result<Option<Standing>, StoreError> {
        let of = [Value::from(account.0)];
        self.store.read(|db| {
            let now = db.now()?;
            let Some(mut row) = db.rows(statements::ACCOUNT, &of)?.into_iter().next() else {
                return Ok(None);
            };
            row.int()?;
            let began = row.unit(UnixMs::new)?;
            let mut sums = one(db.rows(statements::CREDITED, &of)?)?;
            sums.int()?;
            sums.int()?;
            let since = Value::Int(from(now).get_signed());
            let days = db.rows(statements::DAYS, &[account.0.into(), since])?;
            Ok(Some(Standing {
                now,
                began,
                awarded: sums.unit(Amount::new)?,
                moved: one(db.rows(statements::MOVED, &of)?)?.int()?,
                days: days.into_iter().map(day).collect::<Result<_, _>>()?,
                devices: devices(db, &of)?,
                forks: forks(db, &of)?,
            }))
        })
    }

    /// What the devices of an account did, in the order in which they first reported.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn device_totals(&self, account: AccountId) -> Result<Vec<DeviceTotals>, StoreError> {
        let of = [Value::from(account.0)];
        self.store.read(|db| devices(db, &of))
    }

    /// Numbers over all accounts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.store.read(|db| {
            let now = db.now()?;
            let mut chains = one(db.rows(statements::COUNT_CHAINS, &[])?)?;
            Ok(Counts {
                now,
                accounts: one(db.rows(statements::COUNT_ACCOUNTS, &[])?)?.unit(Some)?,
                devices: one(db.rows(statements::COUNT_DEVICES, &[])?)?.unit(Some)?,
                reports: chains.unit(Some)?,
                awarded: chains.unit(Amount::new)?,
                frozen: chains.unit(Some)?,
            })
        })
    }
}

/// The one row of a sum.
fn one(rows: Vec<Row>) -> Result<Row, StoreError> {
    let row = rows.into_iter().next();
    row.ok_or_else(|| StoreError::Damaged("a sum without a row".to_owned()))
}

fn day(mut row: Row) -> Result<Day, StoreError> {
    Ok(Day {
        number: row.int()?,
        duration: row.unit(DurationMs::new)?,
        bytes: row.unit(ByteCount::new)?,
        amount: row.unit(Amount::new)?,
        sessions: row.unit(Some)?,
    })
}

/// The chains summed up for each device. The last row of a device is its newest chain.
fn devices(db: &mut dyn Db, of: &[Value]) -> Result<Vec<DeviceTotals>, StoreError> {
    let mut devices: Vec<DeviceTotals> = Vec::new();
    for mut row in db.rows(statements::CHAIN_ENDS, of)? {
        let key = DeviceKey(row.array()?);
        let frozen = row.int()? == shelf::FROZEN;
        let reports = row.unit(Some)?;
        let awarded = row.unit(Amount::new)?;
        let last = row.time_or_null()?;
        match devices.iter_mut().find(|device| device.key == key) {
            Some(device) => {
                device.reports = device.reports.saturating_add(reports);
                device.awarded = device.awarded.saturating_add(awarded);
                device.last = device.last.max(last);
                device.frozen = frozen;
            }
            None => devices.push(DeviceTotals {
                key,
                reports,
                awarded,
                last,
                frozen,
            }),
        }
    }
    Ok(devices)
}

fn forks(db: &mut dyn Db, of: &[Value]) -> Result<Vec<Fork>, StoreError> {
    let fork = |mut row: Row| {
        Ok(Fork {
            device: DeviceKey(row.array()?),
            sequence: row.unit(Some)?,
            seen: row.unit(UnixMs::new)?,
        })
    };
    db.rows(statements::FORKS, of)?
        .into_iter()
        .map(fork)
        .collect()
}
