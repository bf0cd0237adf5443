// Clients that hold memory of a service: they begin requests, and then neither go on nor disconnect.
import { connect, type Socket } from 'node:net';

/** Clients with different addresses, where the system has all of 127.0.0.0/8: one client gets only its share. */
const ADDRESSES = 40;

/** The size of one write. */
const PIECE_BYTES = 2 ** 20;

/** One client's request: its head, and its body as far as it is sent. */
export interface Begun {
  readonly head: string;
  readonly body: Buffer;
  /** How often the body is sent, one after another. */
  readonly times: number;
}

/** The clients, and what became of them. */
export interface Stalled {
  readonly sockets: readonly Socket[];
  /** The number of answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Begins `count` requests at once; resolves when each has been sent as far as it goes, or has been cut off. */
export async function stall(port: number, count: number, request: Begun): Promise<Stalled> {
  const statuses = new Map<number, number>();
  const sockets: Socket[] = [];
  const all = Array.from({ length: count }, (_, i) => {
    const localAddress = process.platform === 'linux' ? `127.0.${1 + (i % ADDRESSES)}.1` : undefined;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    sockets.push(socket);
    socket.once('data', (bytes) => {
      const status = Number(bytes.toString('latin1', 9, 12));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // Neither does it read on.
      socket.pause();
    });
    socket.on('error', () => {});
    return send(socket, request);
  });
  await Promise.all(all);
  return { sockets, statuses };
}

function send(socket: Socket, { head, body, times }: Begun): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let [round, at] = [0, 0];
  const goOn = () => {
    while (round < times && !socket.destroyed) {
      const piece = body.subarray(at, at + PIECE_BYTES);
      at += piece.length;
      if (at >= body.length) [round, at] = [round + 1, 0];
      if (!socket.write(piece)) return;
    }
    resolve();
  };
  socket.on('drain', goOn).on('close', resolve);
  socket.write(head);
  goOn();
  return promise;
}
