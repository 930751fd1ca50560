//! What the systems get wrong that the examples come from, as far as no example and no case of the suite shows it, and the
//! page that lists all of it.

use tripline::{AfterSave, DeletePlan, PlanDelete, create, prelude::*, update};

#[derive(Table, Clone, Debug)]
#[table(name = "items")]
struct Item {
    #[key]
    id: Id<Item>,
    #[unique]
    name: String,
    #[default(0)]
    stock: i64,
}

impl AfterSave for Item {
    async fn after_save(_: &mut Tx<'_>, items: &[Item]) -> Result<()> {
        match items.iter().find(|item| item.stock < 0) {
            Some(item) => Err(Error::reject(format!("no more {}", item.name))),
            None => Ok(()),
        }
    }
}

/// Has nothing to say.
impl PlanDelete for Item {
    fn plan_delete(_: &mut DeletePlan<'_, Item>) -> Result<()> {
        Ok(())
    }
}

fn item(name: &str, stock: i64) -> NewItem {
    NewItem { name: name.into(), stock: stock.into(), ..Default::default() }
}

everywhere! {
    async fn an_error_after_a_save_undoes_it_on_every_path(place) {
        let db = place.db(tables![Item]).await;
        db.create(vec![item("tea", 1), item("milk", 1)]).await.unwrap();
        let update_all = || update::<Item>().all_rows().set(|i| i.stock.sub(2));
        let refused = [
            db.create(item("salt", -1)).await.unwrap_err(),
            db.create(vec![item("salt", 1), item("oil", -1)]).await.unwrap_err(),
            db.update::<Item>().all_rows().set(|i| i.stock.sub(2)).await.unwrap_err(),
            db.create(item("tea", -1)).on_conflict(|i| i.name).do_update().await.unwrap_err(),
            db.create(item("salt", -1)).on_conflict(|i| i.name).do_nothing().await.unwrap_err(),
            db.batch((create(item("salt", 1)), update_all())).await.unwrap_err(),
            db.tx(async |tx| tx.batch((create(item("salt", 1)), update_all())).await).await.unwrap_err(),
        ];
        assert!(refused.iter().all(Error::is_rejected), "{refused:?}");
        let left: Vec<i64> = db.find::<Item>().await.unwrap().iter().map(|item| item.stock).collect();
        assert_eq!(left, [1, 1]);
    }

    async fn a_plan_that_says_nothing_deletes_what_was_asked(place) {
        let db = place.db(tables![Item]).await;
        db.create(vec![item("tea", 1), item("milk", 1)]).await.unwrap();
        assert_eq!(db.delete::<Item>().filter(|i| i.name.eq("tea")).await.unwrap(), 1);
        assert!(matches!(db.delete::<Item>().await, Err(Error::Unfiltered(_))));
        assert_eq!(db.find::<Item>().one().await.unwrap().name, "milk");
    }

    async fn hooks_run_once_for_rows_of_an_upsert(place) {
        let db = place.db(tables![Item]).await;
        db.create(item("tea", 1)).await.unwrap();
        let both = db.create(vec![item("tea", 2), item("milk", 2)]).on_conflict(|i| i.name).do_update();
        assert_eq!(both.await.unwrap().len(), 2);
        assert_eq!(db.last_trace().unwrap().outline(), [
            "transaction",
            "  upsert items",
            "    update items",
            "      after_save Item",
            "    create items",
            "      after_save Item",
        ]);
    }
}

/// Each test that the page names is there.
#[test]
fn the_page_names_tests_that_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/beats.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let mut named = 0;
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit_once('|').unwrap().1;
        for name in cell.split('`').skip(1).step_by(2) {
            let (module, test) = name.split_once("::").unwrap_or_else(|| panic!("`{name}` names no module"));
            let places = ["crates/tripline-suite/src", "examples/seeds/tests/seeds"];
            let files = places.map(|place| root.join(place).join(format!("{module}.rs")));
            let has = |file: &std::path::PathBuf| {
                std::fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("async fn {test}(")))
            };
            assert!(files.iter().any(has), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}
