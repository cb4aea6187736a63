//! What the system says of a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Between two looks at how much memory a process had at most.
const LOOK: Duration = Duration::from_millis(4);

/// What a process took.
#[derive(Debug, Default, Clone, Copy)]
pub struct Took {
    /// From its start to its end.
    pub wall: Duration,
    /// On all cores, to 10 ms.
    pub cpu: Duration,
    /// Its largest resident memory.
    pub peak_kib: u64,
}

/// Runs a process to its end.
pub fn whole(mut command: Command) -> Took {
    let before = children_cpu();
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut peak_kib = 0;
    loop {
        // Gone with the process; what it was just before is what it was.
        peak_kib = status(child.id(), "VmHWM").unwrap_or(peak_kib);
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{command:?}: {ended}");
            return Took { wall: begun.elapsed(), cpu: children_cpu() - before, peak_kib };
        }
        std::thread::sleep(LOOK);
    }
}

/// A number from `/proc/PID/status`.
pub fn status(pid: u32, name: &str) -> Option<u64> {
    number(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, name)
}

fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Context switches of each thread.
pub fn switches(pid: u32) -> BTreeMap<OsString, u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let counted = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("status")).ok()?;
        let kinds = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
        Some((thread.file_name(), kinds.iter().filter_map(|kind| number(&text, kind)).sum()))
    });
    counted.collect()
}

/// Clock ticks (10 ms) spent so far.
pub fn ticks(pid: u32) -> u64 {
    fields(&format!("/proc/{pid}/stat"), 14..16)
}

/// Bytes that it has read, from files and from everything else.
pub fn bytes_read(pid: u32) -> u64 {
    number(&fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default(), "rchar").unwrap_or(0)
}

fn children_cpu() -> Duration {
    Duration::from_millis(fields("/proc/self/stat", 16..18) * 10)
}

/// The sum of some fields of a `stat` file, as `proc(5)` numbers them.
fn fields(path: &str, which: std::ops::Range<usize>) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    which.map(|field| fields[field - 3].parse::<u64>().unwrap_or(0)).sum()
}

/// A signal by name, without code of our own for it.
pub fn signal(child: &Child, name: &str) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let signal = match name {
        "STOP" => rustix::process::Signal::STOP,
        "TERM" => rustix::process::Signal::TERM,
        _ => rustix::process::Signal::KILL,
    };
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Empties the page cache, if this may; says whether it did.
pub fn drop_caches() -> bool {
    let _ = Command::new("sync").status();
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}
