//! The whole conversation: look, check, ask, and only then write.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::agents::{FoundAgent, agents};
use super::answers::{About, Answers};
use super::ask::Terminal;
use super::category::{self, Category};
use super::key::{self, Key};
use super::projects::Bookable;
use super::said::{Said, Tell};
use super::text::{self, Plan};
use super::there::unfulfilled;
use super::wish::Wish;
use super::workspace::{self, Workspace};
use crate::config::{Config, Env, Origin, SCHEMA};
use crate::model::{CategoryId, Day};
use crate::setup::link::{Linked, Place, Terms};
use crate::setup::{Error, file};

/// What was found and done.
#[derive(Debug)]
pub struct Done {
    /// The config.
    pub config: PathBuf,
    /// Whether it was written; else it was there.
    pub written: bool,
    /// Where the config that was there before is kept.
    pub aside: Option<PathBuf>,
    /// Where the key was found.
    pub key_from: &'static str,
    /// The file that the key was written into.
    pub key_file: Option<PathBuf>,
    /// The server.
    pub origin: Origin,
    /// What Keito says of the key.
    pub workspace: Workspace,
    /// The expense category.
    pub category: Category,
    /// How many projects can be booked on.
    pub projects: usize,
    /// The link of the repository, with what it links to.
    pub link: Option<(Linked, String)>,
    /// What everything else is linked to, if it was written now.
    pub default: Option<String>,
    /// Whose logs are read.
    pub agents: Vec<FoundAgent>,
    /// Everything to see to.
    pub warnings: Vec<String>,
}

/// Sets keitod up. `today` bounds where the category is looked for, and begins a rate.
///
/// # Errors
/// Why nothing was done. Only a file that cannot be written may leave others before it written.
pub async fn init(
    env: &Env,
    wish: &Wish,
    today: Day,
    mut asked: Option<Terminal>,
    tell: &mut Tell<'_>,
) -> Result<Done, Error> {
    let mut said = Said::new(tell);
    let path = env.config_file();
    let there = path.symlink_metadata().is_ok();
    let kept = there && !wish.force;
    // With --force the old config still tells where the key is, if it can be read at all.
    let old = if there { Some(Config::load(env)) } else { None };
    let config = match old {
        Some(loaded) if kept => loaded?,
        Some(Ok(loaded)) => loaded,
        _ => Config::parse("", env)?,
    };

    let place = place(env, wish, &mut said)?;
    let Key { credentials, kept: mut secret, account } =
        key::find(env, &config.keito, wish, if kept { None } else { asked.as_mut() })?;
    let client = workspace::client(&credentials, &config.keito)?;
    let workspace = workspace::look(&client, &credentials).await?;
    said.workspace(&workspace, credentials.from, &credentials.origin)?;
    let category =
        match wish.category.clone().map(CategoryId::new).or(config.keito.expense_category_id.clone()) {
            Some(id) => Category::Found(id),
            None => category::look(&client, &config.keito.expense_category, today).await,
        };
    said.category(&category, &config.keito.expense_category)?;
    let mut all = Bookable::ask(&client).await?;
    said.projects(&all)?;

    let about = About { wish, workspace: &workspace, client: &client, place: place.as_ref() };
    if asked.is_none() {
        let missing = about.unanswered(!kept);
        if !missing.is_empty() {
            return Err(Error::Unanswered(missing));
        }
    }
    let mut done = Done {
        config: path.clone(),
        written: false,
        aside: None,
        key_from: credentials.from,
        key_file: None,
        origin: credentials.origin.clone(),
        workspace: workspace.clone(),
        category,
        projects: all.len(),
        link: None,
        default: None,
        agents: Vec::new(),
        warnings: Vec::new(),
    };
    let link = if kept {
        let link = about.link(&mut all, asked.as_mut()).await?;
        let default = about.default(&mut all, None).await?;
        let flags =
            unfulfilled(wish, default.as_ref().map(|chosen| &chosen.link), &config, env, &credentials);
        if !flags.is_empty() {
            return Err(Error::Taken { path, flags });
        }
        said.good(format!("config: {} stays as it is (--force writes a new one)", path.display()))?;
        link
    } else {
        let answers = about.ask(&mut all, &mut asked).await?;
        if let (Some(place), Some(chosen)) = (&place, &answers.link) {
            place.takes(chosen, &Terms::default(), wish.force)?;
        }
        let command = wish.api_key_command.clone().or(config.keito.api_key_command.clone());
        let own_file = wish.api_key_file.clone().or(config.keito.api_key_file.clone());
        // A service that finds a key by itself needs no other.
        let finds = own_file.is_some() || command.is_some();
        if secret.is_none() && store(&credentials, wish, &path, finds, asked.as_mut(), &mut said)? {
            secret = Some(credentials.key.clone());
        }
        let key_file = secret.as_ref().map(|_| key::file_of(&path));
        let other = |file: &Path| {
            let there = file::read(file)?;
            let same = secret.as_ref().map(|key| key.expose_secret());
            Ok::<_, Error>(there.as_deref().is_some_and(|text| Some(text.trim()) != same))
        };
        if let Some(file) = &key_file
            && !wish.force
            && other(file)?
        {
            return Err(Error::Taken { path: file.clone(), flags: vec!["the key that was given"] });
        }
        let Answers { link, default, cost, entry, usd_rate } = answers;
        let plan = Plan {
            workspace: workspace.name.clone(),
            account: account.or(config.keito.account.clone()),
            url: written_url(env, wish, &config),
            api_key_file: key_file.clone().or(own_file.filter(|_| wish.api_key_command.is_none())),
            api_key_command: command.filter(|_| key_file.is_none() && wish.api_key_file.is_none()),
            category: wish.category.clone().map(CategoryId::new).or(config.keito.expense_category_id.clone()),
            rounding: workspace.rounding.clone(),
            entry,
            cost: Some(cost),
            rate: usd_rate
                .zip(workspace.foreign_currency())
                .map(|(rate, code)| (today, code.to_owned(), rate)),
            default: default.clone(),
        };
        said.money(&plan, &workspace, cost)?;
        let text = text::config(&plan);
        // What cannot be read again is not written.
        Config::parse(&text, env)?;
        if let (Some(file), Some(key)) = (&key_file, &secret) {
            key::keep(file, key)?;
            said.good(format!("key: kept in {} (0600)", file.display()))?;
        }
        if file::read(&path).ok().flatten().as_deref() != Some(&text) {
            done.aside = if there { Some(file::set_aside(&path)?) } else { None };
            file::write(&path, text.as_bytes(), Some(file::PRIVATE))?;
            // The first line of the config names it: editors complete and check by it.
            file::write(&path.with_file_name("schema.json"), SCHEMA.as_bytes(), Some(file::PRIVATE))?;
            done.written = true;
        }
        if let Some(aside) = &done.aside {
            said.plain(format!("the config that was there is kept in {}", aside.display()))?;
        }
        said.good(format!("config: {}", path.display()))?;
        if let Some(chosen) = &default {
            said.good(format!("everything without a link of its own goes to {}", chosen.title()))?;
        }
        done.default = default.map(|chosen| chosen.title());
        done.key_file = key_file;
        link
    };
    if let (Some(place), Some(chosen)) = (&place, &link) {
        let linked = place.link(chosen, workspace.account.as_ref(), &Terms::default(), wish.force)?;
        said.good(format!("link: {} is billed to {}", place.root().display(), chosen.title()))?;
        done.link = Some((linked, chosen.title()));
    }
    done.agents = agents(&Config::load(env)?, env);
    said.agents(&done.agents)?;
    done.warnings = said.warnings;
    Ok(done)
}

