use proptest::prelude::*;

use super::*;
use crate::keito::fields::Fields;
use crate::keito::seen::Metadata;
use crate::keito::text::escaped_len;

struct Words {
    id: KeitodId,
    session: SessionId,
    agent: Agent,
    model: ModelName,
    machine: String,
}

impl Words {
    fn new(session: &str, agent: &str, model: &str, machine: &str) -> Self {
        Self {
            id: KeitodId::new(format!("k1{:032x}", 7)),
            session: SessionId::new(session),
            agent: Agent::new(agent),
            model: ModelName::new(model),
            machine: machine.to_owned(),
        }
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            keitod_id: &self.id,
            session: &self.session,
            agent: &self.agent,
            model: &self.model,
            first_at: Instant::from_seconds(1_772_618_400),
            last_at: Instant::from_seconds(1_772_622_000),
            covers: Covers(u128::MAX),
            machine: &self.machine,
            part: 2,
        }
    }
}

fn plain() -> Words {
    Words::new("3f1c", "claude-code", "claude-opus-4-6", "9a7f")
}

fn expense_of<'a>(identity: Identity<'a>, keys: &'a [[u8; 3]], optional: Optional<'a>) -> ExpenseMeta<'a> {
    let tokens =
        Tokens { input: 12, cache_read: 3, cache_write_5m: 4, cache_write_1h: 5, output: 6, reasoning: 2 };
    ExpenseMeta {
        identity,
        keys,
        tokens,
        cost_usd: Usd(9_311_907_000_000),
        rate: Some("0.79"),
        markup_percent: Some("20"),
        excess: true,
        optional,
    }
}

