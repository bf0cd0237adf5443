// Requests to an application. Apart from it, since programs that are no tests send them, too: tap would end those after 30 seconds.
import type { FastifyInstance } from 'fastify';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';

/** The engine for the tests: test/run.ts runs them with each engine in turn. */
export const ENGINE = process.env.ENGINE ?? 'auto';

/** Posts a body to /gradients, or another operation: an object as JSON, a string or a copy of bytes, since the application transfers them to a thread. */
export function post(
  app: FastifyInstance,
  body: object | string | Buffer,
  headers: Record<string, string> = {},
  url = '/gradients',
) {
  const bytes = Buffer.isBuffer(body) && Buffer.from(body);
  const payload = bytes || (typeof body === 'string' ? body : JSON.stringify(body));
  return app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload });
}

/** Posts a request that must succeed, and returns the answer. */
export async function gradients(app: FastifyInstance, request: GradientsRequest): Promise<GradientsAnswer> {
  const response = await post(app, request);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`);
  return response.json();
}

/** A valid request that tests may modify: two layers, two samples. */
export function validRequest(): GradientsRequest {
  return {
    network: {
      layers: [
        {
          weights: [
            [0.5, -0.25],
            [1, 0.75],
          ],
          biases: [0.1, -0.2],
          activation: 'tanh',
        },
        { weights: [[1, -1]], biases: [0.5] },
      ],
    },
    batch: {
      inputs: [
        [1, 2],
        [-1, 0.5],
      ],
      targets: [[1], [-1]],
    },
  };
}
