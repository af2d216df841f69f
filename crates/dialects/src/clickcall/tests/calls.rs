//! What a document does to the exchange, and the code it is answered with.

use super::rig::{Rig, call, command, digits, document};
use switching::config::ClassOfService;
use switching::model::ConnectionState;

impl Rig {
    /// The states of all connections, oldest first.
    fn states(&self) -> Vec<ConnectionState> {
        self.exchange.read(|picture| picture.connections.values().map(|it| it.state).collect())
    }
}

#[tokio::test]
async fn the_source_rings_first_and_the_destination_once_it_answers() {
    let rig = Rig::start().await;
    assert_eq!(rig.codes(&call("1 0-2")).await, [100]);
    let rung = rig.rung();
    assert_eq!(rung.len(), 1, "nobody else yet: {rung:?}");
    assert_eq!((rung[0].0.as_str(), rung[0].1.number.as_str()), ("104", "102"), "it shows whom it is going to call");
    assert_eq!(rung[0].1.name, "Name 102");
    assert_eq!(rig.codes(&call("102")).await, [110], "it is on its way");
    rig.answers("104");
    let rung = rig.rung();
    assert_eq!((rung[1].0.as_str(), rung[1].1.number.as_str()), ("102", "104"));
    rig.answers("102");
    assert_eq!(rig.states(), [ConnectionState::Connected; 2]);
    assert_eq!(rig.codes(&call("102")).await, [110]);
}

#[tokio::test]
async fn a_source_that_does_not_answer_calls_nobody() {
    let rig = Rig::start().await;
    assert_eq!(rig.codes(&call("102")).await, [100]);
    rig.passes_ms(60_000);
    assert_eq!(rig.rung().len(), 1);
    assert_eq!(rig.states(), []);
    assert_eq!(rig.codes(&call("102")).await, [100], "it is free again");
}

#[tokio::test]
async fn a_destination_that_fails_is_heard_at_the_phone() {
    let rig = Rig::start().await;
    assert_eq!(rig.codes(&call("999")).await, [100], "accepted (CCX-12)");
    rig.answers("104");
    assert_eq!(rig.states(), [ConnectionState::Fail]);
    assert_eq!(rig.codes(&call("102")).await, [110]);
    rig.passes_ms(30_000);
    assert_eq!(rig.states(), []);
}

#[tokio::test]
async fn credentials_come_before_everything_else() {
    let rig = Rig::start().await;
    let with = |user: &str, password: &str, station: &str| {
        let text = call("").replace("<stnnum>104", &format!("<stnnum>{station}"));
        text.replace("<userid>ann", &format!("<userid>{user}")).replace("open sesame", password)
    };
    // No destination, and yet: the password is wrong.
    assert_eq!(rig.codes(&with("ann", "wrong", "104")).await, [101]);
    assert_eq!(rig.codes(&with("bob", "open sesame", "104")).await, [101]);
    assert_eq!(rig.codes(&with("", "", "")).await, [101]);
    assert_eq!(rig.codes(&with("ann", &"x".repeat(129), "104")).await, [101]);
    assert_eq!(rig.codes(&with("ann", "open sesame", "102")).await, [104], "no destination comes before whose it is");
    let whose = |station: &str, source: &str| {
        call("102")
            .replace("<stnnum>104", &format!("<stnnum>{station}"))
            .replace("<dialnum>104", &format!("<dialnum>{source}"))
    };
    assert_eq!(rig.codes(&whose("102", "102")).await, [102]);
    assert_eq!(rig.codes(&whose("", "104")).await, [102]);
    assert_eq!(rig.codes(&whose("104", "102")).await, [102]);
    assert_eq!(rig.codes(&whose("104", "nobody")).await, [102]);
    let lost = call("102").replace("<userid>ann", "<userid>lost").replace("open sesame", "lost");
    assert_eq!(rig.codes(&lost).await, [102], "an account without a station");
    assert!(rig.rung().is_empty());
}

#[tokio::test]
async fn the_source_may_be_another_phone_of_the_same_number() {
    let rig = Rig::start().await;
    let from = |source: &str| document("", &command(source, "<destinfo><dialnum>102</dialnum></destinfo>"));
    assert_eq!(rig.codes(&from("204")).await, [100]);
    assert_eq!(rig.codes(&from("")).await, [100], "the station itself by default");
    let rung: Vec<String> = rig.rung().into_iter().map(|(phone, _)| phone).collect();
    assert_eq!(rung, ["204", "104"]);
    rig.register("204", false);
    rig.passes_ms(60_000);
    assert_eq!(rig.codes(&from("204")).await, [104], "not registered");
}

