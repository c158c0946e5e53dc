//! Listeners, framing, ordered replies, limits.
