//! The broker: one handler file per API.
