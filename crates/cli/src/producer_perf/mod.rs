//! `kafka-producer-perf-test`: how fast records can be produced.

mod arguments;
mod payload;
mod stats;

use std::sync::Arc;

use client::{Delivery, Error as ClientError, Producer, ProducerRecord};
use env::{Env, Instant};
use tokio::sync::mpsc;

use crate::clients::producer_config;
use crate::connect::{client_config, connect};
use crate::error::Error;
use crate::exception::shown;
use crate::metrics;
use crate::options::Given;
use crate::terminal::Terminal;
use crate::throughput::Throughput;
use arguments::Settings;
use payload::Payloads;
use stats::Stats;

pub(crate) use arguments::OPTIONS;

/// Records whose delivery is still to be looked at.
const UNTOLD_MAX: usize = 1 << 16;
/// Deliveries looked at in one go.
const CHUNK: usize = 1_024;

/// Runs the tool.
///
/// # Errors
/// What is told to the user. As with Apache Kafka's tool, records that are not delivered are told
/// of and no failure.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let unique = || wire::Uuid(env.random().uuid()).to_string();
    let settings = arguments::settings(env.files(), given, terminal, unique)?;
    let properties = &settings.properties;
    let servers = properties.get("bootstrap.servers").unwrap_or_default();
    let client = client_config(servers, "perf-producer-client", properties)?;
    let config = producer_config(properties)?;
    let cluster = connect(env, client, terminal).await?;
    let producer = Producer::new(&cluster, config);
    if settings.transaction_duration.is_some() {
        producer.init_transactions().await?;
    }
    if settings.warmup_count > 0 {
        terminal.say(format!(
            "Warmup first {} records. Steady state results will print after the complete test \
             summary.",
            settings.warmup_count
        ))?;
        terminal.flush()?;
    }
    let began = env.now();
    let (sent, deliveries) = mpsc::channel(UNTOLD_MAX);
    let sender = Sender { env, producer: &producer, settings: &settings, began, sent };
    let mut report = Report::new(&settings, began);
    let (result, told) =
        tokio::join!(Box::pin(sender.send_all()), Box::pin(report.tell(deliveries, terminal)),);
    told?;
    result?;
    let now = ms_since(began, env.now());
    terminal.say(report.all.total(now))?;
    if let Some(steady) = &mut report.steady {
        terminal.say(steady.total(now))?;
    }
    if settings.print_metrics {
        let client_id = properties.get("client.id").unwrap_or_default();
        metrics::tell(terminal, metrics::of_producer(&producer, client_id, now))?;
    }
    Ok(())
}

fn ms_since(began: Instant, now: Instant) -> u64 {
    now.duration_since(began).as_millis() as u64
}

/// A record that was sent, or could not be.
struct Sent {
    delivery: Result<Delivery, ClientError>,
    /// Milliseconds since the test began.
    at: u64,
    bytes: u64,
    is_steady: bool,
}

struct Sender<'a> {
    env: &'a Env,
    producer: &'a Producer,
    settings: &'a Settings,
    began: Instant,
    sent: mpsc::Sender<Sent>,
}

impl Sender<'_> {
    async fn send_all(self) -> Result<(), Error> {
        let Self { env, producer, settings, began, sent } = self;
        let mut payloads = Payloads::new(&settings.payload, env.random().u64());
        let mut throughput = Throughput::new(settings.throughput, began);
        let mut transaction: Option<Instant> = None;
        for number in 0..settings.record_count {
            let value = payloads.next(number);
            let now = env.now();
            if settings.transaction_duration.is_some() && transaction.is_none() {
                producer.begin_transaction()?;
                transaction = Some(now);
            }
            let bytes = value.len() as u64;
            let record = ProducerRecord {
                topic: settings.topic.clone(),
                value: Some(value),
                ..ProducerRecord::default()
            };
            let delivery = producer.send(record).await;
            let at = ms_since(began, now);
            let is_steady = settings.warmup_count > 0 && number >= settings.warmup_count;
            // Nobody listens any more when the terminal is gone.
            if sent.send(Sent { delivery, at, bytes, is_steady }).await.is_err() {
                return Ok(());
            }
            if let (Some(begin), Some(duration)) = (transaction, settings.transaction_duration)
                && now.duration_since(begin) >= duration
            {
                producer.commit_transaction().await?;
                transaction = None;
            }
            throughput.keep(env, number, now).await;
        }
        if transaction.is_some() {
            producer.commit_transaction().await?;
        }
        producer.flush().await;
        Ok(())
    }
}

/// What is told while records are delivered.
struct Report<'a> {
    settings: &'a Settings,
    began: Instant,
    all: Stats,
    steady: Option<Stats>,
}

impl<'a> Report<'a> {
    fn new(settings: &'a Settings, began: Instant) -> Self {
        let Settings { record_count, reporting_interval, .. } = settings;
        let all = Stats::new(0, *record_count, *reporting_interval, false);
        Self { settings, began, all, steady: None }
    }

    async fn tell(
        &mut self,
        mut deliveries: mpsc::Receiver<Sent>,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let mut chunk = Vec::with_capacity(CHUNK);
        while deliveries.recv_many(&mut chunk, CHUNK).await > 0 {
            for sent in chunk.drain(..) {
                self.tell_of(sent, terminal).await?;
            }
        }
        Ok(())
    }

    async fn tell_of(&mut self, sent: Sent, terminal: &mut Terminal) -> Result<(), Error> {
        let Sent { delivery, at, bytes, is_steady } = sent;
        if is_steady && self.steady.is_none() {
            let Settings { record_count, warmup_count, reporting_interval, .. } = self.settings;
            let count = record_count - warmup_count;
            self.steady = Some(Stats::new(at, count, *reporting_interval, true));
            self.all.is_silent = true;
        }
        let (when, result) = match delivery {
            Ok(delivery) => delivery.settled_at().await,
            Err(error) => {
                terminal.complain(shown(&error));
                return Ok(());
            }
        };
        match result {
            Ok(_) => {
                let now = ms_since(self.began, when);
                self.all.record((at, now), bytes, terminal)?;
                if let Some(steady) = self.steady.as_mut().filter(|_| is_steady) {
                    steady.record((at, now), bytes, terminal)?;
                }
            }
            Err(error) => terminal.complain(shown(&Arc::clone(&error))),
        }
        Ok(())
    }
}
