//! Sessions in the shape of Claude Code 2.1: one message over several lines of which only the last has the final count,
//! results of tools that are most of the bytes, subagents in files of their own, resumed sessions that begin with a copy.

use std::io;

use keitod::model::Instant;

use super::dice::Dice;
use super::pen::{Home, Pen};
use super::text::Text;
use super::truth::{Truth, Used};

const AGENT: &str = "claude-code";
const MODELS: [&str; 3] = ["claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-4-5"];
const PROJECTS: [&str; 6] = ["api", "web", "infra", "billing", "notes", "tools"];
const TOOLS: [&str; 5] = ["Bash", "Read", "Edit", "Grep", "Task"];
/// Lines of the end of a session that the one that resumes it repeats.
const COPIED: usize = 40;

struct Session<'a> {
    dice: &'a mut Dice,
    text: &'a Text,
    id: String,
    project: &'static str,
    branch: &'static str,
    model: &'static str,
    at: Instant,
    parent: String,
    /// Of a subagent.
    sidechain: bool,
    cached: u64,
    /// The last lines, with this session's id in them, for the one that resumes it.
    kept: Vec<String>,
}

/// Writes a session of about so many bytes, with the files of its subagents, and maybe one that resumes it.
pub fn write(
    home: &Home<'_>,
    dice: &mut Dice,
    text: &Text,
    at: Instant,
    bytes: u64,
    truth: &mut Truth,
) -> io::Result<()> {
    let project = dice.one(&PROJECTS);
    let mut session = Session {
        id: dice.uuid(),
        project,
        branch: dice.one(&["main", "fix/rounding", "feat/import"]),
        model: dice.one(&MODELS),
        at,
        parent: String::new(),
        sidechain: false,
        cached: 0,
        kept: Vec::new(),
        dice,
        text,
    };
    let mut pen = Pen::new(&home.claude(project, &session.id), truth)?;
    session.turns(&mut pen, bytes)?;
    pen.close()?;
    let (id, at) = (session.id.clone(), session.at);
    let kept = std::mem::take(&mut session.kept);
    if session.dice.chance(12) {
        (session.sidechain, session.parent, session.model) = (true, String::new(), MODELS[2]);
        let agent = session.dice.hex(8);
        let mut pen = Pen::new(&home.subagent(project, &id, &agent), truth)?;
        session.turns(&mut pen, bytes / 4)?;
        pen.close()?;
    }
    if session.dice.chance(5) {
        session.sidechain = false;
        session.id = session.dice.uuid();
        (session.at, session.parent) = (session.dice.later(at, 600, 90_000), String::new());
        let mut pen = Pen::new(&home.claude(project, &session.id), truth)?;
        for line in kept {
            pen.line(&line.replace(&id, &session.id))?;
        }
        session.turns(&mut pen, bytes / 4)?;
        pen.close()?;
    }
    Ok(())
}

