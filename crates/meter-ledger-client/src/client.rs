//! What everybody may ask a ledger, and what is signed already.

use crate::{
    error::ClientError,
    http::{Answered, Asked, Http},
    link::Dial,
};
use meter_core::{Challenge, Enrolment, RequestMethod, Verified};
use meter_wire::ledger::{
    self, Answer, Answers, BATCH_MAX, Batch, Enrol, Enrolled, LedgerInfo, PolicyInfo, Submit,
    Submitted, WireSigned, write_request,
};
use std::time::Duration;

/// Asks one ledger. Dropping it ends its connection.
#[derive(Debug)]
pub struct LedgerClient<D: Dial> {
    http: Http<D>,
}

/// What each method returns.
pub(crate) type Outcome<T, D> = Result<T, ClientError<<D as Dial>::Error>>;

impl<D: Dial> LedgerClient<D> {
    /// A ledger that answers to this `Host` header. Nothing is opened yet. Each request may take
    /// `exchange_max`, dialing included: [`OVER_TOR_MAX`](crate::OVER_TOR_MAX) or
    /// [`ON_LOOPBACK_MAX`](crate::ON_LOOPBACK_MAX).
    #[must_use]
    pub const fn new(host: String, dial: D, exchange_max: Duration) -> Self {
        Self {
            http: Http::new(host, dial, exchange_max),
        }
    }

    /// The ledger's keys, policy and clock.
    ///
    /// # Errors
    /// When the ledger does not answer so.
    pub async fn info(&mut self) -> Outcome<LedgerInfo, D> {
        self.get("/api/ledger").await?.message()
    }

    /// The policy in force, and the two numbers that it comes down to.
    ///
    /// # Errors
    /// When the ledger does not answer so.
    pub async fn policy(&mut self) -> Outcome<PolicyInfo, D> {
        self.get("/api/sessions/policy").await?.message()
    }

    /// A new challenge, for one enrolment or one signed request within 60 s.
    ///
    /// # Errors
    /// When the ledger does not give one.
    pub async fn challenge(&mut self) -> Outcome<Challenge, D> {
        let answered = self.post("/api/challenge", &[]).await?;
        let challenge: ledger::Challenge = answered.message()?;
        Ok(Challenge(challenge.challenge.0))
    }

    /// Enrols the device of a statement that it signed. `code` is the invitation or recovery code
    /// whose hash is in the statement: twelve words, or 32 hexadecimal digits.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn enrol(
        &mut self,
        enrolment: &Verified<Enrolment>,
        code: Option<&str>,
    ) -> Outcome<Enrolled, D> {
        let message = Enrol {
            enrolment: WireSigned::try_from(enrolment.signed())
                .map_err(|_| ClientError::NotSigned)?,
            code: code.map(str::to_owned),
        };
        let body = write_request(&message);
        self.post("/api/devices/enrol", &body).await?.message()
    }

    /// Submits reports in the order of their chain, and returns what the ledger says to each. If
    /// there are more than fit into one request (100, or 50 with receipts), several follow each
    /// other.
    ///
    /// # Errors
    /// When one of the requests is not answered so. The ledger may have taken any number of the
    /// reports; sent again, those are answered with the receipts that they have.
    pub async fn submit(&mut self, reports: &[Submitted]) -> Outcome<Vec<Answer>, D> {
        let mut outcomes = Vec::with_capacity(reports.len());
        for batch in batches(reports) {
            let count = batch.len();
            let body = write_request(&Submit::Batch(Batch {
                reports: batch.to_vec(),
            }));
            let answered = self.post("/api/sessions/submit", &body).await?;
            let answers: Answers = answered.message()?;
            if answers.outcomes.len() != count {
                return Err(ClientError::NotALedger(answered.status));
            }
            outcomes.extend(answers.outcomes);
        }
        Ok(outcomes)
    }

    async fn get(&mut self, target: &str) -> Outcome<Answered, D> {
        self.send(RequestMethod::Get, target, &[], &[]).await
    }

    async fn post(&mut self, target: &str, body: &[u8]) -> Outcome<Answered, D> {
        self.send(RequestMethod::Post, target, &[], body).await
    }

    pub(crate) async fn send(
        &mut self,
        method: RequestMethod,
        target: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Outcome<Answered, D> {
        let asked = Asked {
            method,
            target,
            headers,
            body,
        };
        self.http.send(&asked).await
    }
}

/// Reports in groups that fit into one request.
fn batches(mut rest: &[Submitted]) -> impl Iterator<Item = &[Submitted]> {
    std::iter::from_fn(move || {
        let (batch, after) = rest.split_at(fitting(rest));
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// How many of the first reports fit into 64 KiB: each has 264 bytes in hexadecimal, and as much
/// again with a receipt.
fn fitting(reports: &[Submitted]) -> usize {
    let mut room = BATCH_MAX;
    let mut count = 0;
    for report in reports {
        let weight = if report.receipt.is_some() { 2 } else { 1 };
        let Some(left) = room.checked_sub(weight) else {
            break;
        };
        (room, count) = (left, count + 1);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::HexBytes;

    fn report(with_receipt: bool) -> Submitted {
        let receipt = with_receipt.then_some(WireSigned {
            body: HexBytes([0xff; 200]),
            signature: HexBytes([0xff; 64]),
        });
        Submitted {
            body: HexBytes([0xff; 200]),
            signature: HexBytes([0xff; 64]),
            receipt,
        }
    }

    #[test]
    fn no_batch_has_more_bytes_or_reports_than_a_ledger_takes() {
        for (plain, healing, expected) in [
            (0, 0, vec![]),
            (1, 0, vec![1]),
            (100, 0, vec![100]),
            (101, 0, vec![100, 1]),
            (0, 50, vec![50]),
            (0, 51, vec![50, 1]),
            (99, 1, vec![99, 1]),
            (60, 40, vec![80, 20]),
        ] {
            let mut reports = vec![report(false); plain];
            reports.extend(vec![report(true); healing]);
            let sizes: Vec<_> = batches(&reports).map(<[_]>::len).collect();
            assert_eq!(sizes, expected, "{plain} {healing}");
            for batch in batches(&reports) {
                let reports = batch.to_vec();
                let body = write_request(&Submit::Batch(Batch { reports }));
                assert!(body.len() <= 65_536, "{}", body.len());
            }
        }
    }
}
