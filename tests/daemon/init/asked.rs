//! In a terminal every question is asked.

use std::fs;

use keitod::sandbox::{ACCOUNT, Project, Rounding, Settings, ids};

use super::terminal::Terminal;
use super::{Home, KEY, mode};

#[test]
fn a_conversation_sets_everything_up() {
    let settings = Settings { rounding: Rounding::Up(15), currency: "GBP".to_owned(), ..Settings::default() };
    let mut home = Home::with(settings);
    home.place.key = None;
    let mut terminal = Terminal::start(home.command(&["init", "--no-preview", "--no-service"]));
    terminal.sees("API key (not shown): ");
    assert!(!terminal.echoes());
    // Mistyped, erased, typed again.
    terminal.types(&format!("kto_Wrong\u{15}x\u{7f}{KEY}\r"));
    terminal.answers("account id (beside the key in Keito's settings): ", ACCOUNT);
    terminal.sees("a full-access key from what was typed");
    assert!(terminal.echoes());
    terminal.sees("rounds up_15");
    terminal.answers("work/api to a project? [Y/n]: ", "");
    terminal.sees("1) Acme Corp: Website relaunch");
    // A part of several names narrows the list; one of one name takes it.
    terminal.answers("project: ", "acme");
    terminal.sees("2) Acme Corp: Billing API");
    terminal.answers("project: ", "zzz");
    terminal.sees("nothing here is called that");
    terminal.answers("project: ", "billing");
    terminal.sees("Acme Corp: Billing API");
    terminal.answers("task [1]: ", "2");
    terminal
        .answers("outside of linked repositories a project, too? (else they are held) [y/N]: ", "perhaps");
    terminal.sees("answer y or n");
    terminal.answers("[y/N]: ", "y");
    terminal.answers("project: ", "3");
    terminal.answers("task [1]: ", "");
    terminal.answers("cost [4]: ", "1");
    terminal.answers("instead of one a session? [Y/n]: ", "");
    terminal.answers("GBP per USD, such as 0.79 (without it expenses are held) [none]: ", "-1");
    terminal.answers("[none]: ", "0.79");
    terminal.sees("keitod service install");
    assert_eq!(terminal.ended(), 0, "{}", terminal.screen());
    assert!(!terminal.screen().contains("kto_"), "{}", terminal.screen());

    let config = home.text(&home.config());
    for line in ["cost = \"list\"", "entry = \"day\"", "per_usd = \"0.79\""] {
        assert!(config.contains(line), "{config}");
    }
    assert!(config.contains(ids::PIPELINE) && config.contains(ACCOUNT), "{config}");
    let key = home.place.path("api-key");
    assert_eq!(home.with_key(), [key.as_path()]);
    assert_eq!(mode(&key), 0o600);
    let link = home.text(&home.link());
    assert!(link.contains(ids::BILLING) && link.contains(ids::REVIEW), "{link}");

    // Once more: nothing is left to ask.
    let mut again = Terminal::start(home.command(&["init", "--no-preview", "--no-service"]));
    again.sees("stays as it is");
    assert_eq!(again.ended(), 0, "{}", again.screen());
    assert_eq!(home.text(&home.config()), config);
}

#[test]
fn a_key_of_the_shell_is_kept_if_wanted() {
    let home = Home::new();
    let words = ["init", "--no-preview", "--no-service", "--no-link", "--no-default", "--cost", "later"];
    let mut terminal = Terminal::start(home.command(&words));
    terminal.answers("a service does not see KEITO_API_KEY; keep the key in ", "y");
    assert_eq!(terminal.ended(), 0, "{}", terminal.screen());
    assert_eq!(home.with_key(), [home.place.path("api-key")]);
    assert!(terminal.screen().contains("held until [money] cost says"), "{}", terminal.screen());
    assert!(!home.text(&home.config()).contains("\ncost ="));
}

#[test]
fn who_leaves_in_between_leaves_nothing_behind() {
    let mut home = Home::new();
    let mut terminal = Terminal::start(home.command(&["init"]));
    terminal.sees("to a project? [Y/n]: ");
    // The end of input.
    terminal.types("\u{4}");
    assert_eq!(terminal.ended(), 2, "{}", terminal.screen());
    terminal.sees("stopped: nothing was written");
    home.untouched();

    home.place.key = None;
    for key in ["\u{3}", "\u{4}"] {
        let mut terminal = Terminal::start(home.command(&["init"]));
        terminal.sees("API key (not shown): ");
        terminal.types(&format!("{KEY}{key}"));
        assert_eq!(terminal.ended(), 2, "{}", terminal.screen());
        assert!(terminal.echoes(), "the terminal is put back");
        assert!(!terminal.screen().contains(KEY));
        home.untouched();
    }
}

#[test]
fn a_long_list_is_narrowed_down() {
    let home = Home::new();
    fs::write(home.config(), "").unwrap();
    home.keito.change(|settings| {
        let one = settings.projects[0].clone();
        let more =
            (0..300).map(|n| Project { id: format!("p{n}"), name: format!("Matter {n:03}"), ..one.clone() });
        settings.projects.extend(more);
    });
    let mut terminal = Terminal::start(home.command(&["link"]));
    terminal.sees("and 273 more: type a part of the name");
    terminal.answers("project: ", "matter 28");
    terminal.sees("Acme Corp: Matter 289");
    terminal.answers("project: ", "matter 287");
    terminal.answers("task [1]: ", "");
    terminal.sees("is billed to Acme Corp: Matter 287 / Development");
    assert_eq!(terminal.ended(), 0);
    assert!(home.text(&home.link()).contains("project_id: p287\n"));
}

#[test]
fn names_from_outside_do_not_steer_the_terminal() {
    let home = Home::new();
    fs::write(home.config(), "").unwrap();
    home.keito.change(|settings| settings.projects[0].name = "Web\u{1b}[2J\u{202e}site".to_owned());
    let mut terminal = Terminal::start(home.command(&["link"]));
    terminal.answers("project: ", "1");
    terminal.answers("task [1]: ", "");
    assert_eq!(terminal.ended(), 0, "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(!screen.contains("\u{1b}[2J") && !screen.contains('\u{202e}'), "{screen:?}");
}
