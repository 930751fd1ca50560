//! [`Refusal`]: why no connection could be made, host by host.

use tokio_postgres::error::SqlState;
use tripline_core::{ConnectionError, ConnectionErrorKind, DatabaseError, Error};

use crate::{Host, Options, errors::with_causes};

/// Why no connection could be made. No message holds the password.
#[derive(Debug)]
pub(crate) struct Refusal {
    what: What,
    message: String,
    /// Whether a server has as many connections as it takes.
    pub(crate) lacks_room: bool,
}

#[derive(Debug)]
enum What {
    Connection(ConnectionErrorKind),
    /// An error of the server with this code, which is about more than connecting.
    Server(String),
    Setup,
}

impl Refusal {
    /// A host that did not answer in time.
    pub(crate) fn silent(host: &Host, options: &Options) -> Refusal {
        let message = format!("{host}: no answer within {:?}", options.connect_timeout);
        Refusal { what: What::Connection(ConnectionErrorKind::Unreachable), message, lacks_room: false }
    }

    /// What connecting to this host failed with; `has_password` is whether there was one to give.
    pub(crate) fn new(
        error: &tokio_postgres::Error,
        host: &Host,
        options: &Options,
        has_password: bool,
    ) -> Refusal {
        let Some(database) = error.as_db_error() else {
            let (kind, text) = of_this_side(&with_causes(error), host, options, has_password);
            return Refusal {
                what: What::Connection(kind),
                message: format!("{host}: {text}"),
                lacks_room: false,
            };
        };
        let code = database.code();
        let kind = match *code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                ConnectionErrorKind::Denied
            }
            SqlState::INVALID_CATALOG_NAME => ConnectionErrorKind::NoDatabase,
            SqlState::TOO_MANY_CONNECTIONS
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN => ConnectionErrorKind::Unreachable,
            _ => {
                let what = What::Server(format!("PostgreSQL {}", code.code()));
                let message = format!("{host}: {}", database.message());
                return Refusal { what, message, lacks_room: false };
            }
        };
        let lacks_room = *code == SqlState::TOO_MANY_CONNECTIONS;
        let advice = match kind {
            ConnectionErrorKind::NoDatabase => {
                format!(": Tripline makes tables, not databases; `createdb {}` makes it", options.database)
            }
            _ if lacks_room => format!(
                ": this pool may ask for {} (`pool_size`): lower that, or raise the server's `max_connections`",
                options.pool_size
            ),
            _ => String::new(),
        };
        let message = format!("{host}: {}{advice}", database.message());
        Refusal { what: What::Connection(kind), message, lacks_room }
    }

    /// What all hosts said, in their order; the last one's kind is that of all.
    pub(crate) fn of_all(refusals: Vec<Refusal>) -> Refusal {
        let all = |mut all: Refusal, next: Refusal| {
            all.message = format!("{}; {}", all.message, next.message);
            Refusal { what: next.what, message: all.message, lacks_room: all.lacks_room || next.lacks_room }
        };
        refusals.into_iter().reduce(all).unwrap_or_else(|| Refusal {
            what: What::Setup,
            message: "the database's URL names no host".to_owned(),
            lacks_room: false,
        })
    }

    /// Whether it may be otherwise before long.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.what, What::Connection(ConnectionErrorKind::Unreachable))
    }
}

/// What was found on this side of the connection, and in words that say what to do, where there is something.
fn of_this_side(
    text: &str,
    host: &Host,
    options: &Options,
    has_password: bool,
) -> (ConnectionErrorKind, String) {
    if text.contains("password missing") && !has_password {
        let text = format!(
            "it asks for a password, and neither the URL (`postgres://user:PASSWORD@host/..`) nor PGPASSWORD has one: \
             {}",
            options.missing_password(host)
        );
        return (ConnectionErrorKind::Denied, text);
    }
    if text.contains("server does not support TLS") {
        let text = "the server does not speak TLS, which `sslmode` asks for: switch it on there (`ssl = on`), or say \
                    `sslmode=disable` where nobody can listen";
        return (ConnectionErrorKind::Unreachable, text.to_owned());
    }
    let denied = ["password", "authentication"].iter().any(|word| text.contains(word));
    let kind = if denied { ConnectionErrorKind::Denied } else { ConnectionErrorKind::Unreachable };
    (kind, text.strip_prefix("error connecting to server: ").unwrap_or(text).to_owned())
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let message = refusal.message;
        match refusal.what {
            What::Connection(kind) => Error::Connection(Box::new(ConnectionError { kind, message })),
            What::Server(code) => Error::Database(Box::new(DatabaseError { code, message, sql: None })),
            What::Setup => Error::Setup(message.into()),
        }
    }
}
