//! Tables that refer to themselves and to each other.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
#[table(hook_rows(Membership))]
struct Person {
    #[key]
    id: Id<Person>,
    name: String,
    #[references(Person, on_delete = set_null)]
    boss: Option<Id<Person>>,
    #[references(Self, on_delete = set_null)]
    friend: Option<Id<Self>>,
    #[references(Company)]
    company: Option<Id<Company>>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "companies")]
struct Company {
    #[key]
    id: Id<Company>,
    #[references(Person, on_delete = restrict)]
    owner: Id<Person>,
}

#[derive(Row, Debug)]
#[row(of = Person)]
struct Membership {
    id: Id<Person>,
    company: Option<Id<Company>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![Person, Company]).connect().await?;
    db.create_tables().await?;
    let company = db
        .tx(async |tx| {
            let ada = tx.create(NewPerson { name: "Ada".into(), ..Default::default() }).await?.id;
            let company = tx.create(NewCompany { owner: ada.into(), ..Default::default() }).await?.id;
            let change = tx.update::<Person>().by_key(ada).set(|p| p.company.set(company));
            change.set(|p| p.boss.set(ada)).set(|p| p.friend.set(None)).await?;
            Ok(company)
        })
        .await?;
    let members = db.find::<Person>().filter(|p| p.company.eq(company)).rows::<Membership>().await?;
    assert_eq!(members.iter().map(|m| m.company).collect::<Vec<_>>(), [Some(company)]);
    assert_eq!(members[0].id, Id::new(1));
    Ok(())
}