impl Session<'_> {
    fn turns(&mut self, pen: &mut Pen<'_>, bytes: u64) -> io::Result<()> {
        while pen.bytes < bytes {
            if !self.sidechain {
                self.between(pen)?;
            }
            let size = self.dice.size(400);
            let content = format!("\"{}\"", self.text.some(self.dice, size));
            self.user(pen, &content, "")?;
            let began = self.at;
            for _ in 0..self.dice.within(1, 12) {
                let Some(call) = self.answer(pen)? else { break };
                self.result(pen, &call)?;
            }
            if !self.sidechain {
                let duration = self.at.since(began).as_millis();
                let rest = format!(
                    r#""type":"system","subtype":"turn_duration","durationMs":{duration},"isMeta":false"#
                );
                self.record(pen, &rest)?;
            }
        }
        Ok(())
    }

    /// What is written between turns and holds no facts.
    fn between(&mut self, pen: &mut Pen<'_>) -> io::Result<()> {
        self.at = self.dice.later(self.at, 5, 400);
        let (id, at) = (self.dice.uuid(), self.at);
        pen.line(&format!(r#"{{"type":"file-history-snapshot","messageId":"{id}","snapshot":{{"messageId":"{id}","trackedFileBackups":{{}},"timestamp":"{at}"}},"isSnapshotUpdate":false}}"#))?;
        if self.dice.chance(30) {
            let size = self.dice.size(1500);
            let content = self.text.some(self.dice, size);
            let rest = format!(
                r#""attachment":{{"type":"file","filename":"/home/dev/notes.md","content":{{"type":"text","file":{{"filePath":"/home/dev/notes.md","content":"{content}","numLines":40}}}}}},"type":"attachment""#
            );
            self.record(pen, &rest)?;
        }
        Ok(())
    }

    fn user(&mut self, pen: &mut Pen<'_>, content: &str, more: &str) -> io::Result<()> {
        let rest = format!(r#""type":"user","message":{{"role":"user","content":{content}}}{more}"#);
        self.record(pen, &rest)
    }

    /// A message of one to three lines; gives the call that it ends with, if it does.
    fn answer(&mut self, pen: &mut Pen<'_>) -> io::Result<Option<String>> {
        let (message, request) =
            (format!("msg_01{}", self.dice.hex(22)), format!("req_011{}", self.dice.hex(21)));
        let written = self.dice.within(50, 6000);
        let mut used = Used {
            input: self.dice.within(1, 12),
            cache_read: self.cached,
            output: self.dice.size(250) + 1,
            ..Used::default()
        };
        if self.dice.chance(60) {
            used.cache_write_5m = written
        } else {
            used.cache_write_1h = written
        }
        self.cached = (self.cached + written) % 180_000;
        pen.truth.count(AGENT, self.model, &used);
        let call = self.dice.chance(85).then(|| format!("toolu_01{}", self.dice.hex(22)));
        let lines = self.dice.within(1, 3);
        for line in 1..=lines {
            let is_last = line == lines;
            let size = self.dice.size(300);
            let body = self.text.some(self.dice, size);
            let block = match &call {
                Some(id) if is_last => {
                    let tool = self.dice.one(&TOOLS);
                    format!(
                        r#"{{"type":"tool_use","id":"{id}","name":"{tool}","input":{{"command":"{body}"}}}}"#
                    )
                }
                _ if line == 1 && lines > 1 => {
                    let signature = self.dice.hex(600);
                    format!(r#"{{"type":"thinking","thinking":"{body}","signature":"{signature}"}}"#)
                }
                _ => format!(r#"{{"type":"text","text":"{body}"}}"#),
            };
            // Lines before the last have the count at the start of the stream.
            let output = if is_last { used.output } else { used.output.min(3) };
            let stop = match (is_last, &call) {
                (false, _) => "null",
                (true, Some(_)) => "\"tool_use\"",
                (true, None) => "\"end_turn\"",
            };
            let Used { input, cache_read, cache_write_5m: five, cache_write_1h: hour, .. } = used;
            let model = self.model;
            let rest = format!(
                r#""message":{{"model":"{model}","id":"{message}","type":"message","role":"assistant","content":[{block}],"stop_reason":{stop},"stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":{written},"cache_read_input_tokens":{cache_read},"cache_creation":{{"ephemeral_5m_input_tokens":{five},"ephemeral_1h_input_tokens":{hour}}},"output_tokens":{output},"service_tier":"standard","inference_geo":"not_available"}}}},"requestId":"{request}","type":"assistant""#
            );
            self.record(pen, &rest)?;
        }
        Ok(call)
    }

    /// What a tool gave: twice, as the model reads it and as the program keeps it.
    fn result(&mut self, pen: &mut Pen<'_>, call: &str) -> io::Result<()> {
        if self.dice.chance(25) {
            let rest = format!(
                r#""type":"progress","data":{{"type":"hook_progress","hookEvent":"PostToolUse","command":"~/.claude/hooks/fmt.sh"}},"toolUseID":"{call}""#
            );
            self.record(pen, &rest)?;
        }
        let size = self.dice.size(1800);
        let output = self.text.some(self.dice, size);
        let content = format!(
            r#"[{{"tool_use_id":"{call}","type":"tool_result","content":"{output}","is_error":false}}]"#
        );
        let more = format!(
            r#","toolUseResult":{{"stdout":"{output}","stderr":"","interrupted":false,"isImage":false}}"#
        );
        self.user(pen, &content, &more)
    }

    /// A line with what all records share.
    fn record(&mut self, pen: &mut Pen<'_>, rest: &str) -> io::Result<()> {
        self.at = self.dice.later(self.at, 0, 20);
        let uuid = self.dice.uuid();
        let parent = if self.parent.is_empty() { "null".to_owned() } else { format!("\"{}\"", self.parent) };
        let Self { id, project, branch, at, sidechain, .. } = self;
        let line = format!(
            r#"{{"parentUuid":{parent},"isSidechain":{sidechain},"userType":"external","cwd":"/home/dev/{project}","sessionId":"{id}","version":"2.1.40","gitBranch":"{branch}",{rest},"uuid":"{uuid}","timestamp":"{at}"}}"#
        );
        self.parent = uuid;
        pen.line(&line)?;
        if !self.sidechain && line.len() < 4096 {
            if self.kept.len() == COPIED {
                self.kept.remove(0);
            }
            self.kept.push(line);
        }
        Ok(())
    }
}
