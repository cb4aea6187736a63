//! `POST /v1/assign` and `keitod assign`: words made into what the clerk understands, with Keito's projects at hand.

use super::acts::failure;
use super::asking::ask;
use super::assemble::{Parts, Setup};
use super::audit::{internal, no_credentials};
use super::clerk::assigned::Target;
use super::clerk::{Amounts, Answer, AssignOrder, Assigned, Effect, Selector, Where};
use super::delivery::Courier;
use super::desk::ClerkHandle;
use super::run::Running;
use super::time;
use crate::config::{Env, Pattern};
use crate::deliver::Outcome;
use crate::mapping::{Catalogue, NoSuch};
use crate::model::{Agent, Day, Hours};
use crate::server::{Assign, Code, Failure};
use crate::store::Reader;

/// Of the running daemon.
///
/// # Errors
/// If it makes no sense, or Keito's projects are needed and cannot be had.
pub async fn of_running(running: &Running, order: Assign) -> Result<Vec<u8>, Failure> {
    let setup = running.setup();
    let found = tokio::task::spawn_blocking(move || setup.credentials()).await;
    let courier = found.ok().and_then(Result::ok).flatten().map(|(_, courier)| courier);
    assign(&running.clerk, courier.as_ref(), &running.setup().env, order).await
}

/// While no daemon runs; the caller holds the lock of the state.
///
/// # Errors
/// As [`of_running`], and of the state.
pub async fn of_state(setup: &Setup, order: Assign) -> Result<Vec<u8>, Failure> {
    let found = setup.credentials().ok().flatten();
    let last = || Reader::open(&setup.state_dir.join("keitod.db"))?.last_account();
    let account = match &found {
        Some((account, _)) => Some(account.clone()),
        None => last().map_err(internal)?,
    };
    let Parts { clerk, thread, intake, .. } = setup.assemble(true).map_err(internal)?;
    let set = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.set_account(account.as_ref(), now)
    });
    set.await.map_err(internal)?.map_err(internal)?;
    let courier = found.as_ref().map(|(_, courier)| courier);
    let document = assign(&clerk, courier, &setup.env, order).await;
    drop((clerk, intake));
    // The thread ends with the last handle.
    let _ = thread.join();
    document
}

async fn assign(
    clerk: &ClerkHandle,
    courier: Option<&Courier>,
    env: &Env,
    words: Assign,
) -> Result<Vec<u8>, Failure> {
    let target = match (&words.project, &words.task, words.exclude) {
        (Some(project), Some(task), false) => Some(link(clerk, courier, project, task).await?),
        (None, None, true) => Some(Target::Exclude),
        (None, None, false) if words.spent_date.is_some() => None,
        (None, None, false) => return Err(invalid("say where it goes: --project and --task, or --exclude")),
        (_, _, true) => return Err(invalid("--exclude sends nothing: it has no project, task or date")),
        _ => return Err(invalid("a project needs a task, and a task its project")),
    };
    if target == Some(Target::Exclude) && words.spent_date.is_some() {
        return Err(invalid("--exclude sends nothing: it has no project, task or date"));
    }
    if words.moves && !matches!(target, Some(Target::Link(..))) {
        return Err(invalid("--move needs to know where to: --project and --task"));
    }
    if words.moves && words.spent_date.is_some() {
        return Err(invalid("--spent-date is for what Keito does not have yet, --move for what it has"));
    }
    let select = selector(&words, env)?;
    let spent = words.spent_date.as_deref().map(day).transpose()?;
    let order = AssignOrder { select, target, spent, moves: words.moves, sure: !words.preview };
    let asked = order.clone();
    let found = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        Ok::<_, crate::store::Error>((clerk.assign(&order, now), clerk.catalogue().cloned()))
    });
    let (found, catalogue) = found.await.map_err(internal)?.map_err(internal)?;
    let found = found.map_err(failure)?;
    Ok(document(&asked, &found, &catalogue.unwrap_or_default()).to_string().into_bytes())
}

fn selector(words: &Assign, env: &Env) -> Result<Selector, Failure> {
    let text = |word: &Option<String>| word.clone().filter(|word| !word.trim().is_empty());
    let dir = text(&words.dir).map(|dir| {
        Pattern::path(&dir, env)
            .map_err(|trouble| Failure::new(Code::InvalidInput, format!("{dir}: {trouble}")))
    });
    let select = Selector {
        session: text(&words.session),
        agent: text(&words.agent).map(Agent::new),
        dir: dir.transpose()?,
        from: words.from.as_deref().map(day).transpose()?,
        to: words.to.as_deref().map(day).transpose()?,
    };
    if select == Selector::default() {
        return Err(invalid("say what: --session, --dir, --agent, --day, or --from and --to"));
    }
    match (select.from, select.to) {
        (Some(from), Some(to)) if from > to => {
            Err(Failure::new(Code::InvalidInput, format!("the range is empty: {from} is after {to}")))
        }
        _ => Ok(select),
    }
}

