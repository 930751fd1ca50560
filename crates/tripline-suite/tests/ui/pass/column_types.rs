//! Every column type, required and optional, and what can be given for each.

use jiff::{Timestamp, civil::Date};
use tripline::{Json, prelude::*};
use uuid::Uuid;

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
enum Status {
    Open,
    #[text("in-progress")]
    InProgress,
}

type Tags = Json<Vec<String>>;

macro_rules! table {
    ($name:ident: $($field:ident $type:ty),* $(,)?) => {
        #[derive(Table, Clone, Debug, PartialEq)]
        struct $name {
            #[key]
            id: Id<$name, Uuid>,
            $($field: $type,)*
        }
    };
}

// Also from a macro of one's own.
table! { All:
    flag bool, tiny i8, small i16, medium i32, large i64, byte u8, short u16, word u32, float f64, text String,
    bytes Vec<u8>, at Timestamp, day Date, code Uuid, tags Tags, status Status, other Id<Optional, Uuid>,
}
table! { Optional:
    flag Option<bool>, tiny Option<i8>, small Option<i16>, medium Option<i32>, large Option<i64>, byte Option<u8>,
    short Option<u16>, word Option<u32>, float Option<f64>, text Option<String>, bytes Option<Vec<u8>>,
    at Option<Timestamp>, day Option<Date>, code Option<Uuid>, tags Option<Tags>, status Option<Status>,
    other Option<Id<All, Uuid>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![All, Optional]).connect().await?;
    db.create_tables().await?;
    let optional = db.create(NewOptional::default()).await?;
    assert_eq!((optional.flag, optional.text.clone(), optional.status), (None, None, None));
    let all = db
        .create(NewAll {
            flag: true.into(),
            tiny: 1.into(),
            small: 2.into(),
            medium: 3.into(),
            large: 4.into(),
            byte: 5.into(),
            short: 6.into(),
            word: 7.into(),
            float: 8.5.into(),
            text: "nine".into(),
            bytes: vec![10].into(),
            at: Timestamp::UNIX_EPOCH.into(),
            day: Date::constant(2000, 1, 1).into(),
            code: Uuid::nil().into(),
            tags: Json(vec![String::from("a")]).into(),
            status: Status::InProgress.into(),
            other: optional.id.into(),
            ..Default::default()
        })
        .await?;
    let changed = db
        .update::<Optional>()
        .by_key(optional.id)
        .set(|o| o.flag.set(true))
        .set(|o| o.text.set("nine"))
        .set(|o| o.bytes.set(&[10][..]))
        .set(|o| o.status.set(Status::Open))
        .set(|o| o.tags.set(Json(Vec::new())))
        .set(|o| o.other.set(all.id))
        .set(|o| o.float.set(None))
        .rows::<Optional>()
        .await?;
    assert_eq!((changed[0].text.as_deref(), changed[0].other), (Some("nine"), Some(all.id)));
    let found = db
        .find::<All>()
        .filter(|a| a.text.eq(&all.text).and(a.large.gt(3)).and(a.byte.lt(6)))
        .filter(|a| a.status.is_in([Status::InProgress]).and(a.id.eq(all.id)).and(a.at.lte(all.at)))
        .filter(|a| a.text.starts_with("ni"))
        .one()
        .await?;
    assert_eq!(found, all);
    assert_eq!(db.find::<Optional>().filter(|o| o.text.like("n%").and(o.float.is_null())).count().await?, 1);
    Ok(())
}
