// The rate limit: a number of requests of a client per time window. A window begins with a client's first request.
import { Refusal } from '../refusal.ts';

/** The most clients to remember; beyond that, the one with the oldest window is forgotten. */
const MOST_CLIENTS = 10_000;

/** The requests of one client in its window. */
interface Window {
  requests: number;
  /** In milliseconds of performance.now(). */
  end: number;
}

export class RateLimit {
  readonly max: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();

  /** Allows each client `max` requests in `windowMs` milliseconds. */
  constructor(max: number, windowMs: number) {
    this.max = max;
    this.#windowMs = windowMs;
  }

  /** Counts a request of a client, and returns the client's window; `now` is in milliseconds of performance.now(). */
  count(client: string, now: number): Readonly<Window> {
    let window = this.#windows.get(client);
    if (window === undefined || window.end <= now) {
      // Deleted and inserted again, so that the map is ordered by the beginnings of the windows.
      this.#windows.delete(client);
      window = { requests: 0, end: now + this.#windowMs };
      this.#windows.set(client, window);
      if (this.#windows.size > MOST_CLIENTS) this.#windows.delete(this.#windows.keys().next().value as string);
    }
    window.requests++;
    return window;
  }

  /** The refusal for a client above the limit, whose window ends in `seconds`. */
  refusal(seconds: number): Refusal {
    const detail = `more than ${this.max} requests in ${this.#windowMs} ms (RATE_LIMIT)`;
    return new Refusal('too-many-requests', { detail }, seconds);
  }
}

/** The address by which a client is counted. IPv6 clients are counted per /64, since a client usually has a whole /64 network. */
export function clientAddress(ip: string): string {
  if (!ip.includes(':')) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped) return mapped[1];
  const [head, tail] = ip.split('%', 1)[0].split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // An IPv4 address at the end stands for two groups.
    const given = groups.length + after.length + (ip.includes('.') ? 1 : 0);
    groups.push(...Array.from({ length: 8 - given }, () => '0'), ...after);
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