#[test]
fn an_expense_is_written_in_the_fixed_order_and_read_back() {
    let words = plain();
    let optional =
        Optional { draft: true, quality: Some("exact"), repo: Some("github.com/acme/api"), ..<_>::default() };
    let built = expense(&expense_of(words.identity(), &[[2, 0, 0], [1, 255, 0]], optional)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let want = format!(
        "{{\"keitod_id\":\"k100000000000000000000000000000007\",\"session_id\":\"3f1c\",\
         \"agent_type\":\"claude-code\",\"model\":\"claude-opus-4-6\",\"first_at\":\"2026-03-04T10:00:00.000Z\",\
         \"last_at\":\"2026-03-04T11:00:00.000Z\",\"covers\":\"ffffffffffffffffffffffffffffffff\",\
         \"machine\":\"9a7f\",\"part\":2,\"requests\":2,\"keys\":\"Af8AAgAA\",\"input_tokens\":12,\
         \"output_tokens\":6,\"cached_input_tokens\":3,\"cache_write_tokens\":9,\"cache_write_1h_tokens\":5,\
         \"cost_usd\":\"9.311907\",\"rate\":\"0.79\",\"markup_percent\":\"20\",\"excess\":true,\"draft\":true,\
         \"reasoning_tokens\":2,\"quality\":\"exact\",\"repo\":\"github.com/acme/api\",\
         \"keitod_version\":\"{version}\"}}"
    );
    assert_eq!(built.as_str(), want);

    let seen = Metadata::read(&Fields::parse(built.as_str()).unwrap());
    assert_eq!(seen.keitod_id.as_ref(), Some(&words.id));
    assert_eq!(seen.covers, Some(Covers(u128::MAX)));
    assert_eq!(seen.keys, Some(vec![[1, 255, 0], [2, 0, 0]]));
    assert_eq!((seen.requests, seen.part, seen.excess), (Some(2), Some(2), Some(true)));
    assert_eq!(seen.cost_usd, Some(Usd(9_311_907_000_000)));
    assert_eq!(seen.tokens().unwrap().classes(), [12, 3, 4, 5, 6]);
    assert_eq!(seen.first_at, Some(Instant::from_seconds(1_772_618_400)));
}

#[test]
fn an_entry_tells_seconds_and_a_days_entry_its_sessions() {
    let words = plain();
    let meta = EntryMeta {
        identity: words.identity(),
        duration_seconds: 754,
        day_sessions: None,
        usage: None,
        optional: Optional::default(),
    };
    let seen = |meta| Metadata::read(&Fields::parse(entry(meta).unwrap().as_str()).unwrap());
    let session = seen(&meta);
    assert_eq!((session.duration_seconds, session.sessions, session.keys), (Some(754), None, None));
    let sessions = [[9, 9, 9], [1, 2, 3]];
    let usage = Some((Tokens { input: 5, ..Tokens::default() }, Some(Usd(1))));
    let day = seen(&EntryMeta { day_sessions: Some(&sessions), usage, ..meta });
    assert_eq!((day.sessions, day.keys), (Some(2), Some(vec![[1, 2, 3], [9, 9, 9]])));
    assert_eq!((day.input_tokens, day.cost_usd), (Some(5), Some(Usd(1))));
    let many = vec![[0; 3]; 1000];
    assert!(entry(&EntryMeta { day_sessions: Some(&many), ..meta }).unwrap_err().bytes > MAX_METADATA);
}

#[test]
fn a_repositorys_keys_cannot_take_our_names() {
    let text = |text: &str| Extra::Text(text.to_owned());
    let extra = [
        ("team".to_owned(), text("a\u{202e}b\n")),
        ("covers".to_owned(), text("forged")),
        ("ke\u{7}ys".to_owned(), text("forged")),
        ("team".to_owned(), Extra::Integer(-1)),
        (String::new(), Extra::Flag(true)),
        ("cost_center".to_owned(), Extra::Integer(42)),
        ("internal".to_owned(), Extra::Flag(false)),
    ];
    let words = plain();
    let built =
        expense(&expense_of(words.identity(), &[], Optional { extra: &extra, ..<_>::default() })).unwrap();
    assert_eq!(built.ignored(), ["covers", "keys", "team", ""]);
    assert!(
        built.as_str().ends_with(r#""team":"ab ","cost_center":42,"internal":false}"#),
        "{}",
        built.as_str()
    );
}

#[test]
fn optional_keys_go_from_the_last_to_the_first() {
    let long = "x".repeat(300);
    let extra: Vec<_> = (0..30).map(|n| (format!("k{n:02}"), Extra::Text(long.clone()))).collect();
    let keys = vec![[7; 3]; MAX_KEYS];
    let words = plain();
    let optional =
        Optional { agent_id: Some("bot"), git_branch: Some(&long), extra: &extra, ..<_>::default() };
    let built = expense(&expense_of(words.identity(), &keys, optional)).unwrap();
    let kept = 30 - built.dropped().len();
    assert!(kept > 0 && kept < 30);
    assert_eq!(built.dropped()[0], format!("k{kept:02}"));
    assert!(built.as_str().contains(&format!("\"k{:02}\":\"{}\"", kept - 1, "x".repeat(120))));
    let left = MAX_METADATA - built.as_str().len();
    assert!(left < 130, "{left} bytes left, room for one more");
}

/// Text that is hard to write: multi-byte, quotes, controls.
fn hard_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,80}",
        "[\"\\\\\u{0}-\u{1f}\u{202a}-\u{202e}a]{0,300}",
        "[\u{10000}-\u{10ffff}]{0,60}",
        "[ß€a]{0,200}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_input_fits_and_keeps_what_is_required(
        words in prop::array::uniform4(hard_text()),
        keys in prop::collection::vec(any::<[u8; 3]>(), 0..=MAX_KEYS),
        tokens in prop::array::uniform6(0..=Tokens::MAX_PER_CLASS * 400),
        cost in 0..i128::from(u64::MAX) * 1000,
        strings in prop::collection::vec(prop::option::of(hard_text()), 10),
        extra in prop::collection::vec((hard_text(), hard_text().prop_map(Extra::Text)), 0..30),
        is_expense in any::<bool>(),
    ) {
        let words = Words::new(&words[0], &words[1], &words[2], &words[3]);
        let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = tokens;
        let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
        let text = |n: usize| strings[n].as_deref();
        let optional = Optional {
            draft: strings[0].is_some(),
            agent_id: text(0), provider: text(1), quality: text(2), wall_seconds: Some(u64::MAX),
            time_method: text(3), cost_basis: text(4), price_version: text(5), git_branch: text(6), repo: text(7),
            extra: &extra,
        };
        let identity = words.identity();
        let (built, needed): (_, &[&str]) = if is_expense {
            let digits = Some("123456.789012");
            let meta = ExpenseMeta {
                identity, keys: &keys, tokens, cost_usd: Usd(cost), rate: digits, markup_percent: digits,
                excess: true, optional,
            };
            (expense(&meta), &["requests", "keys", "input_tokens", "output_tokens", "cached_input_tokens",
                "cache_write_tokens", "cache_write_1h_tokens", "cost_usd", "rate", "markup_percent", "excess"])
        } else {
            let usage = Some((tokens, Some(Usd(cost))));
            let meta = EntryMeta {
                identity, duration_seconds: u64::MAX, day_sessions: Some(&keys), usage, optional,
            };
            (entry(&meta), &["duration_seconds", "sessions", "keys"])
        };
        let built = built.unwrap();
        prop_assert!(escaped_len(built.as_str()) <= MAX_METADATA);
        prop_assert!(built.as_str().len() <= 4096);
        let value: serde_json::Value = serde_json::from_str(built.as_str()).unwrap();
        let object = value.as_object().unwrap();
        let both = ["keitod_id", "session_id", "agent_type", "model", "first_at", "last_at", "covers", "machine", "part"];
        for name in both.iter().chain(needed) {
            prop_assert!(object.contains_key(*name), "{name}");
        }
        for (name, value) in object {
            if let Some(text) = value.as_str().filter(|_| name != "keys") {
                prop_assert!(text.len() <= 120 && name.len() <= 120);
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
        prop_assert!(Metadata::read(&Fields::parse(built.as_str()).unwrap()).keys.unwrap().is_sorted());
    }
}
