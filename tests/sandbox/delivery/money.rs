//! Amounts: what the workspace keeps of them, in which currency, and what the log says was charged.

use std::time::Duration;

use keitod::model::{
    Amount, Facts, Instant, Kind, LineKey, Meaning, MessageKey, Payer, Plan, Quality, Reported, RequestKey,
    Sighting, Terms, Tokens, Usd, hash64,
};
use keitod::sandbox::{self, Answer, Fault, Rule, ids};

use super::{Line, START};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Amounts at Keito in pico units, oldest first.
fn amounts(line: &Line) -> Vec<i128> {
    let rows = line.keito.state().expenses();
    rows.iter().map(|row| Amount::parse(row.total_cost.digits()).unwrap().pico()).collect()
}

fn metadata(line: &Line, key: &str) -> Vec<String> {
    let rows = line.keito.state().expenses();
    rows.iter().map(|row| row.metadata.as_ref().unwrap().text(key).unwrap_or_default()).collect()
}

#[tokio::test]
async fn decimals_that_the_workspace_does_not_keep_are_made_up_for() {
    let mut line = Line::start(|_, served| {
        served.currency = "GBP".to_owned();
        served.cost_decimals = Some(2);
    })
    .await;
    for id in 0..9 {
        // 1.5 USD each: 1.18967595 GBP.
        line.session(&format!("s{id}"), ids::WEBSITE, id * 60, 1, 1);
    }
    line.run(3 * HOUR).await;
    let (sent, exact) = (amounts(&line), 9 * 1_189_675_950_000_i128);
    assert_eq!(sent.len(), 9);
    assert!((sent.iter().sum::<i128>() - exact).abs() < 10_000_000_000, "{sent:?}");
    // The first was cut; the others are sent as they are kept.
    assert_eq!(sent[0], 1_180_000_000_000);
    assert_eq!(line.clerk().line().unwrap().1.decimals, Some(2));
    assert_eq!(line.pause(), "");
    let bodies = line.keito.state().requests().into_iter().filter(|of| of.method == "POST");
    let bodies: Vec<String> = bodies.map(|of| String::from_utf8_lossy(&of.body).into_owned()).collect();
    let cost = |body: &String| body.split("\"total_cost\":").nth(1)?.split(',').next().map(str::to_owned);
    let costs: Vec<String> = bodies.iter().filter_map(cost).collect();
    assert_eq!((costs.len(), costs[0].as_str()), (9, "1.1897"), "{costs:?}");
    assert!(costs[1..].iter().all(|cost| cost == "1.19" || cost == "1.2"), "{costs:?}");
}

#[tokio::test]
async fn another_amount_than_was_sent_stops_expenses_alone() {
    let mut line = Line::start(|_, _| {}).await;
    // The workspace has a markup of its own, say.
    let echo = r#"{"id":"e1","total_cost":1.65,"source":"agent"}"#;
    let rule = Rule::new(Fault::Answer(Answer::status(201).body(echo))).on("POST", sandbox::Kind::Expenses);
    line.keito.state().faults().add(rule.first(1));
    line.session("s1", ids::WEBSITE, 0, 20, 1);
    line.session("s2", ids::BILLING, 0, 20, 1);
    line.run(3 * HOUR).await;
    assert_eq!(line.pause(), "amount_mismatch");
    let state = line.keito.state();
    assert_eq!((state.entries().len(), line.asked("POST", "/expenses")), (2, 1));
    line.restart();
    line.run(HOUR).await;
    assert_eq!((line.pause(), line.asked("POST", "/expenses")), ("amount_mismatch", 1));
    // A person looked at it.
    line.clerk().resume().unwrap();
    line.run(3 * HOUR).await;
    assert_eq!((line.pause(), state.expenses().is_empty()), ("", false));
}

#[tokio::test]
async fn a_company_that_changes_its_currency_is_billed_in_each_for_itself() {
    let mut line = Line::start(|settings, served| {
        served.currency = "JPY".to_owned();
        served.cost_decimals = Some(0);
        settings.in_flight = 1;
    })
    .await;
    line.clerk().set_key(1).unwrap();
    // 226.5 and 226.5 JPY: 226 is kept of the first.
    line.session("s1", ids::WEBSITE, 0, 1, 1);
    line.run(2 * HOUR).await;
    assert_eq!(amounts(&line), [226_000_000_000_000]);
    // Sealed in yen, not sent yet, when the company moves.
    line.session("s2", ids::WEBSITE, 60, 1, 1);
    let fault = Fault::Answer(Answer::status(503));
    line.keito.state().faults().add(Rule::new(fault).on("GET", sandbox::Kind::Expenses));
    line.run(DAY).await;
    let account = line.clerk().line().unwrap().0;
    let waits = line.clerk().store().view().unfinished(account).unwrap();
    assert!(waits.iter().any(|write| write.kind == Kind::Expense), "{waits:?}");
    line.keito.state().change(|settings| {
        settings.currency = "GBP".to_owned();
        settings.cost_decimals = None;
    });
    line.keito.state().faults().clear();
    // It is asked for once a day, and with another key at once.
    line.clerk().set_key(2).unwrap();
    line.run(2 * DAY).await;
    // The half yen that was left is nothing in pounds; whole pounds are what was learned of this account.
    assert_eq!(amounts(&line), [226_000_000_000_000, 1_000_000_000_000]);
    assert_eq!(metadata(&line, "rate"), ["151", "0.7931173"]);
}

