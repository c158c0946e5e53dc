//! What Apache Kafka's controller answers, and what this one does.
//!
//! `golden/admin.txt` holds the answers of Apache Kafka 4.3.1 on its controller listener, written
//! by the example `ask_kafka`.

#![allow(clippy::unwrap_used, reason = "a test")]

mod admin;
mod support;

use std::path::Path;

use admin::{TopicIds, note_topics, requests, show};
use controller::RequestContext;
use env::Env;
use support::Node;
use wire::{Reader, Response, Writer};

const GOLDEN: &str = include_str!("golden/admin.txt");

#[test]
fn answers_are_those_of_apache_kafka() {
    let env = Env::sim(1);
    let dir = Path::new("/data");
    env.files().create_dir_all(dir).unwrap();
    let answers = env.block_on(async {
        let node = Node::start(&env, dir, &[]).await;
        node.ready().await;
        node.join(1).await;
        let mut ids = TopicIds::new();
        let mut answers = String::new();
        for step in requests() {
            let context = RequestContext {
                api_version: step.version,
                is_forwarded: false,
                is_of_this_process: false,
                listener: "CONTROLLER".to_owned(),
            };
            let request = (step.request)(&ids);
            let title = format!("# {} {}: {}", request.api_key(), step.version, step.title);
            let response = node.controller.handle(&context, request).await.unwrap();
            let response = as_received(&response, step.version);
            note_topics(&response, &mut ids);
            answers.push_str(&format!("{title}\n{}\n\n", show(&response).join("\n")));
        }
        answers
    });
    let (expected, actual) = (blocks(GOLDEN), blocks(&answers));
    let differing: Vec<String> = expected
        .iter()
        .zip(&actual)
        .filter(|(expected, actual)| expected != actual)
        .map(|(expected, actual)| format!("Apache Kafka:\n{expected}\nhere:\n{actual}"))
        .collect();
    assert!(differing.is_empty(), "{} differ\n\n{}", differing.len(), differing.join("\n\n"));
    assert_eq!(expected.len(), actual.len());
}

/// The response as a client sees it: with what this version of it carries.
fn as_received(response: &Response, version: i16) -> Response {
    let mut writer = Writer::new();
    response.encode(&mut writer, version).unwrap();
    let mut reader = Reader::new(writer.finish().unwrap().flatten().unwrap());
    Response::decode(response.api_key(), &mut reader, version).unwrap()
}

fn blocks(text: &str) -> Vec<&str> {
    text.trim_end().split("\n\n").collect()
}
