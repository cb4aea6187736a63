//! What people do in the web app while a client is not looking.

use super::number::Number;
use super::rows::{Approval, Entry, Expense};
use super::running::Error;
use super::state::State;

impl State {
    /// Locks an entry or an expense.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`], as for each action here.
    pub fn lock(&self, id: &str) -> Result<(), Error> {
        self.touch(id, |entry| entry.is_locked = true, |expense| expense.is_locked = true)
    }

    /// Unlocks it.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn unlock(&self, id: &str) -> Result<(), Error> {
        self.touch(id, |entry| entry.is_locked = false, |expense| expense.is_locked = false)
    }

    /// Approves an entry or an expense.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn approve(&self, id: &str) -> Result<(), Error> {
        self.touch(
            id,
            |entry| entry.approval = Approval::Approved,
            |expense| expense.approval = Approval::Approved,
        )
    }

    /// Puts an entry or an expense on an invoice.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn bill(&self, id: &str) -> Result<(), Error> {
        self.touch(id, |entry| entry.is_billed = true, |expense| expense.is_billed = true)
    }

    /// Sets an entry's hours; `hours` are the digits of a JSON number.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`], [`Error::NotANumber`].
    pub fn edit_hours(&self, id: &str, hours: &str) -> Result<(), Error> {
        let hours = Number::parse(hours).ok_or_else(|| Error::NotANumber { text: hours.to_owned() })?;
        self.entry(id, |entry| entry.hours = hours)
    }

    /// Sets an entry's notes.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn edit_notes(&self, id: &str, notes: &str) -> Result<(), Error> {
        self.entry(id, |entry| entry.notes = Some(notes.to_owned()))
    }

    /// Moves an entry to another project and task.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn move_entry(&self, id: &str, project: &str, task: &str) -> Result<(), Error> {
        self.entry(id, |entry| {
            project.clone_into(&mut entry.project);
            task.clone_into(&mut entry.task);
        })
    }

    /// Deletes an entry or an expense, locked or not.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.with(|workspace| {
            if workspace.remove(id).is_some() {
                return Ok(());
            }
            let at = workspace.expenses.iter().position(|expense| expense.id == id);
            workspace.expenses.remove(at.ok_or_else(|| no_such_row(id))?);
            workspace.changed();
            Ok(())
        })
    }

    /// Archives a project: it leaves the list and refuses new records.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`].
    pub fn archive_project(&self, id: &str) -> Result<(), Error> {
        self.with(|workspace| {
            let project = workspace.settings.projects.iter_mut().find(|project| project.id == id);
            project.ok_or_else(|| no_such_row(id))?.is_active = false;
            workspace.changed();
            Ok(())
        })
    }

    fn entry(&self, id: &str, change: impl FnOnce(&mut Entry)) -> Result<(), Error> {
        self.with(|workspace| workspace.revise(id, change).map(|_| ()).ok_or_else(|| no_such_row(id)))
    }

    fn touch(
        &self,
        id: &str,
        entry: impl FnOnce(&mut Entry),
        expense: impl FnOnce(&mut Expense),
    ) -> Result<(), Error> {
        self.with(|workspace| {
            if workspace.revise(id, entry).is_some() {
                return Ok(());
            }
            let now = workspace.now();
            let row = workspace.expenses.iter_mut().find(|expense| expense.id == id);
            let row = row.ok_or_else(|| no_such_row(id))?;
            expense(row);
            row.updated_at = now;
            workspace.changed();
            Ok(())
        })
    }
}

fn no_such_row(id: &str) -> Error {
    Error::NoSuchRow { id: id.to_owned() }
}
