//! Rollouts in the shape of Codex 0.100: running totals that are told again without a request, sealed reasoning, outputs
//! of commands that are most of the bytes.

use std::io;

use keitod::model::Instant;

use super::dice::Dice;
use super::pen::{Home, Pen};
use super::text::Text;
use super::truth::{Truth, Used};

const AGENT: &str = "codex";
const MODELS: [&str; 2] = ["gpt-5.2-codex", "gpt-5.2"];

struct Rollout<'a> {
    dice: &'a mut Dice,
    text: &'a Text,
    model: &'static str,
    cwd: String,
    at: Instant,
    /// Input with what was cached, cached, output, reasoning.
    total: [u64; 4],
    last: [u64; 4],
}

/// Writes a session of about so many bytes.
pub fn write(
    home: &Home<'_>,
    dice: &mut Dice,
    text: &Text,
    at: Instant,
    bytes: u64,
    truth: &mut Truth,
) -> io::Result<()> {
    let (id, model) = (dice.uuid(), dice.one(&MODELS));
    let cwd = format!("/home/dev/{}", dice.one(&["api", "web", "cli", "docs"]));
    let stamp = at.to_string();
    let mut pen = Pen::new(&home.codex(&stamp[..10], &stamp[11..19], &id), truth)?;
    let mut rollout = Rollout { dice, text, model, cwd, at, total: [0; 4], last: [0; 4] };
    let (cwd, instructions) = (rollout.cwd.clone(), text.some(rollout.dice, 12_000));
    rollout.line(&mut pen, "session_meta", &format!(r#"{{"id":"{id}","timestamp":"{stamp}","cwd":"{cwd}","originator":"codex_cli_rs","cli_version":"0.100.0","source":"cli","model_provider":"openai","base_instructions":{{"text":"{instructions}"}},"git":{{"branch":"main"}}}}"#))?;
    while pen.bytes < bytes {
        rollout.turn(&mut pen)?;
    }
    pen.close()
}

impl Rollout<'_> {
    fn turn(&mut self, pen: &mut Pen<'_>) -> io::Result<()> {
        self.at = self.dice.later(self.at, 5, 400);
        let (turn, model, cwd) = (self.dice.uuid(), self.model, self.cwd.clone());
        self.event(pen, "task_started", &format!(r#""turn_id":"{turn}","model_context_window":258400"#))?;
        let instructions = self.some(4000);
        self.line(pen, "turn_context", &format!(r#"{{"turn_id":"{turn}","cwd":"{cwd}","approval_policy":"on-request","sandbox_policy":{{"type":"workspace-write","network_access":false}},"model":"{model}","effort":"high","summary":"auto","user_instructions":"{instructions}"}}"#))?;
        let prompt = self.some(300);
        self.item(
            pen,
            "message",
            &format!(r#""role":"user","content":[{{"type":"input_text","text":"{prompt}"}}]"#),
        )?;
        self.event(
            pen,
            "user_message",
            &format!(r#""message":"{prompt}","images":[],"local_images":[],"text_elements":[]"#),
        )?;
        for _ in 0..self.dice.within(1, 12) {
            self.request(pen)?;
        }
        self.event(pen, "task_complete", &format!(r#""turn_id":"{turn}","last_agent_message":"done""#))
    }

    fn request(&mut self, pen: &mut Pen<'_>) -> io::Result<()> {
        let size = usize::try_from(self.dice.size(1600)).unwrap_or(0);
        let sealed = self.dice.hex(size);
        let thought = self.some(80);
        self.event(pen, "agent_reasoning", &format!(r#""text":"{thought}""#))?;
        self.item(pen, "reasoning", &format!(r#""summary":[{{"type":"summary_text","text":"{thought}"}}],"content":null,"encrypted_content":"{sealed}""#))?;
        let calls = self.dice.chance(80);
        let call = format!("call_{}", self.dice.hex(24));
        let body = self.some(if calls { 250 } else { 900 });
        if calls {
            self.item(pen, "function_call", &format!(r#""name":"exec_command","arguments":"{{\"cmd\":\"ls\",\"n\":1}}{body}","call_id":"{call}""#))?;
        } else {
            self.item(
                pen,
                "message",
                &format!(r#""role":"assistant","content":[{{"type":"output_text","text":"{body}"}}]"#),
            )?;
            self.event(pen, "agent_message", &format!(r#""message":"{body}""#))?;
        }
        let (cached, fresh) = (self.total[0] % 180_000, self.dice.within(100, 7000));
        let output = self.dice.size(300) + 20;
        let reasoning = self.dice.below(output);
        self.last = [cached + fresh, cached, output, reasoning];
        for (total, last) in self.total.iter_mut().zip(self.last) {
            *total += last;
        }
        let used = Used { input: fresh, cache_read: cached, output, reasoning, ..Used::default() };
        pen.truth.count(AGENT, self.model, &used);
        self.count(pen)?;
        if calls {
            let size = self.dice.size(3500);
            let output = self.some(size);
            self.item(pen, "function_call_output", &format!(r#""call_id":"{call}","output":"Chunk ID: 90d13f\nWall time: 0.05 seconds\nProcess exited with code 0\nOutput:\n{output}""#))?;
        }
        if self.dice.chance(30) {
            // The same total again, with refreshed limits.
            self.count(pen)?;
        }
        Ok(())
    }

    fn count(&mut self, pen: &mut Pen<'_>) -> io::Result<()> {
        let of = |[input, cached, output, reasoning]: [u64; 4]| {
            format!(
                r#"{{"input_tokens":{input},"cached_input_tokens":{cached},"output_tokens":{output},"reasoning_output_tokens":{reasoning},"total_tokens":{}}}"#,
                input + output
            )
        };
        let (total, last) = (of(self.total), of(self.last));
        let percent = self.dice.below(90);
        self.event(pen, "token_count", &format!(r#""info":{{"total_token_usage":{total},"last_token_usage":{last},"model_context_window":258400}},"rate_limits":{{"limit_id":"codex","primary":{{"used_percent":{percent}.0,"window_minutes":300,"resets_at":1774265590}},"credits":{{"has_credits":false,"unlimited":false,"balance":null}},"plan_type":"pro"}}"#))
    }

    fn some(&mut self, bytes: u64) -> String {
        let size = self.dice.size(bytes);
        self.text.some(self.dice, size).to_owned()
    }

    fn event(&mut self, pen: &mut Pen<'_>, kind: &str, rest: &str) -> io::Result<()> {
        self.line(pen, "event_msg", &format!(r#"{{"type":"{kind}",{rest}}}"#))
    }

    fn item(&mut self, pen: &mut Pen<'_>, kind: &str, rest: &str) -> io::Result<()> {
        self.line(pen, "response_item", &format!(r#"{{"type":"{kind}",{rest}}}"#))
    }

    fn line(&mut self, pen: &mut Pen<'_>, kind: &str, payload: &str) -> io::Result<()> {
        self.at = self.dice.later(self.at, 0, 12);
        let at = self.at;
        pen.line(&format!(r#"{{"timestamp":"{at}","type":"{kind}","payload":{payload}}}"#))
    }
}
