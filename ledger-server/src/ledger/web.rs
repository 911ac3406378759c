//! Browsers that are signed in.

use super::{
    Ledger,
    memory::{Remembered, WebSession},
    token::Token,
};
use crate::store::{Db, Row, StoreError, Value, statements};
use meter_core::{AccountId, DeviceKey, UnixMs};

/// A browser that is signed in, for the owner of the account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Browser {
    /// Since when.
    pub began: UnixMs,
    /// Until when.
    pub expires: UnixMs,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Ledger {
    /// The session of a browser's cookie, while it lasts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn web_session(&self, secret: &Token) -> Result<Option<WebSession>, StoreError> {
        let name = secret.name();
        if self.memory.is_ended(&name) {
            return Ok(None);
        }
        self.store.read(|db| {
            let now = db.now()?;
            let found = [secret.hash(), Value::Int(now.get_signed())];
            let mut found = db.rows(statements::WEB_SESSION, &found)?;
            if let Some(row) = found.first_mut() {
                return session(row).map(Some);
            }
            let found = self.memory.session(&name, now);
            Ok(match found {
                Some(found) if still_may(db, &found)? => Some(found.session),
                _ => None,
            })
        })
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn end_web_session(&self, secret: &Token) -> Result<(), StoreError> {
        self.memory.sign_out(&secret.name());
        let of = [secret.hash()];
        match self
            .store
            .write(|db| db.run(statements::END_WEB_SESSION, &of))
        {
            // The row stays. This process does not believe it any more.
            Err(error) if error.is_unavailable() => {
                let (now, stored) = self.store.read(|db| {
                    let now = db.now()?;
                    let of = [secret.hash(), Value::Int(now.get_signed())];
                    Ok::<_, StoreError>((now, db.rows(statements::WEB_SESSION, &of)?))
                })?;
                for mut row in stored {
                    let expires = session(&mut row)?.expires;
                    self.memory.end_stored(secret.name(), expires, now);
                }
                Ok(())
            }
            done => done.map(drop),
        }
    }

    /// The browsers that are signed in to an account, the newest first. `secret` is the cookie of
    /// the one that asks.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn browsers(&self, account: AccountId, secret: &Token) -> Result<Vec<Browser>, StoreError> {
        let own = secret.name();
        self.store.read(|db| {
            let now = db.now()?;
            let mut browsers = Vec::new();
            for (name, found) in self.memory.sessions_of(account, now) {
                if still_may(db, &found)? {
                    browsers.push(Browser {
                        began: found.began,
                        expires: found.session.expires,
                        is_this: name == own,
                    });
                }
            }
            let of = [account.0.into(), Value::Int(now.get_signed())];
            for mut row in db.rows(statements::WEB_SESSIONS, &of)? {
                let name: [u8; 32] = row.array()?;
                let browser = Browser {
                    began: row.unit(UnixMs::new)?,
                    expires: row.unit(UnixMs::new)?,
                    is_this: name == own,
                };
                if !self.memory.is_ended(&name) {
                    browsers.push(browser);
                }
            }
            browsers.sort_by_key(|browser| std::cmp::Reverse(browser.began));
            Ok(browsers)
        })
    }

    /// Signs out every browser of an account but the one with this cookie.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn end_other_web_sessions(
        &self,
        account: AccountId,
        secret: &Token,
    ) -> Result<(), StoreError> {
        let (own, now) = (secret.name(), self.now()?);
        for (name, _) in self.memory.sessions_of(account, now) {
            if name != own {
                self.memory.sign_out(&name);
            }
        }
        let of = [account.0.into(), secret.hash()];
        self.store
            .write(|db| db.run(statements::END_OTHER_WEB_SESSIONS, &of))
            .map(drop)
    }
}

fn session(row: &mut Row) -> Result<WebSession, StoreError> {
    let account = row.bytes_or_null()?.map(|id| id.try_into().map(AccountId));
    let account = account.transpose();
    Ok(WebSession {
        account: account.map_err(|_| StoreError::Damaged("an account".to_owned()))?,
        expires: row.unit(UnixMs::new)?,
    })
}

/// A remembered session ends with its device: no row of it could be deleted with that.
fn still_may(db: &mut dyn Db, found: &Remembered) -> Result<bool, StoreError> {
    let of = found.session.account.zip(found.device);
    match of {
        Some((account, device)) => is_device(db, account, device),
        None => Ok(found.session.account.is_none()),
    }
}

/// Whether a device is one of this account and was not removed.
pub(super) fn is_device(
    db: &mut dyn Db,
    account: AccountId,
    device: DeviceKey,
) -> Result<bool, StoreError> {
    let found = db.rows(statements::DEVICE, &[device.0.into()])?;
    let Some(mut row) = found.into_iter().next() else {
        return Ok(false);
    };
    let of = AccountId(row.array()?);
    row.text()?;
    row.int()?;
    Ok(of == account && row.time_or_null()?.is_none())
}
