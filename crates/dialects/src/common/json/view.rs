//! What serde can take apart, as JSON text: what `serde_json` writes, for views that are written for every event.
//!
//! Names of fields are written as they are, since those that we derive need no escapes; that is most of the difference. Numbers with
//! a fraction, octets and enums with data do not occur in views.

use super::{Decimal, push_number};
use serde::ser::{Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use std::fmt::{Display, Error};

/// Appends a view.
///
/// # Panics
///
/// On what views do not have.
pub fn push_view(out: &mut String, view: &impl Serialize) {
    view.serialize(Pen(out)).expect("views have names, texts, whole numbers, lists and maps");
}

struct Pen<'a>(&'a mut String);

/// What is between brackets.
struct Within<'a> {
    out: &'a mut String,
    empty: bool,
    end: char,
}

impl<'a> Within<'a> {
    fn begin(out: &'a mut String, begin: char, end: char) -> Self {
        out.push(begin);
        Self { out, empty: true, end }
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
    }

    fn finish(self) {
        self.out.push(self.end);
    }
}

impl<'a> Serializer for Pen<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Within<'a>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Within<'a>;
    type SerializeStruct = Within<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, flag: bool) -> Result<(), Error> {
        self.0.push_str(if flag { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, number: i8) -> Result<(), Error> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<(), Error> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<(), Error> {
        self.serialize_i64(number.into())
    }

    fn serialize_i64(self, number: i64) -> Result<(), Error> {
        push_number(self.0, number);
        Ok(())
    }

    fn serialize_u8(self, number: u8) -> Result<(), Error> {
        self.serialize_u64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<(), Error> {
        self.serialize_u64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<(), Error> {
        self.serialize_u64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<(), Error> {
        self.0.push_str(Decimal::of(number).as_str());
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_char(self, c: char) -> Result<(), Error> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        if super::is_plain(text) {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        } else {
            self.0.push_str(&serde_json::to_string(text).map_err(|_| Error)?);
        }
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'a>, Error> {
        Ok(Within::begin(self.0, '[', ']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(Error)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        Err(Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Within<'a>, Error> {
        Ok(Within::begin(self.0, '{', '}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within<'a>, Error> {
        Ok(Within::begin(self.0, '{', '}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.serialize_str(&value.to_string())
    }
}

impl SerializeStruct for Within<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.comma();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        value.serialize(Pen(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeSeq for Within<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.comma();
        value.serialize(Pen(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.comma();
        key.serialize(Pen(self.out))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(':');
        value.serialize(Pen(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::push_view;
    use serde::Serialize;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct View {
        text: &'static str,
        none: Option<u8>,
        some: Option<i64>,
        list: Vec<Inner>,
        map: BTreeMap<String, String>,
        empty: (),
    }

    #[derive(Serialize)]
    struct Inner {
        flag: bool,
        count: u64,
        word: Word,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        OneWord,
    }

    #[test]
    fn it_is_what_serde_json_writes() {
        let inner = |flag| Inner { flag, count: u64::MAX, word: Word::OneWord };
        let map = [("\"k\u{8}", "\u{c}\n\u{1f}é\\"), ("", "/")];
        let view = View {
            text: "a\"b",
            none: None,
            some: Some(i64::MIN),
            list: vec![inner(true), inner(false)],
            map: map.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            empty: (),
        };
        let mut out = String::new();
        push_view(&mut out, &view);
        assert_eq!(out, serde_json::to_string(&view).expect("a view"));
    }
}
