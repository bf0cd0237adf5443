// Kills threads of the service from outside, without support in the service: Node preloads code that collects all threads of the
// service, and ends one on SIGWINCH.

/** Runs in the service. */
function endAThreadOnSignal(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  if (!threads.isMainThread) return;
  const alive = new Set<InstanceType<typeof threads.Worker>>();
  threads.Worker = class extends threads.Worker {
    constructor(...given: ConstructorParameters<typeof threads.Worker>) {
      super(...given);
      // The first message of a thread says that it has loaded. Ending it earlier, while koffi loads a library, crashes the
      // process.
      this.once('message', () => alive.add(this));
      this.once('exit', () => alive.delete(this));
    }
  };
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
  // Node and the service use SIGUSR1 and SIGUSR2.
  process.on('SIGWINCH', () => {
    const [oldest] = alive;
    if (oldest) alive.delete(oldest);
    oldest?.terminate();
  });
}

/** Options of Node that make each SIGWINCH end the oldest thread. */
export const killable = ['--import', `data:text/javascript,${encodeURIComponent(`(${endAThreadOnSignal})()`)}`];
