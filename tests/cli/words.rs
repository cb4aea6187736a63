//! Completions and manual pages know every command, every option and every word that an option takes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use clap::{Arg, CommandFactory as _};
use keitod::cli::Args;

use crate::run;

/// A command with the words that lead to it, `keitod` first.
struct Each {
    path: Vec<String>,
    command: clap::Command,
}

impl Each {
    fn all() -> Vec<Self> {
        fn walk(path: &[String], command: &clap::Command, all: &mut Vec<Each>) {
            let path = [path, &[command.get_name().to_owned()]].concat();
            all.push(Each { path: path.clone(), command: command.clone() });
            command.get_subcommands().filter(|sub| !sub.is_hide_set()).for_each(|sub| walk(&path, sub, all));
        }
        let mut root = Args::command();
        // Hands the options that stand anywhere down to every command.
        root.build();
        let mut all = Vec::new();
        walk(&[], &root, &mut all);
        assert!(all.len() > 40, "{}", all.len());
        all
    }

    fn name(&self) -> String {
        self.path.join(" ")
    }

    fn options(&self) -> Vec<&Arg> {
        self.command.get_arguments().filter(|arg| !arg.is_hide_set()).collect()
    }

    /// `json` for `--json`.
    fn longs(&self) -> BTreeSet<&str> {
        self.options().into_iter().filter_map(Arg::get_long).collect()
    }

    fn subcommands(&self) -> BTreeSet<&str> {
        self.command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(clap::Command::get_name).collect()
    }
}

fn words(arg: &Arg) -> Vec<String> {
    let shown = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
    if arg.get_action().takes_values() {
        shown.map(|value| value.get_name().to_owned()).collect()
    } else {
        Vec::new()
    }
}

fn script(shell: &str) -> String {
    let ended = run(&["completions", shell]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    ended.out
}

/// Asks a program that may be missing; `None` says so.
fn asked(program: &str, words: &[&str], text: &str) -> Option<(bool, String, String)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let Ok(output) = Command::new(program).args(words).arg(file.path()).output() else {
        println!("skipped: there is no {program}");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.success(), text(&output.stdout), text(&output.stderr)))
}

#[test]
fn every_command_has_a_page_with_all_its_options() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--dir", dir.path().to_str().unwrap()]).code, 0);
    let mut names = BTreeSet::new();
    for each in Each::all() {
        let name = format!("{}.1", each.path.join("-"));
        let page = fs::read_to_string(dir.path().join(&name)).unwrap_or_else(|_| panic!("no {name}"));
        // Pages escape what a formatter would take for a hyphen.
        let page = page.replace("\\-", "-");
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}");
        assert!(page.contains("Examples:"), "{name} has no examples");
        for arg in each.options() {
            match arg.get_long() {
                Some(long) => assert!(page.contains(&format!("--{long}")), "{name}: no --{long}"),
                None => {
                    let value =
                        arg.get_value_names().map_or(arg.get_id().as_str(), |names| names[0].as_str());
                    assert!(page.contains(value), "{name}: no {value}");
                }
            }
            for word in words(arg) {
                assert!(page.contains(&word), "{name}: {word} of {} is missing", arg.get_id());
            }
        }
        for sub in each.subcommands() {
            assert!(page.contains(&format!("{}-{sub}(1)", each.path.join("-"))), "{name}: no word of {sub}");
        }
        names.insert(name);
    }
    let written: BTreeSet<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written, names, "left: written, right: commands");
    for name in &names {
        let page = fs::read_to_string(dir.path().join(name)).unwrap();
        match asked("man", &["--warnings=w", "-E", "UTF-8", "-P", "cat", "-l"], &page) {
            Some((good, shown, trouble)) => {
                assert!(good && trouble.is_empty(), "{name}: {trouble}");
                assert!(shown.contains("SYNOPSIS"), "{name}: {shown}");
            }
            None => return,
        }
    }
}

