//! The exchange, tested through its boundary: inputs with a time go in, orders, events, records and replies come out.
//!
//! Ladders are files (see [`script`]); what a ladder cannot say (many commands at once, bounds, random inputs) is Rust.

mod commands;
mod properties;
mod script;
mod world;

macro_rules! ladders {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                script::check(stringify!($name));
            }
        )*

        #[test]
        fn every_ladder_is_played() {
            let played: std::collections::BTreeSet<&str> = [$(stringify!($name)),*].into();
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ladders");
            for entry in std::fs::read_dir(folder).expect("the ladders are there") {
                let name = entry.expect("readable").file_name().into_string().expect("a plain name");
                assert!(played.contains(name.trim_end_matches(".txt")), "{name} is played by no test");
            }
        }
    };
}

ladders! {
    a_hidden_caller_is_not_found_by_its_number
    answer_before_ringing
    answer_command
    answer_command_fails
    application_session
    associate_data
    busy
    cancelled_by_the_caller
    clear_device
    cleared_by_command_in_every_state
    click_to_call
    device_without_a_directory_number
    digits_in_a_call
    do_not_disturb
    double_late_and_reordered_reports
    fail_tone
    first_leg_fails
    glare
    guards_and_selectors
    idempotency_key
    inventory_after_a_restart
    lines_of_a_calling_phone
    make_call_is_checked
    make_call_replies_at_first_answer
    no_answer
    off_hook_and_auto_answer
    options_of_the_second_leg
    phone_to_phone
    prompted_first_leg
    rejected
    rung_where_it_cannot_be_lifted
    shutdown
    snapshot_in_every_state
    talk_limit
    tombstones
    trunk_call
    two_phones_of_one_number
    unknown_number
    unregistered
}
