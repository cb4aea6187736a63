//! The models' servers, on loopback: four APIs, answers from a script, and a book of what was served.
//!
//! A request belongs to the key that stands last in the last text of a person in it: the prompt that was typed, or the
//! one that a subagent was given. Every answer has counts of its own, so that no two sums are equal by chance.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use crate::report::Count;

/// One answer of the script.
#[derive(Debug, Clone)]
pub enum Answer {
    Text,
    /// A text, and so many commands for the shell at once.
    Shell(u32),
    /// A subagent, with the key of its prompt.
    Subagent(String),
    /// Waits for the subagents that were begun: Codex's go on beside the parent.
    Wait,
}

/// A piece of an answer.
#[derive(Debug)]
enum Part {
    Thought(String),
    Text(String),
    Tool(Tool),
}

/// A call, as the agent knows its tools.
#[derive(Debug)]
struct Tool {
    name: &'static str,
    space: Option<&'static str>,
    input: Value,
}

/// What is sent.
#[derive(Debug)]
struct Reply {
    /// Requests so far, this one included.
    number: u64,
    model: String,
    parts: Vec<Part>,
    tokens: Count,
    /// Of the output.
    reasoning: u64,
    is_stream: bool,
}

/// What was sent.
#[derive(Debug, Clone)]
pub struct Served {
    /// The prompt it belongs to; none for what an agent asks beside the conversation (a title).
    pub key: Option<String>,
    pub model: String,
    pub api: Api,
    pub count: Count,
}

#[derive(Debug, Default)]
struct Book {
    script: BTreeMap<String, VecDeque<Answer>>,
    served: Vec<Served>,
    /// Paths that no API here has.
    strange: Vec<String>,
}

/// The servers; they end with the process.
pub struct Mock {
    pub origin: String,
    book: Arc<Mutex<Book>>,
}

impl Mock {
    pub fn start() -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&book));
        let (ready, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { origin: format!("http://{}", started.recv().unwrap()), book }
    }

    /// What the prompt with this key is answered, request by request.
    pub fn script(&self, key: &str, answers: &[Answer]) {
        self.book.lock().unwrap().script.insert(key.to_owned(), answers.iter().cloned().collect());
    }

    pub fn served(&self) -> Vec<Served> {
        self.book.lock().unwrap().served.clone()
    }

    /// Answers of the script that nobody asked for.
    pub fn left(&self) -> Vec<String> {
        let book = self.book.lock().unwrap();
        let left = book.script.iter().filter(|(_, answers)| !answers.is_empty());
        left.map(|(key, answers)| format!("{key}: {answers:?}")).collect()
    }

    /// Where agents asked for something that is not here.
    pub fn strange(&self) -> Vec<String> {
        self.book.lock().unwrap().strange.clone()
    }
}

/// An API that models are asked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Anthropic,
    Responses,
    Gemini,
    Chat,
}

impl Api {
    fn of(path: &str) -> Option<Self> {
        let ends = |with: &str| path.ends_with(with);
        match () {
            () if ends("/messages") => Some(Self::Anthropic),
            () if ends("/responses") => Some(Self::Responses),
            () if ends("/chat/completions") => Some(Self::Chat),
            () if ends("enerateContent") => Some(Self::Gemini),
            () => None,
        }
    }

    /// The messages of a request.
    fn messages(self, body: &Value) -> &[Value] {
        let name = match self {
            Self::Anthropic | Self::Chat => "messages",
            Self::Responses => "input",
            Self::Gemini => "contents",
        };
        body[name].as_array().map_or(&[], Vec::as_slice)
    }

    fn shell(self, command: &str) -> Tool {
        let described = json!({"command": command, "description": "Look around"});
        let (name, input) = match self {
            Self::Anthropic => ("Bash", described),
            Self::Responses => ("exec_command", json!({"cmd": command})),
            Self::Gemini => ("run_shell_command", described),
            Self::Chat => ("bash", described),
        };
        Tool { name, space: None, input }
    }

    fn subagent(self, prompt: &str) -> Tool {
        let task =
            |kind: &str| json!({"description": "Look closer", "prompt": prompt, "subagent_type": kind});
        let (name, space, input) = match self {
            Self::Anthropic => {
                let mut input = task("general-purpose");
                input["run_in_background"] = false.into();
                ("Agent", None, input)
            }
            Self::Responses => ("spawn_agent", Some("multi_agent_v1"), json!({"message": prompt})),
            Self::Gemini => ("invoke_agent", None, json!({"agent_name": "generalist", "prompt": prompt})),
            Self::Chat => ("task", None, task("general")),
        };
        Tool { name, space, input }
    }

