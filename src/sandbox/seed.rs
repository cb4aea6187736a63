//! The company that a sandbox starts with. Ids are fixed, so that the demo and the tests can name them.

use super::rows::{Category, Client, Person, Project, Role, Task};

/// The default company id.
pub const ACCOUNT: &str = "co_sandbox0000000000lakeside";
/// The default key. It opens nothing but a sandbox.
pub const KEY: &str = "kto_sandbox";

/// Ids of the default rows.
pub mod ids {
    /// Sam Rivera, administrator, the owner of the default key.
    pub const ME: &str = "cmsandboxuser000000000sam";
    /// Alex Kim, a colleague without a key.
    pub const COLLEAGUE: &str = "cmsandboxuser00000000alex";
    /// Client "Acme Corp".
    pub const ACME: &str = "cmsandboxclient000000acme";
    /// Client "Northwind Traders".
    pub const NORTHWIND: &str = "cmsandboxclient0northwind";
    /// Project "Website relaunch" of Acme Corp.
    pub const WEBSITE: &str = "cmsandboxproject00website";
    /// Project "Billing API" of Acme Corp.
    pub const BILLING: &str = "cmsandboxproject00billing";
    /// Project "Data pipeline" of Northwind Traders.
    pub const PIPELINE: &str = "cmsandboxproject0pipeline";
    /// Task "Development", on every project.
    pub const DEVELOPMENT: &str = "cmsandboxtask0development";
    /// Task "Code review", on the two projects of Acme Corp.
    pub const REVIEW: &str = "cmsandboxtask000000review";
    /// Task "Research", on "Data pipeline" only; not billable.
    pub const RESEARCH: &str = "cmsandboxtask0000research";
    /// Category "LLM Usage".
    pub const LLM_USAGE: &str = "cmsandboxcategory000usage";
    /// Category "Travel".
    pub const TRAVEL: &str = "cmsandboxcategory00travel";
}

pub(super) fn people() -> Vec<Person> {
    let person = |id: &str, first: &str, last: &str, role| Person {
        id: id.to_owned(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: format!("{}@lakeside.example", first.to_lowercase()),
        role,
        is_agent: false,
    };
    vec![person(ids::ME, "Sam", "Rivera", Role::Admin), person(ids::COLLEAGUE, "Alex", "Kim", Role::Member)]
}

pub(super) fn clients() -> Vec<Client> {
    let client = |id: &str, name: &str| Client { id: id.to_owned(), name: name.to_owned() };
    vec![client(ids::ACME, "Acme Corp"), client(ids::NORTHWIND, "Northwind Traders")]
}

pub(super) fn projects() -> Vec<Project> {
    let project = |id: &str, name: &str, code: &str, client: &str, tasks: &[&str]| Project {
        id: id.to_owned(),
        name: name.to_owned(),
        code: code.to_owned(),
        client: Some(client.to_owned()),
        tasks: tasks.iter().map(|&task| task.to_owned()).collect(),
        people: None,
        is_active: true,
    };
    vec![
        project(ids::WEBSITE, "Website relaunch", "ACME-WEB", ids::ACME, &[ids::DEVELOPMENT, ids::REVIEW]),
        project(ids::BILLING, "Billing API", "ACME-API", ids::ACME, &[ids::DEVELOPMENT, ids::REVIEW]),
        project(
            ids::PIPELINE,
            "Data pipeline",
            "NW-DATA",
            ids::NORTHWIND,
            &[ids::DEVELOPMENT, ids::RESEARCH],
        ),
    ]
}

pub(super) fn tasks() -> Vec<Task> {
    let task = |id: &str, name: &str, billable| Task {
        id: id.to_owned(),
        name: name.to_owned(),
        billable,
        is_active: true,
    };
    vec![
        task(ids::DEVELOPMENT, "Development", true),
        task(ids::REVIEW, "Code review", true),
        task(ids::RESEARCH, "Research", false),
    ]
}

pub(super) fn categories() -> Vec<Category> {
    let category =
        |id: &str, name: &str| Category { id: id.to_owned(), name: name.to_owned(), unit_price: None };
    vec![category(ids::LLM_USAGE, "LLM Usage"), category(ids::TRAVEL, "Travel")]
}
