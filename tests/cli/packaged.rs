//! What packages are made of: the scripts of `packaging/`, the metadata of the Debian package, the release workflow.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;

use crate::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keitod");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn call(script: &str, words: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(root().join(script)).args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[track_caller]
fn good(script: &str, words: &[&str]) -> String {
    let (code, out, err) = call(script, words);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    out
}

/// Targets that are released, by the workflow.
fn targets() -> BTreeSet<String> {
    let target = Regex::new(r"\{ target: ([\w-]+), on: ").unwrap();
    let workflow = text(".github/workflows/release.yml");
    target.captures_iter(&workflow).map(|found| found[1].to_owned()).collect()
}

#[test]
fn what_goes_along_with_the_program_is_written_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    assert_eq!(good("packaging/files", &[PROGRAM, to]), "");
    for (name, words) in [
        ("completions/keitod", ["completions", "bash"]),
        ("completions/_keitod", ["completions", "zsh"]),
        ("completions/keitod.fish", ["completions", "fish"]),
        ("completions/keitod.ps1", ["completions", "powershell"]),
    ] {
        assert!(fs::read_to_string(dir.path().join(name)).unwrap() == run(&words).out, "{name}");
    }
    assert!(dir.path().join("man/keitod-service-install.1").exists());
    let unit = fs::read_to_string(dir.path().join("systemd/keitod.service")).unwrap();
    let shipped = text("systemd/keitod.service");
    let changed: Vec<(&str, &str)> =
        unit.lines().zip(shipped.lines()).filter(|(ours, theirs)| ours != theirs).collect();
    assert_eq!(changed, [("ExecStart=\"/usr/bin/keitod\" run", "ExecStart=%h/.cargo/bin/keitod run")]);
    assert_eq!(unit.lines().count(), shipped.lines().count());
    assert_eq!(call("packaging/files", &[PROGRAM]).0, 2);

    // Every asset of the Debian package is one of these, or of the repository.
    let manifest: toml::Table = toml::from_str(&text("Cargo.toml")).unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let mut installed = BTreeSet::new();
    for asset in deb["assets"].as_array().unwrap() {
        let [from, to, mode] = [0, 1, 2].map(|n| asset[n].as_str().unwrap());
        installed.insert(to.to_owned());
        assert_eq!(mode, if to == "usr/bin/" { "755" } else { "644" }, "{from}");
        if from == "target/release/keitod" {
            continue;
        }
        let source = from.strip_prefix("target/packaged/").map(|name| dir.path().join(name));
        let source = source.unwrap_or_else(|| root().join(from));
        let (folder, name) = (source.parent().unwrap(), source.file_name().unwrap().to_str().unwrap());
        let like = name.trim_start_matches('*');
        let found = fs::read_dir(folder).unwrap().any(|entry| {
            let entry = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with('*') { entry.ends_with(like) } else { entry == name }
        });
        assert!(found, "{from} is not there");
    }
    for to in [
        "usr/bin/",
        "usr/lib/systemd/user/",
        "usr/share/man/man1/",
        "usr/share/bash-completion/completions/keitod",
    ] {
        assert!(installed.contains(to), "{to}");
    }
}

