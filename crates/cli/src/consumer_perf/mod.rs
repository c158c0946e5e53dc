//! `kafka-consumer-perf-test`: how fast records can be read.

mod options;

use std::time::Duration;

use client::{Consumer, Rebalance};
use env::{Env, Instant};

use crate::clients::consumer_config;
use crate::connect::{client_config, connect};
use crate::error::Error;
use crate::java::decimal;
use crate::metrics;
use crate::options::Given;
use crate::terminal::Terminal;
use options::{Settings, Source};

pub(crate) use options::OPTIONS;

/// How long a poll waits.
const PATIENCE: Duration = Duration::from_millis(100);
const MB: f64 = 1024.0 * 1024.0;

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    options::check(given, terminal)?;
    if !given.has("hide-header") {
        let is_detailed = given.has("show-detailed-stats");
        let first = if is_detailed { "time, threadId" } else { "start.time, end.time" };
        terminal.say(format!(
            "{first}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
             rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
        ))?;
        terminal.flush()?;
    }
    // Numbers are looked at when they are needed: the help no longer follows.
    let settings = options::settings(env.files(), given, env.random().u64());
    let settings = settings.map_err(|error| Error::Refused(error.to_string()))?;
    let properties = &settings.properties;
    let servers = properties.get("bootstrap.servers").unwrap_or_default();
    let client = client_config(servers, "perf-consumer-client", properties)?;
    let config = consumer_config(properties)?;
    let cluster = connect(env, client, terminal).await?;
    let mut consumer = Consumer::new(&cluster, config);
    match &settings.source {
        Source::Topic(topic) => consumer.subscribe(std::slice::from_ref(topic)),
        Source::Matching(pattern) => {
            let pattern = pattern.clone();
            consumer.subscribe_matching(move |name| pattern.matches(name));
        }
    }
    let clocks = Clocks { began: env.now(), began_ms: env.clock().wall_ms() };
    let mut test = Test::new(env, &settings, clocks);
    Box::pin(test.read_all(&mut consumer, terminal)).await?;
    let elapsed = clocks.ms(env.now());
    if !settings.is_detailed {
        terminal.say(test.summary(elapsed))?;
    }
    if settings.print_metrics {
        let client_id = properties.get("client.id").unwrap_or_default();
        let read = (test.all.records, test.all.bytes);
        metrics::tell(terminal, metrics::of_consumer(read, client_id, elapsed))?;
    }
    terminal.flush()?;
    consumer.close().await?;
    Ok(())
}

/// When the test began.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    began: Instant,
    began_ms: i64,
}

impl Clocks {
    /// Milliseconds since the test began.
    fn ms(self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_millis() as u64
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    records: u64,
    bytes: u64,
}

struct Test<'a> {
    env: &'a Env,
    settings: &'a Settings,
    clocks: Clocks,
    all: Counts,
    /// What there was at the last report, and when that was.
    reported: Counts,
    reported_at: u64,
    /// When partitions were given back.
    joining_since: u64,
    join_ms: u64,
    join_ms_in_round: u64,
}

impl<'a> Test<'a> {
    fn new(env: &'a Env, settings: &'a Settings, clocks: Clocks) -> Self {
        Self {
            env,
            settings,
            clocks,
            all: Counts::default(),
            reported: Counts::default(),
            reported_at: 0,
            joining_since: 0,
            join_ms: 0,
            join_ms_in_round: 0,
        }
    }

    async fn read_all(
        &mut self,
        consumer: &mut Consumer,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let timeout = self.settings.timeout.as_millis() as u64;
        let interval = self.settings.reporting_interval.as_millis() as u64;
        let (mut now, mut consumed_at) = (0, 0);
        while self.all.records < self.settings.record_count && now - consumed_at <= timeout {
            let records = consumer.poll(PATIENCE).await?;
            self.take_rebalances(consumer);
            now = self.clocks.ms(self.env.now());
            if !records.is_empty() {
                consumed_at = now;
            }
            let size = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, bytes::Bytes::len);
            for record in &records {
                self.all.records += 1;
                self.all.bytes += (size(&record.key) + size(&record.value)) as u64;
                if now - self.reported_at >= interval {
                    if self.settings.is_detailed {
                        terminal.say(self.progress(now))?;
                        terminal.flush()?;
                    }
                    self.join_ms_in_round = 0;
                    self.reported_at = now;
                    self.reported = self.all;
                }
            }
        }
        if self.all.records < self.settings.record_count {
            terminal.say(format!(
                "WARNING: Exiting before consuming the expected number of records: timeout \
                 ({timeout} ms) exceeded. You can use the --timeout option to increase the \
                 timeout."
            ))?;
        }
        Ok(())
    }

    fn take_rebalances(&mut self, consumer: &mut Consumer) {
        for (when, rebalance) in consumer.take_rebalances() {
            let when = self.clocks.ms(when);
            match rebalance {
                Rebalance::Revoked(_) | Rebalance::Lost(_) => self.joining_since = when,
                Rebalance::Assigned(_) => {
                    let elapsed = when.saturating_sub(self.joining_since);
                    self.join_ms += elapsed;
                    self.join_ms_in_round += elapsed;
                }
            }
        }
    }

    /// The line of a report.
    fn progress(&self, now: u64) -> String {
        let elapsed = (now - self.reported_at) as f64;
        let fetching = (now - self.reported_at).saturating_sub(self.join_ms_in_round);
        let mb = (self.all.bytes - self.reported.bytes) as f64 / MB;
        let records = (self.all.records - self.reported.records) as f64;
        let per_second = |amount: f64| match fetching {
            0 => 0.0,
            ms => 1000.0 * amount / ms as f64,
        };
        format!(
            "{}, 0, {}, {}, {}, {}, {}, {fetching}, {}, {}",
            self.date(now),
            decimal(self.all.bytes as f64 / MB, 4),
            decimal(1000.0 * mb / elapsed, 4),
            self.all.records,
            decimal(records / elapsed * 1000.0, 4),
            self.join_ms_in_round,
            decimal(per_second(mb), 4),
            decimal(per_second(records), 4),
        )
    }

    /// The line at the end.
    fn summary(&self, elapsed: u64) -> String {
        let mb = self.all.bytes as f64 / MB;
        let records = self.all.records;
        let fetching = elapsed.saturating_sub(self.join_ms);
        let (seconds, fetching_seconds) = (elapsed as f64 / 1000.0, fetching as f64 / 1000.0);
        format!(
            "{}, {}, {}, {}, {records}, {}, {}, {fetching}, {}, {}",
            self.date(0),
            self.date(elapsed),
            decimal(mb, 4),
            decimal(mb / seconds, 4),
            decimal(records as f64 / seconds, 4),
            self.join_ms,
            decimal(mb / fetching_seconds, 4),
            decimal(records as f64 / fetching_seconds, 4),
        )
    }

    fn date(&self, ms: u64) -> String {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        self.settings.date_format.show(self.clocks.began_ms.saturating_add(ms))
    }
}
