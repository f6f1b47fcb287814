//! Bodies: a request's, read within bounds of size and time; a response's, whole or going on.
//!
//! Whatever the headers claim, no more than [`BODY_MAX_LEN`] bytes of a request are kept, and a
//! response asks its source for more only when the peer has taken what came before.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use gms::problem::Code;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{json, limits::BODY_MAX_LEN, pulse::Pulse, refusal::Refusal};

/// Reads a request's body as JSON.
pub async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Incoming,
    at_most: Duration,
) -> Result<T, Refusal> {
    match read_optional_json(headers, body, at_most).await? {
        Some(value) => Ok(value),
        None => Err(Refusal::invalid("the body is empty; send a JSON object as application/json")),
    }
}

/// Reads a request's body as JSON; none if it is empty.
pub async fn read_optional_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Incoming,
    at_most: Duration,
) -> Result<Option<T>, Refusal> {
    if body.is_end_stream() {
        return Ok(None);
    }
    check_media(headers)?;
    if body.size_hint().lower() > BODY_MAX_LEN as u64 {
        return Err(Refusal::too_large("the body", BODY_MAX_LEN, "bytes"));
    }
    let collected =
        timeout(at_most, Limited::new(body, BODY_MAX_LEN).collect()).await.map_err(|_| {
            Refusal::invalid(format!("the body did not arrive within {} ms", at_most.as_millis()))
        })?;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(Refusal::too_large("the body", BODY_MAX_LEN, "bytes"));
        }
        Err(error) => return Err(Refusal::invalid(format!("the body is broken: {error}"))),
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    json::parse(&bytes).map(Some)
}

fn check_media(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let essence = types.next().and_then(|value| {
        let text = value.to_str().ok()?;
        Some(text.split(';').next()?.trim().to_ascii_lowercase())
    });
    if essence.as_deref() != Some("application/json") || types.next().is_some() {
        let found = essence
            .map_or_else(|| "none that can be read".to_owned(), |found| format!("{found:?}"));
        return Err(Refusal::new(
            Code::UnsupportedMedia,
            format!("Content-Type is {found}; send application/json"),
        ));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::new(
            Code::UnsupportedMedia,
            "Content-Encoding: send the body as it is",
        ));
    }
    Ok(())
}

enum Source {
    Nothing,
    Whole(Bytes),
    Stream(BoxStream<'static, Bytes>),
}

/// A response's body.
pub struct Body {
    source: Source,
    /// The answer is due until this body is gone.
    due: Option<Arc<Pulse>>,
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::of(Source::Nothing)
    }

    /// These bytes.
    pub fn whole(bytes: Bytes) -> Self {
        Self::of(Source::Whole(bytes))
    }

    /// What the stream gives.
    pub fn stream(stream: BoxStream<'static, Bytes>) -> Self {
        Self::of(Source::Stream(stream))
    }

    fn of(source: Source) -> Self {
        Self { source, due: None }
    }

    /// The same, and the pulse is told when it is over.
    #[must_use]
    pub fn tells(mut self, pulse: Arc<Pulse>) -> Self {
        self.due = Some(pulse);
        self
    }

    /// Whether it goes on.
    pub fn is_stream(&self) -> bool {
        matches!(self.source, Source::Stream(_))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(pulse) = &self.due {
            pulse.finish();
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        match &mut this.source {
            Source::Nothing => Poll::Ready(None),
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                this.source = Source::Nothing;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Source::Stream(stream) => stream
                .as_mut()
                .poll_next(context)
                .map(|next| next.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Nothing => true,
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Nothing => SizeHint::with_exact(0),
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Stream(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_taken() {
        for (value, good) in [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("text/plain"), false),
            (Some("application/jsonx"), false),
            (Some(""), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(check_media(&headers).is_ok(), good, "{value:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.append(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert!(check_media(&headers).is_err());
        headers.remove(CONTENT_TYPE);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(check_media(&headers).is_err());
    }
}
