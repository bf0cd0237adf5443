// A TCP proxy on loopback, so that a server can be away for one client: refusing connections, or silent as behind a cable that was cut.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Test } from 'tap';
import { freePorts } from '../../support/process.ts';

export interface Proxy {
  readonly port: number;
  /** Ends all connections, and refuses new ones. */
  close(): Promise<void>;
  /** Accepts connections again. */
  open(): Promise<void>;
  /** Drops what comes, in both directions; connections stay open. */
  cut(isCut: boolean): void;
}

export async function proxyTo(t: Pick<Test, 'teardown'>, target: number): Promise<Proxy> {
  const [port] = await freePorts(1);
  const sockets = new Set<Socket>();
  let isCut = false;
  let server: Server | undefined;
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!isCut) to.write(bytes);
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      if (!isCut) to.destroy();
    });
  };
  const open = async () => {
    server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      join(client, upstream);
      join(upstream, client);
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const close = async () => {
    const closed = server && once(server, 'close');
    server?.close();
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  t.teardown(close);
  return {
    port,
    open,
    close,
    cut(now) {
      isCut = now;
      // What was dropped is lost: a connection that goes on would be out of step.
      if (!isCut) for (const socket of sockets) socket.destroy();
    },
  };
}
