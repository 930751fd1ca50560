use seeds::last_message::{Chat, Message, NewChat, NewMessage};
use tripline::{Db, Error, Id, assert_trace, tables};

use crate::place::Place;

async fn chats(place: &Place) -> (Db, [Id<Chat>; 2]) {
    let db = place.db(tables![Chat, Message]).await;
    let chats = db.create([NewChat::default(), NewChat::default()]).await.unwrap();
    (db, [chats[0].id, chats[1].id])
}

fn message(chat: Id<Chat>, text: &str) -> NewMessage {
    NewMessage { chat: chat.into(), text: text.into(), ..Default::default() }
}

async fn last(db: &Db, chat: Id<Chat>) -> Option<String> {
    db.find::<Chat>().by_key(chat).await.unwrap().unwrap().last_message
}

everywhere! {
    async fn the_last_message_of_each_chat_is_shown(place) {
        let (db, [one, two]) = chats(&place).await;
        let drafts = vec![message(one, "hello"), message(two, "hi"), message(one, "anyone?")];
        db.create(drafts).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create messages",
            "    after_create MessageText",
            "      update chats",
            "      update chats",
        ]);
        assert_eq!((last(&db, one).await, last(&db, two).await), (Some("anyone?".into()), Some("hi".into())));
    }

    async fn without_the_chats_text_there_is_no_message(place) {
        let (db, [one, _]) = chats(&place).await;
        db.create(message(one, "hello")).await.unwrap();
        let error = db.create(message(one, "much too long")).await.unwrap_err();
        assert!(matches!(error.root(), Error::Check(_)), "{error}");
        assert_eq!((last(&db, one).await, db.find::<Message>().count().await.unwrap()), (Some("hello".into()), 1));
    }

    async fn no_message_is_no_hook(place) {
        let (db, _) = chats(&place).await;
        db.create(Vec::<NewMessage>::new()).await.unwrap();
        assert!(db.traces().iter().all(|trace| !trace.outline().join("\n").contains("after_create")));
    }
}
