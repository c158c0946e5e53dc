//! `kafka-console-producer`: sends the lines of standard input.

mod input;
mod line_reader;
mod options;

use std::io::IsTerminal;
use std::sync::Arc;

use client::{Delivery, Producer, ProducerRecord};
use env::Env;
use tokio::sync::mpsc;
use wire::Str;

use crate::clients::producer_config;
use crate::connect::{client_config, connect};
use crate::error::{Error, exit_code_after};
use crate::options::Given;
use crate::terminal::Terminal;
use input::Input;
use line_reader::LineReader;

pub(crate) use options::OPTIONS;

/// Records whose fate is still to be told.
const UNTOLD_MAX: usize = 100_000;

/// Runs the tool.
///
/// # Errors
/// What is told to the user. Records that cannot be delivered are only told of, as in Apache
/// Kafka's tool.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = options::settings(env.files(), given, terminal)?;
    let reader = LineReader::new(settings.topic.clone(), &settings.reader)?;
    let properties = &settings.properties;
    let config = producer_config(properties)?;
    let client = client_config(&settings.servers, "console-producer", properties)?;
    let cluster = connect(env, client, terminal).await?;
    let asked_to_end = env.termination();
    let producer = Producer::new(&cluster, config);
    let (deliveries, told) = mpsc::channel(UNTOLD_MAX);
    let telling = env.spawn("deliveries", tell(told));
    let lines = Lines { env, terminal, producer: &producer, reader, settings: &settings };
    let result = tokio::select! {
        biased;
        // What was typed so far is delivered all the same.
        asked = asked_to_end => Err(Error::Ended(exit_code_after(asked?))),
        result = Box::pin(lines.send(&deliveries)) => result,
    };
    producer.flush().await;
    drop(deliveries);
    for failure in telling.await.unwrap_or_default() {
        terminal.complain(failure);
    }
    result
}

/// Collects what went wrong; the first failures tell enough.
async fn tell(mut deliveries: mpsc::Receiver<(Sizes, Delivery)>) -> Vec<String> {
    const FAILURES_MAX: usize = 100;
    let mut failures = Vec::new();
    while let Some((sizes, delivery)) = deliveries.recv().await {
        if let Err(error) = delivery.settled().await {
            tracing::debug!("not delivered: {error}");
            if failures.len() < FAILURES_MAX {
                failures.push(sizes.failure(&error));
            }
        }
    }
    failures
}

/// What is told of a record that failed.
struct Sizes {
    topic: Str,
    key: Option<usize>,
    value: Option<usize>,
}

impl Sizes {
    fn of(record: &ProducerRecord) -> Self {
        let size = |part: &Option<bytes::Bytes>| part.as_ref().map(bytes::Bytes::len);
        Self { topic: record.topic.clone(), key: size(&record.key), value: size(&record.value) }
    }

    fn failure(&self, error: &client::Error) -> String {
        let size = |size: Option<usize>| match size {
            Some(size) => format!("{size} bytes"),
            None => "null".to_owned(),
        };
        let (key, value) = (size(self.key), size(self.value));
        format!(
            "ERROR Error when sending message to topic {} with key: {key}, value: {value} with \
             error: {error}",
            self.topic
        )
    }
}

/// The way from standard input to the producer.
struct Lines<'a> {
    env: &'a Env,
    terminal: &'a mut Terminal,
    producer: &'a Producer,
    reader: LineReader,
    settings: &'a options::Settings,
}

impl Lines<'_> {
    async fn send(mut self, deliveries: &mpsc::Sender<(Sizes, Delivery)>) -> Result<(), Error> {
        let prompts = std::io::stdin().is_terminal();
        let mut input = Input::stdin();
        loop {
            if prompts {
                self.terminal.out().write_all(b">")?;
                self.terminal.flush()?;
            }
            let (rest, lines) = self
                .env
                .blocking(move || {
                    let lines = input.lines();
                    (input, lines)
                })
                .await;
            input = rest;
            let lines = lines?;
            if lines.is_empty() {
                return Ok(());
            }
            for line in lines {
                self.send_line(&line, deliveries).await?;
            }
        }
    }

    async fn send_line(
        &mut self,
        line: &[u8],
        deliveries: &mpsc::Sender<(Sizes, Delivery)>,
    ) -> Result<(), Error> {
        let record = self.reader.read(line)?;
        let sizes = Sizes::of(&record);
        let delivery = match Box::pin(self.producer.send(record)).await {
            Ok(delivery) => delivery,
            Err(error) => {
                self.terminal.complain(sizes.failure(&error));
                return Ok(());
            }
        };
        if self.settings.sync {
            self.producer.flush().await;
            let settled: Result<_, Arc<client::Error>> = delivery.settled().await;
            return match settled {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::Refused(error.to_string())),
            };
        }
        // Full or closed: then the record's fate is not told, and it goes all the same.
        let _ = deliveries.try_send((sizes, delivery));
        Ok(())
    }
}
