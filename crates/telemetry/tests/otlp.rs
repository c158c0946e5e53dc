//! Metrics as JSON. Every kind of metric is compared with another decoder in
//! `interop/java/Telemetry.java`.

use serde_json::{Value, json};
use telemetry::otlp::{Error, json_line};

/// A field with bytes in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short field");
    assert!(length < 128 && number < 16);
    [&[number << 3 | 2, length], bytes].concat()
}

fn gauge() -> Vec<u8> {
    let key = [field(1, b"k"), field(2, &field(1, b"\"v\n"))].concat();
    let point = [vec![3 << 3 | 1, 1, 0, 0, 0, 0, 0, 0, 0], field(7, &key)].concat();
    let metric = [field(1, b"m"), field(5, &field(1, &point))].concat();
    field(1, &field(2, &field(2, &metric)))
}

#[test]
fn a_gauge_is_written_with_labels() {
    let line = json_line(&gauge(), &[("client_id", "a\"b")], 1_000).unwrap();
    assert!(line.ends_with("}\n"));
    let read: Value = serde_json::from_str(&line).unwrap();
    let expected = json!({"resourceMetrics": [{
        "resource": {"attributes": [{"key": "client_id", "value": {"stringValue": "a\"b"}}]},
        "scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [{
            "attributes": [{"key": "k", "value": {"stringValue": "\"v\n"}}],
            "timeUnixNano": "1",
        }]}}]}],
    }]});
    assert_eq!(read, expected);
}

#[test]
fn nothing_is_no_line() {
    assert_eq!(json_line(&[], &[], 10).as_deref(), Ok(""));
}

#[test]
fn what_is_cut_off_or_too_large_is_refused() {
    let gauge = gauge();
    for length in 1..gauge.len() {
        assert!(matches!(json_line(&gauge[..length], &[], 1_000), Err(Error::Malformed(_))));
    }
    assert_eq!(json_line(&gauge, &[], 50), Err(Error::TooLarge(50)));
}

#[test]
fn values_inside_one_another_have_a_bound() {
    // AnyValue { array_value { values: AnyValue … } }, again and again.
    let mut value = Vec::new();
    for _ in 0..20 {
        value = field(5, &field(1, &value));
    }
    let attribute = field(1, &field(1, &field(1, &field(2, &value))));
    assert!(matches!(json_line(&attribute, &[], 10_000), Err(Error::Malformed(_))));
}

#[test]
fn unknown_fields_are_passed_over() {
    let strange = [vec![15 << 3, 0x80, 1], vec![14 << 3 | 5, 1, 2, 3, 4], field(13, b"x")].concat();
    assert_eq!(json_line(&strange, &[], 100).as_deref(), Ok("{}\n"));
}

/// Bytes changed, cut and doubled at random, the same in every run.
#[test]
fn whatever_comes_gives_json_or_a_refusal() {
    let mut state: u64 = 7;
    let mut random = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let mut written = 0;
    for _ in 0..50_000 {
        let mut bytes = gauge();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes[at] ^= 1 << random(8),
                2 => bytes.truncate(at.max(1)),
                _ => bytes.extend_from_within(at..),
            }
        }
        if let Ok(line) = json_line(&bytes, &[("client_id", "\u{1}")], 2_000) {
            assert!(line.len() < 2_500);
            serde_json::from_str::<Value>(&line).unwrap();
            written += 1;
        }
    }
    assert!(written > 1_000, "{written}");
}
