//! Asks the controller listener of a real Apache Kafka what the test `apache_kafka` asks ours, and
//! writes its answers: `cargo run -p controller --example ask_kafka -- 127.0.0.1:19093
//! admin crates/controller/tests/golden`. The broker must be new, with one node of id 1.

#[path = "../tests/admin/mod.rs"]
mod admin;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use admin::{Known, Tail, sequences, show};
use bytes::Bytes;
use wire::{Reader, Request, RequestHeader, Response, ResponseHeader, Str, Writer};

/// So many questions take longer than Kafka needs to show a change.
const MOMENT: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(name), Some(dir)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: ask_kafka HOST:PORT SEQUENCE DIR".into());
    };
    let sequence = sequences().into_iter().find(|(sequence, _)| *sequence == name);
    let (_, steps) = sequence.ok_or("no such sequence")?;
    let mut kafka = Kafka { socket: TcpStream::connect(address)?, correlation_id: 0 };
    let mut known = Known::default();
    let introduction = Known::introduction();
    let request = (introduction.request)(&known);
    let response = kafka.ask(&request, introduction.version)?;
    known.note(&request, &response);
    let mut tail = Tail::default();
    kafka.written(&mut tail, &mut known)?;
    tail.forget_ids();
    let mut answers = String::new();
    for step in steps {
        let request = (step.request)(&known);
        let title = format!("# {} {}: {}", request.api_key(), step.version, step.title);
        let mut response = kafka.ask(&request, step.version)?;
        if title.contains("Describe") {
            // Kafka's controller shows what it committed a moment later.
            for _ in 0..MOMENT {
                response = kafka.ask(&request, step.version)?;
            }
        }
        known.note(&request, &response);
        let mut lines = vec![title];
        lines.extend(show(&response));
        lines.extend(kafka.written(&mut tail, &mut known)?);
        answers.push_str(&(lines.join("\n") + "\n\n"));
    }
    std::fs::write(Path::new(&dir).join(name + ".txt"), answers.trim_end().to_owned() + "\n")?;
    Ok(())
}

struct Kafka {
    socket: TcpStream,
    correlation_id: i32,
}

impl Kafka {
    /// The records since the last question.
    fn written(
        &mut self,
        tail: &mut Tail,
        known: &mut Known,
    ) -> Result<Vec<String>, Box<dyn Error>> {
        let mut lines = Vec::new();
        loop {
            let response = self.ask(&tail.request(), Tail::VERSION)?;
            match tail.read(&response, known) {
                Some(more) => lines.extend(more),
                None => return Ok(lines),
            }
        }
    }

    /// Sends one request and waits for its response.
    fn ask(&mut self, request: &Request, version: i16) -> Result<Response, Box<dyn Error>> {
        self.correlation_id += 1;
        ask(&mut self.socket, self.correlation_id, request, version)
    }
}

/// Sends one request and waits for its response.
fn ask(
    socket: &mut TcpStream,
    correlation_id: i32,
    request: &Request,
    version: i16,
) -> Result<Response, Box<dyn Error>> {
    let api = request.api_key();
    let header = RequestHeader {
        request_api_key: api.code(),
        request_api_version: version,
        correlation_id,
        client_id: Some(Str::from("ask_kafka")),
        ..RequestHeader::default()
    };
    let mut writer = Writer::framed();
    header.encode(&mut writer, api.request_header_version(version))?;
    request.encode(&mut writer, version)?;
    socket.write_all(&writer.finish()?.flatten()?)?;
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut frame)?;
    let mut reader = Reader::new(Bytes::from(frame));
    ResponseHeader::decode(&mut reader, api.response_header_version(version))?;
    Ok(Response::decode(api, &mut reader, version)?)
}
