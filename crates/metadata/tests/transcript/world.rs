//! A controller, a clock and dice.

use std::sync::Arc;

use config::{Origin, ServerConfig, StaticConfig};
use metadata::controller::{Bootstrap, Controller, Decision, Error, Message, Random, Settings};
use metadata::{Image, MetadataVersion};
use wire::Uuid;
use wire::stored::metadata::MetadataRecord;

use super::show;

/// What a transcript acts on.
pub(crate) struct World {
    pub(crate) controller: Controller,
    pub(crate) now: u64,
    pub(crate) next_offset: i64,
    pub(crate) dice: Dice,
}

impl Default for World {
    fn default() -> Self {
        Self { controller: controller(&[]), now: 0, next_offset: 0, dice: Dice::default() }
    }
}

/// Node 3000 of the cluster `cluster`, three replicas by default.
fn controller(settings: &[(&str, &str)]) -> Controller {
    let mut file = StaticConfig::new();
    let always = [
        ("process.roles", "controller"),
        ("node.id", "3000"),
        ("controller.listener.names", "CONTROLLER"),
        ("listeners", "CONTROLLER://localhost:9093"),
        ("controller.quorum.bootstrap.servers", "localhost:9093"),
    ];
    for (name, value) in always.iter().chain(settings) {
        file.set(*name, *value, Origin::CommandLine);
    }
    let server = ServerConfig::new(file).expect("configuration");
    let settings = Settings { cluster_id: "cluster".to_owned(), server: Arc::new(server) };
    Controller::new(settings, Image::default(), 0)
}

impl World {
    /// Starts anew with these settings and writes the bootstrap records.
    pub(crate) fn start(&mut self, level: i16, settings: &[(&str, &str)]) -> Vec<String> {
        *self = Self { controller: controller(settings), ..Self::default() };
        let bootstrap = Bootstrap::at(MetadataVersion::from_level(level).expect("level"));
        let decision = self.controller.activate(&bootstrap, false).expect("activated");
        self.apply(decision.records)
    }

    /// The records, and what the response shows.
    pub(crate) fn decide<T>(
        &mut self,
        decision: Result<Decision<T>, Error>,
        response: impl FnOnce(T) -> Vec<String>,
    ) -> Vec<String> {
        match decision {
            Ok(decision) => {
                let mut lines = self.apply(decision.records);
                lines.extend(response(decision.response));
                lines
            }
            Err(error) => vec![error_text(&error)],
        }
    }

    fn apply(&mut self, records: Vec<MetadataRecord>) -> Vec<String> {
        let mut lines = Vec::new();
        for record in records {
            lines.push(format!("+ {}", show::record(self.controller.image(), &record)));
            self.controller.replay(self.next_offset, &record).expect("a record that fits");
            self.next_offset += 1;
        }
        lines
    }
}

/// The refusal as its code and text.
pub(crate) fn error_text(error: &Error) -> String {
    match &error.message {
        Message::Absent => format!("{:?}", error.reason),
        Message::Standard => format!("{:?}: (standard text)", error.reason),
        Message::Text(text) => format!("{:?}: {text}", error.reason),
    }
}

/// `ok`, or the refusal.
pub(crate) fn result_text(result: &Result<(), Error>) -> String {
    result.as_ref().map_or_else(error_text, |()| "ok".to_owned())
}

/// Numbers that are the same in every run.
#[derive(Default)]
pub(crate) struct Dice {
    state: u64,
    ids: u8,
}

impl Random for Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) % bound.max(1)
    }

    fn uuid(&mut self) -> Uuid {
        self.ids += 1;
        Uuid([self.ids; 16])
    }
}
