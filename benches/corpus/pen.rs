//! Writes one file, line by line, straight to the disk.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::truth::Truth;

/// An open log.
pub struct Pen<'a> {
    /// Where its lines are counted.
    pub truth: &'a mut Truth,
    file: BufWriter<File>,
    /// Bytes written so far.
    pub bytes: u64,
}

impl<'a> Pen<'a> {
    /// Makes the file, and the directories above it.
    pub fn new(path: &Path, truth: &'a mut Truth) -> io::Result<Self> {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        truth.files += 1;
        Ok(Self { truth, file: BufWriter::with_capacity(1 << 16, File::create(path)?), bytes: 0 })
    }

    /// Writes a line without its newline.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")?;
        let bytes = line.len() as u64 + 1;
        self.bytes += bytes;
        self.truth.lines += 1;
        self.truth.bytes += bytes;
        Ok(())
    }

    /// Writes what is still held.
    pub fn close(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where things are.
pub struct Home<'a> {
    /// The home directory that the agents' folders are in.
    pub path: &'a Path,
}

impl Home<'_> {
    /// A Claude Code session's file.
    pub fn claude(&self, project: &str, session: &str) -> PathBuf {
        self.path
            .join(".claude/projects")
            .join(format!("-home-dev-{project}"))
            .join(format!("{session}.jsonl"))
    }

    /// The file of a subagent of it.
    pub fn subagent(&self, project: &str, session: &str, agent: &str) -> PathBuf {
        self.claude(project, session)
            .with_extension("")
            .join("subagents")
            .join(format!("agent-{agent}.jsonl"))
    }

    /// A Codex rollout. `day`: `2026-03-23`; `time`: `18:35:50`.
    pub fn codex(&self, day: &str, time: &str, session: &str) -> PathBuf {
        let name = format!("rollout-{day}T{}-{session}.jsonl", time.replace(':', "-"));
        self.path.join(".codex/sessions").join(day.replace('-', "/")).join(name)
    }
}
