//! What the three databases say differently: placeholders, upserts, argument and row types. Nothing else knows.

use std::borrow::Cow;
use std::fmt::Write;

use sqlx::Arguments as _;
use sqlx::Row as _;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};

use crate::error::StoreError;

/// SQL text in the portable subset, with `$n` placeholders.
pub(crate) type Sql = Cow<'static, str>;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    Mysql,
}

/// One argument of a statement. Nulls are typed, because PostgreSQL asks for the type.
#[derive(Debug, Clone)]
pub(crate) enum Value<'q> {
    Bool(bool),
    Int(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Cow<'q, [u8]>),
}

impl Value<'_> {
    /// About how many bytes it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Int(_) => 8,
            Self::Text(text) => text.as_deref().map_or(0, str::len),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(value: &'q [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Some(without_nul(Cow::Borrowed(value))))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(value: Option<&'q str>) -> Self {
        Self::Text(value.map(|text| without_nul(Cow::Borrowed(text))))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(without_nul(Cow::Owned(value))))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(|text| without_nul(Cow::Owned(text))))
    }
}

/// PostgreSQL texts cannot hold U+0000; it becomes U+FFFD everywhere, so that all three answer alike.
pub(crate) fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        text
    }
}

/// `$n` as it stands for SQLite and PostgreSQL; `?` for MySQL, with the order in which the arguments are needed.
pub(crate) fn mysql_text(sql: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(sql.len());
    let mut order = Vec::new();
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        text.push_str(&rest[..at]);
        text.push('?');
        let number: usize = rest[at + 1..at + 1 + digits].parse().unwrap_or(1);
        order.push(number.saturating_sub(1));
        rest = &rest[at + 1 + digits..];
    }
    text.push_str(rest);
    (text, order)
}

fn encoding(error: sqlx::error::BoxDynError) -> StoreError {
    StoreError::Other(error.to_string())
}

macro_rules! arguments {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name<'q>(
            values: impl IntoIterator<Item = Value<'q>>,
        ) -> Result<$type, StoreError> {
            let mut arguments = <$type>::default();
            for value in values {
                match value {
                    Value::Bool(value) => arguments.add(value),
                    Value::Int(value) => arguments.add(value),
                    Value::Text(None) => arguments.add(None::<String>),
                    Value::Text(Some(Cow::Borrowed(text))) => arguments.add(text),
                    Value::Text(Some(Cow::Owned(text))) => arguments.add(text),
                    Value::Bytes(Cow::Borrowed(bytes)) => arguments.add(bytes),
                    Value::Bytes(Cow::Owned(bytes)) => arguments.add(bytes),
                }
                .map_err(encoding)?;
            }
            Ok(arguments)
        }
    };
}
arguments!(sqlite_arguments, SqliteArguments);
arguments!(postgres_arguments, PgArguments);
arguments!(mysql_arguments, MySqlArguments);

/// A row that was read; columns by position.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Mysql(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Mysql(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Mysql(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        self.maybe_text(column)?
            .ok_or_else(|| StoreError::Corrupt(format!("column {column} holds nothing")))
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            // Unchecked: columns that are looked up are VARBINARY there, and hold UTF-8 all the same.
            Self::Mysql(row) => row.try_get_unchecked(column)?,
        })
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Mysql(row) => row.try_get(column)?,
        })
    }

    /// A text column that holds JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
    ) -> Result<T, StoreError> {
        parse_json(&self.text(column)?)
    }

    /// A text column that holds JSON or nothing.
    pub(crate) fn maybe_json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text(column)?
            .map(|text| parse_json(&text))
            .transpose()
    }
}

fn parse_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// JSON text of a value that we made ourselves.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}

/// `INSERT` of several rows, with what happens to rows that are already there.
pub(crate) struct Insert {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) conflict: Conflict,
    /// Columns given back for rows that were written; not on MySQL, which cannot.
    pub(crate) returning: Option<&'static str>,
}

/// What happens when the key is already there.
pub(crate) enum Conflict {
    /// The statement fails.
    Fail,
    /// The row stays as it is.
    Keep,
    /// The row is changed.
    Update {
        /// Columns of the key.
        key: &'static str,
        /// Column and expression, in order: MySQL lets later ones see what earlier ones changed. `new.x` and `old.x`
        /// stand for the given and the stored value.
        set: &'static [(&'static str, &'static str)],
        /// Only when this holds. MySQL ignores it: rows that do not change are not written there anyway.
        only_if: Option<&'static str>,
    },
}

