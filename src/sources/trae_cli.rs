//! TRAE CLI, which is made from Codex and writes its rollouts: `cli/sessions` in `~/.trae`.
//!
//! By a rollout of 0.200.19 that another project wrote to its shape. It counts tokens, but is paid for by a plan of its
//! own whose prices are in no list: requests are read, and are without a price until the configuration has one for the
//! platform `trae`. The editor's conversations are encrypted, and were without reliable instants before: they are not
//! read.

use std::path::{Path, PathBuf};

use super::codex::Codex;
use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source};
use crate::model::{Agent, Facts};

/// The agent's name, and the platform of its requests.
const AGENT: &str = "trae-cli";
const PLATFORM: &str = "trae";

/// TRAE CLI's rollouts.
#[derive(Debug)]
pub struct TraeCli;

const ABOUT: About = About {
    title: "TRAE CLI",
    reads: "`sessions/YYYY/MM/DD/rollout-*.jsonl` below `~/.trae/cli`, `TRAE_HOME` or `TRAECLI_HOME`",
    exact: "every response that the rollout counts, as with Codex",
    less: Some(
        "requests are held as `unpriced`: the plan's prices are in no list, unless the config has one for the platform `trae`",
    ),
    unseen: "cost; all of the editor",
    tested: "public fixture of its shape: 0.200.19",
};

impl Source for TraeCli {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let trae = || env.var("TRAE_HOME").map_or_else(|| env.home().join(".trae"), PathBuf::from);
        let home = env.var("TRAECLI_HOME").map_or_else(|| trae().join("cli"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        Codex.below(homes)
    }

    fn depth(&self, root: &Path) -> Option<usize> {
        Codex.depth(root)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        Codex.claim(path)
    }

    fn shape(&self, path: &Path) -> Shape {
        Codex.shape(path)
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        Codex.beside(path)
    }

    fn inform(&self, context: &mut Context, path: &Path, beside: &[Vec<u8>]) {
        Codex.inform(context, path, beside);
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        Codex.decode_document(context, bytes, facts)?;
        own(facts);
        Ok(())
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        Codex.decode(context, lines, facts);
        own(facts);
    }
}

/// The vendor's list is not that of the model's maker.
fn own(facts: &mut Facts) {
    let platform = facts.names.intern(PLATFORM);
    facts.sightings.iter_mut().for_each(|sighting| sighting.provider = Some(platform));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Who;

    const LOG: &[u8] = include_bytes!(
        "../../tests/fixtures/trae-cli/sessions/2026/08/01/rollout-2026-08-01T18-07-04-019fbcca-9fd4-7d20-83dc-0762b2f839b3.jsonl"
    );

    #[test]
    fn a_rollout_is_read_and_is_of_its_own_platform() {
        let path =
            Path::new("2026/08/01/rollout-2026-08-01T18-07-04-019fbcca-9fd4-7d20-83dc-0762b2f839b3.jsonl");
        let mut context = Context { claim: TraeCli.claim(path).unwrap(), ..Context::default() };
        let mut facts = Facts::default();
        TraeCli.decode(&mut context, Lines::new(LOG, 0), &mut facts);
        assert_eq!(facts.rejects, []);
        let request = &facts.sightings[0];
        assert_eq!((facts.sightings.len(), request.tokens.classes()), (1, [600, 3600, 0, 0, 180]));
        assert_eq!(facts.names.text(request.provider.unwrap()), "trae");
        assert_eq!(facts.names.text(request.session), "019fbcca-9fd4-7d20-83dc-0762b2f839b3");
        assert!(facts.activities.iter().any(|activity| activity.who == Who::Agent));
    }
}
