use bench_protocol_postgres::NewPost;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::user;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: i64,
    pub title: String,
    pub body: String,
    pub likes: i64,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::user::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    /// Keeps the author's `post_count`, on the connection (and so in the transaction) that
    /// the post was inserted on.
    async fn after_save<C>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr>
    where
        C: ConnectionTrait,
    {
        if insert {
            user::Entity::update_many()
                .col_expr(user::COLUMN.post_count, user::COLUMN.post_count.add(1))
                .filter(user::COLUMN.id.eq(model.user_id))
                .exec(db)
                .await?;
        }
        Ok(model)
    }
}

impl From<NewPost> for ActiveModel {
    fn from(post: NewPost) -> Self {
        let NewPost { user_id, title, body, likes } = post;
        ActiveModel {
            user_id: Set(user_id),
            title: Set(title),
            body: Set(body),
            likes: Set(likes),
            ..Default::default()
        }
    }
}
