//! Kafka's messages and stored records: types, codec, API keys, error codes.
