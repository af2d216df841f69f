//! What must be kept of a confirmed dialog so that it can be ended, probed or changed after a restart (house plan,
//! durability): plain values, written with numbered fields behind one version byte, so that a later version reads them.

use super::usage::{Begin, Dialog, Phase, Role, Usage};
use crate::transport::{Flow, Transport};
use minicbor::{Decode, Encode};

/// How far our CSeq jumps at a restart: past anything sent after the last checkpoint.
pub const CSEQ_JUMP: u32 = 1_000;
/// The layout written today.
const VERSION: u8 = 1;

/// Bytes that are no checkpoint of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// A version this program does not read.
    #[error("unknown checkpoint version")]
    Version,
    /// The fields cannot be read.
    #[error("malformed checkpoint")]
    Malformed,
}

/// A confirmed dialog as values.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Checkpoint {
    /// Did we send the INVITE?
    #[n(0)]
    pub is_uac: bool,
    /// The Call-ID.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub call_id: Vec<u8>,
    /// Our address without tag.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub local: Vec<u8>,
    /// Our tag.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub local_tag: Vec<u8>,
    /// The peer's address without tag.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub remote: Vec<u8>,
    /// The peer's tag.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub remote_tag: Vec<u8>,
    /// The remote target.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub target: Vec<u8>,
    /// The route set, each an element of a Route header.
    #[n(7)]
    pub routes: Vec<minicbor::bytes::ByteVec>,
    /// The last CSeq number we used.
    #[n(8)]
    pub local_cseq: u32,
    /// The last CSeq number of the peer.
    #[n(9)]
    pub remote_cseq: Option<u32>,
    /// The CSeq number of the INVITE that began the usage.
    #[n(10)]
    pub invite_cseq: u32,
    /// The transport: 0 UDP, 1 TCP, 2 TLS, 3 WS, 4 WSS.
    #[n(11)]
    pub transport: u8,
    /// Our address of the flow, as `ip:port`.
    #[n(12)]
    pub flow_local: String,
    /// The observed source of the peer, as `ip:port`.
    #[n(13)]
    pub flow_remote: String,
    /// What stands in our Via.
    #[n(14)]
    pub sent_by: String,
    /// Our Contact.
    #[cbor(n(15), with = "minicbor::bytes")]
    pub contact: Vec<u8>,
}

impl Checkpoint {
    /// The written form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        minicbor::encode(self, &mut out).expect("writing to a vector does not fail");
        out
    }

    /// Reads the written form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, BadCheckpoint> {
        let (version, fields) = bytes.split_first().ok_or(BadCheckpoint::Malformed)?;
        if *version != VERSION {
            return Err(BadCheckpoint::Version);
        }
        minicbor::decode(fields).map_err(|_| BadCheckpoint::Malformed)
    }

    fn flow(&self) -> Result<Flow, BadCheckpoint> {
        let address = |text: &str| text.parse().map_err(|_| BadCheckpoint::Malformed);
        Ok(Flow {
            transport: transport_from(self.transport).ok_or(BadCheckpoint::Malformed)?,
            local: address(&self.flow_local)?,
            remote: address(&self.flow_remote)?,
            // Connections do not survive a restart; the user binds the device's next one.
            connection: 0,
        })
    }
}

fn transport_number(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 2,
        Transport::Ws => 3,
        Transport::Wss => 4,
    }
}

fn transport_from(number: u8) -> Option<Transport> {
    [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss].get(usize::from(number)).copied()
}

impl Usage {
    /// The checkpoint of a confirmed usage; `None` in any other phase.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let dialog = self.dialogs.first().filter(|_| self.phase == Phase::Confirmed)?;
        Some(Checkpoint {
            is_uac: self.role == Role::Uac,
            call_id: self.call_id.to_vec(),
            local: self.local.to_vec(),
            local_tag: self.local_tag.to_vec(),
            remote: self.remote.to_vec(),
            remote_tag: dialog.remote_tag.to_vec(),
            target: dialog.target.to_vec(),
            routes: dialog.routes.iter().map(|route| route.to_vec().into()).collect(),
            local_cseq: dialog.local_cseq,
            remote_cseq: dialog.remote_cseq,
            invite_cseq: self.invite_cseq,
            transport: transport_number(self.flow.transport),
            flow_local: self.flow.local.to_string(),
            flow_remote: self.flow.remote.to_string(),
            sent_by: self.sent_by.to_string(),
            contact: self.contact.to_vec(),
        })
    }

    /// A usage from its checkpoint.
    pub fn restore(id: u64, checkpoint: &Checkpoint) -> Result<Usage, BadCheckpoint> {
        let flow = checkpoint.flow()?;
        let mut usage = Usage::begin(Begin {
            id,
            role: if checkpoint.is_uac { Role::Uac } else { Role::Uas },
            call_id: &checkpoint.call_id,
            local: &checkpoint.local,
            local_tag: &checkpoint.local_tag,
            remote: &checkpoint.remote,
            flow,
            sent_by: checkpoint.sent_by.clone(),
            contact: checkpoint.contact.clone(),
            invite_cseq: checkpoint.invite_cseq,
        });
        usage.phase = Phase::Confirmed;
        usage.dialogs.push(Dialog {
            remote_tag: checkpoint.remote_tag.as_slice().into(),
            target: checkpoint.target.as_slice().into(),
            routes: checkpoint.routes.iter().map(|route| Box::from(route.as_slice())).collect(),
            local_cseq: checkpoint.local_cseq.saturating_add(CSEQ_JUMP),
            remote_cseq: checkpoint.remote_cseq,
            rseq: None,
        });
        Ok(usage)
    }
}
