//! Witnesses: requests of the extension's own that have to arrive at the relay.

use meter_core::WitnessName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt};

/// The name that one witness asks for, in its one spelling.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct WitnessText(pub WitnessName);

/// A request that the browser is to make.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Witness {
    /// The name to ask for, on any port and by any protocol.
    pub name: WitnessText,
}

/// Which witness is asked about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessQuery {
    /// Its name.
    pub name: WitnessText,
}

/// What became of a witness.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WitnessSeen {
    /// Whether a request for its name arrived at the relay.
    pub arrived: bool,
    /// Connections that the relay serves right now, whoever asked for them.
    pub connections: u32,
}

/// The bits are a secret until the name is asked for.
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
