//! Questions on the terminal, a line each: they work over slow lines, in plain terminals and with readers of screens.
//!
//! A list is answered with a number or a part of a name. Menus that are moved through with arrows would need a crate and
//! a terminal that keeps up; a list of 300 projects is narrowed down faster by typing.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::hidden;
use crate::setup::Error;

/// Longer lists are shown up to here; typing narrows them down.
const SHOWN: usize = 30;

/// Somebody who can be asked. Questions go to standard error: standard output is for what was done.
#[derive(Debug)]
pub struct Terminal(());

impl Terminal {
    /// `None` where nobody can be asked: then no question may be put.
    #[must_use]
    pub fn here() -> Option<Self> {
        (io::stdin().is_terminal() && io::stderr().is_terminal()).then_some(Self(()))
    }

    /// A line of text; an empty answer takes what is proposed.
    ///
    /// # Errors
    /// If the input ends.
    pub fn line(&mut self, question: &str, proposed: Option<&str>) -> Result<String, Error> {
        loop {
            match proposed {
                Some(proposed) => ask(&format!("{question} [{proposed}]: "))?,
                None => ask(&format!("{question}: "))?,
            }
            let answer = answer()?;
            match (answer.as_str(), proposed) {
                ("", Some(proposed)) => return Ok(proposed.to_owned()),
                ("", None) => {}
                _ => return Ok(answer),
            }
        }
    }

    /// Yes or no.
    ///
    /// # Errors
    /// If the input ends.
    pub fn yes(&mut self, question: &str, proposed: bool) -> Result<bool, Error> {
        loop {
            ask(&format!("{question} [{}]: ", if proposed { "Y/n" } else { "y/N" }))?;
            match answer()?.to_lowercase().as_str() {
                "" => return Ok(proposed),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => tell("answer y or n")?,
            }
        }
    }

    /// One of a list, by its number or a part of its name.
    ///
    /// # Errors
    /// If the input ends.
    pub fn choose(
        &mut self,
        question: &str,
        names: &[String],
        proposed: Option<usize>,
    ) -> Result<usize, Error> {
        let mut left: Vec<usize> = (0..names.len()).collect();
        loop {
            for index in left.iter().take(SHOWN) {
                tell(&format!("  {}) {}", index + 1, names[*index]))?;
            }
            if left.len() > SHOWN {
                tell(&format!("  … and {} more: type a part of the name", left.len() - SHOWN))?;
            }
            let mark = proposed.map(|index| format!(" [{}]", index + 1)).unwrap_or_default();
            ask(&format!("{question}{mark}: "))?;
            let said = answer()?;
            match (said.as_str(), proposed) {
                ("", Some(index)) => return Ok(index),
                ("", None) => left = (0..names.len()).collect(),
                _ => match picked(&said, names) {
                    Picked::One(index) => {
                        tell(&format!("  {}", names[index]))?;
                        return Ok(index);
                    }
                    Picked::Several(several) => left = several,
                    Picked::None => {
                        tell(&format!(
                            "nothing here is called that; a number from 1 to {}, or a part of a name",
                            names.len()
                        ))?;
                        left = (0..names.len()).collect();
                    }
                },
            }
        }
    }

    /// A word that is not shown while it is typed.
    ///
    /// # Errors
    /// If the input ends.
    pub fn hidden(&mut self, question: &str) -> Result<secrecy::SecretString, Error> {
        let word = hidden::word(&format!("{question}: "));
        tell("")?;
        word
    }

    /// A line that asks nothing.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn tell(&mut self, text: &str) -> Result<(), Error> {
        tell(text)
    }
}

/// What an answer means in a list.
#[derive(Debug, PartialEq, Eq)]
enum Picked {
    One(usize),
    Several(Vec<usize>),
    None,
}

fn picked(said: &str, names: &[String]) -> Picked {
    if let Ok(number) = said.parse::<usize>() {
        // A project may be called by a number that no line has.
        if (1..=names.len()).contains(&number) {
            return Picked::One(number - 1);
        }
    }
    let said = said.to_lowercase();
    let having = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let names = names.iter().enumerate();
        names.filter(|(_, name)| test(&name.to_lowercase())).map(|(index, _)| index).collect()
    };
    if let [one] = having(&|name| name == said).as_slice() {
        return Picked::One(*one);
    }
    match having(&|name| name.contains(&said)).as_slice() {
        [] => Picked::None,
        [one] => Picked::One(*one),
        several => Picked::Several(several.to_vec()),
    }
}

fn ask(text: &str) -> Result<(), Error> {
    let mut err = io::stderr().lock();
    err.write_all(text.as_bytes()).and_then(|()| err.flush()).map_err(Error::Input)
}

fn tell(text: &str) -> Result<(), Error> {
    ask(&format!("{text}\n"))
}

fn answer() -> Result<String, Error> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(Error::Input)? == 0 {
        tell("")?;
        return Err(Error::Stopped);
    }
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_or_a_part_of_a_name() {
        let names: Vec<String> =
            ["Acme: Relaunch", "Acme: API", "Northwind: Relaunch", "2026", "API"].map(String::from).into();
        let cases = [
            ("1", Picked::One(0)),
            ("2026", Picked::One(3)),
            ("north", Picked::One(2)),
            ("RELAUNCH", Picked::Several(vec![0, 2])),
            ("api", Picked::One(4)),
            ("9", Picked::None),
            ("0", Picked::One(3)),
            ("zzz", Picked::None),
        ];
        for (said, expected) in cases {
            assert_eq!(picked(said, &names), expected, "{said}");
        }
    }
}
