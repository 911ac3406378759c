//! Reads the books of a batch from the database, and writes what has changed back.

use crate::{
    books::{Account, Books, Chain, ChainKey, Device, NewReport, Place, Taken},
    store::{Db, Row, StoreError, Value, statements},
};
use meter_core::{
    AccountId, Amount, Budgets, ByteCount, ChainHead, DeviceKey, DurationMs, LinkHash,
    RunningTotals, SIGNATURE_BYTES, SessionReport, Signable, Signed, UnixMs,
};
use std::collections::{BTreeMap, BTreeSet};

const OPEN: i64 = 1;
/// The state of a chain whose key has signed two histories.
pub(crate) const FROZEN: i64 = 2;

/// Reads what `reports` touch into `books`, after it locked their accounts.
///
/// # Errors
/// When the database cannot answer, or holds what this program did not write.
pub fn load<'a>(
    db: &mut dyn Db,
    books: &mut Books,
    reports: impl Iterator<Item = &'a SessionReport> + Clone,
) -> Result<(), StoreError> {
    let devices: BTreeSet<_> = reports.clone().map(|report| report.key).collect();
    let devices: Vec<_> = devices.into_iter().collect();
    // Only for the locks; everything that counts is read under them.
    let accounts: BTreeSet<_> = read_devices(db, &devices)?
        .into_values()
        .map(|d| d.account)
        .collect();
    let accounts: Vec<_> = accounts.into_iter().collect();
    db.lock_accounts(&accounts)?;
    books.now = db.now()?;
    books.devices = read_devices(db, &devices)?;
    let is_locked = |device: &Device| accounts.binary_search(&device.account).is_ok();
    if !books.devices.values().all(is_locked) {
        // A device was enrolled between the two looks, perhaps again after its account was deleted.
        return Err(StoreError::Lost);
    }
    books.accounts = read_accounts(db, &accounts)?;
    let known = |key: &ChainKey| books.devices.contains_key(&key.device);
    let chains: BTreeSet<_> = reports
        .clone()
        .map(|report| Place::of(report).chain)
        .collect();
    let chains: Vec<_> = chains.into_iter().filter(known).collect();
    books.chains = read_chains(db, &chains)?;
    count_new_chains(db, books, &chains)?;
    let places: BTreeSet<_> = reports.map(Place::of).collect();
    books.taken = read_places(db, &books.chains, places)?;
    Ok(())
}

fn read_devices(
    db: &mut dyn Db,
    keys: &[DeviceKey],
) -> Result<BTreeMap<DeviceKey, Device>, StoreError> {
    let sets: Vec<_> = keys.iter().map(|key| vec![key.0.into()]).collect();
    let found = db.rows_all(statements::DEVICE, &sets)?;
    let mut devices = BTreeMap::new();
    for (key, row) in keys.iter().zip(found).filter_map(first) {
        devices.insert(*key, device(row)?);
    }
    Ok(devices)
}

fn first<K>((key, rows): (K, Vec<Row>)) -> Option<(K, Row)> {
    Some((key, rows.into_iter().next()?))
}

fn device(mut row: Row) -> Result<Device, StoreError> {
    let account = AccountId(row.array()?);
    row.text()?;
    Ok(Device {
        account,
        enrolled: row.unit(UnixMs::new)?,
        revoked: row.time_or_null()?.is_some(),
        chains_of_the_day: 0,
    })
}

fn read_accounts(
    db: &mut dyn Db,
    ids: &[AccountId],
) -> Result<BTreeMap<AccountId, Account>, StoreError> {
    let sets: Vec<_> = ids.iter().map(|id| vec![id.0.into()]).collect();
    let found = db.rows_all(statements::ACCOUNT, &sets)?;
    let mut accounts = BTreeMap::new();
    for (id, mut row) in ids.iter().zip(found).filter_map(first) {
        let open = row.int()? == OPEN;
        let opened = row.unit(UnixMs::new)?;
        let budgets = Budgets {
            time_paid_to: row.unit(UnixMs::new)?,
            bytes_paid_to: row.unit(UnixMs::new)?,
        };
        let account = Account {
            open,
            opened,
            budgets,
            era: row.int32()?,
        };
        accounts.insert(*id, account);
    }
    Ok(accounts)
}

/// A chain, if the ledger follows it.
pub(crate) fn chain_of(db: &mut dyn Db, key: ChainKey) -> Result<Option<Chain>, StoreError> {
    Ok(read_chains(db, &[key])?.remove(&key))
}

fn read_chains(
    db: &mut dyn Db,
    keys: &[ChainKey],
) -> Result<BTreeMap<ChainKey, Chain>, StoreError> {
    let names = |key: &ChainKey| vec![key.device.0.into(), key.chain.0.into()];
    let sets: Vec<_> = keys.iter().map(names).collect();
    let found = db.rows_all(statements::CHAIN, &sets)?;
    let mut chains = BTreeMap::new();
    for (key, row) in keys.iter().zip(found).filter_map(first) {
        chains.insert(*key, chain(*key, row)?);
    }
    Ok(chains)
}

