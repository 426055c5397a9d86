//! What the person at the terminal sees: one line per step, with how long it took.
use crate::config;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Writes the lines. Steps may run side by side; on a terminal the last line names those under way.
pub struct Say {
    terminal: bool,
    colour: bool,
    under_way: Mutex<Vec<&'static str>>,
}

impl Default for Say {
    fn default() -> Self {
        let terminal = io::stdout().is_terminal();
        Self { terminal, colour: terminal && !config::no_colour(), under_way: Mutex::default() }
    }
}

impl Say {
    /// Runs `work`, then tells what was `done` and how long it took.
    pub async fn step<T>(
        &self,
        doing: &'static str,
        done: impl FnOnce(&T) -> String,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        self.change(|under_way| under_way.push(doing));
        let outcome = work.await;
        let took = began.elapsed().as_secs_f64();
        let mark = if outcome.is_ok() { self.green("✓") } else { self.red("✗") };
        let line = match &outcome {
            Ok(result) => format!("{mark} {} ({took:.1} s)", done(result)),
            Err(_) => format!("{mark} {doing}: failed after {took:.1} s"),
        };
        self.change(|under_way| {
            under_way.retain(|other| *other != doing);
            Self::put(&format!("{line}\n"));
        });
        outcome
    }

    pub fn line(&self, text: impl Display) {
        self.change(|_| Self::put(&format!("{text}\n")));
    }

    pub fn done(&self, text: impl Display) {
        self.line(format_args!("{} {text}", self.green("✓")));
    }

    pub fn failure(&self, text: impl Display) {
        self.line(format_args!("{} {text}", self.red("✗")));
    }

    /// Asks on the terminal; `None` where there is none.
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !self.terminal || !io::stdin().is_terminal() {
            return None;
        }
        let mut out = io::stdout();
        let _ = write!(out, "{question} [Y/n] ").and_then(|()| out.flush());
        let mut answer = String::new();
        // No answer at all, for instance the end of the input, is no consent.
        let read = io::stdin().read_line(&mut answer).unwrap_or(0);
        Some(read > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
    }

    /// Takes the line of what is under way off the terminal, lets `change` write, and puts it back.
    fn change(&self, change: impl FnOnce(&mut Vec<&'static str>)) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if self.terminal && !under_way.is_empty() {
            Self::put("\r\x1b[2K");
        }
        change(&mut under_way);
        if self.terminal && !under_way.is_empty() {
            Self::put(&format!("… {}", under_way.join(", ")));
        }
    }

    /// A terminal that went away is no reason to stop what runs.
    fn put(text: &str) {
        let mut out = io::stdout();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn green(&self, text: &str) -> String {
        if self.colour { format!("\x1b[32m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn red(&self, text: &str) -> String {
        if self.colour { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() }
    }
}