#[test]
fn bash_completes_every_command_and_option() {
    // What is offered after each command for `--`, then for nothing; then for each option that takes known words.
    let mut asking = script("bash");
    asking.push_str("ask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); local last=${@: -1}; echo \"== $*\"; _keitod keitod \"$last\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"; }\n");
    let all = Each::all();
    for each in &all {
        asking.push_str(&format!("ask {} --\nask {} ''\n", each.name(), each.name()));
        for arg in each.options() {
            if let (Some(long), [_, ..]) = (arg.get_long(), words(arg).as_slice()) {
                asking.push_str(&format!("ask {} --{long} ''\n", each.name()));
            }
        }
    }
    let Some((good, said, trouble)) = asked("bash", &["--norc", "--noprofile"], &asking) else { return };
    assert!(good && trouble.is_empty(), "{trouble}");
    let offered = |line: &str| -> BTreeSet<String> {
        let head = format!("== {line}\n");
        let rest = said.split_once(&head).unwrap_or_else(|| panic!("nothing was said of {line:?}")).1;
        rest.lines().take_while(|line| !line.starts_with("== ")).map(str::to_owned).collect()
    };
    for each in &all {
        let name = each.name();
        let of_dashes = offered(&format!("{name} --"));
        for long in each.longs() {
            assert!(of_dashes.contains(&format!("--{long}")), "{name}: no --{long} in {of_dashes:?}");
        }
        let of_nothing = offered(&format!("{name} "));
        for sub in each.subcommands() {
            assert!(of_nothing.contains(sub), "{name}: no {sub} in {of_nothing:?}");
        }
        for arg in each.options() {
            if let (Some(long), [_, ..]) = (arg.get_long(), words(arg).as_slice()) {
                let of_option = offered(&format!("{name} --{long} "));
                for word in words(arg) {
                    assert!(of_option.contains(&word), "{name} --{long}: no {word} in {of_option:?}");
                }
            }
        }
    }
}

#[test]
fn fish_completes_every_command_and_option() {
    let script = script("fish");
    for each in Each::all() {
        let condition = match &each.path[1..] {
            [] => "__fish_keitod_needs_command".to_owned(),
            [one] => format!("__fish_keitod_using_subcommand {one}"),
            [one, two] => {
                format!("__fish_keitod_using_subcommand {one}; and __fish_seen_subcommand_from {two}")
            }
            deeper => panic!("{deeper:?}"),
        };
        // Offered where none of its own subcommands was typed.
        let own = |line: &&str| {
            let Some(rest) = line.strip_prefix(&format!("complete -c keitod -n \"{condition}")) else {
                return false;
            };
            rest.starts_with('"') || rest.starts_with("; and not __fish_seen_subcommand_from")
        };
        let lines: Vec<&str> = script.lines().filter(own).collect();
        let offers = |what: &str| lines.iter().any(|line| format!("{line} ").contains(&format!(" {what} ")));
        for long in each.longs() {
            assert!(offers(&format!("-l {long}")), "{}: no --{long}", each.name());
        }
        for sub in each.subcommands() {
            assert!(
                offers(&format!("-a \"{sub}\"")) || offers(&format!("-a '{sub}'")),
                "{}: no {sub}",
                each.name()
            );
        }
    }
    if let Some((good, _, trouble)) = asked("fish", &["--no-execute"], &script) {
        assert!(good, "{trouble}");
    }
}

#[test]
fn powershell_completes_every_command_and_option() {
    let script = script("powershell");
    for each in Each::all() {
        let head = format!("\n        '{}' {{\n", each.path.join(";"));
        let block = script.split_once(&head).unwrap_or_else(|| panic!("no {}", each.name())).1;
        let block = block.split("break").next().unwrap();
        let offers = |what: &str| block.contains(&format!("[CompletionResult]::new('{what}', "));
        each.longs()
            .iter()
            .for_each(|long| assert!(offers(&format!("--{long}")), "{}: no --{long}", each.name()));
        each.subcommands().iter().for_each(|sub| assert!(offers(sub), "{}: no {sub}", each.name()));
    }
}

#[test]
fn zsh_completes_every_command_and_option() {
    let script = script("zsh");
    for each in Each::all() {
        let head = match &each.path[1..] {
            [] => "\n    _arguments \"${_arguments_options[@]}\" : \\\n".to_owned(),
            // The first of a list is indented.
            [.., last] => format!("({last})\n_arguments \"${{_arguments_options[@]}}\" : \\\n"),
        };
        // Commands of one name under different others each have a block.
        let found = script.split(&head).skip(1).any(|block| {
            let block = block.split("&& ret=0").next().unwrap();
            // Behind the quote, or behind the options that it excludes.
            let has = |long: &str| {
                ["'", ")", "*"].iter().any(|before| {
                    ["[", "=["].iter().any(|after| block.contains(&format!("{before}--{long}{after}")))
                })
            };
            each.longs().into_iter().all(has)
        });
        assert!(found, "{}: {:?}", each.name(), each.longs());
        let list = format!("(( $+functions[_{}_commands] ))", each.path.join("__subcmd__"));
        let other = format!("(( $+functions[_{}_commands] ))", each.path.join("__"));
        let commands = script.split_once(&list).or_else(|| script.split_once(&other));
        let commands = commands.unwrap_or_else(|| panic!("no list of {}", each.name())).1;
        let commands = commands.split("_describe").next().unwrap();
        for sub in each.subcommands() {
            assert!(commands.contains(&format!("'{sub}:")), "{}: no {sub}", each.name());
        }
    }
    if let Some((good, _, trouble)) = asked("zsh", &["--no-exec"], &script) {
        assert!(good, "{trouble}");
    }
}
