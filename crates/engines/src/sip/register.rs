//! REGISTER and the other requests outside dialogs (RFC 3261 10.3, RFC 3327, RFC 5626).

use super::auth::{Sender, user_of};
use super::{Output, SipEngine};
use ::sip::message::{HeaderName, Headers, Message, Method, NameAddr, Scheme};
use ::sip::registrar::{Binding, Change, Contact as Listed, Contacts, Reach, Register, RegisterError};
use ::sip::transaction::{Response, ServerKey};
use ::sip::transport::{Flow, Transport};
use switching::engine::{Contact, EngineInput};
use switching::id::DeviceId;
use switching::time::Time;

/// Octets of a User-Agent that are kept.
const USER_AGENT_LEN_MAX: usize = 128;

impl SipEngine {
    pub(super) fn requested(&mut self, now: Time, key: ServerKey, flow: &Flow, message: &Message) {
        let response = match message.method() {
            Method::Register => self.register(now, flow, message),
            // Within a dialog that is not there any more (RFC 3261 12.2.2): whoever asks learns that it is over.
            Method::Options if message.to_tag().is_empty() => self.options(),
            _ => Response::new(481),
        };
        self.endpoint.respond(now.0, key, &response);
    }

    /// OPTIONS tells that we are there and what we can (RFC 3261 11.2); it needs no credentials.
    fn options(&self) -> Response<'static> {
        let settings = self.endpoint.transactions().config();
        let headers = Headers::none()
            .with("Allow", settings.allow())
            .with("Supported", settings.supported())
            .with("Accept", "application/sdp");
        Response::new(200).with_headers(headers)
    }

    fn register(&mut self, now: Time, flow: &Flow, message: &Message) -> Response<'static> {
        let (device, user) = match self.authenticate(now, flow, message) {
            Sender::Device { id, user } => (id, user),
            Sender::Challenge(headers) => return Response::new(401).with_headers(headers),
        };
        let named = message.to().ok().and_then(|to| user_of(&to.uri));
        if named.as_deref() != Some(user.as_str()) {
            // A device registers for itself only.
            return Response::new(403);
        }
        let Some(request) = read(flow, message) else { return Response::new(400) };
        let before = self.contacts_of(now, &user);
        let changes = match self.registrar.register(&user, &request, now.0) {
            Ok(changes) => changes,
            Err(error) => return refuse(error),
        };
        for change in &changes {
            self.keep(now, device, &user, flow, change);
        }
        self.bans.forgive(flow.remote.ip());
        if self.contacts_of(now, &user) != before {
            self.tell_registration_of(now, device, &user);
        }
        let mut headers = Headers::none();
        for binding in self.registrar.bindings(&user, now.0) {
            headers.push("Contact", format!("<{}>;expires={}", binding.uri, binding.expires_in_s(now.0)));
        }
        Response::new(200).with_headers(headers)
    }

    fn keep(&mut self, now: Time, device: DeviceId, user: &str, flow: &Flow, change: &Change) {
        let (binding, before) = match change {
            Change::Added(binding) => (binding, None),
            Change::Refreshed { before, after } => (after, Some(before)),
            Change::Removed(binding) => {
                self.forget_flow(user, &binding.uri);
                return self.store(user, binding, false);
            }
        };
        let mut old = None;
        if let Some(before) = before.filter(|before| before.uri != binding.uri) {
            old = self.forget_flow(user, &before.uri);
            self.store(user, before, false);
        }
        old = self.flows.entry(user.to_owned()).or_default().insert(binding.uri.clone(), *flow).or(old);
        if before.is_none_or(|before| before.reach != binding.reach) {
            self.follow(now, device, binding, old, flow);
        }
        self.store(user, binding, true);
    }

    fn store(&mut self, user: &str, binding: &Binding, there: bool) {
        self.out.push_back(Output::Binding {
            user: user.to_owned(),
            contact: binding.uri.clone(),
            stored: there.then(|| binding.to_stored()),
            expires: Time(binding.expires_at_ms),
        });
    }

    fn forget_flow(&mut self, user: &str, uri: &str) -> Option<Flow> {
        let flows = self.flows.get_mut(user)?;
        let old = flows.remove(uri);
        if flows.is_empty() {
            self.flows.remove(user);
        }
        old
    }

    /// Takes back a stored binding after a restart; `local` is our address towards its source.
    pub fn restore_binding(&mut self, now: Time, user: &str, stored: &[u8], local: std::net::SocketAddr) {
        let Ok(binding) = Binding::from_stored(stored) else { return };
        let uri = binding.uri.clone();
        let flow = Flow { transport: Transport::Udp, local, remote: binding.source, connection: 0 };
        if self.devices.contains_key(user) && self.registrar.restore(user, binding, now.0) {
            self.flows.entry(user.to_owned()).or_default().insert(uri, flow);
            self.tell_registration(now, user);
        }
    }

    pub(super) fn expire_registrations(&mut self, now: Time) {
        if self.registrar.next_deadline().is_none_or(|at| at > now.0) {
            return;
        }
        for expired in self.registrar.expire(now.0) {
            let user = expired.address_of_record.to_string();
            self.forget_flow(&user, &expired.binding.uri);
            self.out.push_back(Output::Binding {
                user: user.clone(),
                contact: expired.binding.uri,
                stored: None,
                expires: now,
            });
            self.tell_registration(now, &user);
        }
    }

    pub(super) fn tell_registration(&mut self, now: Time, user: &str) {
        if let Some(id) = self.devices.get(user).map(|device| device.id) {
            self.tell_registration_of(now, id, user);
        }
    }

    fn tell_registration_of(&mut self, now: Time, device: DeviceId, user: &str) {
        let contacts = self.contacts_of(now, user);
        self.out.push_back(Output::Core(EngineInput::Registration { device, contacts }));
    }

    fn contacts_of(&self, now: Time, user: &str) -> Vec<Contact> {
        let contact = |binding: &&Binding| Contact {
            ip: binding.source.ip().to_string(),
            port: binding.source.port(),
            transport: match binding.reach {
                Reach::Datagram => "udp".to_owned(),
                Reach::Flow(_) | Reach::NoFlow { .. } => "tcp".to_owned(),
            },
            user_agent: binding.user_agent.clone().unwrap_or_default(),
        };
        let mut contacts: Vec<Contact> = self.registrar.bindings(user, now.0).iter().map(contact).collect();
        // A refresh changes the registrar's order; that is no news.
        contacts.sort_by(|a, b| (&a.ip, a.port, &a.user_agent).cmp(&(&b.ip, b.port, &b.user_agent)));
        contacts
    }
}

