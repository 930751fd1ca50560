use bench_protocol_postgres::NewUser;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    pub post_count: i64,
    #[sea_orm(has_many)]
    pub posts: HasMany<super::post::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<NewUser> for ActiveModel {
    fn from(user: NewUser) -> Self {
        let NewUser { name, email, age, post_count } = user;
        ActiveModel {
            name: Set(name),
            email: Set(email),
            age: Set(age),
            post_count: Set(post_count),
            ..Default::default()
        }
    }
}