fn day(word: &str) -> Result<Day, Failure> {
    let wrong = || Failure::new(Code::InvalidInput, format!("`{word}` is no day: write it as 2026-05-31"));
    word.parse().map_err(|_| wrong())
}

/// A project that is not among those known may be new: then Keito is asked.
async fn link(
    clerk: &ClerkHandle,
    courier: Option<&Courier>,
    project: &str,
    task: &str,
) -> Result<Target, Failure> {
    let known = clerk.call(|clerk| clerk.catalogue().cloned()).await.map_err(internal)?;
    if let Some(target) = known.as_ref().and_then(|known| target(known, project, task).ok()) {
        return Ok(target);
    }
    let courier = courier.ok_or_else(no_credentials)?;
    let listed = fetch(clerk, courier).await?;
    let keep = listed.clone();
    let kept = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.set_catalogue(keep, now)
    });
    kept.await.map_err(internal)?.map_err(internal)?;
    target(&listed, project, task).map_err(|no| Failure::new(Code::InvalidInput, no.to_string()))
}

fn target(known: &Catalogue, project: &str, task: &str) -> Result<Target, NoSuch> {
    let link = known.find(project, task)?;
    let of = known.project(link.project.as_str());
    let names = [
        of.map(|of| of.client.clone()).unwrap_or_default(),
        of.map(|of| of.name.clone()).unwrap_or_default(),
        known.task(link.project.as_str(), link.task.as_str()).map(|on| on.name.clone()).unwrap_or_default(),
    ];
    Ok(Target::Link(link, names))
}

/// All projects, active ones first, through the one limiter.
async fn fetch(clerk: &ClerkHandle, courier: &Courier) -> Result<Catalogue, Failure> {
    let mut all = Catalogue::default();
    for active in [true, false] {
        for page in 1.. {
            let of_projects = |answer| match answer {
                Answer::Projects { outcome, .. } => Some(outcome),
                _ => None,
            };
            match ask(clerk, courier, Effect::Projects { active, page }, of_projects).await? {
                Outcome::Applied(page) => {
                    let more = page.more;
                    all.projects.extend(page.projects);
                    if !more {
                        break;
                    }
                }
                // The archived ones only have names to give.
                _ if !active => break,
                Outcome::Refused(refusal) => {
                    let why = format!("Keito does not list its projects: it answered {}", refusal.status);
                    return Err(Failure::new(Code::Internal, why));
                }
                _ => return Err(internal("Keito does not answer: try again later")),
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    all.projects.retain(|project| seen.insert(project.id.clone()));
    Ok(all)
}

fn document(order: &AssignOrder, found: &Assigned, known: &Catalogue) -> serde_json::Value {
    let name =
        |project: &str| known.project(project).map(|of| of.name.clone()).filter(|name| !name.is_empty());
    let target = match &order.target {
        Some(Target::Link(link, [client, project, task])) => serde_json::json!({
            "project": link.project.as_str(), "task": link.task.as_str(),
            "client_name": client, "project_name": project, "task_name": task,
        }),
        Some(Target::Exclude) => serde_json::json!({"exclude": true}),
        None => serde_json::Value::Null,
    };
    let rows = found.rows.iter().map(|((day, at), (before, after))| {
        let Where { link, held, excluded } = at;
        serde_json::json!({
            "day": day.to_string(),
            "project": link.as_ref().map(|(project, _)| project),
            "project_name": link.as_ref().and_then(|(project, _)| name(project)),
            "task": link.as_ref().map(|(_, task)| task),
            "held": held,
            "excluded": excluded,
            "before": amounts(before),
            "after": amounts(after),
        })
    });
    let moves = found.moves.iter().map(|of| {
        serde_json::json!({
            "id": of.id.as_str(),
            "day": of.day.to_string(),
            "project": of.from.project.as_str(),
            "project_name": name(of.from.project.as_str()),
            "task": of.from.task.as_str(),
            "seconds": of.seconds,
            "hours": Hours::from_seconds(of.seconds).to_string(),
        })
    });
    let stays = found.stays.iter().map(|(why, of)| {
        let mut line = amounts(of);
        line["why"] = (*why).into();
        line
    });
    serde_json::json!({
        "schema_version": 1,
        "act": "assign",
        "state": if found.done { "assigned" } else { "preview" },
        "sessions": found.sessions,
        "target": target,
        "spent_date": order.spent.map(|day| day.to_string()),
        "rows": rows.collect::<Vec<_>>(),
        "moves": moves.collect::<Vec<_>>(),
        "stays": stays.collect::<Vec<_>>(),
    })
}

fn amounts(of: &Amounts) -> serde_json::Value {
    serde_json::json!({
        "entries": of.entries,
        "seconds": of.seconds,
        "hours": Hours::from_seconds(of.seconds).to_string(),
        "expenses": of.expenses,
        "requests": of.requests,
        "cost_usd": of.usd.map(|usd| usd.to_string()),
    })
}

fn invalid(message: &str) -> Failure {
    Failure::new(Code::InvalidInput, message)
}