fn read(flow: &Flow, message: &Message) -> Option<Register> {
    let contacts = if message.contact_is_star() {
        // `*` stands alone (RFC 3261 10.3 step 6).
        if message.elements(HeaderName::Contact).count() > 1 {
            return None;
        }
        Contacts::All
    } else {
        let listed = message.contacts().map(|contact| listed(&contact.ok()?)).collect::<Option<Vec<_>>>()?;
        if listed.is_empty() { Contacts::Query } else { Contacts::Listed(listed) }
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let user_agent = message.value_of("User-Agent").map(|value| {
        let mut name = text(value);
        let end = name.char_indices().map(|(at, _)| at).find(|at| *at >= USER_AGENT_LEN_MAX);
        name.truncate(end.unwrap_or(name.len()));
        name
    });
    Some(Register {
        contacts,
        expires_s: message.number(HeaderName::Expires),
        call_id: text(message.call_id()),
        cseq: message.cseq().ok()?.number,
        path: message.elements(HeaderName::Path).map(text).collect(),
        flow: (flow.transport != Transport::Udp).then_some(flow.connection),
        source: flow.remote,
        user_agent,
    })
}

/// None for a contact that no INVITE can be sent to.
fn listed(contact: &NameAddr<'_>) -> Option<Listed> {
    if !matches!(contact.uri.scheme, Scheme::Sip | Scheme::Sips) {
        return None;
    }
    let text = |name: &str| contact.params.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
    Some(Listed {
        uri: String::from_utf8_lossy(contact.uri_raw).into_owned(),
        q_thousandths: text("q").and_then(|q| thousandths(&q)),
        expires_s: text("expires").and_then(|seconds| seconds.parse().ok()),
        instance: text("+sip.instance").map(|instance| instance.trim_matches('"').to_owned()),
        reg_id: text("reg-id").and_then(|id| id.parse().ok()),
    })
}

/// A q-value (RFC 3261 25.1: at most three decimals, 0 to 1).
fn thousandths(q: &str) -> Option<u16> {
    let (whole, decimals) = q.split_once('.').unwrap_or((q, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" | "" => Some(decimals),
        "1" => Some(1_000),
        _ => None,
    }
}

fn refuse(error: RegisterError) -> Response<'static> {
    match error {
        RegisterError::IntervalTooBrief { min_expires_s } => {
            Response::new(423).with_headers(Headers::none().with("Min-Expires", min_expires_s.to_string()))
        }
        RegisterError::OutOfOrder => Response::new(500),
        RegisterError::WildcardWithoutZero => Response::new(400),
        RegisterError::TooManyContacts => Response::new(403),
    }
}
