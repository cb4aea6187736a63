//! From the story to the lines of its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::ids::Ids;
use super::plan::{Beat, Block, Session, Subagent, What};
use super::record::{self, Record};
use crate::model::{Instant, Tokens};

const VERSION: &str = "2.1.329";

/// A line, or a small document, and when it is written.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) file: PathBuf,
    /// By the session's own time; not before the line above it in the same file.
    pub(super) at: Instant,
    pub(super) bytes: Vec<u8>,
}

/// The lines of one session's files, each file's in its order.
pub(super) fn lines(session: &'static Session, now: Instant, home: &Path, ids: Ids) -> Vec<Line> {
    let cwd = home.join(session.dir).to_string_lossy().into_owned();
    // The program turns all but ASCII letters and digits of the directory into hyphens.
    let slug = cwd.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let id = ids.uuid(session.name);
    let folder = home.join(".claude/projects").join(slug);
    let file = folder.join(format!("{id}.jsonl"));
    let mut pen = Pen {
        session,
        ids,
        cwd,
        id,
        file,
        now: session.start(now),
        prompted: session.start(now),
        agent: None,
        parent: None,
        lines: Vec::new(),
    };
    pen.mode();
    if let Some(origin) = session.resumes {
        // The history is written at once, under the time of the resumption but with its own timestamps.
        pen.beats(origin, origin.start(now), origin.beats);
        for line in &mut pen.lines {
            line.at = session.start(now);
        }
    }
    pen.beats(session, session.start(now), session.beats);
    if let Some(subagent) = &session.subagent {
        let agent = ids.agent(session.name);
        let stem = folder.join(&pen.id).join("subagents").join(format!("agent-{agent}"));
        (pen.file, pen.parent) = (stem.with_extension("meta.json"), None);
        let first = subagent.beats.first().map_or(0, |beat| beat.at);
        pen.now = session.start(now).plus(Duration::from_millis(first));
        pen.write(&json!({ "agentType": subagent.kind, "isBuiltIn": true, "description": subagent.task, "spawnDepth": 1 }));
        (pen.file, pen.agent) = (stem.with_extension("jsonl"), Some(agent));
        pen.beats(session, session.start(now), subagent.beats);
    }
    pen.lines
}

/// Writes one file after the other.
struct Pen {
    session: &'static Session,
    ids: Ids,
    cwd: String,
    id: String,
    file: PathBuf,
    now: Instant,
    prompted: Instant,
    agent: Option<String>,
    parent: Option<String>,
    lines: Vec<Line>,
}

/// Where in the story a line is from.
struct Spot {
    label: String,
    /// The session that made it, if the line is a copy.
    origin: Option<String>,
    turn: u32,
}

impl Pen {
    /// Writes what happened in `of`, which began at `start`: the session itself, or the one that it resumes.
    fn beats(&mut self, of: &'static Session, start: Instant, beats: &'static [Beat]) {
        let origin = (of.name != self.session.name).then(|| self.ids.uuid(of.name));
        let thread = if self.agent.is_some() { "subagent" } else { "main" };
        let mut turn = 0;
        for (index, beat) in beats.iter().enumerate() {
            let spot = Spot { label: format!("{}/{thread}/{index}", of.name), origin: origin.clone(), turn };
            match beat.what {
                What::Prompt(text) => {
                    turn += 1;
                    self.prompt(text, &Spot { turn, ..spot }, at(start, beat.at));
                }
                What::Task(text) => {
                    let body = json!({ "type": "user", "message": { "role": "user", "content": text } });
                    self.record(body, &spot, 0, at(start, beat.at));
                }
                What::Answer { model, tokens, blocks } => {
                    let instants = beat.lines().map(|line| at(start, line));
                    for (block, instant) in instants.enumerate() {
                        self.answer(model, &tokens, blocks, block, &spot, instant);
                    }
                }
                What::Result(output) => {
                    let call = index.checked_sub(1).and_then(|before| beats.get(before));
                    self.result(output, call, of, &spot, at(start, beat.at));
                }
            }
            let ends = beats.get(index + 1).is_none_or(|next| matches!(next.what, What::Prompt(_)));
            if ends && self.agent.is_none() {
                self.turn_end(&Spot {
                    label: format!("{}/{thread}/{index}/end", of.name),
                    origin: origin.clone(),
                    turn,
                });
            }
        }
    }

    fn prompt(&mut self, text: &str, spot: &Spot, at: Instant) {
        if spot.origin.is_none() {
            self.now = at;
            let message = self.ids.uuid(&format!("{}/0", spot.label));
            self.write(&json!({
                "type": "file-history-snapshot",
                "messageId": message,
                "snapshot": { "messageId": message, "trackedFileBackups": {}, "timestamp": at.to_string() },
                "isSnapshotUpdate": false,
            }));
        }
        self.prompted = at;
        self.record(record::prompt(text, self.session.mode, spot.turn), spot, 0, at);
        let body =
            json!({ "type": "attachment", "attachment": { "type": "date", "date": at.to_string()[..10] } });
        self.record(body, spot, 1, at);
    }

