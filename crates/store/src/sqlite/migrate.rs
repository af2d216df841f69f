//! Numbered steps of the schema, forward only, each in a transaction of its own. `user_version` says how far a file is.
//! A published step is never edited; a change is a new step.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;

const STEPS: [&str; 5] = [
    include_str!("../../migrations/0001_log.sql"),
    include_str!("../../migrations/0002_directory.sql"),
    include_str!("../../migrations/0003_outbox.sql"),
    include_str!("../../migrations/0004_record_removed.sql"),
    include_str!("../../migrations/0005_push_age.sql"),
];

/// The schema this program writes.
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// Brings a file from whatever version it has to ours.
pub(super) fn run(conn: &mut Connection) -> Result<(), StoreError> {
    run_to(conn, SCHEMA_VERSION)
}

fn run_to(conn: &mut Connection, target: u32) -> Result<(), StoreError> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Version { found, known: SCHEMA_VERSION });
    }
    for (version, step) in (1..=target).zip(STEPS).skip(found as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", version)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{SCHEMA_VERSION, run, run_to};
    use crate::error::StoreError;

    fn schema(conn: &Connection) -> Vec<String> {
        let mut query = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").expect("sql");
        let rows = query.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    }

    #[test]
    fn every_older_version_ends_where_an_empty_file_ends_and_keeps_its_rows() {
        let mut fresh = Connection::open_in_memory().expect("memory");
        run(&mut fresh).expect("migrations");
        for start in 1..SCHEMA_VERSION {
            let mut old = Connection::open_in_memory().expect("memory");
            run_to(&mut old, start).expect("older version");
            old.execute("INSERT INTO tenant (tenant, epoch) VALUES (3, 41)", []).expect("row");
            run(&mut old).expect("the rest");
            assert_eq!(schema(&old), schema(&fresh), "from {start}");
            let kept = old.query_row("SELECT epoch, revision FROM tenant WHERE tenant = 3", [], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?))
            });
            assert_eq!(kept, Ok((41, 0)), "from {start}");
            run(&mut old).expect("a second run changes nothing");
        }
    }

    #[test]
    fn a_later_version_is_refused() {
        let mut conn = Connection::open_in_memory().expect("memory");
        conn.pragma_update(None, "user_version", SCHEMA_VERSION + 1).expect("pragma");
        let refused = StoreError::Version { found: SCHEMA_VERSION + 1, known: SCHEMA_VERSION };
        assert_eq!(run(&mut conn), Err(refused));
    }
}