#[test]
fn an_archive_holds_a_whole_release_and_is_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    // What is built for tests is a hundred times as large as a release.
    let program = dir.path().join("keitod");
    fs::write(&program, format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let made = || PathBuf::from(good("packaging/archive", &[program, "test-target", out]).trim());
    let path = made();
    let name = format!("keitod-{}-test-target", env!("CARGO_PKG_VERSION"));
    assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{name}.tar.gz"));
    let bytes = fs::read(&path).unwrap();
    let list = Command::new("tar").arg("-tzf").arg(&path).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    for file in [
        "keitod",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "README.md",
        "docs/install.md",
        "man/keitod.1",
        "completions/_keitod",
        "systemd/keitod.service",
    ] {
        assert!(list.lines().any(|line| line == format!("{name}/{file}")), "{file}: {list}");
    }
    if cfg!(target_os = "linux") {
        assert!(fs::read(made()).unwrap() == bytes, "made twice, and not the same");
    }
    // It runs from where it was unpacked.
    let unpacked = Command::new("tar").arg("-xzf").arg(&path).arg("-C").arg(dir.path()).status().unwrap();
    assert!(unpacked.success());
    let version = Command::new(dir.path().join(&name).join("keitod")).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8(version.stdout).unwrap(), format!("keitod {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_debian_package_names_who_answers_for_it() {
    let manifest: toml::Table = toml::from_str(&text("Cargo.toml")).unwrap();
    assert!(manifest["package"]["metadata"]["deb"].get("maintainer").is_none(), "whoever builds it is");
    let made = |maintainer: Option<&str>, program: &str| {
        let mut command = Command::new(root().join("packaging/deb"));
        command.args([program, "x86_64-unknown-linux-gnu", "/nowhere/to/be/made"]);
        command.env_remove("KEITOD_MAINTAINER");
        command.envs(maintainer.map(|name| ("KEITOD_MAINTAINER", name)));
        let ended = command.output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    for nobody in
        [None, Some(""), Some("Ada"), Some("ada@example.org"), Some("<ada@example.org>"), Some("Ada <ada>")]
    {
        let (code, said) = made(nobody, "target/release/keitod");
        assert_eq!(code, Some(2), "{nobody:?}: {said}");
        assert!(said.contains("set KEITOD_MAINTAINER='Name <address>'"), "{nobody:?}: {said}");
    }
    // With a name it is the next thing that is missing.
    let (code, said) = made(Some("Ada Lovelace <ada@example.org>"), "/bin/sh");
    assert!(code == Some(2) && said.contains("target/release/keitod"), "{said}");
}

#[test]
fn a_formula_is_made_of_the_checksums_of_a_release() {
    let dir = tempfile::tempdir().unwrap();
    let sums = dir.path().join("SHA256SUMS");
    let sum = |n: usize| format!("{n:064x}");
    let lines = |version: &str| -> String {
        let files = targets().into_iter().enumerate();
        files.map(|(n, target)| format!("{}  keitod-{version}-{target}.tar.gz\n", sum(n + 10))).collect()
    };
    fs::write(&sums, lines("1.2.3")).unwrap();
    let words = ["1.2.3", "example/keitod", sums.to_str().unwrap()];
    let formula = good("packaging/homebrew/render", &words);
    for (n, target) in targets().into_iter().enumerate() {
        let url = format!(
            "url \"https://github.com/example/keitod/releases/download/v1.2.3/keitod-1.2.3-{target}.tar.gz\"\n      sha256 \"{}\"\n",
            sum(n + 10)
        );
        assert!(formula.contains(&url), "{target}: {formula}");
    }
    assert!(!formula.contains('@'), "{formula}");
    match Command::new("ruby").args(["-c", "-e", &formula]).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("skipped in part: there is no ruby"),
    }
    // One that is missing is no formula.
    fs::write(&sums, lines("1.2.4")).unwrap();
    let (code, out, err) = call("packaging/homebrew/render", &words);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("no checksum of keitod-1.2.3-"), "{err}");
}

#[test]
fn the_workflow_pins_what_it_runs_and_attests_what_it_makes() {
    let workflow = text(".github/workflows/release.yml");
    let uses = Regex::new(r"(?m)uses: (.+)$").unwrap();
    // A tag can be moved, a commit cannot; what version it is stands beside it.
    let exact = Regex::new(r"^actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    let actions: Vec<&str> = uses.captures_iter(&workflow).map(|found| found.extract::<1>().1[0]).collect();
    assert!(actions.len() > 5);
    for action in &actions {
        assert!(exact.is_match(action), "{action} is another one tomorrow");
    }
    let tools = Regex::new(r"cargo install (\S+)(.*)").unwrap();
    for tool in tools.captures_iter(&workflow) {
        assert!(tool[2].contains("--version ") && tool[2].contains("--locked"), "{}", &tool[0]);
    }
    for word in [
        "attest-build-provenance",
        "attest-sbom",
        "SHA256SUMS",
        "cyclonedx",
        "packaging/size",
        "packaging/deb",
        "KEITOD_MAINTAINER: ",
        ".ci/run",
    ] {
        assert!(workflow.contains(word), "{word}");
    }
    assert_eq!(targets().len(), 4, "{:?}", targets());
    // What a person may give is not pasted into a shell.
    let pasted = Regex::new(r"\$\{\{ *(github\.(event|head_ref|ref_name)|inputs)").unwrap();
    assert!(!pasted.is_match(&workflow));
    assert!(workflow.contains("\npermissions:\n  contents: read\n"));
}

#[test]
fn the_size_and_the_dependencies_are_told() {
    let (code, out, err) = call("packaging/size", &["/bin/sh"]);
    if code != 0 {
        return println!("skipped: cargo cannot tell of the dependencies here: {err}");
    }
    let size = Regex::new(r"(?m)^binary, stripped +(\d+) bytes \(\d+\.\d\d MB\)$").unwrap();
    let size: u64 = size.captures(&out).unwrap()[1].parse().unwrap();
    assert!(size > 10_000, "{out}");
    let crates =
        Regex::new(r"(?m)^dependencies +(\d+) named, (\d+) in the binary, (\d+) with what builds it$")
            .unwrap();
    let crates = crates.captures(&out).unwrap().extract::<3>().1.map(|number| number.parse::<u32>().unwrap());
    assert!(crates[0] > 10 && crates[0] < crates[1] && crates[1] < crates[2], "{out}");
}
