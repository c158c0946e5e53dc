//! Metrics that clients push: hostile bytes, and what is written is JSON within its bound.

#![no_main]

use libfuzzer_sys::fuzz_target;
use telemetry::otlp::{Error, json_line};

// The first byte chooses the bound, the rest is an encoded `MetricsData`.
fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let max = 1 << (4 + (choice & 15));
    let labels = [("client_id", "c"), ("quote", "\"\\\n\u{1}")];
    match json_line(data, &labels, max) {
        Ok(line) => {
            // What stands between values of bounded length is bounded by the bytes that came.
            assert!(line.len() <= max + 64 * (data.len() + 1) + 256);
            assert!(line.is_empty() || line.ends_with("}\n"));
            if !line.is_empty() {
                serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
            }
        }
        Err(Error::TooLarge(bound)) => assert_eq!(bound, max),
        Err(Error::Malformed(_)) => {}
    }
});
