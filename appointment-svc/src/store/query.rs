//! Statements that narrow by what is asked for.
use postgres_types::ToSql;

/// A statement with only the conditions that narrow, so that each combination is planned with its own index.
pub(super) struct Query<'v> {
    pub(super) text: String,
    pub(super) values: Vec<&'v (dyn ToSql + Sync)>,
}

impl<'v> Query<'v> {
    pub(super) fn select(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub(super) fn add(&mut self, text: &str) {
        self.text.push(' ');
        self.text.push_str(text);
    }

    /// Binds `value`; its place in the text.
    pub(super) fn value(&mut self, value: &'v (dyn ToSql + Sync)) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    pub(super) fn narrow<T: ToSql + Sync>(&mut self, condition: &str, value: Option<&'v T>) {
        if let Some(value) = value {
            let place = self.value(value);
            self.add(&format!("AND {condition} {place}"));
        }
    }
}
