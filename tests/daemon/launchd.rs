//! What launchd takes for an agent: `plutil` and `launchctl` are on macOS alone, and refuse late.

/// Holds a text against launchd.plist(5) of macOS 14: every key that it has, with the types that it takes.
#[track_caller]
pub fn check_plist(text: &str, program: &str) {
    assert!(
        text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC "),
        "{text}"
    );
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).unwrap();
    let root = document.root_element();
    assert_eq!((root.tag_name().name(), root.attribute("version")), ("plist", Some("1.0")));
    let dicts: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(dicts.len(), 1, "a property list has one value");
    let keys = pairs(dicts[0]);
    keys.iter().for_each(|(key, value)| fits(LAUNCHD, key, *value));
    let of = |name: &str| keys.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    assert_eq!(of("Label").unwrap().text(), Some("com.keito.keitod"));
    let kind = of("ProcessType").unwrap().text().unwrap();
    assert!(["Background", "Standard", "Adaptive", "Interactive"].contains(&kind));
    let words: Vec<&str> =
        of("ProgramArguments").unwrap().children().filter_map(|node| node.first_child()?.text()).collect();
    let run = format!("exec {program} run 2>>\"$HOME/Library/Logs/keitod.log\"");
    assert_eq!(words, ["/bin/sh", "-c", run.as_str()]);
    assert_eq!(pairs(of("KeepAlive").unwrap())[0].1.tag_name().name(), "false");
    for (name, _) in of("EnvironmentVariables").map(pairs).unwrap_or_default() {
        assert!(!name.contains("KEY"), "{name}");
    }
}

/// Keys with their types as launchd.plist(5) of macOS 14 has them; `bool` is `<true/>` or `<false/>`, `strings` an array of
/// strings, `variables` a dictionary of them, and another list the keys of a dictionary.
enum Type {
    Plain(&'static [&'static str]),
    Dict(&'static [(&'static str, Type)]),
    Either(&'static [&'static str], &'static [(&'static str, Type)]),
}

const BOOL: Type = Type::Plain(&["bool"]);
const STRING: Type = Type::Plain(&["string"]);
const STRINGS: Type = Type::Plain(&["strings"]);
const INTEGER: Type = Type::Plain(&["integer"]);
const VARIABLES: Type = Type::Plain(&["variables"]);
const BOOLS: Type = Type::Plain(&["bools"]);
/// Whose inner keys are many, and none of which is wanted of a daemon that listens by itself.
const ANY: Type = Type::Plain(&["dict", "array"]);
const LIMITS: Type = Type::Dict(&[
    ("Core", INTEGER),
    ("CPU", INTEGER),
    ("Data", INTEGER),
    ("FileSize", INTEGER),
    ("MemoryLock", INTEGER),
    ("NumberOfFiles", INTEGER),
    ("NumberOfProcesses", INTEGER),
    ("ResidentSetSize", INTEGER),
    ("Stack", INTEGER),
]);
const LAUNCHD: &[(&str, Type)] = &[
    ("Label", STRING),
    ("Disabled", BOOL),
    ("UserName", STRING),
    ("GroupName", STRING),
    ("inetdCompatibility", ANY),
    ("LimitLoadToHosts", STRINGS),
    ("LimitLoadFromHosts", STRINGS),
    ("LimitLoadToSessionType", Type::Plain(&["string", "strings"])),
    ("LimitLoadToHardware", ANY),
    ("LimitLoadFromHardware", ANY),
    ("Program", STRING),
    ("BundleProgram", STRING),
    ("ProgramArguments", STRINGS),
    ("EnableGlobbing", BOOL),
    ("EnableTransactions", BOOL),
    ("EnablePressuredExit", BOOL),
    ("OnDemand", BOOL),
    ("ServiceIPC", BOOL),
    (
        "KeepAlive",
        Type::Either(
            &["bool"],
            &[
                ("SuccessfulExit", BOOL),
                ("NetworkState", BOOL),
                ("PathState", BOOLS),
                ("OtherJobEnabled", BOOLS),
                ("Crashed", BOOL),
                ("AfterInitialDemand", BOOL),
            ],
        ),
    ),
    ("RunAtLoad", BOOL),
    ("RootDirectory", STRING),
    ("WorkingDirectory", STRING),
    ("EnvironmentVariables", VARIABLES),
    ("Umask", Type::Plain(&["integer", "string"])),
    ("TimeOut", INTEGER),
    ("ExitTimeOut", INTEGER),
    ("ThrottleInterval", INTEGER),
    ("InitGroups", BOOL),
    ("WatchPaths", STRINGS),
    ("QueueDirectories", STRINGS),
    ("StartOnMount", BOOL),
    ("StartInterval", INTEGER),
    ("StartCalendarInterval", ANY),
    ("StandardInPath", STRING),
    ("StandardOutPath", STRING),
    ("StandardErrorPath", STRING),
    ("Debug", BOOL),
    ("WaitForDebugger", BOOL),
    ("SoftResourceLimits", LIMITS),
    ("HardResourceLimits", LIMITS),
    ("Nice", INTEGER),
    ("ProcessType", STRING),
    ("AbandonProcessGroup", BOOL),
    ("LowPriorityIO", BOOL),
    ("LowPriorityBackgroundIO", BOOL),
    ("MaterializeDatalessFiles", BOOL),
    ("LaunchOnlyOnce", BOOL),
    ("MachServices", ANY),
    ("Sockets", ANY),
    ("LaunchEvents", ANY),
    ("HopefullyExitsLast", BOOL),
    ("HopefullyExitsFirst", BOOL),
    ("SessionCreate", BOOL),
    ("LegacyTimers", BOOL),
    ("AssociatedBundleIdentifiers", Type::Plain(&["string", "strings"])),
];

