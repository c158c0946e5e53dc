//! The command line tools against a node of their own: the command lines of `tests/tools`, whose
//! outputs are what Apache Kafka's tools print there. `interop/tools.py --record` writes them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_ottla");

/// A node in a folder of its own; both go when it is dropped.
struct Node {
    folder: PathBuf,
    port: u16,
    controller_port: u16,
    process: Child,
}

impl Node {
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tools-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("node")).expect("a folder");
        let [port, controller_port] = free_ports();
        let properties = folder.join("node").join("server.properties");
        let settings = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             controller.quorum.voters=1@127.0.0.1:{controller_port}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
             controller.listener.names=CONTROLLER\nlog.dirs={}\n\
             offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n",
            folder.join("node").join("data").display()
        );
        std::fs::write(&properties, settings).expect("a configuration");
        let mut process = Command::new(BINARY)
            .arg("start")
            .arg(&properties)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("node").join("log")).expect("a log"))
            .spawn()
            .expect("the node starts");
        let mut out = BufReader::new(process.stdout.take().expect("an output"));
        let mut seen = String::new();
        out.read_line(&mut seen).expect("an output");
        assert!(seen.contains("Kafka Server started"), "the node does not start: {seen}");
        Self { folder, port, controller_port, process }
    }

    fn fill(&self, text: &str) -> String {
        let Self { port, controller_port, .. } = self;
        text.replace("{b}", &format!("--bootstrap-server 127.0.0.1:{port}"))
            .replace("{bootstrap}", &format!("127.0.0.1:{port}"))
            .replace("{controller}", &format!("127.0.0.1:{controller_port}"))
            .replace("{dir}", &self.folder.display().to_string())
    }

    /// What remains of an output when ids, times, hosts and the wording of help are taken out.
    fn mask(&self, text: &str) -> Vec<String> {
        let Self { port, controller_port, .. } = self;
        let text = text
            .replace(&format!("127.0.0.1:{port}"), "{bootstrap}")
            .replace(&format!("127.0.0.1:{controller_port}"), "{controller}")
            .replace(&self.folder.display().to_string(), "{dir}")
            .replace(&format!(":{port}"), ":{port}")
            .replace(&format!(" {port} "), " {port} ")
            .replace(&format!(" {controller_port} "), " {port} ");
        let mut lines: Vec<String> = Vec::new();
        let mut help: Option<Help> = None;
        for line in mask_words(&mask_checksums(&text)).lines().filter(|line| !is_log(line)) {
            if help.is_none() {
                help = Help::begins(line);
            }
            match &mut help {
                Some(help) if !is_refusal(line) => help.read(line),
                Some(_) => {
                    lines.extend(help.take().map(Help::shown));
                    lines.push(line.trim_end().to_owned());
                }
                None => lines.push(measured(line.trim_end())),
            }
        }
        lines.extend(help.map(Help::shown));
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

fn is_log(line: &str) -> bool {
    ["WARN ", "ERROR ", "INFO "].iter().any(|level| line.starts_with(level))
}

fn is_refusal(line: &str) -> bool {
    line.split_once(": error: ").is_some_and(|(tool, _)| !tool.contains(' '))
}

/// The flags of a help.
struct Help {
    flags: BTreeSet<String>,
    is_table: bool,
}

impl Help {
    fn begins(line: &str) -> Option<Self> {
        let is_usage = line.starts_with("usage: ");
        let is_table = line.starts_with("Option ") && line.trim_end().ends_with("Description");
        (is_usage || is_table).then(|| Self { flags: BTreeSet::new(), is_table })
    }

    fn read(&mut self, line: &str) {
        self.is_table |= line.trim().is_empty() || line.starts_with("---");
        let mut text = line;
        if self.is_table {
            text = line.strip_prefix("  ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
            let is_row = text.starts_with('-') && !text.starts_with("---");
            text = if is_row { text.split(' ').next().unwrap_or_default() } else { "" };
        }
        for word in text.split([' ', '[', ']', '(', ')', '|', ',']) {
            let is_flag = word.len() > 1 && word.starts_with('-') && word != "-h";
            if is_flag && word != "--help" && word != "--version" {
                self.flags.insert(word.to_owned());
            }
        }
    }

    fn shown(self) -> String {
        let flags: Vec<String> = self.flags.into_iter().collect();
        format!("{{flags: {}}}", flags.join(" "))
    }
}

/// A line without what was measured.
fn measured(line: &str) -> String {
    let is_number = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if let Some((before, list)) = line.split_once("arguments is required: ") {
        // Apache Kafka's tools give it in an order that changes from run to run elsewhere.
        let mut list: Vec<&str> = list.split(", ").collect();
        list.sort_unstable();
        return format!("{before}arguments is required: {}", list.join(", "));
    }
    if let Some((before, after)) = line.split_once("records sent, ")
        && line.contains(" records/sec (")
    {
        let after = after.replace("9.9th", "9th");
        let words = after.split(' ').map(|word| {
            let number = word.trim_start_matches('(');
            let is_measured = is_number(number) || matches!(number, "NaN" | "Infinity");
            if is_measured { word.replace(number, "{n}") } else { word.to_owned() }
        });
        return format!("{before}records sent, {}", words.collect::<Vec<_>>().join(" "));
    }
    let fields: Vec<&str> = line.split(", ").collect();
    let is_date = fields[0].len() > 18 && fields[0].as_bytes()[4] == b'-';
    if is_date && fields.len() > 8 {
        let kept = |at| matches!(at, 2 | 4);
        let shown = fields.iter().enumerate();
        let shown = shown.map(|(at, field)| if kept(at) { field } else { "{n}" });
        return shown.collect::<Vec<_>>().join(", ");
    }
    if line.starts_with("Avg latency: ") || line.starts_with("Percentiles: ") {
        let words = line.split(' ').map(|word| {
            if is_number(word.trim_end_matches(',')) && !word.ends_with("th") {
                word.replace(word.trim_end_matches(','), "{n}")
            } else {
                word.to_owned()
            }
        });
        return words.collect::<Vec<_>>().join(" ");
    }
    if let Some((number, rest)) = line.split_once('\t')
        && is_number(number)
        && is_number(rest)
    {
        return format!("{number}\t{{n}}");
    }
    // A time and how long ago it was.
    let mut cells: Vec<&str> = line.split('\t').collect();
    if let Some(at) = cells.iter().position(|cell| cell.trim_end() == "{time}")
        && cells.get(at + 1).is_some_and(|cell| is_number(cell.trim_end()))
    {
        cells[at + 1] = "{n}";
    }
    let line = cells.join("\t");
    let Some((before, after)) = line.split_once("\"avg_throughput\":") else {
        return line;
    };
    let rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    format!("{before}\"avg_throughput\":{{n}}{rest}")
}

/// Puts `{crc}` in place of the checksums of batches, which cover times.
fn mask_checksums(text: &str) -> String {
    let mut parts = text.split(" crc: ");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked += " crc: {crc}";
        masked += part.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    masked
}

/// Puts `{id}`, `{uuid}` and `{time}` in place of words that are such.
fn mask_words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut word = String::new();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    for letter in text.chars().chain(['\n']) {
        if is_part(letter) {
            word.push(letter);
            continue;
        }
        masked += &mask_word(&word);
        word.clear();
        masked.push(letter);
    }
    masked.pop();
    masked
}

fn mask_word(word: &str) -> String {
    let has = |kind: fn(char) -> bool| word.chars().any(kind);
    let is_id = word.len() == 22
        && has(|letter| letter.is_ascii_uppercase())
        && has(|letter| letter.is_ascii_lowercase())
        && (has(|letter| !letter.is_ascii_alphabetic())
            || word.chars().filter(char::is_ascii_uppercase).count() > 4);
    if is_id {
        return "{id}".to_owned();
    }
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    if digits && word.len() == 13 && word.starts_with('1') {
        return "{time}".to_owned();
    }
    // A UUID may be the end of a longer name, such as that of a member.
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if let Some(begin) = word.len().checked_sub(36).filter(|begin| word.is_char_boundary(*begin)) {
        let (before, tail) = word.split_at(begin);
        let parts: Vec<&str> = tail.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        if lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| hex(part)) {
            return format!("{before}{{uuid}}");
        }
    }
    word.to_owned()
}

