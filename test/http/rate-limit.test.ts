// The rate limit: windows, and how clients are identified.
import t from 'tap';
import { clientAddress, RateLimit } from '../../src/http/rate-limit.ts';

t.test('a window begins with the first request of a client, and ends after its duration', async (t) => {
  const limit = new RateLimit(2, 1000);
  t.match(limit.count('a', 5), { requests: 1, end: 1005 });
  t.match(limit.count('a', 500), { requests: 2, end: 1005 });
  t.match(limit.count('b', 600), { requests: 1, end: 1600 });
  t.match(limit.count('a', 1004), { requests: 3, end: 1005 });
  t.match(limit.count('a', 1005), { requests: 1, end: 2005 });
  t.match(limit.refusal(7), {
    type: 'too-many-requests',
    retryAfter: 7,
    refused: { detail: 'more than 2 requests in 1000 ms (RATE_LIMIT)' },
  });
});

t.test('10,000 clients are remembered; then the one with the oldest window is forgotten', async (t) => {
  const limit = new RateLimit(1, 1000);
  for (let i = 0; i < 10_000; i++) limit.count(`${i}`, 0);
  t.equal(limit.count('0', 1).requests, 2);
  limit.count('one more', 2);
  t.equal(limit.count('1', 3).requests, 2, 'the second is still there');
  t.equal(limit.count('0', 4).requests, 1, 'the first is not');
});

t.test('IPv4 unchanged, IPv6 per /64, and IPv4-mapped IPv6 as IPv4', async (t) => {
  const addresses: [address: string, client: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:0DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8:a:b::', '2001:db8:a:b::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ];
  for (const [address, client] of addresses) t.equal(clientAddress(address), client, address);
});