impl Insert {
    /// The statement for `rows` rows.
    pub(crate) fn text(&self, dialect: Dialect, rows: usize) -> String {
        let width = self.columns.len();
        let mut sql = format!(
            "INSERT INTO {} ({}) VALUES ",
            self.table,
            self.columns.join(", ")
        );
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                if column > 0 {
                    sql.push_str(", ");
                }
                if dialect == Dialect::Postgres {
                    // Writing to a String cannot fail.
                    write!(sql, "${}", row * width + column + 1)
                        .expect("a String takes everything");
                } else {
                    // Unnamed, because SQLite looks names up in a list: with a thousand of them most of its time.
                    sql.push('?');
                }
            }
            sql.push(')');
        }
        self.conflict_text(dialect, &mut sql);
        if let (Some(columns), false) = (self.returning, dialect == Dialect::Mysql) {
            sql.push_str(" RETURNING ");
            sql.push_str(columns);
        }
        sql
    }

    fn conflict_text(&self, dialect: Dialect, sql: &mut String) {
        let mysql = dialect == Dialect::Mysql;
        match &self.conflict {
            Conflict::Fail => {}
            // Not INSERT IGNORE: that would also turn other errors into warnings.
            Conflict::Keep if mysql => {
                let first = self.columns[0];
                sql.push_str(&format!(
                    " ON DUPLICATE KEY UPDATE {first} = {}.{first}",
                    self.table
                ));
            }
            Conflict::Keep => sql.push_str(" ON CONFLICT DO NOTHING"),
            Conflict::Update { key, set, only_if } => {
                if mysql {
                    sql.push_str(" ON DUPLICATE KEY UPDATE ");
                } else {
                    sql.push_str(&format!(" ON CONFLICT ({key}) DO UPDATE SET "));
                }
                let assignments: Vec<String> = set
                    .iter()
                    .map(|(column, expression)| {
                        format!("{column} = {}", self.names(dialect, expression))
                    })
                    .collect();
                sql.push_str(&assignments.join(", "));
                if let (Some(condition), false) = (only_if, mysql) {
                    sql.push_str(" WHERE ");
                    sql.push_str(&self.names(dialect, condition));
                }
            }
        }
    }

    /// Replaces `new.x` and `old.x` by the dialect's words.
    fn names(&self, dialect: Dialect, expression: &str) -> String {
        let old = expression.replace("old.", &format!("{}.", self.table));
        if dialect != Dialect::Mysql {
            return old.replace("new.", "excluded.");
        }
        let mut text = String::new();
        let mut rest = old.as_str();
        while let Some(at) = rest.find("new.") {
            let column = &rest[at + 4..];
            let end = column
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .unwrap_or(column.len());
            text.push_str(&rest[..at]);
            text.push_str(&format!("VALUES({})", &column[..end]));
            rest = &column[end..];
        }
        text.push_str(rest);
        text
    }
}

/// `WHERE` conditions with their arguments, numbered as they come.
pub(crate) struct Conditions<'q> {
    text: String,
    pub(crate) values: Vec<Value<'q>>,
}

impl<'q> Conditions<'q> {
    /// `instance_id = $1`: no list is ever read without it.
    pub(crate) fn of_instance(column: &str, instance: &'q str) -> Self {
        Self {
            text: format!("{column} = $1"),
            values: vec![instance.into()],
        }
    }

    /// Adds `AND <left> $n`.
    pub(crate) fn and(&mut self, left: &str, value: impl Into<Value<'q>>) {
        let number = self.push(value);
        // Writing to a String cannot fail.
        write!(self.text, " AND {left} {number}").expect("a String takes everything");
    }

    /// Adds `AND <left> $n` when there is a value.
    pub(crate) fn and_if(&mut self, left: &str, value: Option<impl Into<Value<'q>>>) {
        if let Some(value) = value {
            self.and(left, value);
        }
    }

    /// Adds an argument alone and gives its placeholder.
    pub(crate) fn push(&mut self, value: impl Into<Value<'q>>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mysql_placeholders_keep_their_order() {
        assert_eq!(
            mysql_text("a = $2 AND b = $1 OR $12"),
            ("a = ? AND b = ? OR ?".to_owned(), vec![1, 0, 11])
        );
    }

    #[test]
    fn upserts_in_three_tongues() {
        let insert = Insert {
            table: "chat",
            columns: &["a", "b_c"],
            conflict: Conflict::Update {
                key: "a",
                set: &[("b_c", "old.b_c + new.b_c")],
                only_if: Some("new.b_c <> 0"),
            },
            returning: Some("a"),
        };
        assert_eq!(
            insert.text(Dialect::Postgres, 2),
            "INSERT INTO chat (a, b_c) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) DO UPDATE SET b_c = chat.b_c + excluded.b_c \
             WHERE excluded.b_c <> 0 RETURNING a"
        );
        assert_eq!(
            insert.text(Dialect::Mysql, 1),
            "INSERT INTO chat (a, b_c) VALUES (?, ?) ON DUPLICATE KEY UPDATE b_c = chat.b_c + VALUES(b_c)"
        );
    }
}
