//! Requests that a ledger must answer: looking at it, enrolment, and what an account can do.

use super::detached::Answer;
use crate::{
    accounting::Joining,
    engine::{BooksCommand, Command, EngineHandle, LedgerSigner},
    ledger_link::{Client, ClientError, failed, has_key},
};
use meter_core::{
    AccountId, Amount, ChainCondition, ChainHead, CodeHash, DeviceKey, EnrolmentRule, LedgerKey,
    Policy, Signed, Verified, Vkey,
};
use meter_ledger_client::{SignRequests as _, code_bytes};
use meter_tor::LedgerAddress;
use meter_wire::{
    ErrorCode, HexBytes, LedgerDevice, LedgerDevices, LedgerEnrol, LedgerEnrolled, LedgerLogin,
    LedgerOffer, LedgerPolicy, LedgerSecret, Problem, Request, Success, U64Text,
    ledger::{Enrolled, LedgerCode, LedgerInfo, WireSigned},
};

/// Does what was requested; the other requests are not for a ledger.
pub(super) async fn ask(engine: EngineHandle, request: Request) -> Answer {
    match request {
        Request::LedgerLook(look) => {
            let address = address(&look.address)?;
            let info = info(&mut engine.ledger_link().client(address.clone())).await?;
            Ok(Success::LedgerOffer(offer(&address, &info)?))
        }
        Request::LedgerEnrol(enrol) => {
            Ok(Success::LedgerEnrolled(enrolled(&engine, &enrol).await?))
        }
        request => of_account(&engine, request).await,
    }
}

async fn of_account(engine: &EngineHandle, request: Request) -> Answer {
    let ledger = engine.ask_books(BooksCommand::Ledger).await?;
    let mut client = engine.ledger_link().client(ledger.address.clone());
    let here = device(engine).await?;
    let signer = LedgerSigner::new(engine, ledger.key, here);
    let answer = match asked(&mut client, &signer, &request).await {
        Err(error) if error.code() == Some(LedgerCode::Signature) => {
            let newest = newest_key(engine, &mut client, ledger.key).await?;
            match newest == ledger.key {
                true => Err(error),
                // What was refused for its signature was not done.
                false => {
                    let signer = LedgerSigner::new(engine, newest, here);
                    asked(&mut client, &signer, &request).await
                }
            }
        }
        answer => answer,
    };
    answer.map_err(|error| failed(&error))
}

/// The ledger's newest key, which the keys before it signed over to.
async fn newest_key(
    engine: &EngineHandle,
    client: &mut Client,
    known: LedgerKey,
) -> Result<LedgerKey, Problem> {
    let info = info(client).await?;
    if !has_key(&info, known) {
        return Err(Problem::new(ErrorCode::LedgerChanged));
    }
    let changes = info.keys.iter().filter_map(|entry| entry.change.as_ref());
    let changes = changes.map(Signed::from).collect();
    let follow = |answer| BooksCommand::FollowKeys(changes, answer);
    engine.ask_books(follow).await
}

async fn asked(
    client: &mut Client,
    signer: &LedgerSigner<'_>,
    request: &Request,
) -> Result<Success, ClientError> {
    Ok(match request {
        Request::LedgerInvite => {
            let invited = client.invite(signer).await?;
            Success::LedgerSecret(LedgerSecret {
                code: invited.code,
                expires_ms: Some(invited.expires_ms),
            })
        }
        Request::LedgerRecovery => Success::LedgerSecret(LedgerSecret {
            code: client.recovery(signer).await?.recovery_code,
            expires_ms: None,
        }),
        Request::LedgerDevices => {
            let devices = client.devices(signer).await?;
            let here = HexBytes(signer.device().0);
            let devices = devices.into_iter().map(|device| LedgerDevice {
                here: device.key == here,
                key: device.key,
                name: device.name,
                enrolled_ms: device.enrolled_ms,
                removed_ms: device.removed_ms,
            });
            Success::LedgerDevices(LedgerDevices {
                devices: devices.collect(),
            })
        }
        Request::LedgerRemove(remove) => {
            client.remove(signer, DeviceKey(remove.device.0)).await?;
            Success::Done
        }
        Request::LedgerLogin => {
            let login = client.login(signer).await?;
            Success::LedgerLogin(LedgerLogin {
                link: login.link,
                words: login.words,
            })
        }
        // No other request comes here, and none is sent unsigned.
        _ => return Err(ClientError::NotSigned),
    })
}

async fn info(client: &mut Client) -> Result<LedgerInfo, Problem> {
    client.info().await.map_err(|error| failed(&error))
}