#[track_caller]
fn fits(known: &[(&str, Type)], key: &str, value: roxmltree::Node<'_, '_>) {
    let of = known.iter().find(|(name, _)| *name == key).unwrap_or_else(|| panic!("{key} is no key"));
    let tag = value.tag_name().name();
    let (plain, inner): (&[&str], _) = match &of.1 {
        Type::Plain(names) => (names, None),
        Type::Dict(keys) => (&[], Some(keys)),
        Type::Either(names, keys) => (names, Some(keys)),
    };
    let all = |names: &[&str], nodes: Vec<roxmltree::Node<'_, '_>>| {
        nodes.iter().all(|node| names.contains(&node.tag_name().name()))
    };
    let values = || pairs(value).into_iter().map(|(_, value)| value).collect();
    let is = |name: &&str| match *name {
        "bool" => matches!(tag, "true" | "false"),
        "integer" => tag == "integer" && value.text().is_some_and(|text| text.parse::<u32>().is_ok()),
        "strings" => {
            tag == "array" && all(&["string"], value.children().filter(roxmltree::Node::is_element).collect())
        }
        "variables" => tag == "dict" && all(&["string"], values()),
        "bools" => tag == "dict" && all(&["true", "false"], values()),
        name => tag == name,
    };
    if plain.iter().any(is) {
        return;
    }
    match inner {
        Some(keys) if tag == "dict" => pairs(value).iter().for_each(|(key, value)| fits(keys, key, *value)),
        _ => panic!("{key} is no <{tag}>"),
    }
}

#[test]
fn the_shipped_agent_is_a_property_list_of_launchd() {
    check_plist(include_str!("../../systemd/com.keito.keitod.plist"), "\"$HOME/.cargo/bin/keitod\"");
}

#[test]
fn what_is_no_agent_of_launchd_is_noticed() {
    let shipped = include_str!("../../systemd/com.keito.keitod.plist");
    for (good, bad) in [
        ("<key>RunAtLoad</key>", "<key>RunAtload</key>"),
        (
            "<key>SuccessfulExit</key>\n        <false/>",
            "<key>SuccessfulExit</key>\n        <string>no</string>",
        ),
        ("<integer>63</integer>", "<integer>0077x</integer>"),
        ("<key>NumberOfFiles</key>", "<key>OpenFiles</key>"),
        ("<string>-c</string>", "<integer>1</integer>"),
        (
            "<key>ThrottleInterval</key>\n    <integer>30</integer>",
            "<key>ThrottleInterval</key>\n    <true/>",
        ),
        ("</dict>\n</plist>", "</dict>\n<dict/></plist>"),
    ] {
        assert!(shipped.contains(good), "{good}");
        let text = shipped.replace(good, bad);
        let seen = std::panic::catch_unwind(|| check_plist(&text, "\"$HOME/.cargo/bin/keitod\""));
        assert!(seen.is_err(), "{bad}");
    }
}

fn pairs<'a>(dict: roxmltree::Node<'a, 'a>) -> Vec<(String, roxmltree::Node<'a, 'a>)> {
    let nodes: Vec<_> = dict.children().filter(roxmltree::Node::is_element).collect();
    let pairs = nodes.chunks(2).map(|pair| {
        assert_eq!(pair[0].tag_name().name(), "key");
        (pair[0].text().unwrap().to_owned(), pair[1])
    });
    pairs.collect()
}
