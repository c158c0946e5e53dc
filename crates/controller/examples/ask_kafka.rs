//! Asks the controller listener of a real Apache Kafka what the test `apache_kafka` asks ours, and
//! writes its answers: `cargo run -p controller --example ask_kafka -- 127.0.0.1:19093
//! crates/controller/tests/golden/admin.txt`. The broker must be new, with one node of id 1.

#[path = "../tests/admin/mod.rs"]
mod admin;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use admin::{TopicIds, note_topics, requests, show};
use bytes::Bytes;
use wire::{Reader, Request, RequestHeader, Response, ResponseHeader, Str, Writer};

/// So many questions take longer than Kafka needs to show a change.
const MOMENT: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: ask_kafka HOST:PORT FILE".into());
    };
    let mut socket = TcpStream::connect(address)?;
    let mut ids = TopicIds::new();
    let mut answers = String::new();
    for (correlation_id, step) in (1..).zip(requests()) {
        let request = (step.request)(&ids);
        let title = format!("# {} {}: {}", request.api_key(), step.version, step.title);
        let mut response = ask(&mut socket, correlation_id, &request, step.version)?;
        if title.contains("Describe") {
            // Kafka's controller shows what it committed a moment later.
            for _ in 0..MOMENT {
                response = ask(&mut socket, correlation_id, &request, step.version)?;
            }
        }
        note_topics(&response, &mut ids);
        answers.push_str(&format!("{title}\n{}\n\n", show(&response).join("\n")));
    }
    std::fs::write(path, answers.trim_end().to_owned() + "\n")?;
    Ok(())
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