fn chain(key: ChainKey, mut row: Row) -> Result<Chain, StoreError> {
    let number = row.int()?;
    let frozen = row.int()? == FROZEN;
    row.int()?;
    let began = row.unit(UnixMs::new)?;
    let sequence = row.unit(Some)?;
    let head = ChainHead {
        chain: key.chain,
        key: key.device,
        sequence,
        link: LinkHash(row.array()?),
        totals: RunningTotals {
            duration: row.unit(DurationMs::new)?,
            bytes_up: row.unit(ByteCount::new)?,
            bytes_down: row.unit(ByteCount::new)?,
            amount: row.unit(Amount::new)?,
        },
    };
    Ok(Chain {
        number: Some(number),
        frozen,
        began,
        head,
        stored_sequence: sequence,
        awarded_duration: row.unit(DurationMs::new)?,
        awarded_bytes: row.unit(ByteCount::new)?,
        awarded_total: row.unit(Amount::new)?,
    })
}

/// Only a device with a chain that is not known yet needs the count.
fn count_new_chains(
    db: &mut dyn Db,
    books: &mut Books,
    chains: &[ChainKey],
) -> Result<(), StoreError> {
    let unknown = chains.iter().filter(|key| !books.chains.contains_key(key));
    let devices: BTreeSet<_> = unknown.map(|key| key.device).collect();
    let (now, a_day) = (books.now.get(), DurationMs::DAY.get());
    // A chain that began while the clock was far ahead is not of this day.
    let day = [now.saturating_sub(a_day), now.saturating_add(a_day)];
    let [from, to] = day.map(|time| Value::Int(i64::try_from(time).unwrap_or(i64::MAX)));
    for key in devices {
        let row = [key.0.into(), from.clone(), to.clone()];
        let mut rows = db.rows(statements::CHAINS_OF_THE_DAY, &row)?;
        let count = rows.first_mut().map_or(Ok(0), Row::int32)?;
        if let Some(device) = books.devices.get_mut(&key) {
            device.chains_of_the_day = count;
        }
    }
    Ok(())
}

fn read_places(
    db: &mut dyn Db,
    chains: &BTreeMap<ChainKey, Chain>,
    places: BTreeSet<Place>,
) -> Result<BTreeMap<Place, Taken>, StoreError> {
    // A place beyond the head cannot be taken.
    let number = |place: Place| {
        let chain = chains.get(&place.chain)?;
        let behind = place.sequence <= chain.head.sequence;
        behind.then_some((place, chain.number?))
    };
    let places: Vec<_> = places.into_iter().filter_map(number).collect();
    let names = |(place, number): &(Place, i64)| vec![(*number).into(), sequence(place.sequence)];
    let sets: Vec<_> = places.iter().map(names).collect();
    let found = db.rows_all(statements::REPORT, &sets)?;
    let mut taken = BTreeMap::new();
    for ((place, _), mut row) in places.into_iter().zip(found).filter_map(first) {
        let link = LinkHash(row.array()?);
        taken.insert(place, Taken { link });
    }
    Ok(taken)
}