/// A session's log in the making.
struct Log {
    facts: Facts,
    name: &'static str,
}

impl Log {
    fn new(name: &'static str) -> Self {
        Self { facts: Facts::default(), name }
    }

    fn answer(mut self, message: &str, second: i64, output: u64, reported: Option<(i128, Meaning)>) -> Self {
        let provider = (reported.is_some()).then(|| self.facts.names.intern("openrouter"));
        self.facts.sightings.push(Sighting {
            session: self.facts.names.intern(self.name),
            origin: None,
            message: MessageKey::new("claude-code", message),
            key: RequestKey::with_request_id("claude-code", message, message),
            has_request_id: true,
            line: Some(LineKey(hash64(&[message.as_bytes()]))),
            at: Instant::from_seconds(START + second),
            model: self.facts.names.intern("opus"),
            provider,
            reported: reported.map(|(usd, meaning)| Reported { usd: Usd(usd), meaning }),
            dir: Some(self.facts.names.intern(&format!("/w/{}", ids::WEBSITE))),
            branch: None,
            tokens: Tokens { input: 1000, output, ..Tokens::default() },
            terms: Terms::default(),
            quality: Quality::Exact,
            nested: false,
            offset: 0,
        });
        self
    }

    fn plan(mut self, second: i64, payer: Payer) -> Self {
        let session = self.facts.names.intern(self.name);
        self.facts.plans.push(Plan { session, at: Instant::from_seconds(START + second), payer });
        self
    }
}

/// (amount, requests, basis, provider) of each expense, sorted.
fn records(line: &Line) -> Vec<String> {
    let [requests, basis, provider] = ["requests", "cost_basis", "provider"].map(|key| metadata(line, key));
    let rows = line.keito.state().expenses();
    let text = |at: usize| {
        format!("{} {} {} {}", rows[at].total_cost.digits(), requests[at], basis[at], provider[at])
            .trim()
            .to_owned()
    };
    let mut all: Vec<String> = (0..rows.len()).map(text).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_the_log_says_was_charged_is_the_bill() {
    let mut line = Line::start(|_, _| {}).await;
    let charged = |usd| Some((usd, Meaning::Charged));
    let log = Log::new("s1")
        // At our list, 0.001 USD a token: nothing reported, and the agent's own sum.
        .answer("a", 0, 10, None)
        .answer("b", 1, 10, Some((5, Meaning::Listed)))
        // Streamed: the line with the final counts names the charge.
        .answer("c", 2, 1, None)
        .answer("c", 3, 20, charged(7_000_000_000))
        .answer("d", 4, 20, charged(8_000_000_000));
    line.read("s1", &log.facts);
    line.run(2 * HOUR).await;
    assert_eq!(records(&line), ["0.015 2 metered openrouter", "2.02 2 list_price"]);
    // It grew after it was billed: the whole is what was charged, not the sum of both.
    let log =
        Log::new("s1").answer("d", 4, 30, charged(11_000_000_000)).answer("c", 3, 25, charged(7_000_000_000));
    line.read("s1", &log.facts);
    line.run(2 * HOUR).await;
    let expected = ["0.003 2 metered openrouter", "0.015 2 metered openrouter", "2.02 2 list_price"];
    assert_eq!(records(&line), expected);
}

#[tokio::test]
async fn the_newest_evidence_before_a_request_decides_in_whatever_order_it_is_read() {
    let logs = [
        ("plan", Log::new("s1").plan(50, Payer::Subscription).plan(150, Payer::Metered)),
        ("both", Log::new("s1").plan(250, Payer::Metered).plan(250, Payer::Subscription)),
        ("other", Log::new("s2").plan(0, Payer::Subscription)),
        (
            "work",
            Log::new("s1")
                .answer("a", 49, 10, None)
                .answer("b", 50, 10, None)
                .answer("c", 149, 10, None)
                .answer("d", 150, 10, None)
                .answer("e", 250, 10, None),
        ),
    ];
    for turn in 0..logs.len() {
        let mut line = Line::start(|_, _| {}).await;
        for (name, log) in logs[turn..].iter().chain(&logs[..turn]) {
            line.read(name, &log.facts);
        }
        line.run(2 * HOUR).await;
        let account = line.clerk().line().unwrap().0;
        let view = line.clerk().store().view();
        let session = view.find_session("claude-code", "s1").unwrap().unwrap();
        let payers: Vec<Option<Payer>> = view
            .requests_for_due(Some(account), session)
            .unwrap()
            .into_iter()
            .map(|(of, _)| of.payer)
            .collect();
        let (plan, key) = (Some(Payer::Subscription), Some(Payer::Metered));
        assert_eq!(payers, [None, plan, plan, key, plan], "from {turn}");
    }
}
