//! Lines as Claude Code 2.1.329 writes them.

/// Seconds after 2026-01-05T10:00:00Z.
fn instant(second: i64) -> String {
    keitod::model::Instant::from_seconds(1_767_607_200 + second).to_string()
}

fn head(session: &str, cwd: &str, uuid: u64, second: i64) -> String {
    let at = instant(second);
    format!(
        r#""uuid":"00000000-0000-4000-8000-{uuid:012x}","timestamp":"{at}","sessionId":"{session}","cwd":"{cwd}","version":"2.1.329","gitBranch":"main","isSidechain":false"#
    )
}

/// Counts of a request.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub input: u64,
    pub cache_read: u64,
    pub write_5m: u64,
    pub write_1h: u64,
    pub output: u64,
}

/// A session that is written line by line; numbers are its own ids.
pub struct Talk {
    pub id: String,
    cwd: String,
    seed: u64,
    next: u64,
}

impl Talk {
    pub fn new(seed: u64, cwd: &str) -> Self {
        let id = format!("5e551011-0000-4000-8000-{seed:012x}");
        Self { id, cwd: cwd.to_owned(), seed, next: 0 }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.seed << 20 | self.next
    }

    pub fn prompt(&mut self, second: i64) -> String {
        let uuid = self.number();
        let head = head(&self.id, &self.cwd, uuid, second);
        format!(
            "{{\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":\"go on\"}},\"origin\":{{\"kind\":\"human\"}},\"promptSource\":\"typed\",\"turnOrigin\":\"human\",{head}}}\n"
        )
    }

    pub fn answer(&mut self, second: i64, counts: Counts) -> String {
        let uuid = self.number();
        let head = head(&self.id, &self.cwd, uuid, second);
        let Counts { input, cache_read, write_5m, write_1h, output } = counts;
        let writes = write_5m + write_1h;
        format!(
            "{{\"type\":\"assistant\",\"message\":{{\"id\":\"msg_{uuid:x}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-opus-4-6\",\"content\":[{{\"type\":\"text\",\"text\":\"done\"}}],\"stop_reason\":\"end_turn\",\"usage\":{{\"input_tokens\":{input},\"cache_read_input_tokens\":{cache_read},\"cache_creation_input_tokens\":{writes},\"cache_creation\":{{\"ephemeral_5m_input_tokens\":{write_5m},\"ephemeral_1h_input_tokens\":{write_1h}}},\"output_tokens\":{output}}}}},\"requestId\":\"req_{uuid:x}\",{head}}}\n"
        )
    }

    /// What is left of a plan: `overage` if requests are charged on top of it.
    pub fn quota(&mut self, second: i64, overage: bool) -> String {
        let uuid = self.number();
        let head = head(&self.id, &self.cwd, uuid, second);
        format!(
            "{{\"type\":\"system\",\"subtype\":\"quota\",\"quotaLimits\":{{\"status\":\"allowed\",\"rateLimitType\":\"five_hour\",\"isUsingOverage\":{overage}}},{head}}}\n"
        )
    }

    /// Any line; `rest` are its members but for its head.
    pub fn line(&mut self, second: i64, rest: &str) -> String {
        let uuid = self.number();
        format!("{{{rest},{}}}\n", head(&self.id, &self.cwd, uuid, second))
    }

    /// A tool's result; its log says how many seconds it took, if any.
    pub fn tool(&mut self, second: i64, took: u64) -> String {
        let result = match took {
            0 => r#"{"stdout":"ok"}"#.to_owned(),
            _ => format!(r#"{{"durationMs":{}}}"#, took * 1000),
        };
        let content = r#"[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}]"#;
        self.line(
            second,
            &format!(
                r#""type":"user","message":{{"role":"user","content":{content}}},"toolUseResult":{result}"#
            ),
        )
    }

    /// A prompt in a mode that never asks: typed by a person, or by a program (`sdk`, `scheduled`).
    pub fn prompt_from(&mut self, second: i64, source: &str, kind: &str) -> String {
        self.line(
            second,
            &format!(
                r#""type":"user","message":{{"role":"user","content":"go on"}},"permissionMode":"bypassPermissions","origin":{{"kind":"{kind}"}},"promptSource":"{source}","turnOrigin":"{kind}""#
            ),
        )
    }

    /// The end of a turn with its logged length.
    pub fn turn(&mut self, second: i64, length: u64) -> String {
        let length = length * 1000;
        self.line(second, &format!(r#""type":"system","subtype":"turn_duration","durationMs":{length}"#))
    }

    /// A prompt and an answer 120 s later, of 1000 tokens in and 100 out.
    pub fn exchange(&mut self) -> String {
        let counts = Counts { input: 1000, output: 100, ..Counts::default() };
        self.prompt(0) + &self.answer(120, counts)
    }
}
