//! The marker that says that a log directory was closed properly (kafka-storage §2).

use serde_json::Value;

/// Name of the marker in its log directory. It is removed as soon as it was read, so that a crash
/// while loading counts as an unclean stop.
pub const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";

const VERSION: i64 = 0;

/// Writes the marker. `broker_epoch` is the epoch the broker had; the next registration tells it
/// to the controller, which so knows that nothing was lost (KIP-966).
pub fn encode(broker_epoch: i64) -> Vec<u8> {
    format!("{{\"version\":{VERSION},\"brokerEpoch\":{broker_epoch}}}").into_bytes()
}

/// The broker epoch in a marker; `None` when it holds none that can be understood, as in the
/// empty markers of old releases: the stop was clean all the same.
pub fn decode(bytes: &[u8]) -> Option<i64> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    if value.get("version")?.as_i64()? != VERSION {
        return None;
    }
    value.get("brokerEpoch")?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_in_kafkas_form() {
        assert_eq!(encode(42), br#"{"version":0,"brokerEpoch":42}"#);
        assert_eq!(decode(&encode(42)), Some(42));
        assert_eq!(decode(br#"{ "brokerEpoch" : -1, "version" : 0, "more": [] }"#), Some(-1));
    }

    #[test]
    fn what_is_not_understood_tells_no_epoch() {
        for text in [&b""[..], b"{}", b"\xff", br#"{"version":1,"brokerEpoch":4}"#, b"[0]"] {
            assert_eq!(decode(text), None);
        }
        assert_eq!(decode(br#"{"version":0,"brokerEpoch":"4"}"#), None);
    }
}
