//! What the device's key signs besides reports.

use super::Bookkeeper;
use meter_core::{
    ChainHead, Challenge, CodeHash, Enrolment, LedgerKey, LedgerRequest, SIGNATURE_BYTES,
    SessionReport, Signed, Verified,
};
use meter_wire::{ErrorCode, Problem};

impl Bookkeeper {
    /// Signs that this device wants to be enrolled, with its chain where it stands.
    ///
    /// # Errors
    /// The doubt about the book, because a ledger would begin at the wrong place.
    pub(in crate::accounting) fn sign_enrolment(
        &self,
        ledger: LedgerKey,
        challenge: Challenge,
        code: Option<CodeHash>,
    ) -> Result<Verified<Enrolment>, Problem> {
        if let Some(problem) = self.problem().filter(|_| self.is_in_doubt()) {
            return Err(problem);
        }
        let head = self.head;
        let enrolment = Enrolment {
            ledger,
            challenge,
            head,
            code,
        };
        let signed = self.signer.sign(&enrolment);
        signed.map_err(|error| internal(&error.to_string()))
    }

    /// Signs a request to a ledger.
    ///
    /// # Errors
    /// `internal`, if the request names another device.
    pub(in crate::accounting) fn sign_request(
        &self,
        request: &LedgerRequest,
    ) -> Result<[u8; SIGNATURE_BYTES], Problem> {
        let signed = self.signer.sign(request);
        let signed = signed.map_err(|error| internal(&error.to_string()))?;
        Ok(*signed.signed().signature())
    }

    /// Reports after number `after`, as they are stored.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub(in crate::accounting) fn signed_reports(
        &self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Signed<SessionReport>>, Problem> {
        let reports = self.book.reports(after, limit);
        reports.map_err(|error| self.problem_of(&error))
    }

    /// The head of the chain at report `sequence`; `None` if the book has no such report.
    ///
    /// # Errors
    /// When the book cannot be read, or a report in it does not verify.
    pub(in crate::accounting) fn head_at(
        &self,
        sequence: u64,
    ) -> Result<Option<ChainHead>, Problem> {
        let genesis = ChainHead::genesis(self.head.chain, self.head.key);
        let Some(before) = sequence.checked_sub(1) else {
            return Ok(Some(genesis));
        };
        let found = self.book.reports(before, 1);
        let mut found = found.map_err(|error| self.problem_of(&error))?;
        let Some(report) = found.pop() else {
            return Ok(None);
        };
        let report: Verified<SessionReport> = report
            .verify(self.head.key)
            .map_err(|error| Problem::with_detail(ErrorCode::BookDamaged, error.to_string()))?;
        let report = report.value();
        let head = ChainHead {
            sequence: report.sequence,
            link: report.link(),
            totals: report.totals,
            ..genesis
        };
        Ok((report.sequence == sequence).then_some(head))
    }
}

fn internal(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::Internal, why)
}
