//! What Apache Kafka's controller answers, and what this one does.
//!
//! `golden/` holds the answers of Apache Kafka 4.3.1 on its controller listener, written
//! by the example `ask_kafka`, and the metadata records it wrote with each of them.

#![allow(clippy::unwrap_used, reason = "a test")]

mod admin;
mod support;

use std::path::Path;

use admin::{Known, Step, Tail, sequences, show};
use controller::RequestContext;
use env::Env;
use support::Node;
use wire::{Reader, Request, Response, Writer};

#[test]
fn answers_and_records_are_those_of_apache_kafka() {
    for (name, steps) in sequences() {
        let golden = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let expected = std::fs::read_to_string(&golden).unwrap();
        let actual = answers(steps);
        if actual != expected {
            let here = format!("{}/{name}.txt", env!("CARGO_TARGET_TMPDIR"));
            std::fs::write(&here, actual).unwrap();
            panic!("not as Apache Kafka: diff -U3 {golden} {here}");
        }
    }
}

/// What a new node answers and writes.
fn answers(steps: Vec<Step>) -> String {
    let env = Env::sim(1);
    let dir = Path::new("/data");
    env.files().create_dir_all(dir).unwrap();
    env.block_on(async {
        let node = Node::start(&env, dir, &[]).await;
        node.ready().await;
        node.join(1).await;
        let mut known = Known::default();
        let introduction = Known::introduction();
        let request = (introduction.request)(&known);
        let response = ask(&node, request.clone(), introduction.version).await;
        known.note(&request, &response);
        let mut tail = Tail::default();
        written(&node, &mut tail, &mut known).await;
        tail.forget_ids();
        let mut answers = String::new();
        for step in steps {
            let request = (step.request)(&known);
            let title = format!("# {} {}: {}", request.api_key(), step.version, step.title);
            let response = ask(&node, request.clone(), step.version).await;
            known.note(&request, &response);
            let mut lines = vec![title];
            lines.extend(show(&response));
            lines.extend(written(&node, &mut tail, &mut known).await);
            answers.push_str(&(lines.join("\n") + "\n\n"));
        }
        answers.trim_end().to_owned() + "\n"
    })
}

/// The records since the last question.
async fn written(node: &Node, tail: &mut Tail, known: &mut Known) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let response = ask(node, tail.request(), Tail::VERSION).await;
        match tail.read(&response, known) {
            Some(more) => lines.extend(more),
            None => return lines,
        }
    }
}

/// The response as a client sees it: with what this version of it carries.
async fn ask(node: &Node, request: Request, version: i16) -> Response {
    let context = RequestContext {
        api_version: version,
        is_forwarded: false,
        is_of_this_process: false,
        listener: "CONTROLLER".to_owned(),
    };
    let response = node.controller.handle(&context, request).await.unwrap();
    let mut writer = Writer::new();
    response.encode(&mut writer, version).unwrap();
    let mut reader = Reader::new(writer.finish().unwrap().flatten().unwrap());
    Response::decode(response.api_key(), &mut reader, version).unwrap()
}
