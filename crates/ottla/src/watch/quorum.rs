//! The metadata quorum.

use metrics::Text;
use metrics::table::quorum as table;

use super::sources::Sources;

pub(crate) fn write(sources: &Sources, text: &mut Text) {
    let status = *sources.parts.status.borrow();
    let state = match (status.is_leader, status.leader) {
        (true, _) => "leader",
        (false, Some(_)) => "follower",
        (false, None) => "unattached",
    };
    text.one(&table::CURRENT_STATE, [state], 1);
    text.one(&table::CURRENT_LEADER, [], status.leader.unwrap_or(-1));
    text.one(&table::CURRENT_EPOCH, [], status.epoch);
    text.one(&table::HIGH_WATERMARK, [], status.high_watermark);
    text.one(&table::LOG_END_OFFSET, [], status.log_end_offset);
    let now = sources.env.now();
    let end = status.log_end_offset;
    let (before, elapsed) = sources.earlier().metadata_end.compare(now, &end);
    let rate = match elapsed.is_zero() {
        true => 0.0,
        false => (end - before).max(0) as f64 / elapsed.as_secs_f64(),
    };
    text.one(&table::APPEND_RATE, [], rate);
}
