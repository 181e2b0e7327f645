//! What we have to say, where an SDK looks for it.
//!
//! A problem document is for whoever reads it. An SDK reads what its provider would write, and where that is missing it breaks over the
//! answer and hides it. So the members that it looks for stand in the document as well.

use alloc::string::{String, ToString as _};

use serde_json::{Map, Value, json};

use super::Scheme;

/// Adds them to a problem document. `calls_person`: it is over until somebody logs in, and not only for now.
pub fn say(scheme: Scheme, document: &mut Map<String, Value>, calls_person: bool) {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
    let (title, detail) = (text("title"), text("detail"));
    let sentence = [title.as_str(), &detail].join(" ").trim_end().to_string();
    let status = document.get("status").and_then(Value::as_u64).unwrap_or_default();
    let members = match scheme {
        Scheme::Breeze => {
            // Its SDK knows these two by heart, and makes a sentence of its own of them.
            let error = if status == 401 || calls_person { "Invalid session.".to_string() } else { sentence };
            json!({ "Success": null, "Status": status, "Error": error })
        }
        Scheme::Kite => {
            let kind = match status {
                _ if calls_person => "TokenException",
                401 => "TokenException",
                400..=499 => "InputException",
                _ => "NetworkException",
            };
            json!({ "error_type": kind, "message": sentence, "data": null })
        }
        Scheme::Upstox => {
            let code = text("code");
            json!({ "errors": [{ "errorCode": code, "error_code": code, "message": sentence }] })
        }
    };
    if let Value::Object(members) = members {
        document.extend(members);
    }
}

/// Adds what every SDK looks for. Whoever shows no key that is good learns from the answer neither whether there is such a service nor
/// whose it is, and each SDK still raises its own error for a token that is none.
pub fn say_to_stranger(document: &mut Map<String, Value>) {
    for scheme in Scheme::ALL {
        say(scheme, document, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(scheme: Scheme, status: u16, calls_person: bool) -> Value {
        let document = json!({ "title": "No.", "status": status, "code": "throttled", "detail": "Later." });
        let Value::Object(mut document) = document else { return Value::Null };
        say(scheme, &mut document, calls_person);
        // What was there stays.
        assert_eq!((&document["title"], &document["status"]), (&json!("No."), &json!(status)));
        Value::Object(document)
    }

    #[test]
    fn each_sdk_finds_what_it_looks_for() {
        let breeze = |status, person| said(Scheme::Breeze, status, person)["Error"].clone();
        assert_eq!(breeze(401, false), "Invalid session.");
        assert_eq!(breeze(503, true), "Invalid session.");
        assert_eq!(breeze(503, false), "No. Later.");
        assert_eq!(said(Scheme::Breeze, 503, false)["Status"], 503);
        assert_eq!(said(Scheme::Breeze, 503, false)["Success"], Value::Null);
        for (status, person, kind) in [
            (401, false, "TokenException"),
            (503, true, "TokenException"),
            (503, false, "NetworkException"),
            (429, false, "InputException"),
        ] {
            assert_eq!(said(Scheme::Kite, status, person)["error_type"], kind, "{status}");
        }
        assert_eq!(said(Scheme::Kite, 503, false)["message"], "No. Later.");
        let error = &said(Scheme::Upstox, 429, false)["errors"][0];
        assert_eq!((&error["errorCode"], &error["message"]), (&json!("throttled"), &json!("No. Later.")));
    }

    #[test]
    fn a_stranger_is_told_what_each_sdk_looks_for_and_no_sdk_is_in_the_way_of_another() {
        let document = json!({ "title": "No.", "status": 401, "code": "unauthorized" });
        let Value::Object(plain) = document else { return };
        let mut told = plain.clone();
        say_to_stranger(&mut told);
        let mut together = plain.len();
        for scheme in Scheme::ALL {
            let mut own = plain.clone();
            say(scheme, &mut own, false);
            assert!(own.iter().all(|(name, value)| told.get(name) == Some(value)), "{scheme:?}");
            together += own.len() - plain.len();
        }
        // Breeze three, Kite three, Upstox one: none has the name of another, nor of what was there.
        assert_eq!((told.len(), together), (3 + 7, 3 + 7));
    }
}