/// The words of a command line; those in quotes stay together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t") + "\n"
}

/// Runs a command; its lines as the transcript has them.
fn run(node: &Node, command: &str, stdin: &str) -> Vec<String> {
    let mut process = Command::new(BINARY)
        .args(words(&node.fill(command)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a tool starts");
    // A tool that reads nothing may have closed it.
    let _ = process.stdin.take().expect("an input").write_all(stdin.as_bytes());
    let mut err = process.stderr.take().expect("an output");
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
    let output = process.wait_with_output().expect("a tool ends");
    let out = node.mask(&String::from_utf8_lossy(&output.stdout));
    let err = node.mask(&err.join().expect("no panic").expect("text"));
    let marked =
        |mark: &'static str| move |line: String| format!("{mark} {line}").trim_end().to_owned();
    let mut lines: Vec<String> = out.into_iter().map(marked(">")).collect();
    lines.extend(err.into_iter().map(marked("!")));
    lines.push(format!("= {}", output.status.code().unwrap_or(-1)));
    lines
}

/// Plays a transcript and compares.
fn play(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tools/{name}.txt"));
    let transcript = std::fs::read_to_string(path).expect("a transcript");
    let node = Node::start(name);
    let mut expected = String::new();
    let mut found = String::new();
    let mut stdin = String::new();
    for line in transcript.lines() {
        if line.starts_with(['>', '!', '=']) {
            expected += &format!("{line}\n");
        } else if let Some(command) = line.strip_prefix("$ ") {
            expected += &format!("{line}\n");
            found += &format!("{line}\n{}\n", run(&node, command, &stdin).join("\n"));
            stdin.clear();
        } else if let Some(text) = line.strip_prefix("stdin: ") {
            stdin = unescaped(text);
        } else if let Some((file, text)) =
            line.strip_prefix("file ").and_then(|line| line.split_once(": "))
        {
            let path = node.folder.join(file);
            std::fs::write(path, unescaped(&node.fill(text))).expect("a file");
        }
    }
    let differs = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(differs.is_none() && expected == found, "{differs:?}\n{found}");
}

macro_rules! transcripts {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                play(stringify!($name));
            }
        )*

        #[test]
        fn every_transcript_is_played() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools");
            let files = std::fs::read_dir(folder).expect("a folder");
            let names = files.filter_map(|file| {
                let name = file.expect("an entry").file_name().into_string().ok()?;
                name.strip_suffix(".txt").map(str::to_owned)
            });
            let names: BTreeSet<String> = names.collect();
            let played = [$(stringify!($name)),*].map(str::to_owned);
            assert_eq!(names, BTreeSet::from(played));
        }
    };
}

transcripts!(
    client_metrics,
    cluster,
    configs,
    consumer_groups,
    dump_log,
    elections,
    features,
    groups,
    offsets,
    performance,
    quorum,
    reassignments,
    storage,
    topics,
    transactions,
    verifiable
);
