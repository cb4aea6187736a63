//! Both texts → one [`Config`], or every problem at once.

use std::collections::BTreeMap;
use std::path::Path;

use super::document::Document;
use super::error::{ConfigError, Problem};
use super::section::Section;
use super::{Config, DEFAULTS, Env, money, rule, scalar, show, source, tables};

pub(super) fn resolve(user: &str, file: Option<&Path>, env: &Env) -> Result<Config, ConfigError> {
    let document = Document::parse(DEFAULTS, user, file);
    let config = read(document.root(), env);
    let mut problems = document.problems.take();
    if problems.is_empty() {
        let settings = document.settings.take();
        let prints = show::prints(&settings);
        return Ok(Config { settings: show::finish(settings, env), prints, ..config });
    }
    problems.sort_by_key(|problem: &Problem| problem.line);
    Err(ConfigError::Invalid(problems))
}

pub(super) fn read(mut root: Section<'_>, env: &Env) -> Config {
    let custom_sources = source::custom(root.tables("source"), env);
    let agents = source::agents(root.named("sources"), &custom_sources, env);
    let prices = root.tables("price");
    let time = tables::time(root.table("time"));
    let rules = rule::rules(root.tables("rule"), root.table("default"), env);
    let config = Config {
        since: root.get("since", scalar::instant),
        zone: root.get("timezone", scalar::zone),
        keito: tables::keito(root.table("keito"), env),
        delivery: tables::delivery(root.table("delivery")),
        time,
        money: money::money(root.table("money"), prices),
        notes: tables::notes(root.table("notes")),
        privacy: tables::privacy(root.table("privacy")),
        projects: money::projects(root.tables("project")),
        rules,
        agents,
        custom_sources,
        tail: tables::tail(root.table("tail")),
        socket: tables::socket(root.table("socket"), env),
        log: tables::log(root.table("log")),
        settings: Vec::new(),
        prints: BTreeMap::new(),
    };
    root.end();
    config
}