    /// Without the key: an agent may repeat what its subagent said.
    fn parts(self, answer: &Answer, number: u64, body: &Value) -> Vec<Part> {
        let text = Part::Text(format!("REPLY_CANARY_{number}"));
        match answer {
            Answer::Text => vec![Part::Thought(format!("THOUGHT_CANARY_{number}")), text],
            Answer::Shell(times) => {
                let call = |turn: u32| Part::Tool(self.shell(&format!("echo TOOL_CANARY_{number}_{turn}")));
                [text].into_iter().chain((0..*times).map(call)).collect()
            }
            Answer::Subagent(prompt) => vec![Part::Tool(self.subagent(&format!("{prompt} look closer")))],
            Answer::Wait => {
                let input = json!({"targets": begun(self.messages(body)), "timeout_ms": 20_000});
                vec![Part::Tool(Tool { name: "wait_agent", space: Some("multi_agent_v1"), input })]
            }
        }
    }
}

/// The subagents whose ids Codex told the model.
fn begun(messages: &[Value]) -> Vec<String> {
    let named = regex::Regex::new(r#"agent_id[\\": ]+([0-9a-zA-Z-]{6,40})"#).unwrap();
    let outputs = messages.iter().filter(|message| message["type"] == "function_call_output");
    let found = outputs.flat_map(|output| {
        let text = output["output"].to_string();
        named.captures_iter(&text).map(|found| found[1].to_owned()).collect::<Vec<_>>()
    });
    found.collect()
}

/// What a person says in a message: no results of tools.
fn said(message: &Value) -> String {
    let is_plain = message["type"].is_null() || message["type"] == "message";
    if message["role"] != "user" || !is_plain {
        return String::new();
    }
    let content = if message["parts"].is_array() { &message["parts"] } else { &message["content"] };
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

impl Book {
    fn key(&self, messages: &[Value]) -> Option<String> {
        messages.iter().rev().find_map(|message| {
            let text = said(message);
            let found = self.script.keys().filter_map(|key| Some((text.rfind(key.as_str())?, key)));
            found.max().map(|(_, key)| key.clone())
        })
    }

    fn reply(&mut self, api: Api, body: &Value, model: &str) -> Reply {
        // Whoever may call tools goes on with the conversation; a title is asked for without any.
        let has_tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
        let key = self.key(api.messages(body)).filter(|_| has_tools);
        let number = self.served.len() as u64 + 1;
        let (tokens, reasoning) = counts(api, number);
        let parts = match &key {
            Some(key) => {
                let next = self.script.get_mut(key).and_then(VecDeque::pop_front);
                api.parts(&next.unwrap_or(Answer::Text), number, body)
            }
            None => vec![Part::Text("A title".to_owned())],
        };
        self.served.push(Served { key, model: model.to_owned(), api, count: tokens });
        Reply { number, model: model.to_owned(), parts, tokens, reasoning, is_stream: false }
    }
}

/// Counts of answer `number`, with what of the output is reasoning. Only Anthropic tells of writes to the cache.
fn counts(api: Api, number: u64) -> (Count, u64) {
    let writes = u64::from(api == Api::Anthropic);
    let count = Count {
        requests: 1,
        lower_bounds: 0,
        input: 2000 + 137 * number,
        cache_read: 1000 + 11 * number,
        cache_write_5m: writes * (200 + 3 * number),
        cache_write_1h: writes * (40 + 5 * number),
        output: 60 + 7 * number,
    };
    (count, 10 + number)
}

async fn answer(State(book): State<Arc<Mutex<Book>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri.path();
    if method != Method::POST {
        // Whoever asks which models there are is content with none.
        return plain(200, &json!({"object": "list", "data": [], "models": [], "has_more": false}));
    }
    if path.ends_with("/count_tokens") || path.ends_with(":countTokens") {
        return plain(200, &json!({"input_tokens": 1000, "totalTokens": 1000}));
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(api) = Api::of(path) else {
        book.lock().unwrap().strange.push(path.to_owned());
        return plain(404, &json!({"error": {"type": "not_found_error", "message": "not here"}}));
    };
    let named = path.rsplit('/').next().and_then(|last| last.split(':').next());
    let model = if api == Api::Gemini { named } else { body["model"].as_str() }.unwrap_or("none");
    let mut reply = book.lock().unwrap().reply(api, &body, model);
    reply.is_stream = body["stream"] == true || path.ends_with(":streamGenerateContent");
    match api {
        Api::Anthropic => anthropic::written(&reply),
        Api::Responses => responses::written(&reply),
        Api::Gemini => gemini::written(&reply),
        Api::Chat => chat::written(&reply),
    }
}

fn plain(status: u16, body: &Value) -> Response {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}

/// Server-sent events.
fn events(events: &[Value]) -> Response {
    let text: String = events
        .iter()
        .map(|event| match event["type"].as_str() {
            Some(kind) => format!("event: {kind}\ndata: {event}\n\n"),
            None => format!("data: {event}\n\n"),
        })
        .collect();
    streamed(text)
}

fn streamed(text: String) -> Response {
    let response = Response::builder().header("content-type", "text/event-stream");
    response.body(Body::from(text)).unwrap()
}
