// npm run replicas: three replicas behind nginx, as deployed, under load. One is killed, one is drained, and new ones replace
// them. Clients notice nothing, with one exception: nginx does not buffer complete answers, so an answer of the killed replica
// may break off. Its Content-Length shows that, and the client retries.
import { freePorts, type Service, startService } from '../support/process.ts';
import { noNginx, startBalancer } from './balancer.ts';
import { type Demand, noFaults, option, report, type Tested, within } from './report.ts';
import { makeCases, randomFrom } from './requests.ts';
import { askWell, BROKEN_OFF, type Traffic } from './traffic.ts';

interface Wanted {
  readonly seed: number;
  /** The number of requests between two events. */
  readonly requests: number;
  readonly cases: { readonly small: number; readonly large: number };
}

const COMPLETED = 'request completed';

/** How long it may take until every new replica has answered a request, in milliseconds. */
const PART = 60_000;

/** The number of requests that a replica has answered. */
const answeredBy = ({ lines }: Service) => lines.length - 1;

const startReplica = (port: number) =>
  startService({ environment: { PORT: `${port}`, TRUST_PROXY: '127.0.0.1' }, keep: ({ msg }) => msg === COMPLETED });

/** @throws Error if nginx is not installed. */
export async function replicas(wanted: Wanted): Promise<Tested> {
  const cases = await makeCases(wanted.seed, wanted.cases);
  const ports = (await freePorts(3)) as [number, number, number];
  const started: Service[] = await Promise.all(ports.map(startReplica));
  const balancer = await startBalancer(ports);
  try {
    const pace = pacemaker();
    const traffic: Traffic = { port: balancer.port, cases, goOn: pace.goOn, counts: new Map(), faults: [], mayBreakOff: true };
    const random = (i: number) => randomFrom(wanted.seed + i);
    const clients = Promise.all([
      ...[1, 2, 3, 4].map((i) => askWell(traffic, random(i), 'large', 'at once')),
      ...[5, 6, 7].map((i) => askWell(traffic, random(i), 'small', 'at once')),
      askWell(traffic, random(8), 'large', 'slowly'),
    ]);
    const [killed, drained, kept] = started as [Service, Service, Service];
    await pace.after(wanted.requests);
    const brokenOff = () => traffic.counts.get(BROKEN_OFF) ?? 0;
    const before = brokenOff();
    killed.process.kill('SIGKILL');
    await pace.after(wanted.requests);
    const byKill = brokenOff() - before;
    drained.process.kill('SIGTERM');
    const exit = await drained.exit;
    const answers = [killed, drained].map(answeredBy);
    await pace.after(wanted.requests);
    const fresh = await Promise.all(ports.slice(0, 2).map(startReplica));
    started.push(...fresh);
    const theirPart = fresh.map((replica) => replica.logged(COMPLETED));
    await pace.after(wanted.requests);
    // Each of them gets some requests eventually.
    await within(PART, 'a fresh replica', Promise.all(theirPart)).catch(({ message }) => traffic.faults.push(message));
    pace.end();
    await clients;
    const measured = [
      ...[...traffic.counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ['answered by the replicas that were killed and drained', answers.join(', ')],
      ['answered by the one that stayed', answeredBy(kept)],
      ['answered by the fresh ones', fresh.map(answeredBy).join(', ')],
    ] as const;
    return { measured, demands: demands(traffic, exit, fresh, byKill), log: balancer.errors().split('\n').slice(-10).join('\n') };
  } finally {
    for (const server of started) server.process.kill('SIGKILL');
    await balancer.stop();
  }
}

function demands({ faults, counts }: Traffic, exit: number | null, fresh: Service[], byKill: number): Demand[] {
  const statuses = [...counts.keys()].filter((what) => what.startsWith('answers with '));
  return [
    noFaults('each request has its answer, bit by bit', faults),
    {
      demand: 'no client sees another status than 200',
      saw: statuses.join(', '),
      met: statuses.every((status) => status.endsWith('200')),
    },
    {
      demand: 'no answer breaks off but those that the killed one was sending',
      saw: `${counts.get(BROKEN_OFF) ?? 0} broken off, ${byKill} of them when it was killed`,
      met: (counts.get(BROKEN_OFF) ?? 0) === byKill,
    },
    { demand: 'the drained one ends with 0', saw: `${exit}`, met: exit === 0 },
    {
      demand: 'the fresh ones take their part',
      saw: fresh.map(answeredBy).join(', '),
      met: fresh.every((server) => answeredBy(server) > 0),
    },
  ];
}

/** Counts requests, and resolves promises after a given number of further ones. */
function pacemaker() {
  let sent = 0;
  let isOver = false;
  let wake: { at: number; resolve: () => void } | undefined;
  return {
    goOn() {
      sent++;
      if (wake && sent >= wake.at) wake.resolve();
      return !isOver;
    },
    after(requests: number): Promise<void> {
      return new Promise((resolve) => {
        wake = { at: sent + requests, resolve };
      });
    },
    end() {
      isOver = true;
    },
  };
}

if (import.meta.main) {
  const missing = noNginx();
  if (missing) throw new Error(missing);
  const seed = option('seed', 1);
  console.log(`seed ${seed}`);
  report(await replicas({ seed, requests: option('requests', 2000), cases: { small: 60, large: 24 } }));
}
