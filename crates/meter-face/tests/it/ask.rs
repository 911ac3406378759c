//! Requests in the form of native messages.

use crate::stand::Stand;
use serde_json::{Value, json};

#[tokio::test]
async fn the_page_asks_in_native_messages_and_gets_reply_frames() {
    let stand = Stand::start();
    let ask = async |body: &str| -> Value {
        let reply = stand.post("/api/ask", body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.body).expect("JSON")
    };
    let status = ask(r#"{"id": 7, "request": "status"}"#).await;
    assert_eq!(status["reply"]["id"], 7);
    assert_eq!(status["reply"]["ok"]["status"]["reports"], "1");
    let refused = ask(r#"{"id": 8, "request": "tor_stop"}"#).await;
    assert_eq!(refused["reply"]["error"]["code"], "tor_not_ours");
    let unknown = ask(r#"{"id": 9, "request": "fly"}"#).await;
    assert_eq!(unknown["reply"]["id"], json!(9));
    assert_eq!(unknown["reply"]["error"]["code"], "unknown_request");
    stand.end().await;
}
