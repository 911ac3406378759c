//! Requests that a device signs. The key stays with the caller.

use crate::{
    client::{LedgerClient, Outcome},
    error::ClientError,
    http::Answered,
    link::Dial,
};
use meter_core::{
    AccountId, BodyHash, ChainId, ChainState, DeviceKey, LedgerKey, LedgerRequest, RequestMethod,
    SIGNATURE_BYTES, Signed, TargetHash,
};
use meter_wire::ledger::{
    Balance, ChainAnswer, DeviceInfo, Devices, Invited, Login, Recovery, Removed,
};
use std::future::Future;

/// Signs requests of one device for one ledger.
pub trait SignRequests {
    /// The device.
    fn device(&self) -> DeviceKey;
    /// The key of the ledger that the requests are for. What is signed for one ledger is refused
    /// by every other.
    fn ledger(&self) -> LedgerKey;
    /// The device's signature over a request; `None` if it cannot sign.
    fn sign(
        &self,
        request: LedgerRequest,
    ) -> impl Future<Output = Option<[u8; SIGNATURE_BYTES]>> + Send;
}

impl<D: Dial> LedgerClient<D> {
    /// Where the ledger has a chain of the device. It is a claim until it is verified with the
    /// ledger's key.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn chain(
        &mut self,
        signer: &impl SignRequests,
        chain: ChainId,
    ) -> Outcome<Signed<ChainState>, D> {
        let target = format!("/api/chains/{}", hex::encode(chain.0));
        let answered = self.signed(signer, RequestMethod::Get, &target).await?;
        let answer: ChainAnswer = answered.message()?;
        Ok(Signed::from(&answer.head))
    }

    /// The devices of the account, in the order in which they came.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn devices(&mut self, signer: &impl SignRequests) -> Outcome<Vec<DeviceInfo>, D> {
        let answered = self
            .signed(signer, RequestMethod::Get, "/api/devices")
            .await?;
        let devices: Devices = answered.message()?;
        Ok(devices.devices)
    }

    /// A link that signs one browser in.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn login(&mut self, signer: &impl SignRequests) -> Outcome<Login, D> {
        let answered = self
            .signed(signer, RequestMethod::Post, "/api/login")
            .await?;
        answered.message()
    }

    /// A code that lets one more device into the account.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn invite(&mut self, signer: &impl SignRequests) -> Outcome<Invited, D> {
        let target = "/api/devices/invite";
        let answered = self.signed(signer, RequestMethod::Post, target).await?;
        answered.message()
    }

    /// Removes a device from the account.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn remove(
        &mut self,
        signer: &impl SignRequests,
        device: DeviceKey,
    ) -> Outcome<Removed, D> {
        let target = format!("/api/devices/{}/remove", hex::encode(device.0));
        let answered = self.signed(signer, RequestMethod::Post, &target).await?;
        answered.message()
    }

    /// A new recovery code; the one before is worth nothing then.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn recovery(&mut self, signer: &impl SignRequests) -> Outcome<Recovery, D> {
        let target = "/api/account/recovery";
        let answered = self.signed(signer, RequestMethod::Post, target).await?;
        answered.message()
    }

    /// What the account was credited.
    ///
    /// # Errors
    /// When the ledger refuses, or does not answer.
    pub async fn balance(
        &mut self,
        signer: &impl SignRequests,
        account: AccountId,
    ) -> Outcome<Balance, D> {
        let target = format!("/api/sessions/balance/{}", hex::encode(account.0));
        let answered = self.signed(signer, RequestMethod::Get, &target).await?;
        answered.message()
    }

    /// Sends a request without a body, signed over a new challenge.
    async fn signed(
        &mut self,
        signer: &impl SignRequests,
        method: RequestMethod,
        target: &str,
    ) -> Outcome<Answered, D> {
        let challenge = self.challenge().await?;
        let (device, ledger) = (signer.device(), signer.ledger());
        let request = LedgerRequest {
            method,
            ledger,
            device,
            challenge,
            target: TargetHash::of(target),
            body: BodyHash::of(&[]),
        };
        let signature = signer.sign(request).await.ok_or(ClientError::NotSigned)?;
        let headers = [
            ("Onionmeter-Device", hex::encode(device.0)),
            ("Onionmeter-Challenge", hex::encode(challenge.0)),
            ("Onionmeter-Signature", hex::encode(signature)),
        ];
        self.send(method, target, &headers, &[]).await
    }
}
