//! Witnesses: test requests of the extension that must arrive at the relay.

use meter_core::WitnessName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt};

/// The host name of one witness, in its only accepted spelling.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct WitnessText(pub WitnessName);

/// The test request that the browser will make.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Witness {
    /// The host name to request, on any port and with any protocol.
    pub name: WitnessText,
}

/// Selects the witness in question.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessQuery {
    /// The host name of the witness.
    pub name: WitnessText,
}

/// The result of a witness.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WitnessSeen {
    /// Whether a request for this name arrived at the relay.
    pub arrived: bool,
    /// Connections that the relay serves now, of all programs.
    pub connections: u32,
}

/// The random bits are a secret until the browser requests the name.
impl fmt::Debug for WitnessText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WitnessText(..)")
    }
}

impl Serialize for WitnessText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WitnessText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let name = WitnessName::parse(&text).map(Self);
        name.ok_or_else(|| D::Error::custom("not the name of a witness"))
    }
}
