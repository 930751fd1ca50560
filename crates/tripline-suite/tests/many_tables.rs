//! An application of 200 tables whose hooks form a chain: the after-create hook of each creates a row of the next.
//!
//! It must compile and link within reason: the code of a table must not contain the code of its hooks, or else the
//! first table would contain all others, one inside the other. And it shows where the engine ends such a chain.

// The list of tables is taken apart one by one.
#![recursion_limit = "256"]

use std::{
    sync::{Arc, Mutex},
    thread,
};

use tripline::{
    AfterCreate, AnyRow, Change, Connect, Error, Kind, OnAfterDelete, OnAfterUpdate, TableEntry, Warning,
    Writes, prelude::*, writes,
};

/// For each table of the list: the table, and the hook that makes a row of the table after it.
macro_rules! chain {
    ($table:ident) => {
        chain!(@table $table);
    };
    ($table:ident $next:ident $($rest:ident)*) => {
        chain!(@table $table);

        impl AfterCreate for $table {
            async fn after_create(tx: &mut Tx<'_>, rows: &[$table]) -> Result<()> {
                for row in rows {
                    let mut draft = <$next as Table>::New::default();
                    draft.number.set(row.number + 1);
                    tx.create(draft).await?;
                }
                Ok(())
            }
        }

        chain!($next $($rest)*);
    };
    (@table $table:ident) => {
        #[derive(Table, Clone, Debug)]
        struct $table {
            #[key]
            id: Id<$table>,
            number: i64,
            note: Option<String>,
            #[created_at]
            created_at: jiff::Timestamp,
        }
    };
}

macro_rules! application {
    ($($table:ident)*) => {
        chain!($($table)*);

        /// The tables with their hooks.
        fn tables() -> Vec<TableEntry> {
            tables![$($table),*]
        }

        /// A delete of each.
        const DELETES: Writes = writes![$(delete $table),*];
        /// An update of each.
        const UPDATES: Writes = writes![$(update $table),*];

        /// The tables' names.
        fn names() -> Vec<&'static str> {
            vec![$($table::DESC.name),*]
        }
    };
}

application! {
    Step000 Step001 Step002 Step003 Step004 Step005 Step006 Step007 Step008 Step009 Step010 Step011
    Step012 Step013 Step014 Step015 Step016 Step017 Step018 Step019 Step020 Step021 Step022 Step023
    Step024 Step025 Step026 Step027 Step028 Step029 Step030 Step031 Step032 Step033 Step034 Step035
    Step036 Step037 Step038 Step039 Step040 Step041 Step042 Step043 Step044 Step045 Step046 Step047
    Step048 Step049 Step050 Step051 Step052 Step053 Step054 Step055 Step056 Step057 Step058 Step059
    Step060 Step061 Step062 Step063 Step064 Step065 Step066 Step067 Step068 Step069 Step070 Step071
    Step072 Step073 Step074 Step075 Step076 Step077 Step078 Step079 Step080 Step081 Step082 Step083
    Step084 Step085 Step086 Step087 Step088 Step089 Step090 Step091 Step092 Step093 Step094 Step095
    Step096 Step097 Step098 Step099 Step100 Step101 Step102 Step103 Step104 Step105 Step106 Step107
    Step108 Step109 Step110 Step111 Step112 Step113 Step114 Step115 Step116 Step117 Step118 Step119
    Step120 Step121 Step122 Step123 Step124 Step125 Step126 Step127 Step128 Step129 Step130 Step131
    Step132 Step133 Step134 Step135 Step136 Step137 Step138 Step139 Step140 Step141 Step142 Step143
    Step144 Step145 Step146 Step147 Step148 Step149 Step150 Step151 Step152 Step153 Step154 Step155
    Step156 Step157 Step158 Step159 Step160 Step161 Step162 Step163 Step164 Step165 Step166 Step167
    Step168 Step169 Step170 Step171 Step172 Step173 Step174 Step175 Step176 Step177 Step178 Step179
    Step180 Step181 Step182 Step183 Step184 Step185 Step186 Step187 Step188 Step189 Step190 Step191
    Step192 Step193 Step194 Step195 Step196 Step197 Step198 Step199
}

/// Runs a test with a stack of 32 MiB. An operation made in a hook is polled by the operation whose hook it is, all
/// on one stack; without optimisation 200 of them need 4 to 6 MiB, and the thread of a test has 2.
fn with_large_stack(test: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(test)
    };
    thread::Builder::new().stack_size(32 << 20).spawn(run).expect("a thread").join().expect("no panic")
}

async fn open(with: impl FnOnce(Connect) -> Connect) -> Result<Db> {
    let db = with(Db::open("sqlite::memory:").tables(tables())).connect().await?;
    db.create_tables().await?;
    Ok(db)
}

/// The number in the one row of each table.
async fn numbers(db: &Db) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for name in names() {
        let rows = db.raw_query(&format!("SELECT number FROM {name}"), []).await?;
        numbers.extend((0..rows.len()).map(|row| rows.get::<i64>(row, 0)).collect::<Result<Vec<_>>>()?);
    }
    Ok(numbers)
}

/// Says that an update of any table may delete from all, and a delete update all.
#[derive(Observer)]
#[observes(all)]
struct Everything;

impl OnAfterUpdate<AnyRow> for Everything {
    const WRITES: Writes = DELETES;

    async fn after_update(&self, _: &mut Tx<'_>, _: &[Change<AnyRow>]) -> Result<()> {
        Ok(())
    }
}

impl OnAfterDelete<AnyRow> for Everything {
    const WRITES: Writes = UPDATES;

    async fn after_delete(&self, _: &mut Tx<'_>, _: &[AnyRow]) -> Result<()> {
        Ok(())
    }
}

/// There are more ways through them than anybody could try.
#[test]
fn cycles_among_hooks_that_write_everything_are_found_by_their_shortest_ways() -> Result<()> {
    with_large_stack(async {
        let found = Arc::new(Mutex::new(Vec::new()));
        let sink = found.clone();
        let warned = move |warning: &Warning| {
            if let Warning::Cycle { steps } = warning {
                sink.lock().unwrap().push(steps.len());
            }
        };
        let db = open(|connect| connect.observe(Everything).on_warning(warned)).await?;
        // An update and a delete for each table, of the table itself or of the first.
        let found = found.lock().unwrap().clone();
        assert!(found.len() >= 200 && found.iter().all(|steps| *steps == 2), "{found:?}");
        db.close().await
    })
}

#[test]
fn a_chain_of_hooks_through_all_tables() -> Result<()> {
    with_large_stack(async {
        let db = open(|connect| connect.max_depth(300)).await?;
        db.create(NewStep000 { number: 0.into(), ..Default::default() }).await?;
        assert_eq!(numbers(&db).await?, (0..200).collect::<Vec<_>>());
        db.close().await
    })
}

#[test]
fn a_chain_that_is_too_long_names_its_tables() -> Result<()> {
    with_large_stack(async {
        let db = open(|connect| connect).await?;
        let error = db.create(NewStep000 { number: 0.into(), ..Default::default() }).await.unwrap_err();
        let Error::TooDeep(chain) = error.root() else { panic!("{error:?}") };
        // The operation that the caller made, 16 nested ones, and the one that is too many.
        assert_eq!(chain.limit, 16);
        assert!(chain.steps.iter().all(|operation| operation.kind == Kind::Create));
        let tables: Vec<_> = chain.steps.iter().map(|operation| operation.table).collect();
        assert_eq!(tables, names()[..18]);
        // Nothing of it remains.
        assert!(numbers(&db).await?.is_empty());
        db.close().await
    })
}
