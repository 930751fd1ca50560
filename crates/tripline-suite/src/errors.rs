//! Errors name table, columns and constraint; secrets never show.

use tripline::{BeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(name = "members", unique(team, number), check(members_age = |m| m.age.gte(0)))]
struct Member {
    #[key]
    id: Id<Member>,
    #[unique]
    email: String,
    #[references(Team)]
    team: String,
    number: i64,
    age: Option<i64>,
    role: Role,
}

#[derive(Table, Clone, Debug)]
#[table(name = "teams")]
struct Team {
    #[key]
    name: String,
}

#[derive(TextEnum, Clone, Copy, Debug)]
enum Role {
    Player,
    Coach,
}

#[derive(Table, Clone)]
#[table(name = "accounts")]
struct Account {
    #[key]
    id: Id<Account>,
    login: String,
    #[secret]
    #[unique]
    password: String,
}

#[derive(Row, Clone)]
#[row(of = Account)]
struct Password {
    #[secret]
    password: String,
}

#[derive(Debug)]
struct TooYoung {
    by_years: i64,
}

impl std::fmt::Display for TooYoung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "too young by {} years", self.by_years)
    }
}

impl std::error::Error for TooYoung {}

impl BeforeCreate for Member {
    async fn before_create(_: &mut Tx<'_>, members: &mut [NewMember]) -> Result<()> {
        match members.iter().filter_map(|m| m.age.get().copied().flatten()).find(|age| (0..16).contains(age))
        {
            Some(age) => Err(Error::custom(TooYoung { by_years: 16 - age })),
            None => Ok(()),
        }
    }
}

fn member(email: &str, number: i64) -> NewMember {
    NewMember {
        email: email.into(),
        team: "red".into(),
        number: number.into(),
        role: Role::Player.into(),
        ..Default::default()
    }
}

async fn red(engine: &crate::Engine) -> crate::TestDb {
    let db = engine.db(tables![Member, Team]).await;
    db.create(NewTeam { name: "red".into() }).await.unwrap();
    db.create(member("a", 1)).await.unwrap();
    db
}

fn parts(violation: &tripline::Violation) -> (&str, String, &str) {
    (&violation.table, violation.columns.join(" "), violation.constraint.as_deref().unwrap_or_default())
}

cases! {
    async fn a_unique_violation_names_table_columns_and_constraint(engine) {
        let db = red(&engine).await;
        let Err(Error::Unique(v)) = db.create(member("a", 2)).await else { panic!() };
        assert_eq!(parts(&v), ("members", "email".into(), "members_email_key"));
        let Err(Error::Unique(v)) = db.create(member("b", 1)).await else { panic!() };
        assert_eq!(parts(&v), ("members", "team number".into(), "members_team_number_key"));
        let Err(Error::Unique(v)) = db.create(NewTeam { name: "red".into() }).await else { panic!() };
        assert_eq!(parts(&v), ("teams", "name".into(), "teams_pkey"));
        let Err(Error::Unique(v)) = db.create(NewMember { id: Id::new(1).into(), ..member("b", 2) }).await else { panic!() };
        assert_eq!(parts(&v), ("members", "id".into(), "members_pkey"));
        db.create(member("b", 2)).await.unwrap();
        let Err(Error::Unique(v)) = db.update::<Member>().set(|m| m.email.set("z")).all_rows().await else { panic!() };
        assert_eq!(parts(&v).1, "email");
    }

    async fn a_foreign_key_violation_names_where_the_key_starts(engine) {
        let db = red(&engine).await;
        let fk = ("members", "team".to_owned(), "members_team_fk");
        let blue = NewMember { team: "blue".into(), ..member("b", 2) };
        let Err(Error::ForeignKey(v)) = db.create(blue).await else { panic!() };
        assert_eq!(parts(&v), fk);
        let Err(Error::ForeignKey(v)) = db.update::<Member>().set(|m| m.team.set("blue")).all_rows().await else { panic!() };
        assert_eq!(parts(&v), fk);
        let Err(Error::ForeignKey(v)) = db.delete::<Team>().by_key("red").await else { panic!() };
        assert_eq!(parts(&v), fk);
        let Err(Error::ForeignKey(v)) = db.delete::<Team>().filter(|t| t.name.like("r%")).await else { panic!() };
        assert_eq!(parts(&v), fk);
    }

    async fn a_check_violation_names_the_check(engine) {
        let db = red(&engine).await;
        let Err(Error::Check(v)) = db.create(NewMember { age: (-1).into(), ..member("b", 2) }).await else { panic!() };
        assert_eq!(parts(&v), ("members", String::new(), "members_age"));
        // Null is unknown, which a check accepts.
        db.create(NewMember { age: None.into(), ..member("b", 2) }).await.unwrap();
        let wrong = db.raw_execute("UPDATE members SET role = 'king'", []).await;
        let Err(Error::Check(v)) = wrong else { panic!("{wrong:?}") };
        assert_eq!(parts(&v), ("members", "role".into(), "members_role_check"));
    }

    async fn a_null_where_none_may_be_is_named_also_from_other_sql(engine) {
        let db = red(&engine).await;
        let wrong = db.raw_execute("UPDATE members SET email = NULL", []).await;
        let Err(Error::NotNull(v)) = wrong else { panic!("{wrong:?}") };
        assert_eq!(parts(&v), ("members", "email".into(), ""));
    }

    async fn a_missing_value_is_named(engine) {
        let db = red(&engine).await;
        let incomplete = NewMember { number: 1.into(), ..Default::default() };
        let Err(Error::Required(v)) = db.create(incomplete).await else { panic!() };
        assert_eq!(parts(&v), ("members", "email team role".into(), ""));
    }

    async fn l14_a_hooks_own_error_comes_back_as_source_unchanged(engine) {
        let db = red(&engine).await;
        let error = db.create(NewMember { age: 13.into(), ..member("b", 2) }).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<TooYoung>().unwrap().by_years, 3);
        let text = error.to_string();
        assert!(text.contains("in before_create of create") && text.contains("`members`") && text.contains("errors::Member"), "{text}");
    }

    async fn secrets_never_show(engine) {
        let db = engine.db(tables![Account]).await;
        let draft = NewAccount { login: "ada".into(), password: "hunter2".into(), ..Default::default() };
        let mut shown = format!("{draft:?}");
        let account = db.create(draft.clone()).await.unwrap();
        assert_eq!(account.password, "hunter2");
        let row = db.find::<Account>().rows::<Password>().one().await.unwrap();
        assert_eq!(row.password, "hunter2");
        let patch = AccountPatch { password: "hunter2".into(), ..Default::default() };
        let twice = db.create(draft).await.unwrap_err();
        let find = db.find::<Account>().filter(|a| a.password.eq("hunter2"));
        shown += &format!("{account:?} {row:?} {patch:?} {twice:?} {twice} {find:?}");
        shown += &format!("{:?}", db.create(NewAccount { password: "hunter2".into(), ..Default::default() }));
        shown += &format!("{:?}", db.update::<Account>().set(|a| a.password.set("hunter2")));
        find.await.unwrap();
        db.log.take().iter().for_each(|sql| shown += sql);
        assert!(shown.contains("<secret>") && !shown.contains("hunter2"), "{shown}");
    }
}
