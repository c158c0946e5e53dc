//! What a request may take before it is known what it says.

use wire::ApiKey;

/// The longest request of an API whose answer says something about each name in the request.
///
/// Five bytes may ask for hundreds: as many as `socket.request.max.bytes` allows would take more
/// memory than there is.
const DETAILED_BYTES_MAX: usize = 8 << 20;
/// Bytes of memory for a byte of such a request: what it is decoded into, and its answer.
const DETAILED_FACTOR: usize = 32;
/// The same for Fetch, whose partitions are described in it.
const FETCH_FACTOR: usize = 4;

/// How a request's memory grows with its length.
enum Shape {
    /// Most of it are bytes that are passed on as they are.
    Bulk,
    Fetch,
    /// It names things, and the answer tells about each.
    Detailed,
}

fn shape(api_key: i16) -> Shape {
    match ApiKey::from_code(api_key) {
        Some(ApiKey::Produce | ApiKey::JoinGroup | ApiKey::SyncGroup | ApiKey::PushTelemetry) => {
            Shape::Bulk
        }
        Some(ApiKey::Fetch) => Shape::Fetch,
        _ => Shape::Detailed,
    }
}

/// The longest request of an API, besides `socket.request.max.bytes`.
pub fn request_bytes_max(api_key: i16) -> usize {
    match shape(api_key) {
        Shape::Bulk => usize::MAX,
        Shape::Fetch | Shape::Detailed => DETAILED_BYTES_MAX,
    }
}

/// Bytes of memory that a request of this length may take besides.
pub fn request_estimate(api_key: i16, length: usize) -> usize {
    match shape(api_key) {
        Shape::Bulk => 0,
        Shape::Fetch => length.saturating_mul(FETCH_FACTOR),
        Shape::Detailed => length.saturating_mul(DETAILED_FACTOR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_passed_on_may_be_long() {
        assert_eq!(request_bytes_max(ApiKey::Produce.code()), usize::MAX);
        for key in [ApiKey::Metadata.code(), ApiKey::DescribeConfigs.code(), -1, i16::MAX] {
            assert_eq!(request_bytes_max(key), 8 << 20);
            assert_eq!(request_estimate(key, 100), 3_200);
        }
        assert_eq!(request_estimate(ApiKey::Produce.code(), 1 << 20), 0);
    }
}
