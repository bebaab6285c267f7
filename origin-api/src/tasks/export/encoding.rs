//! The two forms of an export, written piece by piece.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::tasks::export::report::{ExportedTask, Totals};

/// A form that an export takes.
pub(super) trait Encode {
    /// What comes before the tasks.
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
    /// One task.
    fn task(&mut self, task: &ExportedTask, out: &mut Vec<u8>) -> io::Result<()>;
    /// What comes after them.
    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()>;
}

/// `{"totals": …, "tasks": […]}`, a task on each line.
pub(super) struct Json<'a> {
    totals: &'a Totals,
    separator: &'static str,
}

/// RFC 4180: a line of names, and a line for each task.
pub(super) struct Csv<'a> {
    totals: &'a Totals,
}

const COLUMNS: [&str; 12] = [
    "id",
    "title",
    "description",
    "status",
    "priority",
    "due_date",
    "created_at",
    "updated_at",
    "week",
    "tasks_of_status",
    "tasks_of_priority",
    "tasks_of_week",
];

// === impl Json ===

impl<'a> Json<'a> {
    pub(super) fn new(totals: &'a Totals) -> Self {
        Self {
            totals,
            separator: "",
        }
    }
}

impl Encode for Json<'_> {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.write_all(b"{\"totals\":")?;
        serde_json::to_writer(&mut *out, self.totals)?;
        out.write_all(b",\"tasks\":[\n")
    }

    fn task(&mut self, task: &ExportedTask, out: &mut Vec<u8>) -> io::Result<()> {
        out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        Ok(serde_json::to_writer(out, task)?)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.write_all(b"\n]}\n")
    }
}

// === impl Csv ===

impl<'a> Csv<'a> {
    pub(super) fn new(totals: &'a Totals) -> Self {
        Self { totals }
    }
}

impl Encode for Csv<'_> {
    fn begin(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        line(out).write_record(COLUMNS)?;
        Ok(())
    }

    fn task(&mut self, row: &ExportedTask, out: &mut Vec<u8>) -> io::Result<()> {
        let ExportedTask { task, week } = row;
        let Totals {
            status,
            priority,
            week: weeks,
        } = self.totals;
        let of = |by: &BTreeMap<String, i64>, value: &str| by.get(value).copied();
        line(out).serialize((
            task.id,
            &task.title,
            &task.description,
            task.status,
            task.priority,
            task.due_date,
            task.created_at,
            task.updated_at,
            week,
            of(status, task.status.as_str()),
            of(priority, task.priority.as_str()),
            of(weeks, week),
        ))?;
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// A writer of one record, which is in `out` when the writer is dropped.
fn line(out: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out)
}