    fn answer(
        &mut self,
        model: &str,
        tokens: &Tokens,
        blocks: &[Block],
        block: usize,
        spot: &Spot,
        at: Instant,
    ) {
        let (label, ids) = (&spot.label, self.ids);
        let Some(of_block) = blocks.get(block) else { return };
        let content = record::block(of_block, &ids.vendor("toolu_01", label));
        let message = record::message(&ids.vendor("msg_01", label), model, &content, tokens, blocks);
        let mut body = json!({
            "type": "assistant",
            "message": message,
            "apiBlockIndex": block,
            "requestId": ids.vendor("req_011C", label),
            "requestRef": ids.uuid(&format!("{label}/request")),
            "requestedModel": model,
            "promptCacheRequested": if tokens.cache_write_1h > 0 { "1h" } else { "5m" },
            "effort": "medium",
            "perTurnEffort": "medium",
            "madeBy": "model",
        });
        if let Some(origin) = &spot.origin {
            body["requestSessionId"] = json!(origin);
        }
        if let Some(subagent) = self.session.subagent.as_ref().filter(|_| self.agent.is_some()) {
            body["attributionAgent"] = json!(subagent.kind);
        }
        self.record(body, spot, block, at);
    }

    /// `call` is the beat whose last block called the tool.
    fn result(&mut self, output: &str, call: Option<&Beat>, of: &Session, spot: &Spot, at: Instant) {
        let Some(Beat { what: What::Answer { blocks, .. }, .. }) = call else { return };
        // Labels count beats, and the call's is the one before this.
        let label = spot.label.rsplit_once('/').and_then(|(thread, index)| {
            Some(format!("{thread}/{}", index.parse::<usize>().ok()?.checked_sub(1)?))
        });
        let call_id = self.ids.vendor("toolu_01", &label.unwrap_or_default());
        let mut body = record::result(&call_id, output, self.parent.as_deref().unwrap_or_default());
        let report = match (blocks.last(), &of.subagent) {
            (Some(Block::Call("Bash", _)), _) => Some(record::shell_report(output)),
            (Some(Block::Call("Agent", _)), Some(subagent)) => self.agent_report(of, subagent),
            _ => None,
        };
        if let Some(report) = report.filter(|_| self.agent.is_none()) {
            body["toolUseResult"] = report;
        }
        self.record(body, spot, 0, at);
    }

    fn agent_report(&self, of: &Session, subagent: &Subagent) -> Option<Value> {
        let (first, last) = (subagent.beats.first()?, subagent.beats.last()?);
        let What::Answer { model, tokens, .. } = last.what else { return None };
        let millis = last.lines().last()?.saturating_sub(first.at);
        Some(record::agent_report(&self.ids.agent(of.name), subagent.kind, millis, model, &tokens))
    }

    /// What the program writes when it waits for a person again.
    fn turn_end(&mut self, spot: &Spot) {
        let at = self.now.plus(Duration::from_millis(31));
        let millis = at.millis() - self.prompted.millis();
        let body =
            json!({ "type": "system", "subtype": "turn_duration", "durationMs": millis, "isMeta": false });
        self.record(body, spot, 0, at);
        if spot.origin.is_none() {
            self.write(&json!({ "type": "last-prompt", "leafUuid": self.parent, "sessionId": self.id }));
            self.mode();
        }
    }

    fn mode(&mut self) {
        self.write(&json!({ "type": "mode", "mode": "normal", "sessionId": self.id }));
        let mode = self.session.mode;
        self.write(&json!({ "type": "permission-mode", "permissionMode": mode, "sessionId": self.id }));
    }

    fn record(&mut self, body: Value, spot: &Spot, part: usize, at: Instant) {
        let uuid = self.ids.uuid(&format!("{}/{part}", spot.label));
        // New in a copy, as the session's id is.
        let prompt_id = || self.ids.uuid(&format!("{}/prompt {}", self.id, spot.turn));
        let line = Record {
            parent_uuid: self.parent.replace(uuid.clone()),
            is_sidechain: self.agent.is_some(),
            prompt_id: (body["type"] == "user").then(prompt_id),
            agent_id: self.agent.as_deref(),
            body,
            uuid,
            timestamp: at.to_string(),
            user_type: "external",
            entrypoint: "cli",
            cwd: &self.cwd,
            session_id: &self.id,
            version: VERSION,
            git_branch: self.session.branch,
        };
        let bytes = serde_json::to_vec(&line).unwrap_or_default();
        self.now = at;
        self.push(bytes);
    }

    fn write(&mut self, line: &Value) {
        self.push(line.to_string().into_bytes());
    }

    fn push(&mut self, mut bytes: Vec<u8>) {
        bytes.push(b'\n');
        self.lines.push(Line { file: self.file.clone(), at: self.now, bytes });
    }
}

fn at(start: Instant, millis: u64) -> Instant {
    start.plus(Duration::from_millis(millis))
}
