//! The replicas of this broker: append, read, wait for the high watermark, fetch from leaders.
