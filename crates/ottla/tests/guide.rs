//! The guide and the README say what works: their `sh` blocks are run against a node, and print the
//! lines of the `text` block that follows.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_ottla");
/// Between the outputs of two blocks.
const MARK: &str = "==== block ";

/// A node for one page; it goes with its folder.
struct Node {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Node {
    fn start(page: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-{page}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("tools")).expect("a folder");
        let ports = [free_port(), free_port()];
        let [port, controller_port] = [0, 1].map(|index| ports[index].1);
        drop(ports);
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let listeners = format!(
            "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}"
        );
        let mut process = Command::new(BINARY)
            .arg("start")
            .args(["--override", &listeners])
            .args(["--override", &format!("log.dirs={}", folder.join("data").display())])
            .args(["--override", "group.initial.rebalance.delay.ms=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the node starts");
        let mut out = BufReader::new(process.stdout.take().expect("an output"));
        let mut seen = String::new();
        out.read_line(&mut seen).expect("an output");
        assert!(seen.contains("Kafka Server started"), "the node does not start: {seen}");
        Self { folder, port, process }
    }

    /// Runs blocks as one script, so that one may build on another. Gives the output of each.
    fn run(&self, blocks: &[Block]) -> Vec<String> {
        let tools = self.folder.join("tools");
        let link = |name: &str| {
            std::os::unix::fs::symlink(BINARY, tools.join(name)).expect("a link");
        };
        link("ottla");
        cli::tools().for_each(|name| link(&format!("{name}.sh")));
        let mut script = String::from("set -e -o pipefail\n");
        for (index, block) in blocks.iter().enumerate() {
            let _ = writeln!(script, "echo '{MARK}{index}'\n{}", block.commands);
        }
        let script = script.replace("localhost:9092", &format!("127.0.0.1:{}", self.port));
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env("OTTLA_SERVER", format!("127.0.0.1:{}", self.port))
            .env("PATH", format!("{}:{path}", tools.display()))
            .stdin(Stdio::null())
            .output()
            .expect("bash");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{out}\n{errors}");
        out.split(MARK).skip(1).map(str::to_owned).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A listener that keeps a port until all are chosen.
fn free_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// Commands of a page, and lines that they print.
#[derive(Debug, Default)]
struct Block {
    commands: String,
    prints: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside: Option<&str> = None;
    for line in page.lines() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                inside = Some(kind);
                if kind == "sh" {
                    blocks.push(Block::default());
                }
            }
            (Some(_), Some(_)) => inside = None,
            (Some("sh"), None) => {
                if let Some(block) = blocks.last_mut() {
                    block.commands.push_str(line);
                    block.commands.push('\n');
                }
            }
            (Some("text"), None) => {
                if let Some(block) = blocks.last_mut() {
                    block.prints.push(line.to_owned());
                }
            }
            (Some(_) | None, None) => {}
        }
    }
    blocks
}

#[test]
fn commands_of_the_guide_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_dir(root.join("docs/guide")).expect("the guide");
    let mut pages: Vec<PathBuf> = guide.map(|entry| entry.expect("a page").path()).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page");
        let blocks = blocks(&text);
        if blocks.is_empty() {
            continue;
        }
        let name = page.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let outputs = Node::start(&name).run(&blocks);
        assert_eq!(outputs.len(), blocks.len(), "{name}");
        for (block, output) in blocks.iter().zip(outputs) {
            for line in &block.prints {
                let is_there = output.lines().any(|printed| printed == line);
                assert!(is_there, "{name}: {line} is not in\n{output}");
            }
        }
    }
}
