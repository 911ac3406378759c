//! The limit: verify a report, sign 200 bytes, insert 264 bytes in batches. It checks no chain,
//! keeps no account, and answers nobody.

mod postgres;
mod sqlite;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use meter_core::{SignedKind, pae};

use crate::crowd::{RECORD, processors};

/// Reports in one transaction: as many as the server takes at most.
const BATCH: usize = 256;
/// Where the key is in the body of a report (`docs/spec/session-report.md`), and where the
/// signature begins.
const KEY: std::ops::Range<usize> = 24..56;
const BODY: usize = 200;

/// A database that takes rows of 264 bytes.
pub(crate) trait Bare: Sync {
    /// What one thread writes with.
    type Writer;

    fn writer(&self) -> Result<Self::Writer>;

    /// Inserts the rows in one transaction, and returns when they are durable.
    fn insert(&self, writer: &mut Self::Writer, rows: &[[u8; RECORD]]) -> Result<()>;
}

/// Reports in a second, on all processors.
pub(crate) fn rate<B: Bare>(bare: &B, reports: &[[u8; RECORD]]) -> Result<f64> {
    let signer = SigningKey::from_bytes(&[7; 32]);
    on_all_processors(reports, |batches| {
        let mut writer = bare.writer()?;
        while let Some(batch) = batches.next() {
            for report in batch {
                verify(report, &key(report)?)?;
                let signed = signer.sign(&pae(SignedKind::Receipt, &report[..BODY]));
                std::hint::black_box(signed);
            }
            bare.insert(&mut writer, batch)?;
        }
        Ok(())
    })
}

/// Signatures in a second that can be verified on all processors, with the keys at hand.
pub(crate) fn verify_rate(reports: &[[u8; RECORD]]) -> Result<f64> {
    let keys: Result<Vec<VerifyingKey>> = reports.iter().map(key).collect();
    let keys = keys?;
    on_all_processors(reports, |batches| {
        while let Some((place, batch)) = batches.next_with_place() {
            for (report, key) in batch.iter().zip(&keys[place..]) {
                verify(report, key)?;
            }
        }
        Ok(())
    })
}

/// Microseconds of transactions of one row each, one after the other.
pub(crate) fn single_commits<B: Bare>(bare: &B, reports: &[[u8; RECORD]]) -> Result<Vec<f64>> {
    let mut writer = bare.writer()?;
    let one = |row: &[u8; RECORD]| {
        let began = Instant::now();
        bare.insert(&mut writer, std::slice::from_ref(row))?;
        Ok(began.elapsed().as_secs_f64() * 1e6)
    };
    reports.iter().map(one).collect()
}

struct Batches<'a> {
    reports: &'a [[u8; RECORD]],
    next: AtomicUsize,
}

impl<'a> Batches<'a> {
    fn next(&self) -> Option<&'a [[u8; RECORD]]> {
        self.next_with_place().map(|(_, batch)| batch)
    }

    fn next_with_place(&self) -> Option<(usize, &'a [[u8; RECORD]])> {
        let place = self.next.fetch_add(BATCH, Ordering::Relaxed);
        let rest = self.reports.get(place..).filter(|rest| !rest.is_empty())?;
        Some((place, &rest[..BATCH.min(rest.len())]))
    }
}

/// Runs `work` on two threads for each processor, because one waits for the disk now and then.
/// Returns the reports in a second.
fn on_all_processors(
    reports: &[[u8; RECORD]],
    work: impl Fn(&Batches<'_>) -> Result<()> + Sync,
) -> Result<f64> {
    let next = AtomicUsize::new(0);
    let batches = Batches { reports, next };
    let began = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..processors() * 2)
            .map(|_| scope.spawn(|| work(&batches)))
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        let ended = ended.map(|ended| ended.ok().context("a thread panicked")?);
        ended.collect::<Result<Vec<()>>>()
    })?;
    Ok(reports.len() as f64 / began.elapsed().as_secs_f64())
}

fn key(report: &[u8; RECORD]) -> Result<VerifyingKey> {
    Ok(VerifyingKey::from_bytes(report[KEY].try_into()?)?)
}

fn verify(report: &[u8; RECORD], key: &VerifyingKey) -> Result<()> {
    let (body, signature) = report.split_at(BODY);
    let signature = Signature::from_bytes(signature.try_into()?);
    Ok(key.verify_strict(&pae(SignedKind::SessionReport, body), &signature)?)
}
