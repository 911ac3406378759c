//! Enrolment and leaving, the ledger's keys and its policies.

use super::{
    Receipts,
    content::{Member, Membership},
    error::ReceiptsError,
    rows,
};
use crate::file_error::Bug;
use meter_core::{KeyChange, LedgerKeys, Policy, Signed, UnixMs, Verified};
use rusqlite::{Connection, Transaction};

impl Receipts {
    /// The membership in force; `None` while the device is not enrolled.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn membership(&self) -> Result<Option<Member>, ReceiptsError> {
        rows::current_member(&*self.opened.read()?)
    }

    /// All memberships, those that were left included, in the order of the first enrolment.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn memberships(&self) -> Result<Vec<Member>, ReceiptsError> {
        members(&*self.opened.read()?)
    }

    /// Stores an enrolment, with the policy that was shown. Who comes back to an account goes on
    /// where the chain stood at the first enrolment there: the ledger begins no second time.
    ///
    /// # Errors
    /// [`ReceiptsError::Enrolled`] while another enrolment is in force; [`ReceiptsError::Foreign`]
    /// when another ledger signed the policy. Also when the disk is full or fails, or the file is
    /// busy or damaged.
    pub fn join(
        &mut self,
        membership: &Membership,
        policy: &Verified<Policy>,
    ) -> Result<Member, ReceiptsError> {
        let joined = self.joined(membership, policy);
        joined.map_err(|error| self.explained(error))
    }

    fn joined(
        &mut self,
        membership: &Membership,
        policy: &Verified<Policy>,
    ) -> Result<Member, ReceiptsError> {
        let transaction = self.opened.write()?;
        if rows::current(&transaction)?.is_some() {
            return Err(ReceiptsError::Enrolled);
        }
        let before = earlier(&transaction, membership)?;
        let number = match &before {
            Some(member) => i64::from(member.number),
            None => add(&transaction, membership)?,
        };
        transaction.execute(
            "INSERT INTO stays VALUES \
             ((SELECT coalesce(max(number), 0) + 1 FROM stays), ?1, ?2, ?3, ?4)",
            (
                number,
                &membership.address,
                &membership.name,
                membership.enrolled_at.get_signed(),
            ),
        )?;
        let member = rows::member(&transaction, number)?;
        let keys = rows::keys(&transaction, &member)?;
        add_policy(&transaction, &member, &keys, policy)?;
        transaction.commit()?;
        Ok(member)
    }

    /// Ends the membership in force. Its receipts stay.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`] if none is in force. Also when the disk is full or fails, or
    /// the file is busy or damaged.
    pub fn leave(&mut self, at: UnixMs) -> Result<(), ReceiptsError> {
        let transaction = self.opened.write()?;
        rows::current(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        transaction.execute(
            "INSERT INTO departures VALUES ((SELECT max(number) FROM stays), ?1)",
            [at.get_signed()],
        )?;
        Ok(transaction.commit()?)
    }

    /// The keys of the ledger in force.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn keys(&self) -> Result<LedgerKeys, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        rows::keys(&snapshot, &member)
    }

    /// The keys of the ledger of any membership, also of one that was left.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn keys_of(&self, member: &Member) -> Result<LedgerKeys, ReceiptsError> {
        rows::keys(&*self.opened.read()?, member)
    }

    /// The policies of the ledger of any membership, in ascending order of their numbers.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn policies_of(&self, member: &Member) -> Result<Vec<Verified<Policy>>, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let keys = rows::keys(&snapshot, member)?;
        rows::policies(&snapshot, member, &keys)
    }

    /// Stores the change to the ledger's next key. A change that is stored already changes nothing.
    ///
    /// # Errors
    /// [`ReceiptsError::Key`] when the newest stored key did not sign it, or when it is not the
    /// next; [`ReceiptsError::NotEnrolled`]; also when the disk is full or fails, or the file is
    /// busy or damaged.
    pub fn add_key(&mut self, change: &Signed<KeyChange>) -> Result<(), ReceiptsError> {
        let transaction = self.opened.write()?;
        let member = rows::current_member(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        let mut keys = rows::keys(&transaction, &member)?;
        let before = keys.changes().len();
        keys.add(change.clone())?;
        if let [change] = keys.changes().get(before..).unwrap_or_default() {
            transaction.execute(
                "INSERT INTO key_changes VALUES (?1, ?2, ?3)",
                (member.number, change.value().number, rows::stored(change)),
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// The newest stored policy of the ledger in force.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn policy(&self) -> Result<Verified<Policy>, ReceiptsError> {
        let mut policies = self.policies()?;
        let newest = policies.pop();
        newest.ok_or_else(|| Bug::new("a membership without a policy").into())
    }

    /// All stored policies of the ledger in force, in ascending order of their numbers.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn policies(&self) -> Result<Vec<Verified<Policy>>, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&snapshot, &member)?;
        rows::policies(&snapshot, &member, &keys)
    }

    /// Stores a policy. One that is stored already, by its number, changes nothing.
    ///
    /// # Errors
    /// [`ReceiptsError::Foreign`] when a key signed it that is not known here;
    /// [`ReceiptsError::NotEnrolled`]; also when the disk is full or fails, or the file is busy or
    /// damaged.
    pub fn set_policy(&mut self, policy: &Verified<Policy>) -> Result<(), ReceiptsError> {
        let transaction = self.opened.write()?;
        let member = rows::current_member(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&transaction, &member)?;
        add_policy(&transaction, &member, &keys, policy)?;
        Ok(transaction.commit()?)
    }
}

pub(super) fn members(connection: &Connection) -> Result<Vec<Member>, ReceiptsError> {
    let mut select = connection.prepare_cached("SELECT number FROM memberships ORDER BY number")?;
    let numbers = select.query_map([], |row| row.get(0))?;
    let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
    let read = |number| rows::member(connection, number);
    numbers.into_iter().map(read).collect()
}

/// The earlier membership of the same account, under the ledger's pinned key or a later one.
fn earlier(
    transaction: &Transaction<'_>,
    wanted: &Membership,
) -> Result<Option<Member>, ReceiptsError> {
    for member in members(transaction)? {
        let held = &member.membership;
        let is_same = (held.account, held.head.key) == (wanted.account, wanted.head.key);
        if is_same && rows::keys(transaction, &member)?.contains(wanted.ledger) {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

fn add(transaction: &Transaction<'_>, membership: &Membership) -> Result<i64, ReceiptsError> {
    let head = &membership.head;
    let sequence =
        i64::try_from(head.sequence).map_err(|_| Bug::new("a sequence number beyond the limit"))?;
    transaction.execute(
        "INSERT INTO memberships VALUES \
         ((SELECT coalesce(max(number), 0) + 1 FROM memberships), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, \
         ?9, ?10, ?11)",
        (
            membership.ledger.0,
            membership.account.0,
            head.key.0,
            head.chain.0,
            sequence,
            head.link.0,
            head.totals.duration.get_signed(),
            head.totals.bytes_up.get_signed(),
            head.totals.bytes_down.get_signed(),
            head.totals.amount.get_signed(),
            membership.awarded.get_signed(),
        ),
    )?;
    Ok(transaction.last_insert_rowid())
}

fn add_policy(
    transaction: &Transaction<'_>,
    member: &Member,
    keys: &LedgerKeys,
    policy: &Verified<Policy>,
) -> Result<(), ReceiptsError> {
    if !keys.contains(policy.value().ledger) {
        return Err(ReceiptsError::Foreign);
    }
    let number = policy.value().number.0;
    let known: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM policies WHERE membership = ?1 AND number = ?2)",
        (member.number, number),
        |row| row.get(0),
    )?;
    if !known {
        transaction.execute(
            "INSERT INTO policies VALUES (?1, ?2, ?3)",
            (member.number, number, rows::stored(policy)),
        )?;
    }
    Ok(())
}
