// A team: the thread that answers a request, and idle threads that compute parts of it.
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Engine } from '../linalg/engine.ts';
import { Refusal } from '../refusal.ts';
import { tasks } from '../work/tasks.ts';
import type { Task, Team } from '../work/team.ts';
import { Control } from './control.ts';
import type { HelpWanted, Join } from './messages.ts';

/** The control has a bit for each member. */
const MOST_MEMBERS = 31;

/** To a member: a run of a task. */
interface RunMessage {
  readonly run: number;
  readonly count: number;
  readonly task: Task;
}

/** The team of a thread that answers a request. Other threads may join and leave at any time. */
export class Leader implements Team {
  readonly #control = new Control();
  readonly #members: number;
  readonly #ask: (message: HelpWanted, ports: MessagePort[]) => void;
  #ports: readonly MessagePort[] | undefined;
  #run = 0;

  /** The first run asks the main thread, by `ask`, for at most so many members. */
  constructor(members: number, ask: (message: HelpWanted, ports: MessagePort[]) => void) {
    this.#members = Math.min(members, MOST_MEMBERS);
    this.#ask = ask;
  }

  run(count: number, compute: (part: number) => void, task: () => Task): void {
    this.#ports ??= this.#gather();
    const ports = this.#ports;
    const control = this.#control;
    const run = ++this.#run;
    let message: RunMessage | undefined;
    const told = new Set<MessagePort>();
    const tellMembers = () => {
      for (const [member, port] of ports.entries()) {
        if (told.has(port) || !control.isThere(member)) continue;
        message ??= { run, count, task: task() };
        port.postMessage(message);
        told.add(port);
        control.changed();
      }
    };
    control.begin(run);
    for (let part = control.claim(run, count); part !== undefined; part = control.claim(run, count)) {
      if (part < count - 1) tellMembers();
      attempt(control, part, compute);
    }
    control.close();
    if (control.isBroken) {
      // The memory of this request is that of the next one: nobody may write into it any longer.
      control.wait(() => control.isDeserted);
      throw new Refusal('overloaded', { detail: 'a thread that computed a part of the answer was ended' });
    }
    // Computed once more, alone: the first part that failed throws its error here.
    if (control.failed !== undefined) for (let part = control.failed; part < count; part++) compute(part);
  }

  inTurn(part: number, work: () => void): void {
    this.#control.inTurn(part, work);
  }

  /** Sends the members away. The team cannot be used any longer. */
  end(): void {
    this.#control.end();
    for (const port of this.#ports ?? []) port.close();
  }

  #gather(): MessagePort[] {
    const channels = Array.from({ length: this.#members }, () => new MessageChannel());
    const ports = channels.map(({ port2 }) => port2);
    this.#ask({ control: this.#control.memory, ports }, ports);
    return channels.map(({ port1 }) => port1);
  }
}

/** Computes a part. Its error is not kept: the leader computes the first part that failed once more. */
function attempt(control: Control, part: number, compute: (part: number) => void): void {
  try {
    compute(part);
  } catch {
    control.fail(part);
  }
  control.done();
}

/** For a thread without a request of its own: computes parts for a team until it is sent away. */
export function help({ control: memory, member, port }: Join, engine: Engine): void {
  const control = new Control(memory);
  control.join(member);
  for (;;) {
    let received: { message: RunMessage } | undefined;
    control.wait(() => {
      received = control.mayLeave(member) ? undefined : receiveMessageOnPort(port);
      return received !== undefined || control.mayLeave(member);
    });
    if (!received) break;
    const { run, count, task } = received.message;
    engine.scratch.recycle(() => {
      let compute: ((part: number) => void) | undefined;
      while (!control.mayLeave(member)) {
        const part = control.claim(run, count);
        if (part === undefined) break;
        attempt(control, part, (one) => {
          compute ??= tasks[task.name](task.argument, engine, control);
          compute(one);
        });
      }
    });
  }
  port.close();
  control.leave(member);
}
