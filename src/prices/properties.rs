//! What holds for every row: monotony, edges of tiers, edges of time; and the rules by hand.

use proptest::prelude::*;

use super::{Class, Factor, Fee, Origin, Override, Rate, Rates, Request, Row, Table, Unpriced};
use crate::model::{Geo, Instant, Speed, Terms, Tier, Tokens, Usd};

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn table() -> Table {
    Table::embedded().unwrap()
}

/// A prompt of `prompt` and an answer of 1000 tokens.
fn prompt(prompt: u64) -> Tokens {
    Tokens { input: prompt, output: 1000, ..Tokens::default() }
}

fn usd(table: &Table, model: &str, when: &str, tokens: &Tokens, terms: Terms) -> Result<String, Unpriced> {
    let request = Request { platform: None, model, at: at(when), tokens, terms: &terms };
    table.usd(&request).map(|usd| usd.to_string())
}

/// Model, instant, tokens, terms, and the price.
type Case = (&'static str, &'static str, Tokens, Terms, Result<&'static str, Unpriced>);

/// A request that hits exactly this row.
fn hit(table: &Table, row: &Row, when: Instant, tokens: &Tokens) -> Result<Usd, Unpriced> {
    let terms = Terms { speed: row.speed, tier: row.service, ..Terms::default() };
    let platform = Some(row.platform.as_str());
    table.usd(&Request { platform, model: &row.model, at: when, tokens, terms: &terms })
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

/// An instant at which the row holds and no window lies over it.
fn inside(table: &Table, row: &Row) -> Instant {
    let start =
        row.from.or(row.to.map(|to| to.minus(24 * 8 * HOUR))).unwrap_or_else(|| at("2026-10-20T00:00:00Z"));
    let start = if row.holds(start) || row.window.is_some() { start } else { row.to.unwrap().minus(SECOND) };
    let mut hours = (0..24 * 8).map(|hour| start.plus(HOUR * hour));
    hours.find(|when| row.holds(*when) && !covered(table, row, *when)).unwrap_or(start)
}

/// Whether a window of the same variant lies over a row without one.
fn covered(table: &Table, row: &Row, when: Instant) -> bool {
    let same = |other: &&Row| {
        (&other.platform, &other.model, other.speed, other.service)
            == (&row.platform, &row.model, row.speed, row.service)
    };
    row.window.is_none() && table.rows().filter(same).any(|other| other.window.is_some() && other.holds(when))
}

/// The sum by hand, or the class without a rate.
fn by_hand(rates: &Rates, tokens: &Tokens) -> Result<Usd, Unpriced> {
    let lines = rates.lines(tokens).map(|line| line.map_err(|class| Unpriced::NoRate { class }));
    lines
        .map(|line| line.map(|(_, count, rate)| i128::from(count) * rate.pico()))
        .sum::<Result<i128, _>>()
        .map(Usd)
}

#[test]
fn a_tier_edge_switches_the_whole_request() {
    let table = table();
    let mut edges = 0;
    for row in table.rows().filter(|row| !row.context.is_empty()) {
        let when = inside(&table, row);
        let mut below = &row.rates;
        for tier in &row.context {
            // T and T + 1, with the prompt in one class or spread over several.
            for tokens in [prompt(tier.least - 1), prompt(tier.least), prompt(tier.least + 1)] {
                let rates = if tokens.input < tier.least { below } else { &tier.rates };
                assert_eq!(hit(&table, row, when, &tokens), by_hand(rates, &tokens), "{}", row.id);
            }
            let spread = Tokens { input: 1, cache_read: tier.least - 1, output: 7, ..Tokens::default() };
            assert_eq!(hit(&table, row, when, &spread), by_hand(&tier.rates, &spread), "{}", row.id);
            // What is answered never selects the tier.
            let long = Tokens { output: tier.least * 2, ..prompt(tier.least - 1) };
            assert_eq!(hit(&table, row, when, &long), by_hand(below, &long), "{}", row.id);
            below = &tier.rates;
            edges += 1;
        }
    }
    assert!(edges > 100, "{edges}");
}

#[test]
fn a_row_begins_and_ends_to_the_second() {
    let table = table();
    let mut edges = 0;
    for row in table.rows() {
        let owns = |when: Instant| {
            let terms = Terms { speed: row.speed, tier: row.service, ..Terms::default() };
            let (platform, tokens) = (Some(row.platform.as_str()), Tokens::default());
            let request = Request { platform, model: &row.model, at: when, tokens: &tokens, terms: &terms };
            table.price(&request).is_ok_and(|priced| priced.provenance.row == Some(row.id.as_str()))
        };
        for (edge, before, after) in [(row.from, false, true), (row.to, true, false)] {
            let Some(edge) = edge else { continue };
            for (when, within) in [(edge.minus(SECOND), before), (edge, after), (edge.plus(SECOND), after)] {
                let hours = row.window.as_ref().is_none_or(|window| window.holds(when));
                assert_eq!(owns(when), within && hours && !covered(&table, row, when), "{} {when}", row.id);
            }
            edges += 1;
        }
        // The hours of a window, on a day when it holds.
        let Some(window) = &row.window else { continue };
        let later = inside(&table, row).plus(HOUR * 24);
        let held = (0..24 * 7).map(|hour| later.plus(HOUR * hour)).find(|when| row.holds(*when)).unwrap();
        let day = held.seconds().div_euclid(86_400) * 86_400;
        for (from, to) in window.spans() {
            for (minute, before, after) in [(from, false, true), (to, true, false)] {
                let edge = Instant::from_seconds(day + minute * 60);
                let around = (owns(edge.minus(SECOND)), owns(edge), owns(edge.plus(SECOND)));
                assert_eq!(around, (before, after, after), "{} {edge}", row.id);
                edges += 1;
            }
        }
    }
    assert!(edges > 300, "{edges}");
}

#[test]
fn zero_tokens_cost_nothing_only_where_the_model_is_known() {
    let (table, none) = (table(), Tokens::default());
    assert_eq!(
        usd(&table, "claude-opus-4-6", "2026-10-20T00:00:00Z", &none, Terms::default()),
        Ok("0".into())
    );
    let unknown = usd(&table, "claude-opus-9-9", "2026-10-20T00:00:00Z", &none, Terms::default());
    assert_eq!(unknown, Err(Unpriced::UnknownModel));
}

#[test]
fn rules_of_claude_models() {
    let table = table();
    let plain = Terms::default();
    let fast = Terms { speed: Speed::Fast, ..plain };
    let us = Terms { geo: Geo::Us, ..plain };
    let batch = Terms { tier: Tier::Batch, ..plain };
    let short =
        Tokens { input: 50, cache_read: 88_000, cache_write_5m: 6000, output: 2400, ..Tokens::default() };
    let long = Tokens {
        input: 1000,
        cache_read: 190_000,
        cache_write_5m: 20_000,
        output: 4000,
        ..Tokens::default()
    };
    let hour = Tokens { cache_write_1h: 1000, ..Tokens::default() };
    let cases: &[Case] = &[
        // The long-context premium of 4.6 until 2026-03-13, on every platform.
        ("claude-sonnet-4-6", "2026-03-12T23:59:59Z", long, plain, Ok("0.36")),
        ("claude-sonnet-4-6", "2026-03-13T00:00:00Z", long, plain, Ok("0.195")),
        ("global.anthropic.claude-sonnet-4-6", "2026-03-12T23:59:59Z", long, plain, Ok("0.36")),
        ("us.anthropic.claude-sonnet-4-6", "2026-03-12T23:59:59Z", long, plain, Ok("0.396")),
        ("us.anthropic.claude-sonnet-4-6", "2026-03-13T00:00:00Z", long, plain, Ok("0.2145")),
        ("claude-sonnet-4-20250514", "2025-10-01T00:00:00Z", long, plain, Ok("0.36")),
        // Fast mode: half price at first, then six times, then gone.
        ("claude-opus-4-6", "2026-02-06T23:59:59Z", short, fast, Err(Unpriced::UnknownSpeed)),
        ("claude-opus-4-6", "2026-02-17T07:59:59Z", short, fast, Ok("0.42525")),
        ("claude-opus-4-6", "2026-02-17T08:00:00Z", short, fast, Ok("0.8505")),
        ("claude-opus-4-6", "2026-03-12T12:00:00Z", long, fast, Ok("3.6")),
        ("claude-opus-4-6", "2026-03-13T12:00:00Z", long, fast, Ok("1.95")),
        ("claude-4.6-opus-fast-mode", "2026-03-05T12:00:00Z", short, plain, Ok("0.8505")),
        ("claude-opus-4-6", "2026-08-10T00:00:00Z", short, fast, Err(Unpriced::UnknownSpeed)),
        ("claude-opus-4-7", "2026-07-23T00:00:00Z", short, fast, Ok("0.8505")),
        ("claude-opus-4-7", "2026-07-25T00:00:00Z", short, fast, Err(Unpriced::UnknownSpeed)),
        ("claude-opus-4-8", "2026-12-01T00:00:00Z", short, fast, Err(Unpriced::UnknownSpeed)),
        ("claude-fable-5-2", "2026-11-20T00:00:00Z", short, fast, Ok("0.348")),
        ("claude-sonnet-5", "2026-11-20T00:00:00Z", short, fast, Err(Unpriced::UnknownSpeed)),
        // Place: a factor from 4.6 on, none before, also on fast.
        ("claude-opus-4-6", "2026-03-05T12:00:00Z", short, Terms { geo: Geo::Us, ..fast }, Ok("0.93555")),
        ("claude-sonnet-4-5", "2026-03-05T12:00:00Z", hour, us, Ok("0.006")),
        ("claude-haiku-5-5", "2026-11-05T12:00:00Z", hour, us, Ok("0.00022")),
        ("us.anthropic.claude-opus-4-6-v1", "2026-11-05T12:00:00Z", hour, us, Err(Unpriced::UnknownGeo)),
        (
            "claude-opus-5",
            "2026-11-05T12:00:00Z",
            hour,
            Terms { geo: Geo::Other, ..plain },
            Err(Unpriced::UnknownGeo),
        ),
        // Service tier.
        ("claude-opus-4-1", "2025-11-05T12:00:00Z", hour, batch, Ok("0.015")),
        (
            "claude-opus-5",
            "2026-11-05T12:00:00Z",
            hour,
            Terms { speed: Speed::Fast, ..batch },
            Err(Unpriced::UnknownTier),
        ),
        ("claude-opus-5", "2026-11-05T12:00:00Z", hour, Terms { tier: Tier::Priority, ..plain }, Ok("0.01")),
        (
            "claude-opus-5",
            "2026-11-05T12:00:00Z",
            hour,
            Terms { tier: Tier::Flex, ..plain },
            Err(Unpriced::UnknownTier),
        ),
        (
            "claude-opus-5",
            "2026-11-05T12:00:00Z",
            hour,
            Terms { tier: Tier::Other, ..plain },
            Err(Unpriced::UnknownTier),
        ),
        // Cache reads are not always a tenth.
        ("claude-fable-5-1", "2026-10-15T00:00:00Z", short, plain, Ok("0.2175")),
        ("claude-mythos-5-1", "2026-10-15T00:00:00Z", short, plain, Ok("0.2175")),
        ("claude-opus-5-5", "2026-10-15T00:00:00Z", short, plain, Ok("0.0958")),
        // Bedrock and Vertex; a class that a platform does not list.
        ("claude-opus-4-5@20251101", "2026-10-15T00:00:00Z", hour, plain, Ok("0.01")),
        (
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            "2025-10-15T00:00:00Z",
            hour,
            plain,
            Err(Unpriced::NoRate { class: Class::CacheWrite1h }),
        ),
        (
            "claude-3-opus-20240229",
            "2025-01-15T00:00:00Z",
            hour,
            Terms { web_searches: 1, ..plain },
            Err(Unpriced::NoRate { class: Class::WebSearch }),
        ),
        (
            "claude-opus-5",
            "2026-11-05T12:00:00Z",
            hour,
            Terms { bad_usage: true, ..plain },
            Err(Unpriced::BadUsage),
        ),
    ];
    for (model, when, tokens, terms, expected) in cases {
        let expected = expected.map(str::to_owned);
        assert_eq!(usd(&table, model, when, tokens, *terms), expected, "{model} {when} {terms:?}");
    }
}

#[test]
fn a_price_explains_itself() {
    let table = table();
    let tokens = Tokens { input: 100, output: 10, ..Tokens::default() };
    let terms = Terms { tier: Tier::Priority, geo: Geo::Us, web_searches: 2, ..Terms::default() };
    let when = at("2026-04-02T08:00:00Z");
    let model = "claude-opus-4-6[1m]";
    let priced =
        table.price(&Request { platform: None, model, at: when, tokens: &tokens, terms: &terms }).unwrap();
    assert_eq!((priced.platform, priced.model), ("anthropic", "claude-opus-4-6"));
    assert_eq!((priced.usd.to_string(), priced.fees.to_string()), ("0.020825".into(), "0.02".into()));
    assert_eq!(priced.factor.to_string(), "1.1");
    assert!(priced.notes.committed && !priced.notes.terms_from_name && !priced.notes.long_context);
    let text = "embedded 2026-11-21 anthropic/claude-opus-4-6@2026-03-13T00:00:00Z";
    assert_eq!(priced.provenance.to_string(), text);
    let classes: Vec<_> = priced.lines.iter().map(|line| (line.class, line.tokens)).collect();
    assert_eq!(classes, [(Class::Input, 100), (Class::Output, 10)]);
}

#[test]
fn the_users_own_prices_come_first() {
    let only_input = |text| Rates::new([Rate::per_million(text), None, None, None, None]);
    let named = |model: &str| Override { model: model.into(), ..Override::default() };
    let table = table().with_overrides(vec![
        Override {
            from: Some(at("2026-05-01T00:00:00Z")),
            rates: only_input("4.50"),
            discount: Factor::discount_percent("10"),
            ..named("claude-opus-4-6")
        },
        Override { rates: only_input("2"), ..named("codex-auto-review") },
        Override { rates: only_input("9"), ..named("claude-opus-5") },
        Override { to: Some(at("2026-08-01T00:00:00Z")), rates: only_input("1"), ..named("gpt-5.5") },
        Override { platform: Some("x-ai".into()), rates: only_input("3"), ..named("grok-4.5") },
        Override { web_search: Fee::per_thousand("20"), ..named("gpt-5.4") },
        Override { rates: only_input("7"), platform: Some("anthropic".into()), ..named("claude-opus-5") },
    ]);
    let tokens = Tokens { input: 1_000_000, ..Tokens::default() };
    let both = Tokens { output: 1_000_000, ..tokens };
    let plain = Terms::default();
    let price = |model: &str, when: &str, tokens: &Tokens| usd(&table, model, when, tokens, plain);
    assert_eq!(price("claude-opus-4-6", "2026-04-30T23:59:59Z", &tokens), Ok("5".into()));
    assert_eq!(price("claude-opus-4-6", "2026-05-01T00:00:00Z", &tokens), Ok("4.05".into()));
    // The class that it does not name keeps the table's rate, under the same discount; so do dated names.
    assert_eq!(price("claude-opus-4-6-20260205", "2026-05-01T00:00:00Z", &both), Ok("26.55".into()));
    assert_eq!(price("claude-opus-5", "2026-10-01T00:00:00Z", &tokens), Ok("7".into()));
    assert_eq!(price("us.anthropic.claude-opus-5", "2026-10-01T00:00:00Z", &tokens), Ok("9".into()));
    assert_eq!(price("codex-auto-review", "2026-10-01T00:00:00Z", &tokens), Ok("2".into()));
    let missing = Err(Unpriced::NoRate { class: Class::Output });
    assert_eq!(price("codex-auto-review", "2026-10-01T00:00:00Z", &both), missing);
    // Its last instant is the one before `to`; a platform is the same under any of its names.
    assert_eq!(price("gpt-5.5", "2026-07-31T23:59:59Z", &prompt(0)), Ok("0.03".into()));
    let million = Tokens { input: 250_000, ..Tokens::default() };
    assert_eq!(price("gpt-5.5", "2026-07-31T23:59:59Z", &million), Ok("0.25".into()));
    assert_eq!(price("gpt-5.5", "2026-08-01T00:00:00Z", &million), Ok("1.25".into()));
    assert_eq!(price("grok-4.5", "2026-10-01T00:00:00Z", &prompt(1000)), Ok("0.009".into()));
    let searched = Terms { web_searches: 1000, ..plain };
    let none = Tokens::default();
    assert_eq!(usd(&table, "gpt-5.4", "2026-10-01T00:00:00Z", &none, searched), Ok("20".into()));
    let fast = Terms { speed: Speed::Fast, ..plain };
    let when = "2026-10-01T00:00:00Z";
    assert_eq!(usd(&table, "codex-auto-review", when, &tokens, fast), Err(Unpriced::UnknownSpeed));
    // Its rates are those of the standard speed: fast keeps the table's.
    assert_eq!(usd(&table, "claude-opus-5", when, &tokens, fast), Ok("10".into()));
    // A discount is on everything.
    assert_eq!(usd(&table, "claude-opus-4-6", "2026-05-05T00:00:00Z", &tokens, fast), Ok("27".into()));
    let request = |model| Request { platform: None, model, at: at(when), tokens: &tokens, terms: &plain };
    let priced = table.price(&request("claude-opus-5")).unwrap();
    assert_eq!(priced.provenance.origin, Origin::Override);
    assert_eq!(priced.provenance.row, Some("anthropic/claude-opus-5@start"));
    assert!(priced.provenance.user.is_some_and(|id| id.starts_with("anthropic/claude-opus-5#")));
}

#[test]
#[expect(clippy::print_stdout, reason = "the measured times are worth seeing")]
fn loading_and_pricing_are_cheap() {
    // Far above what is measured in a release build, so that only a blunder fails: a parse per request, say.
    let start = std::time::Instant::now();
    let table = table();
    let loaded = start.elapsed();
    let (tokens, terms) = (prompt(1000), Terms::default());
    let when = at("2026-10-01T00:00:00Z");
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        let model = "claude-sonnet-4-5-20250929";
        let request = Request { platform: None, model, at: when, tokens: &tokens, terms: &terms };
        std::hint::black_box(table.usd(&request)).unwrap();
    }
    let priced = start.elapsed();
    println!("loaded in {loaded:?}, 10,000 dated names priced in {priced:?}");
    assert!(loaded.as_millis() < 1000 && priced.as_secs() < 10);
}

proptest! {
    #[test]
    fn each_token_is_billed_in_one_class(
        counts in prop::array::uniform5(0_u64..1_000_000),
        share in 0_u64..=100,
        own in any::<bool>(),
    ) {
        let [input, cache_read, cache_write_5m, cache_write_1h, output] = counts;
        let reasoning = output * share / 100;
        let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
        let rate = |text| Rate::per_million(text);
        let rates = Rates::new([rate("1"), rate("2"), rate("3"), rate("4"), rate("5")]);
        let rates = if own { rates.with_reasoning(rate("6")) } else { rates };
        let lines: Vec<_> = rates.lines(&tokens).map(|line| line.unwrap()).collect();
        prop_assert_eq!(lines.iter().map(|line| line.1).sum::<u64>(), tokens.prompt() + output);
        let mut classes: Vec<Class> = lines.iter().map(|line| line.0).collect();
        classes.sort_unstable();
        classes.dedup();
        prop_assert_eq!(classes.len(), lines.len());
    }

    #[test]
    fn more_tokens_never_cost_less(
        pick in any::<prop::sample::Index>(),
        counts in prop::array::uniform5(0_u64..400_000),
        class in 0_usize..5,
        more in 1_u64..400_000,
    ) {
        let table = table();
        let rows: Vec<&Row> = table.rows().collect();
        let row = pick.get(&rows);
        let tokens = |c: [u64; 5]| Tokens {
            input: c[0], cache_read: c[1], cache_write_5m: c[2], cache_write_1h: c[3], output: c[4], reasoning: 0,
        };
        let mut larger = counts;
        larger[class] += more;
        let (small, large) = (tokens(counts), tokens(larger));
        let when = inside(&table, row);
        // Across the edge of a tier nothing is promised: a reseller may charge less for long prompts.
        let same_tier = row.rates_for(small.prompt()) == row.rates_for(large.prompt());
        if same_tier
            && let (Ok(less), Ok(more)) = (hit(&table, row, when, &small), hit(&table, row, when, &large))
        {
            prop_assert!(less <= more);
        }
    }
}
