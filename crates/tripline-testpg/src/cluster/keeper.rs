//! The process between a server and this one: a small shell script that ends the server when its owner is gone.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::{Error, latch::Latch, program::clean, user::User};

/// What the process runs.
const SCRIPT: &str = include_str!("keeper.sh");

/// The keeper of a server. Its drop ends the server, removes the folder, and waits for both.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    words: Option<ChildStdin>,
    gone: Arc<Latch>,
}

impl Keeper {
    /// Starts a keeper, which has no server yet, for a folder that the user of servers owns.
    pub(super) fn start(folder: &Path, bin: &Path, user: User) -> Result<Keeper, Error> {
        let mut command = clean(Path::new("/bin/sh"));
        command
            .args(["-c", SCRIPT, "keeper"])
            .args([folder, bin])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // A group of its own: an interrupt at the terminal is for the tests, and the server ends after them.
        command.env("HOME", folder).current_dir(folder).process_group(0);
        let mut child = user.run(&mut command).spawn().map_err(Error::io("/bin/sh could not be run"))?;
        let gone = Arc::new(Latch::default());
        let (output, latch) = (child.stdout.take(), Arc::clone(&gone));
        thread::spawn(move || {
            if let Some(mut output) = output {
                // Nothing is written. The end comes when the last process of the server ends.
                let _ = io::copy(&mut output, &mut io::sink());
            }
            latch.open();
        });
        Ok(Keeper { words: child.stdin.take(), child, gone })
    }

    /// Says a word of the script's.
    pub(super) fn say(&mut self, word: &str) -> Result<(), Error> {
        let Some(words) = &mut self.words else { return Ok(()) };
        words.write_all(format!("{word}\n").as_bytes()).map_err(Error::io("the server's keeper is gone"))
    }

    /// Whether all processes of the server are gone; waits for that, but not longer than the limit.
    pub(super) fn is_gone(&self, limit: Duration) -> bool {
        self.gone.wait(limit)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.words = None;
        let _ = self.child.wait();
    }
}
