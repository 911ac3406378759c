//! A wire of a known length between a client and its guards: a SOCKS5 proxy that passes everything
//! on after a fixed delay, in each direction.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::loopback::connect;

/// How far the network is from its client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Everything on loopback.
    Near,
    /// With [`FAR`] between the client and its guards.
    Far,
}

impl Place {
    pub(crate) const ALL: [Self; 2] = [Self::Near, Self::Far];

    /// The beginning of the names of its rows.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
        }
    }

    /// The wire of that length; `None` for `Near`.
    ///
    /// # Errors
    /// No port can be bound.
    pub(crate) async fn wire(self) -> Result<Option<Wire>> {
        Ok(match self {
            Self::Near => None,
            Self::Far => Some(Wire::start(FAR / 2).await?),
        })
    }
}

/// The proxy. Dropping it cuts every connection.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    _task: JoinSet<Result<()>>,
}

impl Wire {
    /// Starts a wire on a free port of 127.0.0.1; `one_way` is the delay of a byte from end to end.
    ///
    /// # Errors
    /// No port can be bound.
    async fn start(one_way: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut task = JoinSet::new();
        task.spawn(accept(listener, one_way));
        Ok(Self {
            address,
            _task: task,
        })
    }
}

async fn accept(listener: TcpListener, one_way: Duration) -> Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await?;
        connections.spawn(serve(client, one_way));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut client: TcpStream, one_way: Duration) -> Result<()> {
    client.set_nodelay(true)?;
    let target = hear(&mut client).await?;
    let server = connect(target).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        carry(from_client, to_server, one_way),
        carry(from_server, to_client, one_way)
    )?;
    Ok(())
}

/// Reads the request as `tor` and Arti write it: no authentication, an IPv4 address.
async fn hear(client: &mut TcpStream) -> Result<SocketAddr> {
    let methods = read::<2>(client).await?[1];
    client
        .read_exact(&mut vec![0; usize::from(methods)])
        .await?;
    client.write_all(&[5, 0]).await?;
    let head = read::<4>(client).await?;
    ensure!(head == [5, 1, 0, 1], "relays have IPv4 addresses here");
    let address = Ipv4Addr::from(read::<4>(client).await?);
    Ok((address, client.read_u16().await?).into())
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration) -> Result<()> {
    let (enter, mut leave) = mpsc::channel(PIECES_MAX);
    let entering = async move {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = from.read(&mut piece).await?;
            if length == 0 {
                return anyhow::Ok(());
            }
            piece.truncate(length);
            enter.send((Instant::now() + one_way, piece)).await?;
        }
    };
    let leaving = async {
        while let Some((due, piece)) = leave.recv().await {
            sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        Ok(to.shutdown().await?)
    };
    tokio::try_join!(entering, leaving)?;
    Ok(())
}

async fn read<const BYTES: usize>(stream: &mut TcpStream) -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The round trip to the guard.
pub(crate) const FAR: Duration = Duration::from_millis(100);
const PIECE_BYTES: usize = 16 << 10;
/// The limit of pieces on the way: more than Tor's windows allow, so that only the delay matters.
const PIECES_MAX: usize = 8_192;
