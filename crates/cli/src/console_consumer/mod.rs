//! `kafka-console-consumer`: shows the records of topics.

mod coordinator;
mod deserializer;
mod formatter;
mod options;

use std::time::Duration;

use client::{ConsumedRecord, Consumer};
use env::Env;

use crate::clients::consumer_config;
use crate::connect::{client_config, connect};
use crate::error::{Error, exit_code_after};
use crate::options::Given;
use crate::terminal::Terminal;
use formatter::Formatter;
use options::{Settings, Source, Start};

pub(crate) use coordinator::base64;
pub(crate) use options::OPTIONS;

/// How long a poll waits when there is no time limit; nothing depends on it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs the tool.
///
/// # Errors
/// What is told to the user. As with Apache Kafka's tool, a time limit that ends the run is no
/// failure, nor is what the consumer itself fails with.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = options::settings(env.files(), given, terminal, env.random().u64())?;
    let formatter = Formatter::new(settings.formatter_class.as_deref(), &settings.formatter)?;
    let config = consumer_config(&settings.properties)?;
    let client = client_config(&settings.servers, "console-consumer", &settings.properties)?;
    // From here on Ctrl-C ends the run in order.
    let asked_to_end = env.termination();
    let cluster = connect(env, client, terminal).await?;
    let mut consumer = Consumer::new(&cluster, config);
    subscribe(&mut consumer, &settings.source);
    let mut run = Run { consumer, formatter, settings: &settings, terminal, shown: 0 };
    let result = tokio::select! {
        biased;
        asked = asked_to_end => Err(Error::Ended(exit_code_after(asked?))),
        result = Box::pin(run.show_all()) => result,
    };
    let Run { consumer, shown, .. } = run;
    terminal.flush()?;
    if let Err(error) = Box::pin(consumer.close()).await {
        tracing::debug!("leaving the group: {error}");
    }
    terminal.complain(format!("Processed a total of {shown} messages"));
    if settings.tells_events {
        terminal.say("shutdown_complete")?;
    }
    result
}

fn subscribe(consumer: &mut Consumer, source: &Source) {
    match source {
        Source::Topic(topic) => consumer.subscribe(std::slice::from_ref(topic)),
        Source::Matching(pattern) => {
            let pattern = pattern.clone();
            consumer.subscribe_matching(move |name| pattern.matches(name));
        }
        Source::Partition(topic, partition, start) => {
            let at = (topic.clone(), *partition);
            consumer.assign(std::slice::from_ref(&at));
            match start {
                Start::End(reset) => consumer.seek_to(*reset),
                Start::At(offset) => consumer.seek(&at, *offset),
            }
        }
    }
}

struct Run<'a> {
    consumer: Consumer,
    formatter: Formatter,
    settings: &'a Settings,
    terminal: &'a mut Terminal,
    shown: u64,
}

impl Run<'_> {
    async fn show_all(&mut self) -> Result<(), Error> {
        let patience = self.settings.timeout.unwrap_or(PATIENCE);
        while self.settings.messages_max.is_none_or(|max| self.shown < max) {
            let records = match self.consumer.poll(patience).await {
                Ok(records) => records,
                Err(error) => {
                    self.terminate(&error.to_string());
                    return Ok(());
                }
            };
            if records.is_empty() && self.settings.timeout.is_some() {
                let waited = patience.as_millis();
                self.terminate(&format!("no record came within {waited} ms (--timeout-ms)"));
                return Ok(());
            }
            self.show(&records)?;
            self.terminal.flush()?;
        }
        Ok(())
    }

    fn terminate(&mut self, reason: &str) {
        self.terminal.complain(format!(
            "ERROR Error processing message, terminating consumer process: {reason}"
        ));
    }

    fn show(&mut self, records: &[ConsumedRecord]) -> Result<(), Error> {
        let mut text = Vec::new();
        for (at, record) in records.iter().enumerate() {
            if self.settings.messages_max.is_some_and(|max| self.shown >= max) {
                self.give_back(&records[at..]);
                break;
            }
            self.shown += 1;
            match self.formatter.show(record, &mut text) {
                Ok(()) => {}
                Err(error) if self.settings.skips_errors => {
                    let text =
                        format!("ERROR Error processing message, skipping this message: {error}");
                    self.terminal.complain(text);
                }
                Err(error) => {
                    self.terminal.out().write_all(&text)?;
                    return Err(error);
                }
            }
        }
        self.terminal.out().write_all(&text)?;
        Ok(())
    }

    /// What was read and not shown is not to be committed.
    fn give_back(&mut self, records: &[ConsumedRecord]) {
        for record in records.iter().rev() {
            self.consumer.seek(&(record.topic.clone(), record.partition), record.offset);
        }
    }
}
