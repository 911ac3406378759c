//! The first page: an account's numbers, the operator's view, or how to sign in.

use super::{
    member::Visitor,
    reply::{Problem, go_to, page_of},
    sign_in::landing,
    site::Site,
};
use crate::{
    ledger::{self, DeviceEntry, Standing},
    pages::{self, Day, DayTotals, History, Overview, Range, Tab},
    store::StoreError,
};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use meter_core::{AccountId, Policy, Tariff, UnixMs};
use std::sync::Arc;

pub(super) async fn overview(
    State(site): State<Arc<Site>>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let Some((_, session)) = visitor.session else {
        return landing(&site, false).await;
    };
    let Some(account) = session.account else {
        return Ok(go_to(pages::OPERATOR));
    };
    let days = query
        .as_deref()
        .and_then(|query| query.strip_prefix("days="));
    let range = days.and_then(Range::of_days).unwrap_or_default();
    own(&site, account, range).await
}

async fn own(site: &Site, account: AccountId, range: Range) -> Result<Response, Problem> {
    let read = site.ask::<_, StoreError>(move |ledger| {
        let from = |now: UnixMs| range.first_needed(Day::of(now)).start();
        let standing = ledger.standing(account, from)?;
        let devices = ledger.devices(account)?;
        Ok((standing, devices, *ledger.policy().value()))
    });
    let (standing, devices, policy) = read.await?;
    let standing = standing.ok_or_else(|| site.not_found())?;
    let page = history(&standing, &devices, &policy)
        .and_then(|history| {
            let frame = site.own(standing.now, account, Tab::Overview);
            Overview::new(frame, &history, range).ok()
        })
        .ok_or_else(|| site.contradiction())?;
    Ok(page_of(&page))
}

/// `None` when an award is not the tariff's of its time and bytes.
fn history(standing: &Standing, devices: &[DeviceEntry], policy: &Policy) -> Option<History> {
    let tariff = Tariff::by_id(policy.tariff)?;
    let days = standing.days.iter().map(|day| totals(day, &tariff));
    let last = standing.last().map(|(at, key)| {
        let device = devices.iter().find(|device| device.key == key);
        (
            at,
            device.map_or_else(String::new, |device| device.name.clone()),
        )
    });
    Some(History {
        began: standing.began,
        awarded: standing.awarded,
        moved: standing.moved,
        sessions: standing.reports(),
        days: days.collect::<Option<_>>()?,
        last_report: last,
    })
}

fn totals(day: &ledger::Day, tariff: &Tariff) -> Option<DayTotals> {
    let award = tariff.award(day.duration, day.bytes).ok()?;
    (award.total == day.amount).then_some(DayTotals {
        day: Day::numbered(u64::try_from(day.number).ok()?),
        sessions: day.sessions,
        award,
    })
}
