//! Names in the database: PostgreSQL takes 63 bytes and cuts off the rest.

use std::borrow::Cow;

use tripline_core::{Error, Result, TableRef};

use crate::Dialect;

/// The most bytes that a name may have on PostgreSQL.
const LONGEST: usize = 63;

/// The name that a constraint or index has on PostgreSQL: this one, or its beginning and a number made of all of it.
///
/// PostgreSQL itself would cut it off, and two that begin alike would become one.
pub fn postgres_name(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST {
        return Cow::Borrowed(name);
    }
    // FNV-1a: the same today and in ten years.
    let hash =
        name.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let end = name.floor_char_boundary(LONGEST - 9);
    Cow::Owned(format!("{}_{hash:08x}", &name[..end]))
}

/// Refuses names that the database would take otherwise than they are meant; to be called before tables are used.
///
/// On PostgreSQL: names of tables and columns that it would cut off; and two indexes, unique constraints or tables of
/// one name, of which the second would silently not be made, or not at all.
pub fn check_names(dialect: Dialect, tables: &[TableRef]) -> Result<()> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    for table in tables {
        let columns =
            table.columns.iter().map(|column| (column.name, format!("column `{}` of ", column.name)));
        for (name, prefix) in columns.chain([(table.name, String::new())]) {
            if name.len() > LONGEST {
                let why = format!(
                    "the name of {prefix}table `{}` is longer than the {LONGEST} bytes that PostgreSQL takes",
                    table.name
                );
                return Err(Error::Setup(why.into()));
            }
        }
    }
    let mut taken: Vec<String> = tables.iter().map(|table| table.name.to_owned()).collect();
    for table in tables {
        let indexes = table.indexes.iter().map(|index| index.database_name(table));
        for name in indexes.chain([primary_key(table)]) {
            let name = postgres_name(&name).into_owned();
            if taken.contains(&name) {
                let why = format!("the name `{name}` of an index of table `{}` is taken", table.name);
                return Err(Error::Setup(why.into()));
            }
            taken.push(name);
        }
    }
    Ok(())
}

/// The name of the primary key's constraint, before PostgreSQL's limit.
pub(crate) fn primary_key(table: TableRef) -> String {
    format!("{}_pkey", table.name)
}

#[cfg(test)]
mod tests {
    use super::postgres_name;

    #[test]
    fn a_long_name_is_cut_between_characters_and_stays_different_from_others() {
        let fits = "a".repeat(63);
        assert_eq!(postgres_name(&fits), fits);
        let long = [postgres_name(&"a".repeat(64)).into_owned(), postgres_name(&"a".repeat(65)).into_owned()];
        assert_eq!(long[0], format!("{}_d96f0f85", "a".repeat(54)));
        assert_ne!(long[0], long[1]);
        let wide = "ä".repeat(27) + &"€".repeat(9);
        assert_eq!(postgres_name(&wide).len(), 63);
        let odd = "€".repeat(30);
        assert!(postgres_name(&odd).starts_with(&"€".repeat(18)) && postgres_name(&odd).len() == 63);
    }
}
