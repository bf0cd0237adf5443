// The limit of open files of the process (ulimit -n).

/** The files that the process needs for itself, and for each thread: measured 24 and 5, with room for bursts. */
const OWN_FILES = 48;
const FILES_PER_THREAD = 8;

/**
 * The most connections that the process can have open beside `threads` threads.
 * @throws Error with a one-line message, if the limit of open files is too low to start.
 */
export function openableConnections(threads: number, limit: number = limitOfOpenFiles()): number {
  const own = OWN_FILES + FILES_PER_THREAD * threads;
  if (limit > own) return limit - own;
  throw new Error(`ulimit -n: expected more than ${own} open files, better some thousands, got ${limit}`);
}

/** The limit of this process; Infinity if there is none. */
function limitOfOpenFiles(): number {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  // Looking up the names of the network's addresses may take seconds.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as unknown as { userLimits: { open_files: { soft: number | string } } };
  return Number(`${userLimits.open_files.soft}`.replace('unlimited', 'Infinity'));
}
