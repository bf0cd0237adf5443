// Makes a thread of the service die in the middle, from outside and with nothing in the service for it: code that Node runs before the service
// knows all threads, and on SIGWINCH ends one of them.

/** Runs in the service. */
function endAThreadOnSignal(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  if (!threads.isMainThread) return;
  const alive = new Set<InstanceType<typeof threads.Worker>>();
  threads.Worker = class extends threads.Worker {
    constructor(...given: ConstructorParameters<typeof threads.Worker>) {
      super(...given);
      // Its first message says that it has started. Before that it computes nothing, and koffi ends the whole process if its thread is ended
      // while it loads a library.
      this.once('message', () => alive.add(this));
      this.once('exit', () => alive.delete(this));
    }
  };
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
  // Node and the service have a use of their own for SIGUSR1 and SIGUSR2.
  process.on('SIGWINCH', () => {
    const [oldest] = alive;
    if (oldest) alive.delete(oldest);
    oldest?.terminate();
  });
}

/** The options of Node with which each SIGWINCH ends the thread that has lived longest. */
export const killable = ['--import', `data:text/javascript,${encodeURIComponent(`(${endAThreadOnSignal})()`)}`];