/// The server goes into the config where the service would not hear of it.
fn written_url(env: &Env, wish: &Wish, config: &Config) -> Option<Origin> {
    let heard = env.get("KEITO_API_URL").and_then(|url| Origin::parse(url).ok());
    let url = wish.url.clone().or(heard).or_else(|| config.keito.url.clone());
    url.filter(|url| *url != Origin::keito() || config.keito.url.is_some())
}

/// The repository round the working directory, if it can get a link.
fn place(env: &Env, wish: &Wish, said: &mut Said<'_, '_>) -> Result<Option<Place>, Error> {
    use crate::sources::Environment as _;
    let wanted = matches!(wish.link, Some(Some(_)));
    if matches!(wish.link, Some(None)) {
        return Ok(None);
    }
    match Place::of(&env.typed("."), env.home(), false) {
        Ok(place) if wanted => {
            if !wish.force {
                place.free()?;
            }
            Ok(Some(place))
        }
        Err(error) if wanted => Err(error),
        Ok(place) => match (place.links_to(), place.free()) {
            (Some(to), _) => {
                said.good(format!("link: {} is billed to {to} already", place.root().display()))?;
                Ok(None)
            }
            (None, Ok(())) => Ok(Some(place)),
            (None, Err(error)) => {
                said.warn(error.to_string())?;
                Ok(None)
            }
        },
        // Not in a repository: there is nothing to ask.
        Err(_) => Ok(None),
    }
}

/// Whether a key that only this shell has is to be kept where the service finds it.
fn store(
    credentials: &crate::config::Credentials,
    wish: &Wish,
    config: &Path,
    finds: bool,
    asked: Option<&mut Terminal>,
    said: &mut Said<'_, '_>,
) -> Result<bool, Error> {
    if credentials.from != "KEITO_API_KEY" || (finds && wish.store_key.is_none()) {
        return Ok(wish.store_key == Some(true));
    }
    match (wish.store_key, asked) {
        (Some(store), _) => Ok(store),
        (None, Some(terminal)) => {
            let file = key::file_of(config);
            let question =
                format!("a service does not see KEITO_API_KEY; keep the key in {} (0600)?", file.display());
            terminal.yes(&question, true)
        }
        (None, None) => {
            said.warn(
                "a service does not see this shell's KEITO_API_KEY: --store-key keeps the key in a file"
                    .into(),
            )?;
            Ok(false)
        }
    }
}
