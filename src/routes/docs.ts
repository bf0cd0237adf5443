// GET /openapi.json and GET /docs: the documentation, made from the routes' schemas.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { Components } from '../http/openapi.ts';
import { problemResponses } from '../http/responses.ts';

/** Nothing from outside. Swagger UI has its icons as data and some of its styles inline. */
const CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** How a route for those who have an API key is documented: whether there are keys is the operator's choice. */
export const optionalKey = [{}, { bearer: [] }, { header: [] }];

/** What every OpenAPI document has. */
const AnyDocument = Type.Object({ openapi: Type.String() }, { additionalProperties: true });

/** To be called before the routes that are to be documented are added. */
export async function docsRoutes(app: FastifyInstance): Promise<void> {
  const { name: title, version, description, author, license } = packageJson;
  const components = new Components([GradientsRequest, GradientsAnswer]);
  await app.register(swagger, {
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({ schema: components.ofRoute({ ...schema }), url }),
    transformObject: (made) => components.complete((made as { openapiObject: object }).openapiObject),
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description, contact: { name: author }, license: { name: license, identifier: license } },
      servers: [{ url: '/', description: 'The service that this document comes from' }],
      // None, but for what says otherwise.
      security: [],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, where the operator has given out keys' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
        },
      },
      tags: [
        { name: 'gradients', description: 'What the service is for' },
        { name: 'documentation', description: 'What explains it' },
        { name: 'health', description: 'For those who run it' },
      ],
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title },
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      // Examples, to read and to send, before schemas; the list of all of those is long, and is there for who opens it.
      defaultModelRendering: 'example',
      defaultModelExpandDepth: 3,
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      displayRequestDuration: true,
    },
  });
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
          ...problemResponses(429, 431),
        },
      },
    },
    () => app.swagger(),
  );
}
