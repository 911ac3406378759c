//! Passes the messages of one connection on, each at a time, and spoils the planned one.

use anyhow::{Result, bail};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{Act, Shared, Side, message::Message};

/// Returns at the end of both directions; an error is a connection that is to be cut, and dropping
/// both streams does that.
pub(super) async fn both_ways(
    mut client: TcpStream,
    mut server: TcpStream,
    shared: &Shared,
) -> Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, mut to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut from_client = BufReader::new(from_client);
    let Some(first) = first_message(&mut from_client, &mut to_client).await? else {
        return Ok(());
    };
    let frontend = async {
        let mut to_server = to_server;
        pass(first, Side::Frontend, &mut to_server, shared).await?;
        pump(from_client, to_server, Side::Frontend, shared).await
    };
    let backend = pump(
        BufReader::new(from_server),
        to_client,
        Side::Backend,
        shared,
    );
    tokio::try_join!(frontend, backend)?;
    Ok(())
}

/// The first message that is not a request for encryption. There is none here.
async fn first_message(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<Option<Message>> {
    loop {
        match Message::read(from, false).await? {
            Some(message) if message.asks_for_encryption() => to.write_all(b"N").await?,
            other => return Ok(other),
        }
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Side,
    shared: &Shared,
) -> Result<()> {
    while let Some(message) = Message::read(&mut from, true).await? {
        pass(message, side, &mut to, shared).await?;
    }
    // The other direction goes on, so that its last messages arrive.
    to.shutdown().await?;
    Ok(())
}

async fn pass(
    message: Message,
    side: Side,
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> Result<()> {
    // Subscribed before the test can see that the message is held.
    let mut released = shared.released.subscribe();
    let act = shared.meet(side, &message);
    let message = match act {
        Some(Act::CutBefore) => bail!("cut before a message"),
        Some(Act::RollBack) => message.rolled_back(),
        Some(Act::Hold) => {
            released.changed().await?;
            message
        }
        Some(Act::CutAfter) | None => message,
    };
    to.write_all(message.bytes()).await?;
    if act == Some(Act::CutAfter) {
        bail!("cut after a message");
    }
    Ok(())
}
