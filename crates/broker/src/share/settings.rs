//! What a share group has set, over what the broker says.

use config::ServerConfig;
use metadata::{Image, ResourceType, features};
use replication::Visibility;
use share::partition::Settings;

/// Settings of one share group as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupSettings {
    /// What share partitions go by.
    pub(crate) partition: Settings,
    /// `share.isolation.level`.
    pub(crate) visibility: Visibility,
    /// `share.auto.offset.reset`.
    pub(crate) reset: OffsetReset,
}

/// Where a group starts in a partition (kafka-semantics 159).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffsetReset {
    /// At the end.
    Latest,
    /// At the beginning.
    Earliest,
    /// At the first record that is not older, ms.
    ByDuration(i64),
}

/// Whether the cluster has share groups (kafka-semantics 157).
pub(crate) fn is_enabled(image: &Image) -> bool {
    image.features.level(features::SHARE_VERSION) >= 1
}

impl GroupSettings {
    /// Those of a group. Values that are stored were checked; what cannot be read all the same
    /// counts as not set.
    pub(crate) fn of(image: &Image, config: &ServerConfig, group_id: &str) -> Self {
        let share = &config.share;
        let mut settings = Self {
            partition: Settings {
                max_record_locks: share.partition_max_record_locks.into(),
                delivery_count_limit: i16::try_from(share.delivery_count_limit).unwrap_or(i16::MAX),
                record_lock_duration_ms: share.record_lock_duration_ms.into(),
                renew_enabled: true,
            },
            visibility: Visibility::HighWatermark,
            reset: OffsetReset::Latest,
        };
        let Some(own) = image.configs.of(ResourceType::Group, group_id) else { return settings };
        for (name, value) in own.iter() {
            settings.set(name, value.trim());
        }
        settings
    }

    fn set(&mut self, name: &str, value: &str) {
        let partition = &mut self.partition;
        match name {
            "share.partition.max.record.locks" => set(&mut partition.max_record_locks, value),
            "share.delivery.count.limit" => set(&mut partition.delivery_count_limit, value),
            "share.record.lock.duration.ms" => set(&mut partition.record_lock_duration_ms, value),
            "share.renew.acknowledge.enable" => set(&mut partition.renew_enabled, value),
            "share.isolation.level" if value.eq_ignore_ascii_case("read_committed") => {
                self.visibility = Visibility::LastStable;
            }
            "share.auto.offset.reset" => {
                self.reset = OffsetReset::read(value).unwrap_or(self.reset);
            }
            _ => {}
        }
    }

    /// `share.record.lock.duration.ms` as responses tell it.
    pub(crate) fn lock_timeout_ms(&self) -> i32 {
        i32::try_from(self.partition.record_lock_duration_ms).unwrap_or(i32::MAX)
    }
}

fn set<T: std::str::FromStr>(setting: &mut T, value: &str) {
    if let Ok(value) = value.to_ascii_lowercase().parse() {
        *setting = value;
    }
}

impl OffsetReset {
    fn read(value: &str) -> Option<Self> {
        let value = value.to_ascii_lowercase();
        match value.as_str() {
            "latest" => Some(Self::Latest),
            "earliest" => Some(Self::Earliest),
            value => Some(Self::ByDuration(duration_ms(value.strip_prefix("by_duration:")?)?)),
        }
    }
}

/// An ISO 8601 duration as Java writes one, `pnDtnHnMn.nS`, in ms.
fn duration_ms(text: &str) -> Option<i64> {
    let text = text.strip_prefix('p')?;
    let (days, time) = text.split_once('t').unwrap_or((text, ""));
    let mut total_ms = 0_f64;
    for (part, units) in [(days, &[('d', 86_400_000_f64)][..]), (time, &TIME_UNITS[..])] {
        let mut rest = part;
        for (unit, unit_ms) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                total_ms += number.parse::<f64>().ok()? * unit_ms;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(total_ms as i64)
}

const TIME_UNITS: [(char, f64); 3] = [('h', 3_600_000.0), ('m', 60_000.0), ('s', 1_000.0)];

#[cfg(test)]
mod tests {
    use super::*;

    /// kafka-semantics 159.
    #[test]
    fn offset_resets_are_read() {
        for (value, expected) in [
            ("latest", Some(OffsetReset::Latest)),
            ("EARLIEST", Some(OffsetReset::Earliest)),
            ("by_duration:PT1H", Some(OffsetReset::ByDuration(3_600_000))),
            ("by_duration:P1DT2H3M4.5S", Some(OffsetReset::ByDuration(93_784_500))),
            ("by_duration:P2D", Some(OffsetReset::ByDuration(172_800_000))),
            ("by_duration:1H", None),
            ("by_duration:PT1X", None),
            ("sometime", None),
        ] {
            assert_eq!(OffsetReset::read(value), expected, "{value}");
        }
    }
}
