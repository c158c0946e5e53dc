//! Runs coordinator shards: loads by replay, appends, answers at the high watermark, expires by timer.
