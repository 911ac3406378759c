//! Two instances on one PostgreSQL, and devices that share accounts: each account is paid by both
//! instances, and their batches have it in any order.

use std::sync::Arc;

use anyhow::Result;

use crate::{
    crowd::Crowd,
    enrol,
    load::{self, Load},
    postgres::{Place, warnings},
    run::Setting,
    sqlite::AT_ONCE,
    table::{Line, Table},
};

/// Devices of an account, where accounts overlap. Neighbours ask different instances.
const SHARED: usize = 10;

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let options = setting.options;
    let mut table = Table::default();
    let place = Place::new(setting)?;
    let both = place.serve()?;
    let count = AT_ONCE.min(options.devices);
    let mut crowds = Vec::new();
    for (first, per_account) in [(0, 1), (10_000, SHARED), (20_000, count)] {
        let crowd = Arc::new(Crowd::numbered(first..first + count as u64));
        let enrolled = enrol::all(both[0].address, &crowd, per_account);
        setting.runtime.block_on(enrolled)?;
        crowds.push(crowd);
    }
    for round in 0..options.rounds {
        setting.say(&format!("round {} of {}", round + 1, options.rounds))?;
        let mut rates = [0.0; 3];
        for (rate, crowd) in rates.iter_mut().zip(&crowds) {
            crowd.sign(options.reports.div_ceil(count) * 2 + 2);
            let load = Load {
                instances: both.iter().map(|server| server.address).collect(),
                at_once: count,
                batch: 1,
                requests: options.reports,
            };
            let ran = setting.runtime.block_on(load::closed(crowd, &load))?;
            *rate = ran.reports as f64 / ran.seconds;
        }
        let [disjoint, overlapping, one] = rates;
        let beside = ("an account for each", disjoint);
        let name = "accounts of ten devices, both instances, reports/s";
        table.pair(name, 0, Line::AtLeast(0.8), overlapping, beside);
        let name = "one account for all, both instances, reports/s";
        table.pair(name, 0, Line::AtLeast(0.4), one, beside);
    }
    warnings(&place, &mut table);
    Ok(table)
}
