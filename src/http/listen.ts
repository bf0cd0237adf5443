// Begins to listen, and explains why that fails.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../schemas/config.ts';

/**
 * Listens on HOST and PORT.
 * @throws Error with a one-line message that names the setting to change; then the application is closed.
 */
export async function listen(app: FastifyInstance, { HOST, PORT }: Config): Promise<void> {
  try {
    await app.listen({ host: HOST, port: PORT });
  } catch (error) {
    // The threads would keep the process alive.
    await app.close();
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`${reasons[code]?.(HOST, PORT) ?? HOST_HELP(HOST)} (${message})`);
  }
}

const HOST_HELP = (host: string) =>
  `HOST: expected an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all, got ${JSON.stringify(host)}`;

const reasons: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) => `PORT: expected a free port of ${host}, got ${port}: another process has it`,
  EACCES: (_host, port) => `PORT: expected a port that this user may listen on, such as 3000, got ${port}`,
};