/// A sequence number as the database has it. Verified reports never exceed the range.
pub(crate) fn sequence(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Writes everything that has changed in `books`.
///
/// # Errors
/// When the database cannot take it, or when another transaction has moved a chain meanwhile.
pub fn save(db: &mut dyn Db, books: &Books) -> Result<(), StoreError> {
    let mut numbers = BTreeMap::new();
    let mut moves = Vec::new();
    for key in &books.moved {
        let Some(chain) = books.chains.get(key) else {
            continue;
        };
        let number = match chain.number {
            Some(number) => {
                moves.push(move_of(chain, number));
                number
            }
            None => add_chain(db, books, *key, chain)?,
        };
        numbers.insert(*key, number);
    }
    run_each(db, statements::MOVE_CHAIN, &moves)?;
    let budgets = books.paid.iter().filter_map(|id| {
        let account = books.accounts.get(id)?;
        let budgets = account.budgets;
        let times = [budgets.time_paid_to, budgets.bytes_paid_to, account.opened];
        let [time, bytes, opened] = times.map(|time| Value::Int(time.get_signed()));
        Some(vec![time, bytes, opened, account.era.into(), id.0.into()])
    });
    run_each(db, statements::SET_BUDGETS, &budgets.collect::<Vec<_>>())?;
    let enrolled = books.set_right.iter().filter_map(|key| {
        let enrolled = books.devices.get(key)?.enrolled;
        Some(vec![Value::Int(enrolled.get_signed()), key.0.into()])
    });
    run_each(db, statements::SET_ENROLLED, &enrolled.collect::<Vec<_>>())?;
    let reports = books.reports.iter().filter_map(|report| {
        let number = numbers.get(&report.place.chain)?;
        Some(row_of(report, *number))
    });
    run_each(db, statements::ADD_REPORT, &reports.collect::<Vec<_>>())?;
    save_forks(db, books, &numbers)
}

/// Runs a statement that must change exactly one row for each set.
fn run_each(db: &mut dyn Db, sql: &'static str, sets: &[Vec<Value>]) -> Result<(), StoreError> {
    let changed = db.run_all(sql, sets)?;
    let is_each_once = changed.len() == sets.len() && changed.iter().all(|&rows| rows == 1);
    is_each_once.then_some(()).ok_or(StoreError::Lost)
}

fn save_forks(
    db: &mut dyn Db,
    books: &Books,
    numbers: &BTreeMap<ChainKey, i64>,
) -> Result<(), StoreError> {
    for fork in &books.forks {
        let Some(&number) = numbers.get(&fork.place.chain) else {
            continue;
        };
        let signed = stored(&fork.report);
        let now = Value::Int(books.now.get_signed());
        let row = [number.into(), sequence(fork.place.sequence), signed, now];
        db.run(statements::ADD_FORK, &row)?;
    }
    Ok(())
}

/// Body and signature, as they are stored and sent.
pub(crate) fn stored<T>(verified: &meter_core::Verified<T>) -> Value {
    let signed = verified.signed();
    Value::Bytes([signed.body(), signed.signature()].concat())
}

/// The other way: the body and the signature in stored bytes. Nothing is checked yet.
pub(crate) fn split<T: Signable>(stored: &[u8]) -> Option<Signed<T>> {
    let (body, signature) = stored.split_last_chunk::<SIGNATURE_BYTES>()?;
    Some(Signed::new(body.to_vec(), *signature))
}

fn state_of(chain: &Chain) -> Value {
    Value::Int(if chain.frozen { FROZEN } else { OPEN })
}

fn standing(chain: &Chain) -> [Value; 9] {
    let totals = &chain.head.totals;
    [
        sequence(chain.head.sequence),
        chain.head.link.0.into(),
        Value::Int(totals.duration.get_signed()),
        Value::Int(totals.bytes_up.get_signed()),
        Value::Int(totals.bytes_down.get_signed()),
        Value::Int(totals.amount.get_signed()),
        Value::Int(chain.awarded_duration.get_signed()),
        Value::Int(chain.awarded_bytes.get_signed()),
        Value::Int(chain.awarded_total.get_signed()),
    ]
}

fn move_of(chain: &Chain, number: i64) -> Vec<Value> {
    let mut row = vec![state_of(chain)];
    row.extend(standing(chain));
    row.extend([number.into(), sequence(chain.stored_sequence)]);
    row
}

/// Adds a chain that the ledger begins to follow, and returns its number.
pub(crate) fn add_chain(
    db: &mut dyn Db,
    books: &Books,
    key: ChainKey,
    chain: &Chain,
) -> Result<i64, StoreError> {
    let account = books.devices.get(&key.device).map(|device| device.account);
    let account =
        account.ok_or_else(|| StoreError::Damaged("a chain without a device".to_owned()))?;
    insert_chain(db, account, key, chain)
}

/// Adds a chain of `account` that the ledger begins to follow, and returns its number.
pub(crate) fn insert_chain(
    db: &mut dyn Db,
    account: AccountId,
    key: ChainKey,
    chain: &Chain,
) -> Result<i64, StoreError> {
    let mut row = vec![
        key.device.0.into(),
        key.chain.0.into(),
        account.0.into(),
        state_of(chain),
        sequence(chain.stored_sequence),
        Value::Int(chain.began.get_signed()),
    ];
    row.extend(standing(chain));
    let mut rows = db.rows(statements::ADD_CHAIN, &row)?;
    let number = rows.first_mut().map(Row::int);
    number.ok_or_else(|| StoreError::Damaged("a chain without a number".to_owned()))?
}

fn row_of(new: &NewReport, number: i64) -> Vec<Value> {
    let receipt = new.receipt.value();
    vec![
        number.into(),
        sequence(new.place.sequence),
        new.account.0.into(),
        new.era.into(),
        Value::Int(receipt.at.get_signed()),
        Value::Int(receipt.awarded_duration.get_signed()),
        Value::Int(receipt.awarded_bytes.get_signed()),
        Value::Int(receipt.amount.get_signed()),
        i64::from(receipt.reasons.bits()).into(),
        receipt.policy.0.into(),
        receipt.link.0.into(),
        stored(&new.report),
        stored(&new.receipt),
    ]
}
