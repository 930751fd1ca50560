//! A chat shows the text of its last message.
//!
//! *After create*, in the same transaction: there is never a message that its chat does not show. The hook runs once for
//! all messages of an operation and writes each chat once. It sees two columns; the rest of a message is not its concern.

use std::collections::BTreeMap;

use tripline::{AfterCreate, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(check(last_message_is_short = |c| c.last_message.ne("much too long")))]
pub struct Chat {
    #[key]
    pub id: Id<Chat>,
    pub last_message: Option<String>,
}

#[derive(Table, Clone, Debug)]
#[table(hook_rows(MessageText))]
pub struct Message {
    #[key]
    pub id: Id<Message>,
    #[references(Chat, on_delete = cascade)]
    pub chat: Id<Chat>,
    pub text: String,
    #[created_at]
    pub created_at: jiff::Timestamp,
}

#[derive(Row, Clone, Debug)]
#[row(of = Message)]
pub struct MessageText {
    pub chat: Id<Chat>,
    pub text: String,
}

impl AfterCreate for MessageText {
    async fn after_create(tx: &mut Tx<'_>, messages: &[MessageText]) -> Result<()> {
        // Rows come in the order of their drafts, so the last one of each chat stays; chats are written in one order by
        // everybody, so that two of these never wait for each other.
        let last: BTreeMap<i64, &MessageText> = messages.iter().map(|m| (m.chat.get(), m)).collect();
        for message in last.values() {
            tx.update::<Chat>().by_key(message.chat).set(|c| c.last_message.set(&message.text)).await?;
        }
        Ok(())
    }
}