#[tokio::test]
async fn three_wrong_passwords_lock_a_user_for_a_minute() {
    let rig = Rig::start().await;
    let wrong = call("102").replace("open sesame", "wrong");
    assert_eq!(rig.codes(&wrong).await, [101]);
    assert_eq!(rig.codes(&wrong).await, [101]);
    assert_eq!(rig.codes(&call("102")).await, [100], "a right one ends the row");
    for _ in 0..3 {
        assert_eq!(rig.codes(&wrong).await, [101]);
    }
    let looked_at = rig.logins();
    assert_eq!(rig.codes(&wrong).await, [102]);
    assert_eq!(rig.codes(&call("102")).await, [102], "the right one too");
    assert_eq!(rig.logins(), looked_at, "it was not even looked at");
    rig.passes_ms(59_999);
    assert_eq!(rig.codes(&call("102")).await, [102]);
    rig.passes_ms(1);
    assert_eq!(rig.codes(&wrong).await, [101]);
    assert_eq!(rig.codes(&call("102")).await, [100]);
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_guesses() {
    let rig = Rig::start().await;
    let guess = call("102").replace("open sesame", "wrong");
    let guesses = futures_util::future::join_all((0..20).map(|_| rig.codes(&guess))).await;
    assert_eq!(guesses.iter().filter(|codes| **codes == [101]).count(), 3, "{guesses:?}");
    assert_eq!(rig.logins(), 3);
}

#[tokio::test]
async fn attributes_that_are_not_supported_are_refused() {
    let rig = Rig::start().await;
    let request = |attributes: &str| {
        let command = command("", "<destinfo><dialnum>102</dialnum></destinfo>");
        format!("<ipecs_svc><request {attributes}>{command}</request></ipecs_svc>")
    };
    for attributes in [
        "type='service' servicename='clicktocall' encrypt='on'",
        "type='service' servicename='clicktocall' encrypt=''",
        "type='service' servicename='conference'",
        "type='event' servicename='clicktocall'",
        "servicename='clicktocall'",
        "type='service'",
    ] {
        assert_eq!(rig.codes(&request(attributes)).await, [104], "{attributes}");
    }
    let other = "<ipecs_svc><request type='service' servicename='smdr'><smdr/></request></ipecs_svc>";
    assert_eq!(rig.codes(other).await, [104]);
    let encrypted = call("102").replace("<userpwd>", "<userpwd encrypt='on'>");
    for _ in 0..4 {
        assert_eq!(rig.codes(&encrypted).await, [104], "never a wrong password");
    }
    for destinfo in ["<destinfo calltype='multi'><dialnum>102</dialnum></destinfo>", "", "<destinfo/>"] {
        assert_eq!(rig.codes(&document("", &command("", destinfo))).await, [104], "{destinfo}");
    }
    for number in ["sales", "1x", "+", &"1".repeat(65)] {
        assert_eq!(rig.codes(&call(number)).await, [104], "{number}");
    }
    assert!(rig.rung().is_empty());
    let accepted = call("102").replace("<userpwd>", "<userpwd encrypt=' OFF '>");
    assert_eq!(rig.codes(&accepted.replace("<destinfo>", "<destinfo calltype='Single'>")).await, [100]);
}

#[tokio::test]
async fn hangup_ends_the_call_of_the_station() {
    let rig = Rig::start().await;
    let hang_up = document("", &command("104", "<destinfo calltype='hangup'><dialnum>0000</dialnum></destinfo>"));
    assert_eq!(rig.codes(&hang_up).await, [100], "nothing to hang up");
    for answered in [0, 1, 2] {
        assert_eq!(rig.codes(&call("102")).await, [100]);
        for phone in ["104", "102"].into_iter().take(answered) {
            rig.answers(phone);
        }
        assert_eq!(rig.codes(&hang_up.replace("hangup", "HangUp")).await, [100]);
        assert_eq!(rig.states(), [], "after {answered}");
    }
    assert_eq!(rig.codes(&hang_up.replace("open sesame", "x")).await, [101]);
    assert_eq!(rig.codes(&hang_up.replace("<stnnum>104", "<stnnum>102")).await, [102]);
}

#[tokio::test]
async fn several_commands_are_carried_out_in_order() {
    let rig = Rig::start().await;
    let to = |source: &str, number: &str| command(source, &format!("<destinfo><dialnum>{number}</dialnum></destinfo>"));
    let commands = [to("104", "102"), to("104", "102"), to("204", "102"), to("102", "104")].concat();
    let answer = rig.post("/ipecs_svc", "", &document("cmd_cnt='7' requestid='r-1'", &commands)).await;
    let head =
        "<response encrypt=\"off\" servicename=\"clicktocall\" type=\"service\" responseid=\"r-1\" cmd_cnt=\"4\">";
    assert!(answer.contains(head), "{answer}");
    let codes: Vec<&str> = answer.lines().filter(|line| line.contains("<code>")).map(str::trim).collect();
    assert_eq!(codes, ["<code>100</code>", "<code>110</code>", "<code>100</code>", "<code>102</code>"]);
    assert_eq!(answer.matches("<status_id />").count(), 4);
}

#[tokio::test]
async fn a_class_of_service_forbids_numbers_and_the_service_itself() {
    let rig = Rig::start().await;
    rig.classify("104", ClassOfService { barred: vec![digits("0"), digits("102")], no_click_to_call: false });
    assert_eq!(rig.codes(&call("01064950821")).await, [103], "whether or not there is such a number");
    assert_eq!(rig.codes(&call("10-2")).await, [103]);
    assert_eq!(rig.codes(&document("", &command("204", "<destinfo><dialnum>102</dialnum></destinfo>"))).await, [100]);
    assert_eq!(rig.codes(&call("999")).await, [100], "not forbidden");
    assert_eq!(rig.codes(&call("102")).await, [110], "busy comes before the class of service");
    rig.passes_ms(60_000);
    rig.classify("104", ClassOfService { barred: Vec::new(), no_click_to_call: true });
    assert_eq!(rig.codes(&call("102")).await, [104]);
    assert_eq!(
        rig.codes(&call("102").replace("<stnnum>104", "<stnnum>102")).await,
        [104],
        "before whose station it is"
    );
    assert_eq!(rig.codes(&call("102").replace("open sesame", "x")).await, [101]);
}
