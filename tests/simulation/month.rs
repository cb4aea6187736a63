//! A month of usage, posted in pieces, while prices, markup, rates and the currency change, and the state is lost.

use std::collections::BTreeMap;

use keitod::daemon::clerk::Factor;
use keitod::model::{Day, Kind};

use super::history::History;
use super::oracle;
use super::policy::{Money, usd_at};
use super::world::World;

impl History {
    /// Everything is sent; what was sent is what was frozen, to within the last digit.
    pub fn run_month(&mut self, _: u64) {
        self.world = World::month(&mut self.rng);
        (self.server.zone, self.server.rounds, self.server.lag_ms) = (None, false, 0);
        (self.settings.since, self.settings.per_minute) = (None, 1000);
        self.mapping.price_everything();
        self.server.currency = self.rng.bool().then_some("GBP");
        // It is so from the start: what several writes lose at once before anybody sees it can only be sent later.
        self.server.cuts = (self.rng.u32(0..3) == 0).then(|| self.rng.u32(0..4));
        // A state that is lost has to see it anew.
        let wipes = self.server.cuts.is_none();
        let end = self.world.end();
        self.change_money();
        while self.now < end {
            match self.rng.u32(0..10) {
                0 => self.change_money(),
                1 if wipes && self.rng.u32(0..20) == 0 => {
                    self.wipe();
                    self.feed_all();
                }
                1..5 if !self.world.files.is_empty() => {
                    let index = self.rng.usize(0..self.world.files.len());
                    self.feed(index, false);
                }
                5..7 => self.feed_all(),
                _ => self.rest(),
            }
            let seconds = self.rng.u64(60..30_000);
            self.pass(seconds);
        }
        self.settle();
        self.check_money();
    }

    /// The config is another one from now on, in a new process.
    fn change_money(&mut self) {
        let percent = self.rng.u32(0..3000);
        let markup = self.rng.bool().then(|| format!("{}.{:02}", percent / 100, percent % 100));
        let rate = format!("0.{:05}", self.rng.u32(60_000..99_999));
        let rate = rate.trim_end_matches('0').to_owned();
        let markup = markup.map(|markup| markup.trim_end_matches('0').trim_end_matches('.').to_owned());
        self.mapping.set_money(Money { markup: markup.filter(|markup| markup != "0"), rate: Some(rate) });
        if self.rng.u32(0..6) == 0 {
            self.server.currency = if self.server.currency.is_some() { None } else { Some("GBP") };
            self.say(|| "another currency".to_owned());
        }
        self.say(|| format!("money {:?}", self.mapping.money().last()));
        let store = self.stop();
        self.start(store);
        // The first answer of the new process names the currency; what was sealed before it may be on its way.
        self.feed_all();
    }

    fn check_money(&self) {
        let held = self.mapping.money();
        let mut sums: BTreeMap<(String, Day, String, bool), (i128, i128)> = BTreeMap::new();
        for row in self.server.rows().filter(|row| row.kind == Kind::Expense) {
            let (posted, amount) = (row.posted.as_ref().unwrap(), row.amount.unwrap());
            let usd = posted.usd.unwrap();
            let fits = |step: &usize| usd_at(*step, &posted.model, &posted.tokens) == usd;
            let steps: Vec<usize> = (0..held.len()).filter(fits).collect();
            assert_eq!(steps.len(), 1, "{} is billed at no price or at two", posted.keitod_id);
            let money = &held[steps[0]];
            assert_eq!(posted.markup_percent, money.markup, "{}", posted.keitod_id);
            assert!(posted.rate.is_none() || posted.rate == money.rate, "{}", posted.keitod_id);
            let factor = Factor::parse(posted.rate.as_deref(), posted.markup_percent.as_deref()).unwrap();
            let key = (row.project.clone(), row.day, posted.model.clone(), posted.rate.is_some());
            let sum = sums.entry(key).or_default();
            sum.0 += amount.pico();
            sum.1 += factor.apply(usd).unwrap();
        }
        assert!(!sums.is_empty() || self.world.files.is_empty());
        let digit = 10_i128.pow(12 - self.server.cuts.unwrap_or(4));
        for (key, (sent, exact)) in &sums {
            assert!((sent - exact).abs() < digit, "{key:?}: {sent} sent, {exact} frozen (pico units)");
        }
        let dues = self.clerk.as_ref().unwrap().store().view().dues().unwrap();
        let small = dues.iter().all(|due| due.reason.is_empty());
        assert!(small, "held at rest: {dues:?}");
        let truth = oracle::tokens(&self.world, self.now, None);
        oracle::never_more(&self.server, &truth);
        if dues.iter().all(|due| !due.expense) {
            assert_eq!(oracle::posted_tokens(self.server.rows()), truth);
        }
    }
}
