//! The fixtures as inputs for [`holds`](super::holds): the path below the agent's root on the first line, then the bytes of
//! the file. Rows of a database are lines: the number of the query, then the cells, behind tabs.

use std::fs;
use std::path::{Path, PathBuf};

use keitod::model::Cell;
use keitod::sources::{Environment, Source};
use keitod::tail::{Select, read_database};

struct Dev;

impl Environment for Dev {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
    fn home(&self) -> &Path {
        Path::new("/home/dev")
    }
}

/// What the fixtures hold for a source; where no folder has its name, whatever it claims.
pub fn of(source: &dyn Source, fixtures: &Path) -> Vec<Vec<u8>> {
    let agent = source.agent();
    let word = agent.as_str().split('-').next().unwrap_or_default();
    let mut files = Vec::new();
    walk(fixtures, &mut files);
    files.sort();
    let has_name = |path: &&PathBuf| {
        let below = path.strip_prefix(fixtures).unwrap_or(path);
        below.iter().any(|part| part.to_string_lossy().trim_start_matches('.').starts_with(word))
    };
    let own: Vec<&PathBuf> = files.iter().filter(has_name).collect();
    let made = |files: &[&PathBuf]| files.iter().filter_map(|path| input(source, path)).collect::<Vec<_>>();
    let inputs = made(&own);
    if inputs.is_empty() { made(&files.iter().collect::<Vec<_>>()) } else { inputs }
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn input(source: &dyn Source, path: &Path) -> Option<Vec<u8>> {
    if path.extension().is_some_and(|end| end == "sql") {
        return rows(source, path);
    }
    let roots = source.roots(&Dev);
    let parts: Vec<_> = path.iter().collect();
    let below = |at: usize| parts[at..].iter().collect::<PathBuf>();
    let claimed = |at: &usize| source.claim(&below(*at)).is_some();
    let is_root = |at: &usize| roots.iter().any(|root| root.file_name() == Some(parts[at - 1]));
    let rooted = (1..parts.len()).filter(claimed).find(is_root);
    let at = rooted.or_else(|| (1..parts.len()).rev().find(claimed))?;
    let bytes = fs::read(path).ok()?;
    Some([below(at).to_str()?.as_bytes(), b"\n", &bytes].concat())
}

/// The rows that the source's queries find in the database of a dump.
fn rows(source: &dyn Source, dump: &Path) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().ok()?;
    let path = dir.path().join("db");
    let conn = rusqlite::Connection::open(&path).ok()?;
    conn.pragma_update(None, "foreign_keys", false).ok()?;
    conn.execute_batch(&fs::read_to_string(dump).ok()?).ok()?;
    let queries = source.queries();
    let mut selects: Vec<Select<'_>> = queries
        .iter()
        .map(|query| Select { needs: query.needs, text: query.text, after: i64::MIN, overlap: query.overlap })
        .collect();
    let mut text = String::from("rows\n");
    let mut row = |query: usize, row: &[Cell]| {
        text += &query.to_string();
        row.iter().for_each(|cell| text += &format!("\t{}", written(cell)));
        text.push('\n');
    };
    (!queries.is_empty() && read_database(&path, &mut selects, &mut row).is_ok()).then_some(text.into_bytes())
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Null => "n".to_owned(),
        Cell::Integer(number) => format!("i{number}"),
        Cell::Real(digits) => format!("r{digits}"),
        Cell::Text(text) => format!("t{}", text.replace(['\t', '\n'], " ")),
        Cell::Blob(bytes) => format!("b{}", String::from_utf8_lossy(bytes).replace(['\t', '\n'], " ")),
    }
}
