//! What can be booked on, and which of it is meant.

use super::ask::Terminal;
use super::workspace::failed;
use crate::deliver::Outcome;
use crate::keito::{self, Client, Page};
use crate::mapping::{Catalogue, Project, Task};
use crate::model::{Link, ProjectId};
use crate::setup::Error;

/// More pages than any workspace has projects: a server that never ends its list is left.
const PAGES: u32 = 50;

/// A project and a task with what people call them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Both ids.
    pub link: Link,
    /// The client's name; empty for those who may not see clients.
    pub client: String,
    /// The client's id, where the server shows it.
    pub client_id: Option<String>,
    /// The project's name.
    pub project: String,
    /// The task's name.
    pub task: String,
}

/// Everything open for booking, and the ids of clients by project.
#[derive(Debug)]
pub struct Bookable {
    catalogue: Catalogue,
    clients: std::collections::BTreeMap<String, String>,
}

impl Bookable {
    /// Asks Keito for all active projects with their tasks.
    ///
    /// # Errors
    /// If it does not list them.
    pub async fn ask(client: &Client) -> Result<Self, Error> {
        let mut all = Self { catalogue: Catalogue::default(), clients: std::collections::BTreeMap::new() };
        for number in 1..=PAGES {
            let page = match client.projects(true, number).await {
                Outcome::Applied(page) => page,
                other => return Err(failed(other, "/projects", &client.origin())),
            };
            let more = page.has_next;
            page.rows.into_iter().for_each(|project| all.add(project));
            if !more {
                break;
            }
        }
        Ok(all)
    }

    fn add(&mut self, of: keito::Project) {
        let Some(id) = of.id else { return };
        let id = id.as_str().to_owned();
        if let Some(client) = of.client_id {
            self.clients.insert(id.clone(), client);
        }
        self.catalogue.projects.push(Project {
            id,
            name: of.name.unwrap_or_default(),
            client: of.client.unwrap_or_default(),
            active: of.is_active.unwrap_or(true),
            tasks: of.tasks.into_iter().flatten().filter_map(task).collect(),
        });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open().count()
    }

    /// Whether nothing can be booked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn open(&self) -> impl Iterator<Item = &Project> {
        self.catalogue.projects.iter().filter(|project| project.active)
    }

    /// The pair that two words name: ids, or names.
    ///
    /// # Errors
    /// If they name none, several, or one that is closed.
    pub async fn find(&mut self, client: &Client, project: &str, task: &str) -> Result<Chosen, Error> {
        if self.is_empty() {
            return Err(Error::NoProjects);
        }
        // The words are looked up once more where the tasks of that project are not known yet.
        if let Ok(bare) = self.catalogue.find(project, task) {
            self.learn_tasks(client, bare.project.as_str()).await?;
        }
        let link = self.catalogue.find(project, task)?;
        Ok(self.chosen(link))
    }

    /// Asks for a project, then for one of its tasks.
    ///
    /// # Errors
    /// If the input ends, or there is nothing to choose from.
    pub async fn choose(&mut self, client: &Client, terminal: &mut Terminal) -> Result<Chosen, Error> {
        let (ids, names): (Vec<String>, Vec<String>) =
            self.open().map(|project| (project.id.clone(), titled(project))).unzip();
        if ids.is_empty() {
            return Err(Error::NoProjects);
        }
        let of = terminal.choose("project", &names, (ids.len() == 1).then_some(0))?;
        self.learn_tasks(client, &ids[of]).await?;
        let Some(project) = self.catalogue.project(&ids[of]) else { return Err(Error::NoProjects) };
        let open: Vec<&Task> = project.tasks.iter().filter(|task| task.active).collect();
        let names: Vec<String> = open.iter().map(|task| named(&task.name, &task.id)).collect();
        if open.is_empty() {
            return Err(Error::NoTasks { project: named(&project.name, &project.id) });
        }
        let usual = names.iter().position(|name| name.eq_ignore_ascii_case("development"));
        let task = terminal.choose("task", &names, usual.or((open.len() == 1).then_some(0)))?;
        let link = self.catalogue.find(&ids[of], &open[task].id)?;
        Ok(self.chosen(link))
    }

    /// Servers that do not embed tasks list them for a project.
    async fn learn_tasks(&mut self, client: &Client, project: &str) -> Result<(), Error> {
        if self.catalogue.project(project).is_none_or(|project| !project.tasks.is_empty()) {
            return Ok(());
        }
        let mut tasks = Vec::new();
        for number in 1..=PAGES {
            let Page { rows, has_next, .. } = match client.tasks(Some(&ProjectId::new(project)), number).await
            {
                Outcome::Applied(page) => page,
                other => return Err(failed(other, "/tasks", &client.origin())),
            };
            tasks.extend(rows.into_iter().filter_map(task));
            if !has_next {
                break;
            }
        }
        if let Some(of) = self.catalogue.projects.iter_mut().find(|of| of.id == project) {
            of.tasks = tasks;
        }
        Ok(())
    }

    fn chosen(&self, link: Link) -> Chosen {
        let project = self.catalogue.project(link.project.as_str());
        let task = self.catalogue.task(link.project.as_str(), link.task.as_str());
        Chosen {
            client: project.map(|project| project.client.clone()).unwrap_or_default(),
            client_id: self.clients.get(link.project.as_str()).cloned(),
            project: project.map(|project| project.name.clone()).unwrap_or_default(),
            task: task.map(|task| task.name.clone()).unwrap_or_default(),
            link,
        }
    }
}

impl Chosen {
    /// Both names, with the ids where there are none.
    #[must_use]
    pub fn title(&self) -> String {
        let project = named(&self.project, self.link.project.as_str());
        let task = named(&self.task, self.link.task.as_str());
        if self.client.is_empty() {
            format!("{project} / {task}")
        } else {
            format!("{}: {project} / {task}", self.client)
        }
    }
}

fn task(task: keito::Task) -> Option<Task> {
    Some(Task {
        id: task.id?.as_str().to_owned(),
        name: task.name.unwrap_or_default(),
        active: task.is_active.unwrap_or(true),
    })
}

fn titled(project: &Project) -> String {
    let name = named(&project.name, &project.id);
    if project.client.is_empty() { name } else { format!("{}: {name}", project.client) }
}

fn named(name: &str, id: &str) -> String {
    if name.is_empty() { id.to_owned() } else { name.to_owned() }
}
