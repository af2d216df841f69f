//! The one suite, on every back end. A new back end adds a line to `suite_on!`; a new case adds a line there too.

mod suite;

use store::{SqliteOptions, Store};

macro_rules! suite_on {
    ($backend:ident, $make:expr; $($module:ident :: $case:ident),* $(,)?) => {
        mod $backend {
            $(#[test]
            fn $case() {
                let (_keep, mut store) = $make;
                super::suite::$module::$case(&mut store);
            })*
        }
    };
}

macro_rules! on_all {
    ($($cases:tt)*) => {
        suite_on!(memory, ((), super::Store::memory()); $($cases)*);
        suite_on!(sqlite, super::file_store(); $($cases)*);
    };
}

on_all! {
    log::events_and_inputs_come_back_in_order_from_any_place,
    log::a_foreign_append_fences_and_nothing_of_the_batch_stays,
    log::a_batch_with_a_hole_is_malformed,
    log::one_refused_batch_of_a_group_leaves_the_others,
    log::tenants_do_not_meet,
    log::a_big_batch_comes_back_whole,
    log::the_last_checkpoint_of_a_leg_wins_and_an_ended_leg_is_gone,
    log::the_newest_snapshot_and_the_mirror_at_a_place,
    log::answers_are_found_by_principal_and_key,
    log::registrations_are_replaced_and_deleted,
    log::an_unknown_tenant_is_empty,
    log::numbers_too_large_for_a_key_are_refused,
    prune::nothing_goes_without_a_snapshot,
    prune::journal_by_snapshot_and_events_by_age_and_snapshot,
    prune::records_stages_answers_and_registrations_by_age,
    prune::mirrors_that_a_kept_event_needs_stay,
    prune::answers_beyond_the_bound_go_oldest_first,
    records::pages_run_newest_first_without_loss_or_repeat,
    records::filters_by_party_prefix_and_time,
    records::a_record_written_again_replaces_its_parties,
    records::stages_by_id_root_call_and_closing,
    records::a_walk_runs_oldest_first_within_its_range,
    records::what_is_taken_off_a_list_stays_for_the_others_and_is_forgotten_with_its_record,
    directory::secrets_accounts_codes_and_tokens,
    directory::settings_and_configuration_with_rising_revisions,
    directory::a_batch_carries_directory_writes,
    outbox::pushes_are_leased_in_order_per_key_and_settled,
    outbox::a_message_laid_twice_is_one_and_the_cursor_moves,
    outbox::the_outbox_is_bounded,
    outbox::a_parked_push_holds_nobody_back_and_can_be_replayed,
    outbox::what_an_endpoint_has_not_taken_is_counted_and_is_as_old_as_its_oldest,
    reader::a_reader_sees_what_is_committed,
    reader::a_reader_is_told_that_the_directory_has_changed,
}

fn file_store() -> (suite::TempDir, Store) {
    let dir = suite::TempDir::new();
    let store = Store::sqlite(SqliteOptions::new(dir.path().join("hookswitch.db"))).expect("a new file opens");
    (dir, store)
}