/// What a ledger says about itself, as far as its own signatures hold.
fn offer(address: &LedgerAddress, info: &LedgerInfo) -> Result<LedgerOffer, Problem> {
    let key = LedgerKey(info.key.0);
    let named = info.vkey.parse::<Vkey>().map(|vkey| vkey.key());
    if named != Ok(key) {
        return Err(unreadable("its key and the line of its key differ"));
    }
    let policy = policy(&info.policy, key)?;
    Ok(LedgerOffer {
        address: address.to_string(),
        vkey: info.vkey.clone(),
        key: info.key,
        policy: LedgerPolicy {
            number: policy.value().number.0,
            most_per_day: U64Text(policy.value().most_per_day().total.get()),
            idle_per_day: U64Text(policy.value().idle_per_day().get()),
            enrolment: match policy.value().enrolment {
                EnrolmentRule::Open => "open".to_owned(),
                EnrolmentRule::ByInvitation => "invitation".to_owned(),
            },
        },
    })
}

fn policy(wire: &WireSigned<128>, key: LedgerKey) -> Result<Verified<Policy>, Problem> {
    let policy = Signed::<Policy>::from(wire).verify(key);
    policy.map_err(|error| unreadable(&format!("its policy does not verify: {error}")))
}

/// Enrols this device. What the ledger confirms is stored before the person is told.
async fn enrolled(engine: &EngineHandle, enrol: &LedgerEnrol) -> Result<LedgerEnrolled, Problem> {
    let address = address(&enrol.address)?;
    let code = enrol.code.as_deref().map(code).transpose()?;
    let mut client = engine.ledger_link().client(address.clone());
    let key = LedgerKey(enrol.key.0);
    if info(&mut client).await?.key != enrol.key {
        return Err(Problem::new(ErrorCode::LedgerOtherKey));
    }
    let challenge = client.challenge().await.map_err(|error| failed(&error))?;
    let statement = engine
        .ask_books(|answer| BooksCommand::SignEnrolment {
            ledger: key,
            challenge,
            code: code.map(|code| CodeHash::of(&code)),
            answer,
        })
        .await?;
    let answered = client.enrol(&statement, enrol.code.as_deref()).await;
    let enrolled = answered.map_err(|error| failed(&error))?;
    let policy = policy(&enrolled.policy, key)?;
    let ours = statement.value().head;
    let (head, awarded) = stands(engine, &mut client, key, ours).await?;
    let joining = Joining {
        address,
        ledger: key,
        account: AccountId(enrolled.account.0),
        name: enrolled.name.clone(),
        head,
        awarded,
        policy,
    };
    let joining = Box::new(joining);
    engine
        .ask_books(|answer| BooksCommand::Join(joining, answer))
        .await?;
    Ok(to_wire(enrolled))
}

fn to_wire(enrolled: Enrolled) -> LedgerEnrolled {
    LedgerEnrolled {
        account: enrolled.account,
        name: enrolled.name,
        recovery_code: enrolled.recovery_code,
    }
}

/// Where the ledger has this device's chain, and what it has awarded for it. A device that comes
/// back is known already, with the place where the ledger stopped.
async fn stands(
    engine: &EngineHandle,
    client: &mut Client,
    key: LedgerKey,
    ours: ChainHead,
) -> Result<(ChainHead, Amount), Problem> {
    let signer = LedgerSigner::new(engine, key, ours.key);
    let state = client.chain(&signer, ours.chain).await;
    let state = state.map_err(|error| failed(&error))?.verify(key);
    let state =
        state.map_err(|error| unreadable(&format!("its answer does not verify: {error}")))?;
    let state = state.value();
    if state.chain != ours.chain || state.device != ours.key {
        return Err(unreadable("it answers about another chain"));
    }
    let at = engine
        .ask_books(|answer| BooksCommand::HeadAt(state.sequence, answer))
        .await?;
    match at {
        Some(head) if head.link == state.link && state.condition == ChainCondition::Open => {
            Ok((head, state.awarded_total))
        }
        // The outbox finds the difference at its first contact, and says what it does about it.
        Some(_) | None => Ok((ours, Amount::ZERO)),
    }
}

fn address(text: &str) -> Result<LedgerAddress, Problem> {
    text.parse()
        .map_err(|error: meter_tor::LedgerAddressError| {
            Problem::with_detail(ErrorCode::LedgerAddress, error.to_string())
        })
}

fn unreadable(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::LedgerUnreadable, why)
}

/// The bytes of an invitation or recovery code.
fn code(text: &str) -> Result<[u8; 16], Problem> {
    code_bytes(text).ok_or_else(|| Problem::new(ErrorCode::LedgerBadCode))
}

/// This device's key.
async fn device(engine: &EngineHandle) -> Result<DeviceKey, Problem> {
    let hello = engine.ask(Command::Hello).await?;
    let key = hello
        .key
        .ok_or_else(|| Problem::new(ErrorCode::KeyMissing))?;
    Ok(DeviceKey(key.0))
}
