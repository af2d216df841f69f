//! The greeting to whoever started the program.

use crate::config::Config;
use std::net::SocketAddr;

/// Prints where everything is, and the first things to try. The last line holds the word `ready`.
#[allow(clippy::print_stdout, reason = "this is the program's greeting to whoever started it")]
pub fn announce(config: &Config, bound: &[(&str, SocketAddr)]) {
    for (key, address) in bound {
        println!("{key:<16} {address}");
    }
    let at = |key: &str| bound.iter().find(|(known, _)| *known == key).map(|(_, address)| *address);
    if config.demo {
        let data = config.data_dir.display();
        if let Some(fusion) = at("fusion") {
            println!("try: curl 'http://{fusion}/xml/ccOriginate.php?phone_id=SDP01001&to=1002&async=true'");
        }
        if let Some(voicenter) = at("voicenter") {
            let call = "ForwardDialer/click2call.aspx?code=demo-voicenter&phone=1001&target=1002";
            println!("     curl 'http://{voicenter}/{call}'");
        }
        if let Some(console) = at("console") {
            println!("     curl -H \"Authorization: Bearer $(cat {data}/console.token)\" --json '{{}}' \\");
            println!("       http://{console}/api/v1/test/phones/1001/answer");
            println!(
                "     curl -H \"Authorization: Bearer $(cat {data}/console.token)\" http://{console}/api/v1/calls"
            );
        }
    }
    println!("hookswitch is ready");
}
