// GET /openapi.json and GET /docs: the documentation, generated from the schemas and configurations of the routes.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { type Asset, asset, sendAsset } from '../http/assets.ts';
import { Components } from '../http/openapi.ts';
import { problemResponses } from '../http/responses.ts';
import type { Operation } from '../operations/operation.ts';
import { theme } from './docs-theme.ts';

const title = packageJson.name;

/** Own resources only; but Swagger UI needs data URLs for icons, and inline styles. */
const CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** API keys are optional in the documentation: whether they are required depends on the operator. */
const OPTIONAL_KEY = [{}, { bearer: [] }, { header: [] }];

const AnyDocument = Type.Object({ openapi: Type.String() }, { additionalProperties: true });

/** The schema of a route, extended by its security and its possible problems, which follow from its configuration. */
function described(schema: FastifySchema, { needsKey, isUnlimited, operation }: FastifyContextConfig = {}): object {
  const refusals = problemResponses(
    ...(operation ? [400, 406, 408, 409, 413, 415, 422, 500, 503, 504] : []),
    ...(needsKey ? [401] : []),
    ...(isUnlimited ? [] : [429]),
    431,
  );
  const { response } = schema as { response: object };
  return { ...schema, ...(needsKey && { security: OPTIONAL_KEY }), response: { ...response, ...refusals } };
}

/** Generates the OpenAPI description of all routes that are added afterwards. */
export async function describeRoutes(app: FastifyInstance, operations: readonly Operation[]): Promise<void> {
  const { version, description, author, license } = packageJson;
  const components = new Components(operations.flatMap(({ request, answer }) => [request, answer]));
  await app.register(swagger, {
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({
      schema: schema?.hide ? schema : components.ofRoute({ ...described(schema, route.config) }),
      url,
    }),
    transformObject: (made) => components.complete((made as { openapiObject: object }).openapiObject),
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description, contact: { name: author }, license: { name: license, identifier: license } },
      servers: [{ url: '/', description: 'This server' }],
      // No security by default; routes that need a key override it.
      security: [],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, where the operator has given out keys' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
        },
      },
      tags: [
        { name: 'gradients', description: 'What the service computes' },
        { name: 'datasets', description: 'Data that requests use by its name' },
        { name: 'jobs', description: 'Requests that are computed in parts, and whose answers are kept' },
        { name: 'documentation', description: 'Documentation' },
        { name: 'health', description: 'Operations' },
      ],
    },
  });
}

export async function docsRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title, ...theme },
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      // Shows examples first, ready to send; collapses the long list of schemas.
      defaultModelRendering: 'example',
      defaultModelExpandDepth: 3,
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      displayRequestDuration: true,
    },
  });
  // Serialized and compressed once: it is the same for every client. All routes are known at the first request.
  let document: Promise<Asset> | undefined;
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'openapi',
        summary: 'This description of the API',
        description: 'OpenAPI 3.1, from which clients can be generated. GET /docs shows it.',
        tags: ['documentation'],
        response: {
          200: {
            description: 'An OpenAPI 3.1 document',
            content: { 'application/json': { schema: AnyDocument, example: { openapi: '3.1.0' } } },
          },
        },
      },
    },
    async (request, reply) => {
      document ??= asset('application/json; charset=utf-8', JSON.stringify(app.swagger()));
      return sendAsset(request, reply, await document);
    },
  );
}
