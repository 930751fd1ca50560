//! A completed project is not opened again, and its completion is told to its owner.
//!
//! The rule is one of old against new, so *before update, with rows*: the engine locks and reads the old ones, for as many
//! projects as the update is for. The notification is a row like others, so *after update*, in the same transaction.

use tripline::{AfterUpdate, BeforeUpdateRows, Change, Edit, prelude::*};

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Planned,
    Open,
    Completed,
}

#[derive(Table, Clone, Debug)]
#[table(hook_rows(Progress))]
pub struct Project {
    #[key]
    pub id: Id<Project>,
    pub name: String,
    pub owner: i64,
    #[default(Status::Planned)]
    pub status: Status,
}

/// What the rule and the notification need.
#[derive(Row, Clone, Debug)]
#[row(of = Project)]
pub struct Progress {
    pub name: String,
    pub owner: i64,
    pub status: Status,
}

#[derive(Table, Clone, Debug)]
pub struct Notification {
    #[key]
    pub id: Id<Notification>,
    pub to: i64,
    pub message: String,
}

impl BeforeUpdateRows for Progress {
    async fn before_update_rows(_: &mut Tx<'_>, projects: &mut [Edit<Progress>]) -> Result<()> {
        // `modified` is present and different: a form that sends the status along unchanged is no transition.
        let reopens = |p: &&mut Edit<Progress>| {
            p.old.status == Status::Completed && p.patch.status.modified(&p.old.status)
        };
        match projects.iter_mut().find(reopens) {
            Some(project) => {
                Err(Error::reject(format!("{} is completed: cannot reopen it", project.old.name)))
            }
            None => Ok(()),
        }
    }
}

impl AfterUpdate for Progress {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Progress>]) -> Result<()> {
        let completed = changes
            .iter()
            .filter(|change| change.modified(|p| p.status) && change.new.status == Status::Completed);
        let notifications: Vec<_> = completed
            .map(|change| NewNotification {
                to: change.new.owner.into(),
                message: format!("Project {} finished!", change.new.name).into(),
                ..Default::default()
            })
            .collect();
        tx.create(notifications).await.map(drop)
    }
}
